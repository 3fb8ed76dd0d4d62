package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/models"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	want, err := generate(slices.Collect(models.All()))
	require.NoError(t, err)
	have, err := generated("../..")
	require.NoError(t, err)
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have)), "run go generate ./...")
	for name, source := range want {
		require.Equal(t, string(source), string(have[name]), "%s: run go generate ./...", name)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"sora-2":                               "Sora2",
		"sora-2-pro-official":                  "Sora2ProOfficial",
		"kling-2.1/pro":                        "Kling21Pro",
		"openai/sora-2/text-to-video":          "OpenAISora2TextToVideo",
		"openai/gpt-image-2.5-flare/edit":      "OpenAIGPTImage25FlareEdit",
		"gpt-4o-image":                         "GPT4oImage",
		"xai/grok-imagine-image-v2.0/edit":     "XAIGrokImagineImageV20Edit",
		"alibaba/wan/v2.2-14b/animate/move":    "AlibabaWanV2214BAnimateMove",
		"kwaivgi/kling-v3.0-4k/image-to-video": "KwaivgiKlingV304KImageToVideo",
		"kwaivgi/kling-video/ai-avatar/v2/pro": "KwaivgiKlingVideoAIAvatarV2Pro",
		"minimax/h3-max/reference-to-video":    "MinimaxH3MaxReferenceToVideo",
		"wan2.2-image-to-video-fast":           "Wan22ImageToVideoFast",
		"convert-to-wav":                       "ConvertToWAV",
		"z-image":                              "ZImage",
		"image_urls":                           "ImageURLs",
		"audio_id":                             "AudioID",
		"reference_image_url":                  "ReferenceImageURL",
		"mv":                                   "MV",
		"n":                                    "N",
		"cfg_scale":                            "CFGScale",
		"infill_start_s":                       "InfillStartS",
	} {
		require.Equal(t, want, goName(name), name)
	}
	for value, want := range map[string]string{
		"16:9": "16x9", "832*480": "832x480", "1024x1024": "1024x1024", "1.5K": "1p5K", "1:1 HD": "1x1HD",
		"auto": "Auto", "768P": "768P", "768p": "768p", "V4_5PLUS": "V45PLUS", "m": "M",
	} {
		require.Equal(t, want, valueName(value), value)
	}
}

func TestFamilies(t *testing.T) {
	for id, want := range map[string]string{
		"sora-2": "sora", "veo3.1-fast/text-to-video": "veo", "nano-banana-2-edit": "nano_banana", "z-image": "z_image",
		"openai/sora-2/text-to-video": "openai_sora", "kwaivgi/kling-v3.0-pro/text-to-video": "kwaivgi_kling",
		"kwaivgi/kling-video/v1.6/pro/text-to-video": "kwaivgi_kling_video", "minimax/h3/text-to-video": "minimax",
		"kling-2.1/pro": "kling", "alibaba/wan/v2.2-14b/animate/move": "alibaba_wan", "grok-imagine": "grok_imagine",
	} {
		require.Equal(t, want, family(id), id)
	}
}

// No two models, fields or values may share a name, and no name may have an underscore
// or be a keyword.
func TestNamesAreUnique(t *testing.T) {
	files, err := generate(slices.Collect(models.All()))
	require.NoError(t, err)
	seen := make(map[string]bool)
	note := func(scope, name string) {
		require.False(t, seen[scope+"."+name], "%s.%s is declared twice", scope, name)
		require.True(t, token.IsExported(name) && token.IsIdentifier(name) && !strings.Contains(name, "_"), "%s.%s", scope, name)
		seen[scope+"."+name] = true
	}
	for path, source := range files {
		if path == listFile {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				note(file.Name.Name, n.Name.Name)
				if s, ok := n.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						note(file.Name.Name+"."+n.Name.Name, f.Names[0].Name)
						require.NotEqual(t, "Model", f.Names[0].Name, "a field must not hide the method")
					}
				}
			case *ast.ValueSpec:
				note(file.Name.Name, n.Names[0].Name)
			}
			return true
		})
	}
	require.Greater(t, len(seen), 1500)
}

func TestPropertiesKeepTheirOrder(t *testing.T) {
	var p properties
	require.NoError(t, p.UnmarshalJSON([]byte(`{"b":{"type":"string"},"a":{"type":["string","object"]}}`)))
	require.Equal(t, properties{{"b", schema{Type: types{"string"}}}, {"a", schema{Type: types{"string", "object"}}}}, p)
	require.ErrorContains(t, p.UnmarshalJSON([]byte(`{"b":7}`)), "b: ")
}

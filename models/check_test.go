package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/models"
)

// What Check says, word for word.
func TestCheckSays(t *testing.T) {
	requireSayings(t, []saying{
		{"an unknown model accepts any input", "sora-99", `{`, ""},
		{"an unknown field passes", "sora-2", `{"prompt":"a","watermark":false}`, ""},
		{"an unknown field of a strict model", "xai/grok-imagine-image/edit", `{"prompt":"a","image_urls":["u"],"n":2}`,
			`n is not a field of this model; want only image_urls, prompt, size`},
		{"several unknown fields of a strict model", "xai/grok-imagine-image/edit", `{"prompt":"a","image_urls":["u"],"n":2,"style":"x","mode":"y"}`,
			`mode is not a field of this model; want only image_urls, prompt, size | n is not a field of this model | style is not a field of this model`},
		{"JSON that is cut off", "sora-2", `{"prompt":`, "the input is not valid JSON (unexpected EOF); want a JSON object"},
		{"an empty input", "sora-2", ``, "the input is not valid JSON (EOF); want a JSON object"},
		{"two JSON values", "sora-2", `{"prompt":"a"} {}`, "the input is not valid JSON (something follows the first value); want a JSON object"},
		{"a list, not an object", "sora-2", `["a"]`, "the input is an array; want an object"},
		{"null, not an object", "sora-2", `null`, "the input is null; want an object"},
		{"a number, not an object", "sora-2", `7`, "the input is 7; want an object"},
		{"a number that no float can hold", "sora-2", `{"prompt":"a","x":{"y":[1,1e999999999]}}`,
			"x.y[1] is a number out of range; want one that fits a 64-bit float"},
		{"several faults at once", "sora-2", `{"duration":12,"image_urls":["a",2],"aspect_ratio":"4:3","storyboard":"yes"}`,
			`aspect_ratio is "4:3"; want "16:9" or "9:16" | duration is 12; want 10 or 15 | image_urls has 2 items; want at most 1` +
				` | image_urls[1] is 2; want a string | prompt is missing | storyboard is the string "yes"; want true or false`},
		{"a length counts characters, not bytes", "sora-2", `{"prompt":"` + text(1000) + `"}`, ""},
		{"one character too many", "sora-2", `{"prompt":"` + text(1001) + `"}`, "prompt has 1001 characters; want at most 1000"},
		{"null in an optional field", "sora-2", `{"prompt":"a","duration":null}`, "duration is null; want a whole number"},
		{"null in a required field", "sora-2", `{"prompt":null}`, "prompt is missing"},
		{"a fraction where a whole number is wanted", "sora-2", `{"prompt":"a","duration":10.5}`, "duration is 10.5; want a whole number"},
		{"a whole number with a point", "sora-2", `{"prompt":"a","duration":10.0}`, ""},
		{"numbers out of bounds", "generate-music", `{"prompt":"a","custom_mode":false,"instrumental":false,"mv":"V5","style_weight":1.5,"audio_weight":-0.5}`,
			"audio_weight is -0.5; want at least 0 | style_weight is 1.5; want at most 1"},
		{"one of two required fields", "convert-to-wav", `{"task_id":"a"}`, "audio_id is missing"},
		{"a relative URL", "upload-and-separate-vocals", `{"audio_url":"a.mp3"}`, `audio_url is "a.mp3"; want an absolute URL`},
		{"a URL with a bad escape", "upload-and-separate-vocals", `{"audio_url":"https://example.com/100%.mp3"}`,
			`audio_url is "https://example.com/100%.mp3"; want %25 for each % that is not an escape`},
		{"a URL with spaces and letters to escape", "upload-and-separate-vocals", `{"audio_url":"https://example.com/été 1.mp3?a=b|c"}`, ""},
		{"a field of an object in a list", "kwaivgi/kling-v3.0-std/text-to-video", `{"duration":3,"multi_shots":true,"multi_prompt":[{"prompt":"a","duration":"3"}]}`,
			`multi_prompt[0].duration is the string "3"; want a whole number`},
		{"a size that is a string", "alibaba/wan-2.7/text-to-image", `{"prompt":"a","size":"512x512"}`, ""},
		{"a size that is an object", "alibaba/wan-2.7/text-to-image", `{"prompt":"a","size":{"width":512,"height":0}}`, "size.height is 0; want at least 1"},
		{"a size that is a number", "alibaba/wan-2.7/text-to-image", `{"prompt":"a","size":512}`, "size is 512; want a string or an object"},
		{"a long value is cut", "sora-2", `{"prompt":"a","style":"` + strings.Repeat("y", 99) + `"}`,
			`style is "` + strings.Repeat("y", 59) + `...; want "thanksgiving", "comic", "news", "selfie", "nostalgic" or "anime"`},
	})
}

// Some models read more generously than their schema says.
func TestCheckReadsAsTheModelDoes(t *testing.T) {
	requireSayings(t, []saying{
		{"another case, where the model ignores it", "alibaba/happyhorse-1.1/text-to-video", `{"prompt":"a","resolution":"720P"}`, ""},
		{"another case, where it counts", "hailuo-02", `{"prompt":"a","resolution":"768p"}`, `resolution is "768p"; want "512P" or "768P"`},
		{"a number in a string", "alibaba/happyhorse-1.1/text-to-video", `{"prompt":"a","duration":"7"}`, ""},
		{"a number in a string, out of bounds", "alibaba/happyhorse-1.1/text-to-video", `{"prompt":"a","duration":"77"}`, "duration is 77; want at most 15"},
		{"a boolean in a string", "alibaba/happyhorse-1.1/text-to-video", `{"prompt":"a","enable_safety_checker":"Off"}`, ""},
		{"booleans that are numbers", "kwaivgi/kling-video-o3-pro/text-to-video", `{"prompt":"a","duration":"5","multi_shots":0,"sound":1}`, ""},
		{"numbers in strings, in a list", "kwaivgi/kling-video-o3-pro/text-to-video",
			`{"duration":"5","multi_shots":"true","sound":1,"multi_prompt":[{"prompt":"a","duration":"2"},{"prompt":"b","duration":"3"}]}`, ""},
		{"numbers in strings that add up to something else", "kwaivgi/kling-video-o3-4k/text-to-video",
			`{"duration":"5","multi_shots":"true","sound":1,"multi_prompt":[{"prompt":"a","duration":"2"},{"prompt":"b","duration":"4"}]}`,
			"duration is 5; want 6, which is what multi_prompt adds up to"},
		{"other values in such a list", "kwaivgi/kling-video-o3-std/text-to-video",
			`{"duration":5,"multi_shots":false,"sound":true,"prompt":"a","multi_prompt":["2",{"duration":null}]}`,
			`multi_prompt[0] is the string "2"; want an object | multi_prompt[1].duration is null; want a whole number`},
		{"rules use the value as it is read", "kwaivgi/kling-video-o3-pro/text-to-video", `{"duration":5,"multi_shots":"no","sound":"yes"}`,
			"prompt is missing; want it if multi_shots is false"},
		{"values that are not booleans", "kwaivgi/kling-video-o3-pro/text-to-video", `{"prompt":"a","duration":5,"multi_shots":"maybe","sound":2}`,
			`multi_shots is the string "maybe"; want true or false | sound is 2; want true or false`},
		{"white space alone is an empty prompt", "blackforestlabs/flux/dev", `{"prompt":" \n"}`, "prompt has 0 characters; want at least 1"},
		{"white space around a prompt does not count", "bytedance/seedream/v5/lite/text-to-image", `{"prompt":"   ` + text(3000) + `   "}`, ""},
	})
}

func TestCheckError(t *testing.T) {
	err := models.Check("sora-2", []byte(`{}`))
	fault, ok := errors.AsType[*models.CheckError](err)
	require.True(t, ok)
	require.Equal(t, &models.CheckError{Model: "sora-2", Faults: []models.Fault{{Field: "prompt", Reason: "is missing"}}}, fault)
	require.NotEmpty(t, (&models.CheckError{}).Error())
	err = models.Check("xai/grok-imagine-image/edit", []byte(`{"prompt":"a","image_urls":["u"],"a\nb":1}`))
	require.ErrorContains(t, err, "a\uFFFDb is not a field", "an error is one line")
	require.Equal(t, "the reason", models.Fault{Reason: "the reason"}.String())
}

// The error's text is cut off after some faults; the struct has all of them.
func TestManyFaults(t *testing.T) {
	err := models.Check("sora-2", []byte(`{"prompt":"a","image_urls":[`+strings.Repeat("1,", 99)+`1]}`))
	fault, ok := errors.AsType[*models.CheckError](err)
	require.True(t, ok)
	require.Len(t, fault.Faults, 101)
	require.Equal(t, 19, strings.Count(err.Error(), "is 1; want a string"))
	require.True(t, strings.HasPrefix(err.Error(), "image_urls has 100 items; want at most 1 | "))
	require.True(t, strings.HasSuffix(err.Error(), " | and 81 more"), "%s", err)
}

// For every model, the smallest input passes, and an unknown field, a missing one
// and one that is null are found.
func TestEveryModel(t *testing.T) {
	for _, f := range readFacts(t) {
		t.Run(f.ID, func(t *testing.T) {
			in := f.smallest()
			require.Empty(t, faults(t, f.ID, in), "%s", in.json(t))

			unknown := in.clone()
			unknown["unheard_of"] = 1
			require.Equal(t, f.Strict, hasField(faults(t, f.ID, unknown), "unheard_of"))

			for _, name := range f.Input.Required {
				less := in.clone()
				delete(less, name)
				require.Contains(t, faults(t, f.ID, less), models.Fault{Field: name, Reason: "is missing"})
			}
			for name := range f.Input.Properties {
				wrong := in.clone()
				wrong[name] = nil
				require.True(t, hasField(faults(t, f.ID, wrong), name), "%s is null", name)
			}
		})
	}
}

func hasField(faults []models.Fault, field string) bool {
	return slices.ContainsFunc(faults, func(f models.Fault) bool { return f.Field == field })
}

// Every documented value passes; at each bound the last value passes and the
// next does not.
func TestEveryBound(t *testing.T) {
	for _, f := range readFacts(t) {
		for name, p := range f.Input.Properties {
			for _, v := range p.Enum {
				require.Empty(t, f.plainFaults(t, name, v), "%s %s: %v", f.ID, name, v)
			}
			if p.Enum != nil {
				require.NotEmpty(t, f.plainFaults(t, name, "no such value"), "%s %s", f.ID, name)
			}
			for _, edge := range edges(p, slices.Contains(f.Disputed, name)) {
				require.Empty(t, f.plainFaults(t, name, edge.in), "%s %s at its bound", f.ID, name)
				require.NotEmpty(t, f.plainFaults(t, name, edge.out), "%s %s beyond its bound", f.ID, name)
			}
		}
	}
}

// plainFaults returns the faults that a field's value has by itself. Those that it has
// together with other fields mention that.
func (f fact) plainFaults(t *testing.T, name string, v any) []models.Fault {
	in := f.smallest()
	in[name] = v
	return slices.DeleteFunc(faults(t, f.ID, in), func(f models.Fault) bool {
		return f.Field != name || strings.Contains(f.Reason, " if ") || strings.Contains(f.Reason, "together") ||
			strings.Contains(f.Reason, "adds up")
	})
}

type edge struct{ in, out any }

func edges(p *schema, disputed bool) []edge {
	var all []edge
	if p.MinLength != nil && *p.MinLength > 0 {
		all = append(all, edge{text(*p.MinLength), text(*p.MinLength - 1)})
	}
	if p.MaxLength != nil && !disputed {
		all = append(all, edge{text(*p.MaxLength), text(*p.MaxLength + 1)})
	}
	if p.MinItems != nil && *p.MinItems > 0 {
		all = append(all, edge{items(p, *p.MinItems), items(p, *p.MinItems-1)})
	}
	if p.MaxItems != nil {
		all = append(all, edge{items(p, *p.MaxItems), items(p, *p.MaxItems+1)})
	}
	if p.Minimum != nil {
		all = append(all, edge{*p.Minimum, *p.Minimum - 1})
	}
	if p.Maximum != nil {
		all = append(all, edge{*p.Maximum, *p.Maximum + 1})
	}
	return all
}

// For the race detector: schemas are compiled at their first use.
func TestCheckConcurrently(t *testing.T) {
	facts := readFacts(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, f := range facts {
				if err := models.Check(f.ID, []byte(`{}`)); (err == nil) != (len(f.smallest()) == 0) {
					t.Errorf("%s: %v", f.ID, err)
				}
				m, _ := models.Lookup(f.ID)
				clear(m.Input)
			}
		})
	}
	wg.Wait()
}

func FuzzCheck(f *testing.F) {
	var ids []string
	for m := range models.All() {
		ids = append(ids, m.ID)
	}
	for i, seed := range []string{`{}`, `{"prompt":"a"}`, `{"size":"3840x2160"}`, `[`, `{"multi_prompt":[{"duration":1e400}]}`,
		`{"multi_shots":"yes","image_urls":[[]],"seed":-0.0,"n":9223372036854775808}`, `{"keyframes":[{"frame_index":1},{"frame_index":1}],"duration":5}`} {
		f.Add(i*37, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, n int, raw []byte) {
		id := ids[(n%len(ids)+len(ids))%len(ids)]
		err := models.Check(id, raw)
		if err == nil {
			return
		}
		again := models.Check(id, raw)
		require.Equal(t, err, again, "the same input has the same faults")
		for _, f := range faultsOf(t, err) {
			require.NotEmpty(t, f.Reason)
		}
		require.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%q", err)
	})
}

func BenchmarkCheck(b *testing.B) {
	for name, c := range map[string]struct{ model, input string }{
		"good": {"sora-2", `{"prompt":"a paper boat in the rain","duration":10,"aspect_ratio":"16:9"}`},
		"bad":  {"sora-2", `{"prompt":"a paper boat in the rain","duration":12,"aspect_ratio":"4:3"}`},
		"rules": {"kwaivgi/kling-v3.0-pro/image-to-video",
			`{"image_urls":["https://example.com/a.png"],"duration":6,"multi_shots":true,"multi_prompt":[{"prompt":"a","duration":3},{"prompt":"b","duration":3}]}`},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = models.Check(c.model, []byte(c.input))
			}
		})
	}
}

func ExampleCheck() {
	err := models.Check("sora-2", []byte(`{"prompt": "a paper boat in the rain", "duration": 12, "aspect_ratio": "4:3"}`))
	fmt.Println(err)
	if wrong, ok := errors.AsType[*models.CheckError](err); ok {
		fmt.Println(wrong.Faults[1].Field)
	}
	// Output:
	// aspect_ratio is "4:3"; want "16:9" or "9:16" | duration is 12; want 10 or 15
	// duration
}

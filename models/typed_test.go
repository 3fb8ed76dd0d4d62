package models_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/models"
	"github.com/vidgo-go/vidgo/models/music"
	"github.com/vidgo-go/vidgo/models/video"
)

// typed returns a new typed input of a model.
func typed(t *testing.T, id string) interface{ Model() string } {
	for _, in := range typedInputs {
		if in.Model() == id {
			return reflect.New(reflect.TypeOf(in).Elem()).Interface().(interface{ Model() string })
		}
	}
	require.Fail(t, "no typed input", id)
	return nil
}

// Each model has a typed input with all of the model's fields, which marshals to the
// JSON that it was read from.
func TestTypedInputs(t *testing.T) {
	facts := readFacts(t)
	require.Len(t, typedInputs, len(facts))
	for _, f := range facts {
		t.Run(f.ID, func(t *testing.T) {
			all := make(input)
			for name, p := range f.Input.Properties {
				all[name] = sample(p)
			}
			require.JSONEq(t, string(f.withoutDefaults(all).json(t)), string(through(t, f.ID, all)))

			smallest := f.smallest()
			require.NoError(t, models.Check(f.ID, through(t, f.ID, smallest)))
		})
	}
}

// withoutDefaults leaves out each optional false or 0 that is the default.
func (f fact) withoutDefaults(in input) input {
	out := make(input)
	for name, v := range in {
		d := f.Input.Properties[name].Default
		if d == nil || v != d || (d != false && d != 0.0) || f.requires(name) {
			out[name] = v
		}
	}
	return out
}

func (f fact) requires(name string) bool { return slices.Contains(f.Input.Required, name) }

// through reads an input into its type, where every field must have a place,
// and writes it again.
func through(t *testing.T, id string, in input) []byte {
	into := typed(t, id)
	decoder := json.NewDecoder(bytes.NewReader(in.json(t)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(into))
	raw, err := json.Marshal(into)
	require.NoError(t, err)
	return raw
}

// A zero value marshals to its required fields only. It leaves out required strings,
// too, unless they may be empty, so that Check finds what is missing.
func TestZeroInputs(t *testing.T) {
	const either = "generate-music prompt, upload-and-extend-audio continue_at" // the pages say both that it is required and that it is not
	for _, f := range readFacts(t) {
		raw, err := json.Marshal(typed(t, f.ID))
		require.NoError(t, err)
		var sent map[string]any
		require.NoError(t, json.Unmarshal(raw, &sent))
		for name, v := range sent {
			require.True(t, f.requires(name) || strings.Contains(either, f.ID+" "+name), "%s: %s", f.ID, name)
			require.True(t, v != "" || name == "negative_tags" || strings.Contains(either, f.ID+" "+name), "%s: %s", f.ID, name)
		}
		found := faultsOf(t, models.Check(f.ID, raw))
		for _, name := range f.Input.Required {
			if f.Input.Properties[name].Type == "string" && name != "negative_tags" {
				require.Contains(t, found, models.Fault{Field: name, Reason: "is missing"}, f.ID)
			} else {
				require.Contains(t, sent, name, f.ID)
			}
		}
	}
}

// Every documented value of a field is possible in the typed input, and passes.
func TestTypedValues(t *testing.T) {
	for _, f := range readFacts(t) {
		for name, p := range f.Input.Properties {
			for _, v := range append(p.Enum, p.Examples...) {
				in := f.smallest()
				in[name] = v
				var back input
				require.NoError(t, json.Unmarshal(through(t, f.ID, in), &back))
				if v != 0.0 || f.requires(name) {
					require.Equal(t, v, back[name], "%s %s", f.ID, name)
				}
				require.Empty(t, f.plainFaults(t, name, v))
			}
		}
	}
}

// An explicit zero is sent, and a string literal may stand for a constant.
func TestTypedLiterals(t *testing.T) {
	in := video.GoogleVeo31TextToVideo{Prompt: "a", AspectRatio: "9:16", Resolution: video.Resolution4k, Sound: new(false)}
	raw, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"prompt":"a","aspect_ratio":"9:16","resolution":"4k","sound":false}`, string(raw))
	raw, err = json.Marshal(music.GenerateMusic{Prompt: "a", MV: music.MVV45, StyleWeight: new(0.0)})
	require.NoError(t, err)
	require.JSONEq(t, `{"prompt":"a","custom_mode":false,"instrumental":false,"mv":"V4_5","style_weight":0}`, string(raw))
}

// A program that uses only typed inputs is not linked with the catalogue or a schema
// library. One that uses package models is linked with these, and nothing more.
func TestDependencies(t *testing.T) {
	const here = "github.com/vidgo-go/vidgo/models"
	for pkg, allowed := range map[string][]string{
		"./image": {here + "/image"}, "./video": {here + "/video"}, "./music": {here + "/music"},
		".": {here, "github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/text/"},
	} {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		require.NoError(t, err)
		for _, dep := range strings.Fields(string(out)) {
			if first, _, _ := strings.Cut(dep, "/"); strings.Contains(first, ".") {
				require.True(t, hasPrefix(dep, allowed), "%s is linked into every program that uses %s", dep, pkg)
			}
		}
	}
}

func hasPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// Embedding the struct adds a field that is newer than the catalogue.
func Example_newField() {
	type newer struct {
		video.Sora2
		Grain int `json:"grain"`
	}
	in := newer{video.Sora2{Prompt: "a paper boat", Duration: 10}, 3}
	raw, _ := json.Marshal(in)
	fmt.Println(in.Model(), string(raw), models.Check(in.Model(), raw))
	// Output: sora-2 {"prompt":"a paper boat","duration":10,"grain":3} <nil>
}

package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/models"
)

// For every rule of every model, an input that keeps it passes, and an input that
// only breaks it has a fault in the right field.
func TestEveryRule(t *testing.T) {
	checks := 0
	for _, f := range readFacts(t) {
		for _, rule := range f.Rules {
			for i, c := range rule.Checks {
				checks++
				t.Run(fmt.Sprintf("%s/%s/%d", f.ID, rule.Text, i), func(t *testing.T) {
					switch {
					case c.Each != "" || c.Members != nil || c.Pixels != nil: // these have tests of their own
					case c.Count != nil:
						f.countBothWays(t, c)
					case len(c.Any) > 0:
						f.anyBothWays(t, c)
					default:
						f.needsBothWays(t, c)
					}
				})
			}
		}
	}
	require.Greater(t, checks, 180)
}

// applying returns an input to which the check applies, and that keeps all rules.
func (f fact) applying(c check) input {
	in := f.smallest()
	var held []string
	for _, when := range c.When {
		when.satisfy(f, in)
		held = append(held, when.Field)
	}
	f.repair(in, held...)
	return in
}

func (f fact) needsBothWays(t *testing.T, c check) {
	good := f.applying(c)
	require.Empty(t, faults(t, f.ID, good), "%s", good.json(t))
	for _, need := range c.Need {
		bad := good.clone()
		need.violate(f, bad)
		found := f.faultIn(t, bad, need.Field)
		for _, when := range c.When {
			require.Contains(t, found.Reason, " if ")
			require.Contains(t, found.Reason, when.Field, "the reason says when the rule applies")
		}
	}
}

func (f fact) faultIn(t *testing.T, in input, field string) models.Fault {
	found := faults(t, f.ID, in)
	i := slices.IndexFunc(found, func(f models.Fault) bool { return f.Field == field })
	require.GreaterOrEqual(t, i, 0, "%s: %s: %v", field, in.json(t), found)
	return found[i]
}

func (f fact) anyBothWays(t *testing.T, c check) {
	for _, name := range c.Any {
		good := f.applying(c)
		for _, other := range c.Any {
			delete(good, other)
		}
		bad := good.clone()
		good[name] = sample(f.Input.Properties[name])
		require.Empty(t, faults(t, f.ID, good), "%s", good.json(t))
		require.Contains(t, f.faultIn(t, bad, c.Any[0]).Reason, "is missing; want it or ")
		bad[name] = []any{} // an empty list counts as missing
		f.faultIn(t, bad, c.Any[0])
	}
}

func (f fact) countBothWays(t *testing.T, c check) {
	in := f.smallest()
	left := c.Count.Max
	for _, name := range c.Count.Items { // fill the lists as far as each goes
		p := f.Input.Properties[name]
		n := min(left, *p.MaxItems)
		if c.Count.Plus != "" {
			n = 2
		}
		in[name] = items(p, n)
		left -= n
	}
	if c.Count.Plus != "" {
		in[c.Count.Plus] = left
	} else {
		require.Zero(t, left, "the lists can hold as many as the rule allows")
	}
	require.Empty(t, faults(t, f.ID, in), "%s", in.json(t))
	f.addOne(in, c)
	require.Contains(t, f.faultIn(t, in, c.Count.Items[0]).Reason, fmt.Sprintf("make %d together; want at most %d", c.Count.Max+1, c.Count.Max))
}

// addOne adds an item to the first list that has room for it.
func (f fact) addOne(in input, c check) {
	for _, name := range c.Count.Items {
		p := f.Input.Properties[name]
		if n := len(in[name].([]any)); n < *p.MaxItems {
			in[name] = items(p, n+1)
			return
		}
	}
}

// saying is an input and the error that Check returns for it, or "" if there is none.
type saying struct{ name, model, input, want string }

func requireSayings(t *testing.T, sayings []saying) {
	for _, s := range sayings {
		t.Run(s.name, func(t *testing.T) {
			err := models.Check(s.model, []byte(s.input))
			if s.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, s.want)
		})
	}
}

func TestShots(t *testing.T) {
	requireSayings(t, []saying{
		{"one shot", "kling-3.0/pro", `{"duration":5,"multi_shots":false,"sound":false,"prompt":"a"}`, ""},
		{"one shot without a prompt", "kling-3.0/pro", `{"duration":5,"multi_shots":false,"sound":false}`,
			`prompt is missing; want it if multi_shots is false`},
		{"one shot with an empty prompt", "kling-3.0/pro", `{"duration":5,"multi_shots":false,"sound":false,"prompt":""}`,
			`prompt is missing; want it if multi_shots is false`},
		{"multi_shots without shots", "kling-3.0/pro", `{"duration":5,"multi_shots":true,"sound":false}`,
			`multi_prompt is missing; want it if multi_shots is true | sound is false; want true if multi_shots is true`},
		{"shots that are too long", "kling-3.0/pro", `{"duration":5,"multi_shots":true,"sound":true,"multi_prompt":[{"duration":8},{"duration":8}]}`,
			`multi_prompt has a duration of 16 in all; want at most 15`},
		{"shots with other fields", "kling-3.0/pro", `{"duration":5,"multi_shots":true,"sound":true,"multi_prompt":[{"seconds":99}]}`, ""},
	})
}

func TestShotsThatAddUp(t *testing.T) {
	const kling = "kwaivgi/kling-v3.0-pro/image-to-video"
	shots := func(shots string) string {
		return `{"image_urls":["u"],"duration":6,"multi_shots":true,"sound":true,"multi_prompt":[` + shots + `]}`
	}
	requireSayings(t, []saying{
		{"shots that add up", kling, shots(`{"prompt":"a","duration":4},{"prompt":"b","duration":2}`), ""},
		{"shots that do not", kling, shots(`{"prompt":"a","duration":4},{"prompt":"b","duration":4}`),
			`duration is 6; want 8, which is what multi_prompt adds up to`},
		{"shots of which one has no duration", kling, shots(`{"prompt":"a","duration":4},{"prompt":"b"}`), ""},
		{"two images and shots", kling, strings.Replace(shots(`{"prompt":"a","duration":6}`), `["u"]`, `["u","v"]`, 1),
			`image_urls has 2 items; want exactly 1 if multi_shots is true`},
		{"shots without multi_shots", kling, `{"image_urls":["u"],"prompt":"a","duration":6,"multi_prompt":[{"duration":1}]}`, ""},
		{"an element of images", kling, `{"image_urls":["u"],"prompt":"a","duration":6,"kling_elements":[{"name":"a","element_input_urls":["u","v"]}]}`, ""},
		{"an element of both", kling, `{"image_urls":["u"],"prompt":"a","duration":6,"kling_elements":[{"name":"a"},
			{"name":"b","element_input_urls":["u","v"],"element_input_video_urls":["w"]}]}`,
			`kling_elements[1].element_input_video_urls is given; want it left out if element_input_urls is given`},
	})
}

func TestTurboShots(t *testing.T) {
	const turbo = "kwaivgi/kling-v3-turbo-std/text-to-video"
	requireSayings(t, []saying{
		{"turbo shots of 5 seconds each", turbo, `{"multi_prompt":[{"prompt":"a"},{"prompt":"b"},{"prompt":"c"}]}`, ""},
		{"turbo shots and their sum", turbo, `{"duration":8,"multi_prompt":[{"prompt":"a"},{"prompt":"b","duration":3}]}`, ""},
		{"turbo shots and another sum", turbo, `{"duration":9,"multi_prompt":[{"prompt":"a"},{"prompt":"b","duration":3}]}`,
			`duration is 9; want 8, which is what multi_prompt adds up to`},
		{"turbo shots that are too long", turbo, `{"multi_prompt":[{"prompt":"a"},{"prompt":"b"},{"prompt":"c","duration":6}]}`,
			`multi_prompt has a duration of 16 in all; want at most 15`},
		{"a turbo shot with a blank prompt", turbo, `{"multi_prompt":[{"prompt":" "}]}`, `multi_prompt[0].prompt has 0 characters; want at least 1`},
	})
}

func TestKeyframes(t *testing.T) {
	const flux = "blackforestlabs/flux-3/keyframes-to-video"
	requireSayings(t, []saying{
		{"keyframes up to the end", flux, `{"prompt":"a","duration":6,"keyframes":[{"image_url":"u","frame_index":0},{"image_url":"v","frame_index":144}]}`, ""},
		{"keyframes up to the end by default", flux, `{"prompt":"a","keyframes":[{"image_url":"u","frame_index":120}]}`, ""},
		{"a keyframe beyond the end", flux, `{"prompt":"a","keyframes":[{"image_url":"u","frame_index":121}]}`,
			`keyframes[0].frame_index is 121; want at most 120, which is 24 times duration`},
		{"two keyframes in one place", flux, `{"prompt":"a","keyframes":[{"image_url":"u","frame_index":7},{"image_url":"v","frame_index":7}]}`,
			`keyframes[1].frame_index is 7, as in keyframes[0]; want another`},
	})
}

func TestSizes(t *testing.T) {
	const flare = "openai/gpt-image-2.5-flare/text-to-image"
	requireSayings(t, []saying{
		{"a preset size", flare, `{"prompt":"a","size":"16:9"}`, ""},
		{"an unknown preset", flare, `{"prompt":"a","size":"huge"}`, ""},
		{"pixels in 2K", flare, `{"prompt":"a","size":"2048x1024","resolution":"2K"}`, ""},
		{"pixels in 1K, the default", flare, `{"prompt":"a","size":"2048x1024"}`, `resolution is "1K" by default; want "2K" or "4K" if size is in pixels`},
		{"pixels without a resolution where there is no default", "gpt-image-2", `{"prompt":"a","size":"2048x1024"}`,
			`resolution is missing; want "2K" or "4K" if size is in pixels`},
		{"a long edge in 4K", flare, `{"prompt":"a","size":"3840x2160","resolution":"4K"}`, ""},
		{"a long edge in 2K", flare, `{"prompt":"a","size":"2160x3840","resolution":"2K"}`, `resolution is "2K"; want "4K" if an edge of size is 3840 or more`},
		{"edges that are not multiples of 16", flare, `{"prompt":"a","size":"2040x1024","resolution":"2K"}`, `size is "2040x1024"; want edges that are multiples of 16`},
		{"too long an edge", flare, `{"prompt":"a","size":"3856x2160","resolution":"4K"}`, `size is "3856x2160"; want edges of at most 3840 and 655360 to 8294400 pixels in all`},
		{"three to one", flare, `{"prompt":"a","size":"3072x1024","resolution":"4K"}`, ""},
		{"more than three to one", flare, `{"prompt":"a","size":"3072x1008","resolution":"4K"}`, `size is "3072x1008"; want edges whose ratio is at most 3:1`},
		{"the fewest pixels", flare, `{"prompt":"a","size":"1024x640","resolution":"2K"}`, ""},
		{"too few pixels", flare, `{"prompt":"a","size":"1008x640","resolution":"2K"}`, `size is "1008x640"; want 655360 to 8294400 pixels in all`},
		{"too many pixels", flare, `{"prompt":"a","size":"3840x2176","resolution":"4K"}`, `size is "3840x2176"; want 655360 to 8294400 pixels in all`},
		{"several faults of one size", flare, `{"prompt":"a","size":"4001x1000","resolution":"4K"}`,
			`size is "4001x1000"; want edges that are multiples of 16, edges of at most 3840 and edges whose ratio is at most 3:1`},
		{"an edge of 0", "blackforestlabs/flux/dev", `{"prompt":"a","size":"0x10"}`, `size is "0x10"; want edges of at least 1`},
		{"any edges above 0", "blackforestlabs/flux/schnell", `{"prompt":"a","size":"1x7"}`, ""},
		{"no pixels at all", flare, `{"prompt":"a","size":"0x0","resolution":"4K"}`, `size is "0x0"; want 655360 to 8294400 pixels in all`},
	})
}

func TestCounts(t *testing.T) {
	requireSayings(t, []saying{
		{"images and n, as many as allowed", "seedream-4", `{"prompt":"a","image_urls":["u","v"],"n":13}`, ""},
		{"images and n, one too many", "seedream-4", `{"prompt":"a","image_urls":["u","v","w"],"n":13}`, "image_urls and n make 16 together; want at most 15"},
		{"a field that the model refuses", "gpt-image-2", `{"prompt":"a","n":2}`, "n is given; want it left out"},
	})
}

func TestMusic(t *testing.T) {
	requireSayings(t, []saying{
		{"V4, with the longest texts", "generate-music", song("V4", 3000, 200, 80), ""},
		{"V4, with longer texts", "generate-music", song("V4", 3001, 201, 80), `prompt has 3001 characters; want at most 3000 if mv is "V4" and custom_mode is true and instrumental is false` +
			` | style has 201 characters; want at most 200 if mv is "V4"`},
		{"V5, with the longest texts", "generate-music", song("V5", 5000, 1000, 80), ""},
		{"a custom song without a prompt", "generate-music", `{"custom_mode":true,"instrumental":false,"mv":"V5","style":"s","title":"t"}`,
			"prompt is missing; want it if custom_mode is true and instrumental is false"},
		{"an idea without a prompt", "generate-music", `{"custom_mode":false,"instrumental":true,"mv":"V5"}`, "prompt is missing; want it if custom_mode is false"},
		{"no prompt, where the page contradicts itself", "generate-music",
			`{"custom_mode":true,"instrumental":true,"mv":"V5","style":"s","title":"t"}`, ""},
		{"no time, where the page contradicts itself", "upload-and-extend-audio",
			`{"upload_url":"https://example.com/a.mp3","default_param_flag":false,"instrumental":false,"mv":"V5"}`, ""},
		{"an idea with too long a prompt", "generate-music", `{"prompt":"` + text(501) + `","custom_mode":false,"instrumental":true,"mv":"V5"}`,
			`prompt has 501 characters; want at most 500 if custom_mode is false`},
		{"the longer texts, where the page contradicts itself", "extend-music",
			`{"default_param_flag":true,"audio_id":"a","mv":"V5","continue_at":0,"prompt":"` + text(5000) + `","style":"` + text(1000) + `","title":"` + text(100) + `"}`, ""},
		{"even longer texts", "extend-music",
			`{"default_param_flag":true,"audio_id":"a","mv":"V5","continue_at":0,"prompt":"` + text(5001) + `","style":"` + text(1001) + `","title":"` + text(101) + `"}`,
			"prompt has 5001 characters; want at most 5000 | style has 1001 characters; want at most 1000 | title has 101 characters; want at most 100"},
		{"a section that ends before it begins", "replace-section",
			`{"task_id":"a","audio_id":"b","prompt":"c","tags":"d","title":"e","infill_start_s":10.5,"infill_end_s":10}`,
			"infill_end_s is 10; want more than infill_start_s, which is 10.5"},
		{"too many words", "generate-lyrics", `{"prompt":"` + strings.Repeat("a ", 201) + `"}`, "prompt has 201 words; want at most 200"},
	})
}

func TestRulesAndOtherFaults(t *testing.T) {
	requireSayings(t, []saying{
		{"no rule for a field that is wrong by itself", "google/veo3.1-lite/text-to-video", `{"prompt":"a","duration":5,"resolution":"1080p"}`,
			"duration is 5; want 4, 6 or 8"},
		{"rules about fields of the wrong type", "kling-3.0/pro", `{"duration":[],"multi_shots":{},"sound":"","multi_prompt":7,"image_urls":{},"kling_elements":["a"]}`,
			`duration is an array; want a whole number | image_urls is an object; want an array | kling_elements[0] is the string "a"; want an object` +
				` | multi_prompt is 7; want an array | multi_shots is an object; want true or false | sound is the string ""; want true or false`},
		{"a rule that applies by a default", "veo3.1-lite-official", `{"prompt":"a","duration":4}`,
			`duration is 4; want 8 if resolution is "1080p", its default`},
	})
}

// song returns a custom song whose prompt, style and title have so many characters.
func song(mv string, prompt, style, title int) string {
	return fmt.Sprintf(`{"custom_mode":true,"instrumental":false,"mv":%q,"prompt":%q,"style":%q,"title":%q}`,
		mv, text(prompt), text(style), text(title))
}

package models_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/models"
)

func TestCatalogue(t *testing.T) {
	facts := readFacts(t)
	all := slices.Collect(models.All())
	require.Len(t, all, len(facts))
	kinds := make(map[models.Kind]int)
	for i, m := range all {
		f := facts[i]
		require.Equal(t, f.ID, m.ID)
		require.Equal(t, f.Kind, string(m.Kind), m.ID)
		require.Equal(t, []any{f.Partial, f.Strict, f.RequiredUnknown, f.Disputed}, []any{m.Partial, m.Strict, m.RequiredUnknown, m.Disputed}, m.ID)
		require.Regexp(t, `^api-manual/(image|video|music)-series(/[a-z0-9.-]+)+$`, m.Doc, m.ID)
		require.Regexp(t, `^\d{4}-\d\d(-\d\d|\+)$`, m.AsOf, m.ID)
		require.NotEmpty(t, m.Title, m.ID)
		require.Len(t, m.Rules, len(f.Rules), m.ID)
		require.Equal(t, f.Music, m.Endpoint == models.MusicEndpoint, m.ID)
		require.Equal(t, f.Music, len(m.Result) > 0, m.ID)
		found, ok := models.Lookup(m.ID)
		require.True(t, ok)
		require.Equal(t, m, found)
		kinds[m.Kind]++
		if i > 0 {
			require.Negative(t, cmp.Or(cmp.Compare(all[i-1].Kind, m.Kind), cmp.Compare(all[i-1].ID, m.ID)), "%s must be sorted by kind and ID", m.ID)
		}
	}
	require.Equal(t, map[models.Kind]int{models.Image: 81, models.Video: 154, models.Music: 17}, kinds)
}

func TestLookupUnknown(t *testing.T) {
	m, ok := models.Lookup("sora-99")
	require.False(t, ok)
	require.Zero(t, m)
}

func TestAllStops(t *testing.T) {
	n := 0
	for range models.All() {
		n++
		break
	}
	require.Equal(t, 1, n)
}

// What a caller changes in a Model must not be seen by others.
func TestModelsAreCopies(t *testing.T) {
	for _, id := range []string{"stem-split", "extend-music", "kling-3.0/pro", "seedance-2.5/reference-to-video"} {
		m, _ := models.Lookup(id)
		before := fmt.Sprintf("%+v", m)
		spoil := func(texts []string) {
			for i := range texts {
				texts[i] = "spoilt"
			}
		}
		spoil(m.Rules)
		spoil(m.RequiredUnknown)
		spoil(m.Disputed)
		for i := range m.Input {
			m.Input[i] = ' '
		}
		for i := range m.Result {
			m.Result[i].Name = "spoilt"
			for j := range m.Result[i].JSON {
				m.Result[i].JSON[j].Name = "spoilt"
			}
		}
		again, _ := models.Lookup(id)
		require.Equal(t, before, fmt.Sprintf("%+v", again))
	}
}

// The checks of a rule may only name fields of the model, or fields it refuses.
func TestRulesNameFields(t *testing.T) {
	for _, f := range readFacts(t) {
		known := func(name string) {
			if name != "" {
				require.Contains(t, f.Input.Properties, name, f.ID)
			}
		}
		for _, rule := range f.Rules {
			for _, c := range rule.Checks {
				if c.Each != "" {
					known(c.Each)
					continue
				}
				for _, when := range c.When {
					known(when.Field)
				}
				for _, need := range c.Need {
					if refused := len(c.When) == 0 && need.Given != nil && !*need.Given; !refused {
						known(need.Field)
					}
				}
				for _, name := range c.Any {
					known(name)
				}
			}
		}
	}
}

// Rules and descriptions are sentences, and mention no prices.
func TestTextsAreSentencesWithoutPrices(t *testing.T) {
	price := regexp.MustCompile(`(?i)credit|\$|bill|price`)
	sentence := func(id, text string) {
		require.Regexp(t, `^\S.*[.]$`, text, id)
		require.NotRegexp(t, price, text, id)
	}
	for _, f := range readFacts(t) {
		for _, rule := range f.Rules {
			sentence(f.ID, rule.Text)
		}
		for name, p := range f.Input.Properties {
			if p.Description != "" {
				sentence(f.ID+" "+name, p.Description)
			}
		}
	}
}

func ExampleLookup() {
	m, ok := models.Lookup("hailuo-2.3")
	fmt.Println(ok, m.Kind, m.Doc, m.AsOf)
	var schema struct {
		Properties map[string]struct{ Enum []any }
	}
	_ = json.Unmarshal(m.Input, &schema)
	fmt.Println(schema.Properties["resolution"].Enum)
	fmt.Println(strings.Join(m.Rules, "\n"))
	// Output:
	// true video api-manual/video-series/hailuo-2-3 2026-08-22
	// [768p 1080p]
	// 1080p needs 6 seconds.
	// end_image_url is not supported.
}

func ExampleAll() {
	for m := range models.All() {
		if m.Kind == models.Music && strings.HasPrefix(m.ID, "add-") {
			fmt.Println(m.ID, m.Endpoint)
		}
	}
	// Output:
	// add-instrumental /api/generate/detail/music?task_id={task_id}
	// add-vocals /api/generate/detail/music?task_id={task_id}
}

package models

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// Kind is what a model makes.
type Kind string

// The documented kinds.
const (
	Image Kind = "image"
	Video Kind = "video"
	Music Kind = "music"
)

// Where the result of a task is read.
const (
	StatusEndpoint = "/api/generate/status/{task_id}"
	MusicEndpoint  = "/api/generate/detail/music?task_id={task_id}"
)

// Model is what is documented about one model.
type Model struct {
	ID       string // as it is submitted
	Kind     Kind
	Title    string // the title of its page
	Doc      string // the page's path in Vidgo's documentation, such as api-manual/video-series/sora-2
	AsOf     string // the page's date; "2026-09+" is a page of September 2026 or later
	Endpoint string // [StatusEndpoint] or [MusicEndpoint]

	// Partial says that the page was only seen in part: what the fields say
	// is right, but bounds, values and defaults may be missing.
	Partial bool

	// Strict says that the model refuses fields it does not know. Others drop
	// them silently.
	Strict bool

	// Input is the JSON Schema (2020-12) of the input. What its descriptions
	// and Rules say in words, it does not always hold.
	Input json.RawMessage

	// RequiredUnknown are fields of which it is unclear, or depends on others,
	// whether they must be given.
	RequiredUnknown []string

	// Disputed are fields whose longest length the page contradicts itself
	// about. [Check] allows the longer one.
	Disputed []string

	// Rules are what the schema cannot hold, each a sentence.
	Rules []string

	// Result are the fields of a music model's files. Those of the others have
	// file_url and file_type.
	Result []ResultField
}

// ResultField is one field of a music result.
type ResultField struct {
	Name   string
	Type   string        // of JSON
	Format string        // "uri"; "json" is a string that holds JSON
	Note   string        // what is odd about it
	JSON   []ResultField // what a string of JSON holds
}

//go:embed catalog.json
var catalogJSON []byte

// entry is one model in catalog.json.
type entry struct {
	ID              string
	Kind            Kind
	Title           string
	Doc             string
	AsOf            string `json:"as_of"`
	Music           bool
	Partial         bool
	Strict          bool
	RequiredUnknown []string `json:"required_unknown"`
	Disputed        []string
	Reads           reads
	Input           json.RawMessage
	Rules           []rule
	Result          []ResultField

	checker func() *checker
}

type catalog struct {
	entries []*entry // sorted as in the file
	byID    map[string]*entry
}

var load = sync.OnceValue(func() catalog {
	var file struct{ Models []*entry }
	if err := json.Unmarshal(catalogJSON, &file); err != nil {
		panic(fmt.Sprintf("models: the embedded catalogue: %v", err)) // a test reads it, too
	}
	c := catalog{file.Models, make(map[string]*entry, len(file.Models))}
	for _, e := range file.Models {
		e.checker = sync.OnceValue(func() *checker { return newChecker(e) })
		c.byID[e.ID] = e
	}
	return c
})

// All yields every model of the catalogue, by kind and then by ID. It is no
// slice, because most callers look for something and stop: each model is
// copied when it is yielded, and is the caller's own.
func All() iter.Seq[Model] {
	return func(yield func(Model) bool) {
		for _, e := range load().entries {
			if !yield(e.model()) {
				return
			}
		}
	}
}

// Lookup returns the model with an ID, a copy, and whether it is known.
func Lookup(id string) (Model, bool) {
	e, ok := load().byID[id]
	if !ok {
		return Model{}, false
	}
	return e.model(), true
}

// model copies all that a caller could write to.
func (e *entry) model() Model {
	m := Model{
		ID: e.ID, Kind: e.Kind, Title: e.Title, Doc: e.Doc, AsOf: e.AsOf, Endpoint: StatusEndpoint,
		Partial: e.Partial, Strict: e.Strict,
		Input:           bytes.Clone(e.Input),
		RequiredUnknown: slices.Clone(e.RequiredUnknown),
		Disputed:        slices.Clone(e.Disputed),
		Result:          cloneFields(e.Result),
	}
	if e.Music {
		m.Endpoint = MusicEndpoint
	}
	for _, r := range e.Rules {
		m.Rules = append(m.Rules, r.Text)
	}
	return m
}

func cloneFields(fields []ResultField) []ResultField {
	own := slices.Clone(fields)
	for i := range own {
		own[i].JSON = cloneFields(own[i].JSON)
	}
	return own
}

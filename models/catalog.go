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

// The endpoints that tell about a task.
const (
	StatusEndpoint = "/api/generate/status/{task_id}"
	MusicEndpoint  = "/api/generate/detail/music?task_id={task_id}"
)

// Model is what is documented about one model.
type Model struct {
	ID       string // as in a submission
	Kind     Kind
	Title    string // the title of its page
	Doc      string // the page's path in Vidgo's documentation, such as api-manual/video-series/sora-2
	AsOf     string // the date of the page; "2026-09+" means September 2026 or later
	Endpoint string // [StatusEndpoint] or [MusicEndpoint]

	// Partial means that the page was seen only in part: what Input says is
	// right, but bounds, values and defaults may be missing.
	Partial bool

	// Strict means that the model refuses unknown fields. Other models drop
	// them silently.
	Strict bool

	// Input is the JSON Schema (2020-12) of the input. It does not hold
	// everything that Rules, and the descriptions in it, say in words.
	Input json.RawMessage

	// RequiredUnknown are fields that may be required: the page is unclear, or
	// it depends on other fields.
	RequiredUnknown []string

	// Disputed are fields about whose maximum length the page contradicts
	// itself. [Check] allows the longer one.
	Disputed []string

	// Rules are sentences about what the schema cannot hold.
	Rules []string

	// Result are the fields of a music model's files. Those of the others have
	// file_url and file_type.
	Result []ResultField
}

// ResultField is one field of a music result.
type ResultField struct {
	Name   string
	Type   string        // its JSON type
	Format string        // "uri"; "json" is a string that holds JSON
	Note   string        // what is odd about it
	JSON   []ResultField // the fields of the JSON in the string, if Format is "json"
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

// All returns an iterator over the models of the catalogue, sorted by kind and
// then by ID. Each model is a copy, made when it is yielded, so a loop that
// stops early is cheap.
func All() iter.Seq[Model] {
	return func(yield func(Model) bool) {
		for _, e := range load().entries {
			if !yield(e.model()) {
				return
			}
		}
	}
}

// Lookup returns a copy of the model with the given ID, and whether it is
// known.
func Lookup(id string) (Model, bool) {
	e, ok := load().byID[id]
	if !ok {
		return Model{}, false
	}
	return e.model(), true
}

// model returns a deep copy: the caller may change it.
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

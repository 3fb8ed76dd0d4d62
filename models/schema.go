package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// checker is what one model's inputs are checked with. Nothing writes to it
// after newChecker.
type checker struct {
	entry    *entry
	schema   *jsonschema.Schema
	fields   []string // the documented ones, sorted
	required []string
	defaults map[string]any   // of the fields that have one
	enums    map[string][]any // of the fields that have one
}

func newChecker(e *entry) *checker {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Input))
	if err != nil {
		panic(fmt.Sprintf("models: %s: %v", e.ID, err)) // a test compiles all models
	}
	if e.Strict {
		doc.(map[string]any)["additionalProperties"] = false
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	const location = "mem:///input.json"
	if err := compiler.AddResource(location, doc); err != nil {
		panic(fmt.Sprintf("models: %s: %v", e.ID, err))
	}
	c := &checker{entry: e, schema: compiler.MustCompile(location), defaults: make(map[string]any), enums: make(map[string][]any)}
	c.readFields()
	return c
}

func (c *checker) readFields() {
	var schema struct {
		Required   []string
		Properties map[string]struct {
			Default any
			Enum    []any
		}
	}
	if err := json.Unmarshal(c.entry.Input, &schema); err != nil {
		panic(fmt.Sprintf("models: %s: %v", c.entry.ID, err))
	}
	c.required = schema.Required
	c.fields = slices.Sorted(maps.Keys(schema.Properties))
	for name, p := range schema.Properties {
		if p.Default != nil {
			c.defaults[name] = p.Default
		}
		if p.Enum != nil {
			c.enums[name] = p.Enum
		}
	}
}

// schemaFaults are the schema's, but not those in lengths that the
// documentation is of two minds about.
func (c *checker) schemaFaults(object map[string]any) []Fault {
	err, ok := c.schema.Validate(object).(*jsonschema.ValidationError)
	if !ok {
		return nil
	}
	var faults []Fault
	for _, leaf := range leaves(err) {
		field, value := locate(object, leaf.InstanceLocation)
		if _, long := leaf.ErrorKind.(*kind.MaxLength); long && slices.Contains(c.entry.Disputed, field) {
			continue
		}
		faults = append(faults, c.explain(leaf.ErrorKind, field, value)...)
	}
	return faults
}

func leaves(err *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(err.Causes) == 0 {
		return []*jsonschema.ValidationError{err}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range err.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// locate follows a location to its value, and spells it as a path. Whether a
// step is a key or an index only the value knows.
func locate(v any, location []string) (path string, value any) {
	for _, step := range location {
		switch at := v.(type) {
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return path, v
			}
			path, v = joinIndex(path, i), at[i]
		case map[string]any:
			path, v = joinKey(path, step), at[step]
		}
	}
	return path, v
}

// explain says what is wrong and what would be right.
func (c *checker) explain(k jsonschema.ErrorKind, field string, value any) []Fault {
	one := func(format string, args ...any) []Fault { return []Fault{{field, fmt.Sprintf(format, args...)}} }
	switch k := k.(type) {
	case *kind.Required:
		return c.each(k.Missing, field, "is missing")
	case *kind.AdditionalProperties:
		return c.unknown(k.Properties)
	case *kind.Type:
		if value == nil && slices.Contains(c.required, field) {
			return one("is missing") // a typed input has null for a list that was not set
		}
		return one("is %s; want %s", jsonType(value), wantTypes(k.Want))
	case *kind.Enum:
		return one("is %s; want %s", show(value), showAll(c.enumOf(field, k.Want)))
	case *kind.MinLength:
		return one("has %s; want at least %d", count(k.Got, "character"), k.Want)
	case *kind.MaxLength:
		return one("has %s; want at most %d", count(k.Got, "character"), k.Want)
	case *kind.MinItems:
		return one("has %s; want at least %d", count(k.Got, "item"), k.Want)
	case *kind.MaxItems:
		return one("has %s; want at most %d", count(k.Got, "item"), k.Want)
	case *kind.Minimum:
		return one("is %s; want at least %s", show(value), k.Want.RatString())
	case *kind.Maximum:
		return one("is %s; want at most %s", show(value), k.Want.RatString())
	case *kind.Format:
		return one("is %s; want %s", show(value), wantURL(value))
	default: // the catalogue uses no other keyword; a test says so
		return one("breaks the schema at %s", strings.Join(k.KeywordPath(), "/"))
	}
}

func (c *checker) each(names []string, parent, reason string) []Fault {
	var faults []Fault
	for _, name := range names {
		faults = append(faults, Fault{joinKey(parent, name), reason})
	}
	return faults
}

// unknown tells what the fields are only once: the list can be long, and an
// input with one wrong name often has several.
func (c *checker) unknown(names []string) []Fault {
	faults := c.each(slices.Sorted(slices.Values(names)), "", "is not a field of this model")
	faults[0].Reason += "; want only " + strings.Join(c.fields, ", ")
	return faults
}

// wantURL is what a value lacks that is no URL.
func wantURL(value any) string {
	text, _ := value.(string)
	_, err := url.Parse(text)
	if _, ok := errors.AsType[url.EscapeError](err); ok {
		return "%25 for each % that is not an escape"
	}
	return "an absolute URL"
}

// enumOf gives the values in the order of the documentation, with numbers as
// they are read here.
func (c *checker) enumOf(field string, want []any) []any {
	if values, ok := c.enums[field]; ok {
		return values
	}
	return want
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// typeNames are JSON's types for people.
var typeNames = map[string]string{
	"string": "a string", "integer": "a whole number", "number": "a number",
	"boolean": "true or false", "array": "an array", "object": "an object", "null": "null",
}

func wantTypes(types []string) string {
	words := make([]string, len(types))
	for i, name := range types {
		words[i] = typeNames[name]
	}
	return choice(words)
}

// jsonType names the type of a value, and tells the value if it is short.
func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "the string " + show(v)
	default:
		return show(v)
	}
}

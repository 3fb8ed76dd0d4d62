package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Check checks the JSON object that is to be a model's input: for fields that
// are of the wrong type, out of bounds or missing, and for combinations that
// the model refuses. The error is nil or a [*CheckError] with all faults. Check
// fits vidgo.WithInputCheck.
//
// Check errs on the side of sending: it accepts models that the catalogue does
// not know, unknown fields unless the model refuses them, the lack of a field
// that may not be required, and whatever the documentation is unclear about or
// contradicts itself in. It counts lengths in Unicode characters, as Vidgo
// does.
//
// The first check of a model takes longer, because its schema is compiled.
func Check(model string, input []byte) error {
	e, ok := load().byID[model]
	if !ok {
		return nil
	}
	object, fault := readObject(input)
	if fault != nil {
		return newCheckError(model, []Fault{*fault})
	}
	return newCheckError(model, e.checker().faults(object))
}

// faults returns the faults that the schema finds, and those that the rules
// find in fields that are right by themselves.
func (c *checker) faults(object map[string]any) []Fault {
	c.normalise(object)
	faults := c.schemaFaults(object)
	wrong := make(map[string]bool)
	for _, f := range faults {
		wrong[topField(f.Field)] = true
	}
	in := fields{object, c.defaults}
	for _, r := range c.entry.Rules {
		for _, check := range r.Checks {
			for _, f := range check.faults(in) {
				if !wrong[topField(f.Field)] {
					faults = append(faults, f)
				}
			}
		}
	}
	return faults
}

// topField returns the field of the input that a path begins with.
func topField(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

// readObject reads one JSON object with numbers as int64 or float64.
func readObject(input []byte) (map[string]any, *Fault) {
	decoder := json.NewDecoder(bytes.NewReader(input))
	decoder.UseNumber()
	var v any
	err := decoder.Decode(&v)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the first value")
		}
	}
	if err != nil {
		return nil, &Fault{Reason: fmt.Sprintf("the input is not valid JSON (%v); want a JSON object", err)}
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, &Fault{Reason: fmt.Sprintf("the input is %s; want an object", jsonType(v))}
	}
	if _, path, ok := readNumbers(object, ""); !ok {
		return nil, &Fault{Field: path, Reason: "is a number out of range; want one that fits a 64-bit float"}
	}
	return object, nil
}

// readNumbers turns every json.Number in v into an int64 or a float64, or
// returns where one is that fits neither. The schema library would compute with
// exact values, and 1e999999999 has a billion digits.
func readNumbers(v any, path string) (read any, where string, ok bool) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, "", true
		}
		f, err := v.Float64()
		return f, path, err == nil
	case map[string]any:
		for key, member := range v {
			if v[key], where, ok = readNumbers(member, joinKey(path, key)); !ok {
				return nil, where, false
			}
		}
	case []any:
		for i, item := range v {
			if v[i], where, ok = readNumbers(item, joinIndex(path, i)); !ok {
				return nil, where, false
			}
		}
	}
	return v, "", true
}

func joinKey(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func joinIndex(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

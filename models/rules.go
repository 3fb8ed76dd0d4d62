package models

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// rule is what a schema cannot hold: a sentence, and for a program the checks
// that follow from it. A sentence that is uncertain has none.
type rule struct {
	Text   string
	Checks []check
}

// check is one of five shapes: conditions that must hold (Need), a choice of
// fields (Any), a number of things (Count), members of a list (Members), a
// size in pixels (Pixels). It applies if all of When holds. With Each, it is
// about each object of a list instead of the input.
type check struct {
	Each    string
	When    []cond
	Need    []cond
	Any     []string
	Count   *countCheck
	Members *membersCheck
	Pixels  *pixelsCheck
}

func (c check) faults(in fields) []Fault {
	if c.Each != "" {
		return c.eachFaults(in)
	}
	if !c.applies(in) {
		return nil
	}
	var faults []Fault
	for _, need := range c.Need {
		if holds, known := need.holds(in); known && !holds {
			faults = append(faults, Fault{need.Field, need.explain(in) + c.because(in)})
		}
	}
	if len(c.Any) > 0 && !slices.ContainsFunc(c.Any, in.given) {
		faults = append(faults, Fault{c.Any[0], "is missing; want it or " + choice(c.Any[1:]) + c.because(in)})
	}
	if c.Count != nil {
		faults = append(faults, c.Count.faults(in)...)
	}
	if c.Members != nil {
		faults = append(faults, c.Members.faults(in)...)
	}
	if c.Pixels != nil {
		faults = append(faults, c.Pixels.faults(in)...)
	}
	return faults
}

func (c check) eachFaults(in fields) []Fault {
	var faults []Fault
	one := c
	one.Each = ""
	items, _ := in.object[c.Each].([]any)
	for i, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			continue
		}
		for _, f := range one.faults(fields{object: object}) {
			f.Field = joinKey(joinIndex(c.Each, i), f.Field)
			faults = append(faults, f)
		}
	}
	return faults
}

func (c check) applies(in fields) bool {
	for _, when := range c.When {
		if holds, known := when.holds(in); !holds || !known {
			return false
		}
	}
	return true
}

// because says in which case a need is one.
func (c check) because(in fields) string {
	if len(c.When) == 0 {
		return ""
	}
	words := make([]string, len(c.When))
	for i, when := range c.When {
		words[i] = when.describe(in)
	}
	return " if " + strings.Join(words, " and ")
}

// fields are an input's fields and the defaults of those left out.
type fields struct {
	object   map[string]any
	defaults map[string]any
}

// given reports whether a field says anything: an empty string or list does
// not.
func (in fields) given(name string) bool {
	switch v := in.object[name].(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	}
	return true
}

// value is the field's value or else its default.
func (in fields) value(name string) (v any, ok bool) {
	if v := in.object[name]; v != nil {
		return v, true
	}
	v, ok = in.defaults[name]
	return v, ok
}

func (in fields) number(name string) (float64, bool) {
	v, _ := in.value(name)
	return number(v)
}

func (in fields) list(name string) []any {
	items, _ := in.object[name].([]any)
	return items
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// cond is a condition on one field. All that is set must hold.
type cond struct {
	Field    string
	Given    *bool
	Is       []any  // one of these
	MinItems *int   `json:"min_items"`
	MaxItems *int   `json:"max_items"`
	MaxChars int    `json:"max_chars"`
	MaxWords int    `json:"max_words"`
	Above    string // a field that this one is greater than
	Edge     int    // a WIDTHxHEIGHT size with an edge of at least this
}

// holds reports whether the condition holds, and whether that is known: of a
// field that was left out and has no documented default, it often is not.
func (c cond) holds(in fields) (holds, known bool) {
	if c.Given != nil && (in.given(c.Field) != *c.Given || !*c.Given) {
		return in.given(c.Field) == *c.Given, true
	}
	if c.MinItems != nil || c.MaxItems != nil {
		return c.itemsHold(len(in.list(c.Field))), true
	}
	v, ok := in.value(c.Field)
	if !ok {
		return false, false
	}
	return c.valueHolds(v, in)
}

func (c cond) itemsHold(n int) bool {
	return (c.MinItems == nil || n >= *c.MinItems) && (c.MaxItems == nil || n <= *c.MaxItems)
}

func (c cond) valueHolds(v any, in fields) (holds, known bool) {
	text, isText := v.(string)
	switch {
	case c.Is != nil:
		return slices.ContainsFunc(c.Is, func(want any) bool { return equal(v, want) }), true
	case c.MaxChars > 0:
		return utf8.RuneCountInString(text) <= c.MaxChars, isText
	case c.MaxWords > 0:
		return len(strings.Fields(text)) <= c.MaxWords, isText
	case c.Above != "":
		high, ok := number(v)
		low, also := in.number(c.Above)
		return high > low, ok && also
	case c.Edge > 0:
		w, h, ok := pixels(text)
		return ok && max(w, h) >= c.Edge, isText
	}
	return true, true
}

// equal compares JSON values, with numbers by value.
func equal(a, b any) bool {
	x, ok := number(a)
	y, also := number(b)
	if ok && also {
		return x == y
	}
	return a == b
}

// explain says why a need does not hold.
func (c cond) explain(in fields) string {
	v, known := in.value(c.Field)
	_, explicit := in.object[c.Field]
	switch {
	case c.Given != nil && !*c.Given:
		return "is given; want it left out"
	case c.MinItems != nil || c.MaxItems != nil:
		return "has " + count(len(in.list(c.Field)), "item") + "; want " + c.wantItems()
	case !known && c.Is != nil:
		return "is missing; want " + showAll(c.Is)
	case !known || c.Is == nil && c.Given != nil:
		return "is missing; want it"
	case c.Is != nil && !explicit:
		return "is " + show(v) + " by default; want " + showAll(c.Is)
	case c.Is != nil:
		return "is " + show(v) + "; want " + showAll(c.Is)
	case c.MaxChars > 0:
		return fmt.Sprintf("has %s; want at most %d", count(utf8.RuneCountInString(v.(string)), "character"), c.MaxChars)
	case c.MaxWords > 0:
		return fmt.Sprintf("has %s; want at most %d", count(len(strings.Fields(v.(string))), "word"), c.MaxWords)
	default:
		low, _ := in.value(c.Above)
		return fmt.Sprintf("is %s; want more than %s, which is %s", show(v), c.Above, show(low))
	}
}

func (c cond) wantItems() string {
	switch {
	case c.MaxItems == nil:
		return fmt.Sprintf("at least %d", *c.MinItems)
	case c.MinItems == nil:
		return fmt.Sprintf("at most %d", *c.MaxItems)
	case *c.MinItems == *c.MaxItems:
		return fmt.Sprintf("exactly %d", *c.MinItems)
	}
	return fmt.Sprintf("%d to %d", *c.MinItems, *c.MaxItems)
}

// describe names the case in which a check applies.
func (c cond) describe(in fields) string {
	switch {
	case c.Given != nil && !*c.Given:
		return c.Field + " is left out"
	case c.Is != nil && in.object[c.Field] == nil:
		return c.Field + " is " + showAll(c.Is) + ", its default"
	case c.Is != nil:
		return c.Field + " is " + showAll(c.Is)
	case c.MinItems != nil || c.MaxItems != nil:
		return c.Field + " has " + c.wantItems()
	case c.Edge > 1:
		return fmt.Sprintf("an edge of %s is %d or more", c.Field, c.Edge)
	case c.Edge > 0:
		return c.Field + " is in pixels"
	}
	return c.Field + " is given"
}

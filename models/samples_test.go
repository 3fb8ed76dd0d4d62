package models_test

import (
	"slices"
	"strings"
)

// Inputs that are made from the facts: the smallest one of a model, and those that
// keep or break a rule.

// smallest returns the smallest input that the facts allow.
func (f fact) smallest() input {
	in := make(input)
	for _, name := range f.Input.Required {
		in[name] = sample(f.Input.Properties[name])
	}
	f.repair(in)
	return in
}

// sample returns the smallest value that a schema allows and that is not empty.
func sample(s *schema) any {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "uri":
		return "https://example.com/a.mp3"
	case s.Type == "array":
		return items(s, max(1, or(s.MinItems, 1)))
	case s.Type == "integer", s.Type == "number":
		return or(s.Minimum, 1)
	case s.Type == "boolean":
		return false
	case s.Type == "object":
		object := make(map[string]any)
		for name, p := range s.Properties {
			object[name] = sample(p)
		}
		return object
	default:
		return text(max(1, or(s.MinLength, 1)))
	}
}

func or[T any](p *T, other T) T {
	if p == nil {
		return other
	}
	return *p
}

// text returns a text of n characters, which has more bytes.
func text(n int) string { return strings.Repeat("é", n) }

func items(s *schema, n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = sample(s.Items)
	}
	return all
}

// repair changes the input so that it keeps all rules. It does not change the fields
// that are held: if one breaks a rule, the rule is made not to apply.
func (f fact) repair(in input, held ...string) {
	for range 5 {
		for _, rule := range f.Rules {
			for _, c := range rule.Checks {
				if c.Each == "" && c.applies(f, in) {
					c.keep(f, in, held)
				}
			}
		}
	}
}

func (c check) applies(f fact, in input) bool {
	return !slices.ContainsFunc(c.When, func(w cond) bool { return !w.holds(f, in) })
}

func (c check) keep(f fact, in input, held []string) {
	for _, need := range c.Need {
		switch {
		case need.holds(f, in) || need.Is != nil && in[need.Field] == nil && f.Input.Properties[need.Field].Default == nil && need.Given == nil:
		case !slices.Contains(held, need.Field):
			need.satisfy(f, in)
		default:
			for _, when := range c.When {
				if !slices.Contains(held, when.Field) {
					when.violate(f, in)
				}
			}
		}
	}
	if len(c.Any) > 0 && !slices.ContainsFunc(c.Any, func(name string) bool { return in[name] != nil }) {
		in[c.Any[0]] = sample(f.Input.Properties[c.Any[0]])
	}
	if c.Members != nil && c.Members.SumIs != "" && in[c.Members.Of] != nil {
		keepSum(in, c.Members.Of, c.Members.SumIs)
	}
}

// keepSum makes one shot of the whole duration, or two if it is long.
func keepSum(in input, of, sum string) {
	total, _ := in[sum].(float64)
	if total == 0 {
		return
	}
	first := float64(int(total / 2))
	in[of] = []any{
		map[string]any{"prompt": "a", "duration": first},
		map[string]any{"prompt": "b", "duration": total - first},
	}
}

// value returns a field's value, or else its default.
func (f fact) value(in input, name string) any {
	if v, ok := in[name]; ok {
		return v
	}
	if p := f.Input.Properties[name]; p != nil {
		return p.Default
	}
	return nil
}

func (c cond) holds(f fact, in input) bool {
	v := f.value(in, c.Field)
	list, _ := v.([]any)
	words, _ := v.(string)
	low, _ := f.value(in, c.Above).(float64)
	high, _ := v.(float64)
	switch {
	case c.Given != nil && (in[c.Field] != nil) != *c.Given, c.Is != nil && !slices.Contains(c.Is, v),
		len(list) < or(c.MinItems, 0), len(list) > or(c.MaxItems, len(list)),
		c.MaxChars > 0 && len([]rune(words)) > c.MaxChars, c.MaxWords > 0 && len(strings.Fields(words)) > c.MaxWords,
		c.Above != "" && high <= low, c.Edge > 0 && !strings.Contains(words, "x"), c.Edge > 1 && !strings.Contains(words, "3840"):
		return false
	}
	return true
}

func (c cond) satisfy(f fact, in input) {
	p := f.Input.Properties[c.Field]
	switch {
	case c.Is != nil:
		in[c.Field] = c.Is[0]
	case c.MinItems != nil || c.MaxItems != nil:
		in[c.Field] = items(p, or(c.MinItems, 1))
	case c.Given != nil && *c.Given:
		in[c.Field] = sample(p)
	case c.Given != nil:
		delete(in, c.Field)
	case c.MaxChars > 0:
		in[c.Field] = text(c.MaxChars)
	case c.MaxWords > 0:
		in[c.Field] = strings.TrimSpace(strings.Repeat("a ", c.MaxWords))
	case c.Above != "":
		in[c.Field] = in[c.Above].(float64) + 1
	case c.Edge > 1:
		in[c.Field] = "3840x2160"
	case c.Edge > 0:
		in[c.Field] = "1024x1024"
	}
}

func (c cond) violate(f fact, in input) {
	p := f.Input.Properties[c.Field]
	switch {
	case c.Is != nil:
		in[c.Field] = c.otherValue(p)
	case c.MaxItems != nil && *c.MaxItems < or(p.MaxItems, *c.MaxItems+1):
		in[c.Field] = items(p, *c.MaxItems+1)
	case or(c.MinItems, 0) > 1:
		in[c.Field] = items(p, *c.MinItems-1)
	case c.MinItems != nil, c.Given != nil && *c.Given, c.Edge > 0:
		delete(in, c.Field)
	case c.Given != nil:
		in[c.Field] = "https://example.com" // for a field that the schema does not have
		if p != nil {
			in[c.Field] = sample(p)
		}
	case c.MaxChars > 0:
		in[c.Field] = text(c.MaxChars + 1)
	case c.MaxWords > 0:
		in[c.Field] = strings.TrimSpace(strings.Repeat("a ", c.MaxWords+1))
	case c.Above != "":
		in[c.Field] = in[c.Above]
	}
}

func (c cond) otherValue(p *schema) any {
	if b, ok := c.Is[0].(bool); ok {
		return !b
	}
	for _, v := range p.Enum {
		if !slices.Contains(c.Is, v) {
			return v
		}
	}
	if _, ok := c.Is[0].(float64); ok {
		return c.Is[0].(float64) - 1
	}
	return "other"
}

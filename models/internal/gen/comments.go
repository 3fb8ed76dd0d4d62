package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vidgo-go/vidgo/models"
)

// typeComment is the doc comment of a model's input.
func typeComment(m models.Model) string {
	text := fmt.Sprintf("%s is the input of %s (%s). Its page is %s, as of %s.", goName(m.ID), m.ID, m.Title, m.Doc, date(m.AsOf))
	if m.Partial {
		text += " The page was only seen in part: bounds and values may be missing here."
	}
	if m.Strict {
		text += " The model refuses fields it does not know."
	}
	list := m.Rules
	if len(m.RequiredUnknown) > 0 {
		list = append(list, "It is unclear, or depends on other fields, whether these must be given: "+strings.Join(m.RequiredUnknown, ", ")+".")
	}
	text = wrap(text, "// ", "// ")
	if len(list) > 0 {
		text += "//\n"
	}
	for _, rule := range list {
		text += wrap(rule, "//   - ", "//     ")
	}
	return text
}

// date spells out the + of "2026-09+".
func date(asOf string) string {
	if month, ok := strings.CutSuffix(asOf, "+"); ok {
		return month + " or later"
	}
	return asOf
}

// fieldComment says what a caller must know to fill the field in.
func fieldComment(s schema, required, disputed bool) string {
	said := sentences(s, required, disputed)
	if s.Items != nil {
		said = append(said, members(s.Items)...)
	}
	return comment(said)
}

func comment(said []string) string { return wrap(strings.Join(said, " "), "// ", "// ") }

// sentences are about the field itself. Where the documentation is of two
// minds about its length, its description says so.
func sentences(s schema, required, disputed bool) []string {
	var said []string
	if required {
		said = append(said, "Required.")
	}
	if !disputed {
		said = append(said, length(s)...)
	}
	said = append(said, values(s)...)
	if s.Default != nil {
		said = append(said, "Default "+literal(s.Default)+".")
	}
	if s.Description != "" {
		said = append(said, s.Description)
	}
	return said
}

func length(s schema) []string {
	return slices.Concat(
		bounds(s.MinLength, s.MaxLength, "character"),
		bounds(s.MinItems, s.MaxItems, "item"))
}

func bounds(low, high int, noun string) []string {
	plural := func(n int) string {
		if n == 1 {
			return noun + "."
		}
		return noun + "s."
	}
	switch {
	case low > 0 && low == high:
		return []string{fmt.Sprintf("%d %s", low, plural(low))}
	case low > 0 && high > 0:
		return []string{fmt.Sprintf("%d to %d %s", low, high, plural(high))}
	case high > 0:
		return []string{fmt.Sprintf("At most %d %s", high, plural(high))}
	case low > 0:
		return []string{fmt.Sprintf("At least %d %s", low, plural(low))}
	}
	return nil
}

func values(s schema) []string {
	switch {
	case len(s.Enum) > 0:
		return []string{either(s.Enum, " or ") + "."}
	case len(s.Examples) > 0:
		return []string{"For example " + either(s.Examples, " or ") + "."}
	case s.Minimum != nil && s.Maximum != nil:
		return []string{fmt.Sprintf("%s to %s.", literal(*s.Minimum), literal(*s.Maximum))}
	case s.Minimum != nil:
		return []string{fmt.Sprintf("At least %s.", literal(*s.Minimum))}
	}
	return nil
}

// members are the bounds of what a list's objects hold: models differ in them
// although they share the struct.
func members(items *schema) []string {
	var all []string
	for _, p := range items.Properties {
		said := strings.Fields(strings.Join(slices.Concat(length(p.schema), values(p.schema)), " "))
		if slices.Contains(items.Required, p.Name) {
			said = append([]string{"Required."}, said...)
		}
		if p.Default != nil {
			said = append(said, "Default", literal(p.Default)+".")
		}
		if len(said) > 0 {
			all = append(all, "Each "+p.Name+": "+lower(strings.TrimSuffix(strings.Join(said, " "), "."))+".")
		}
	}
	return all
}

// lower runs sentences together.
func lower(text string) string {
	return strings.ToLower(strings.ReplaceAll(text, ". ", ", "))
}

func either(all []any, last string) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = literal(v)
	}
	if len(words) == 1 {
		return words[0]
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + last + words[end]
}

func literal(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// wrap breaks a text into comment lines of about a hundred columns.
func wrap(text, first, rest string) string {
	const columns = 100
	var b strings.Builder
	line := first
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > columns && strings.TrimSpace(line) != strings.TrimSpace(first) {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = rest
		}
		line += word + " "
	}
	if text == "" {
		return ""
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}

package models

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckError is everything that is wrong with an input.
type CheckError struct {
	Model  string
	Faults []Fault // sorted by field
}

// Fault is one thing that is wrong with an input.
type Fault struct {
	Field  string // such as "duration" or "multi_prompt[1].prompt"; empty for the input as a whole
	Reason string // what is wrong, and what would be right, such as "is 12; want 10 or 15"
}

// String returns the field and the reason. Names and values come from the
// input, so runes that are not printable are replaced.
func (f Fault) String() string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.TrimPrefix(cut(f.Field, 200)+" "+f.Reason, " "))
}

// mostTold keeps an error readable, whatever the input is. Faults has them all.
const mostTold = 20

// Error returns the faults, at most 20 of them, in one line. It leaves out the
// model, which the caller of [Check] knows, and which a client with that check
// adds.
func (e *CheckError) Error() string {
	if len(e.Faults) == 0 {
		return "the input is not what the model takes"
	}
	told := e.Faults[:min(len(e.Faults), mostTold)]
	texts := make([]string, len(told))
	for i, f := range told {
		texts[i] = f.String()
	}
	if more := len(e.Faults) - len(told); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, " | ")
}

// newCheckError sorts the faults. It returns nil if there are none.
func newCheckError(model string, faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
	})
	return &CheckError{Model: model, Faults: faults}
}

// show returns a value as JSON, shortened to fit in a line.
func show(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("a %T", v)
	}
	return cut(string(raw), 60)
}

// cut shortens a text to at most that many characters and three dots.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "..."
}

// choice joins words with commas and "or".
func choice(words []string) string { return enumerate(words, " or ") }

// enumerate joins words with commas, and with before in front of the last.
func enumerate(words []string, before string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + before + words[last]
}

// showAll returns a choice of values.
func showAll(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = show(v)
	}
	return choice(words)
}

package models

import (
	"slices"
	"strconv"
	"strings"
)

// reads says how a model reads fields more generously than its schema says. A
// name such as "multi_prompt[].duration" is a member of each object in a list.
type reads struct {
	Trim  []string // white space around these strings does not count
	Fold  []string // the values of these may be in upper or lower case
	Ints  []string // these may be strings of digits
	Bools []string // these may be 0, 1 or words such as "yes"
}

// normalise rewrites the fields as the model will read them, so that nothing
// is refused here that passes there.
func (c *checker) normalise(object map[string]any) {
	how := c.entry.Reads
	rewrite(object, how.Trim, func(_ string, v any) any { return trim(v) })
	rewrite(object, how.Fold, c.foldEnum)
	rewrite(object, how.Ints, func(_ string, v any) any { return readInt(v) })
	rewrite(object, how.Bools, func(_ string, v any) any { return readBool(v) })
}

func rewrite(object map[string]any, names []string, read func(name string, v any) any) {
	for _, name := range names {
		list, member, isMember := strings.Cut(name, "[].")
		if !isMember {
			rewriteField(object, name, read)
			continue
		}
		items, _ := object[list].([]any)
		for _, item := range items {
			inner, _ := item.(map[string]any)
			rewriteField(inner, member, read)
		}
	}
}

func rewriteField(object map[string]any, name string, read func(name string, v any) any) {
	if v, ok := object[name]; ok {
		object[name] = read(name, v)
	}
}

func trim(v any) any {
	if s, ok := v.(string); ok {
		return strings.TrimSpace(s)
	}
	return v
}

func (c *checker) foldEnum(name string, v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	for _, known := range c.enums[name] {
		if word, ok := known.(string); ok && strings.EqualFold(word, s) {
			return word
		}
	}
	return v
}

func readInt(v any) any {
	if s, ok := v.(string); ok {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	}
	return v
}

var (
	yes = []string{"true", "1", "yes", "on", "t", "y"}
	no  = []string{"false", "0", "no", "off", "f", "n"}
)

func readBool(v any) any {
	var word string
	switch v := v.(type) {
	case string:
		word = strings.ToLower(v)
	case int64:
		word = strconv.FormatInt(v, 10)
	}
	switch {
	case slices.Contains(yes, word):
		return true
	case slices.Contains(no, word):
		return false
	}
	return v
}

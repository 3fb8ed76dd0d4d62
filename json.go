package vidgo

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The wire is read leniently: a field of an unexpected type costs that field,
// never the task, since a generation is paid for by the time we read it. So
// every answer is validated and compacted once, by encoding/json, and what is
// wanted is picked out of it member by member. That is also several times
// faster than one json.Unmarshal for each level.

var (
	errNoObject = errors.New("not a JSON object")
	errEmpty    = errors.New("empty, not a JSON object")
)

// compactObject checks that b is a JSON object, and returns it in the form that
// [json.Marshal] writes, without white space, so that what is stored is read
// back byte for byte.
func compactObject(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errEmpty
	}
	compact, err := json.Marshal(json.RawMessage(b))
	if wrapped, ok := errors.AsType[*json.MarshalerError](err); ok {
		return nil, wrapped.Err // that it was Marshal which found it is no news to anybody
	}
	if err == nil && !isObject(compact) {
		err = errNoObject
	}
	if err != nil {
		return nil, err
	}
	return compact, nil
}

// members yields the keys and values of an object, or nothing if raw is not
// one. raw must be valid and compact. The values are parts of it, and so are
// most keys: a switch over string(key) allocates nothing.
func members(raw []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		if !isObject(raw) {
			return
		}
		for i := 1; raw[i] != '}'; {
			if raw[i] == ',' {
				i++
			}
			colon := i + valueLength(raw[i:])
			end := colon + 1 + valueLength(raw[colon+1:])
			if !yield(keyOf(raw[i:colon]), raw[colon+1:end:end]) {
				return
			}
			i = end
		}
	}
}

// elements yields the values of an array, or nothing if raw is not one. raw
// must be valid and compact. The values are parts of it.
func elements(raw []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(raw) == 0 || raw[0] != '[' {
			return
		}
		for i := 1; raw[i] != ']'; {
			if raw[i] == ',' {
				i++
			}
			end := i + valueLength(raw[i:])
			if !yield(raw[i:end:end]) {
				return
			}
			i = end
		}
	}
}

// valueLength returns the length of the value that b begins with.
func valueLength(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += stringLength(b[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i // the end of what the value stands in
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue // in a number or a word
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

// stringLength returns the length of the string literal that b begins with.
func stringLength(b []byte) int {
	i := 1
	if end := bytes.IndexByte(b[i:], '"'); end >= 0 {
		escape := bytes.IndexByte(b[i:i+end], '\\')
		if escape < 0 {
			return i + end + 1 // as most are
		}
		i += escape
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func isObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }

// present reports whether there is a value other than null.
func present(raw []byte) bool { return len(raw) > 0 && string(raw) != "null" }

// keyOf returns a key without its quotes.
func keyOf(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') >= 0 {
		return []byte(textOf(raw))
	}
	return raw[1 : len(raw)-1 : len(raw)-1]
}

// textOf returns a string's text, "" for null, and any other value as it is
// written.
func textOf(raw []byte) string {
	switch {
	case !present(raw):
		return ""
	case raw[0] != '"':
		return string(raw)
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(raw, &s) // valid, or it would not be here
	return s
}

// numberOf reads a number in any form the API is known to use: 100, 100.0,
// "100", null. Anything else is 0.
func numberOf(raw []byte) float64 {
	v, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// object is a JSON object that can be edited. Its members keep their order.
type object struct {
	members []member
	err     error // the first value that could not be written
}

type member struct {
	key   string
	value []byte
}

// set replaces the value of a key (the last one, if there are several), or adds
// it at the end.
func (o *object) set(key string, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		o.err = errors.Join(o.err, err)
		return
	}
	for i := range slices.Backward(o.members) {
		if o.members[i].key == key {
			o.members[i].value = raw
			return
		}
	}
	o.members = append(o.members, member{key, raw})
}

func (o *object) bytes() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		writeKey(&b, m.key)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// writeKey writes a key as it came: json.Marshal would replace invalid UTF-8.
func writeKey(b *bytes.Buffer, key string) {
	if strings.ContainsAny(key, "\"\\<>&\u2028\u2029") || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' }) {
		quoted, _ := json.Marshal(key) // a string always can be
		b.Write(quoted)
		return
	}
	b.WriteByte('"')
	b.WriteString(key)
	b.WriteByte('"')
}

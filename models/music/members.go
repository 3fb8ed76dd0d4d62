package music

import (
	"bytes"
	"encoding/json"
	"strings"
)

// members are those of a JSON object, to be read one by one: whatever one of
// them holds, the others can still be read.
type members map[string]json.RawMessage

// readMembers reads an object. Pages show keys with stray spaces.
func readMembers(raw []byte) (members, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	m := make(members, len(object))
	for key, value := range object {
		trimmed := strings.TrimSpace(key)
		if _, exact := object[trimmed]; exact && trimmed != key {
			continue // the key as it should be says more
		}
		m[trimmed] = value
	}
	return m, nil
}

// readInner reads the object inside the first of the names that holds one. A
// name that is null, empty or no object hides none of the others. If none of
// them is there, the object itself may be it: that is how these types marshal.
func readInner(raw []byte, names ...string) (members, error) {
	outer, err := readMembers(raw)
	if err != nil {
		return nil, err
	}
	found := false
	for _, name := range names {
		if inner, err := readMembers(outer.inner(name)); err == nil && len(inner) > 0 {
			return inner, nil
		}
		_, ok := outer[name]
		found = found || ok
	}
	if found {
		return nil, nil // the file is there, its parts are not
	}
	return outer, nil
}

// inner is the JSON inside a string, or the member itself if it is no string.
func (m members) inner(name string) []byte {
	raw := m[name]
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return []byte(m.text(name))
	}
	return raw
}

// text is the first of the members that is a string, without space around it.
func (m members) text(names ...string) string {
	for _, name := range names {
		var s string
		if json.Unmarshal(m[name], &s) == nil && s != "" {
			return strings.TrimSpace(s)
		}
	}
	return ""
}

// number is a member that is a number, or a string with one.
func (m members) number(name string) float64 {
	var n json.Number // takes both
	if json.Unmarshal(m[name], &n) != nil {
		return 0
	}
	f, err := n.Float64()
	if err != nil {
		return 0
	}
	return f
}

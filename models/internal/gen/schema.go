package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// schema is what the catalogue uses of JSON Schema.
type schema struct {
	Type        types
	Description string
	Default     any
	Enum        []any
	Examples    []any
	MinLength   int
	MaxLength   int
	MinItems    int
	MaxItems    int
	Minimum     *float64
	Maximum     *float64
	Items       *schema
	Properties  properties
	Required    []string
}

// types is one type or several.
type types []string

func (t *types) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		return json.Unmarshal(raw, (*[]string)(t))
	}
	*t = types{""}
	return json.Unmarshal(raw, &(*t)[0])
}

// properties keep the order of the documentation, which a map would lose.
type properties []property

type property struct {
	Name string
	schema
}

func (p *properties) UnmarshalJSON(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		next := property{Name: fmt.Sprint(name)}
		if err := decoder.Decode(&next.schema); err != nil {
			return fmt.Errorf("%s: %w", next.Name, err)
		}
		*p = append(*p, next)
	}
	return nil
}

// is reports whether the type is name and nothing else.
func (s schema) is(name string) bool { return len(s.Type) == 1 && s.Type[0] == name }

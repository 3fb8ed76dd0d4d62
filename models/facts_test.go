package models_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/models"
)

// The tests read catalog.json with types of their own, and refuse unknown keys: a
// misspelt key would be a fact that nothing enforces.

type fact struct {
	ID, Kind, Title, Doc   string
	AsOf                   string `json:"as_of"`
	Music, Partial, Strict bool
	RequiredUnknown        []string `json:"required_unknown"`
	Disputed               []string
	Reads                  struct{ Trim, Fold, Ints, Bools []string }
	Input                  schema
	Rules                  []struct {
		Text   string
		Checks []check
	}
	Result []json.RawMessage
}

type schema struct {
	Type                                     any
	Format, Description                      string
	Default                                  any
	Enum, Examples                           []any
	MinLength, MaxLength, MinItems, MaxItems *int
	Minimum, Maximum                         *float64
	Items                                    *schema
	Properties                               map[string]*schema
	Required                                 []string
}

type check struct {
	Each       string
	When, Need []cond
	Any        []string
	Count      *struct {
		Items []string
		Plus  string
		Max   int
	}
	Members *struct {
		Of, Name    string
		Else, Times float64
		Unique      bool
		SumMax      float64 `json:"sum_max"`
		SumIs       string  `json:"sum_is"`
		MaxField    string  `json:"max_field"`
	}
	Pixels *struct {
		Field    string
		Multiple int
		MinEdge  int `json:"min_edge"`
		Edge     int `json:"max_edge"`
		Ratio    int `json:"max_ratio"`
		Least    int `json:"min_pixels"`
		Most     int `json:"max_pixels"`
	}
}

type cond struct {
	Field    string
	Given    *bool
	Is       []any
	MinItems *int `json:"min_items"`
	MaxItems *int `json:"max_items"`
	MaxChars int  `json:"max_chars"`
	MaxWords int  `json:"max_words"`
	Above    string
	Edge     int
}

func readFacts(t testing.TB) []fact {
	raw, err := os.ReadFile("catalog.json")
	require.NoError(t, err)
	var file struct {
		About  string
		Models []fact
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&file))
	return file.Models
}

// input is a model's input, decoded from JSON.
type input map[string]any

func (in input) json(t testing.TB) []byte {
	raw, err := json.Marshal(in)
	require.NoError(t, err)
	return raw
}

// faults returns what Check finds.
func faults(t testing.TB, model string, in input) []models.Fault {
	return faultsOf(t, models.Check(model, in.json(t)))
}

func faultsOf(t testing.TB, err error) []models.Fault {
	if err == nil {
		return nil
	}
	fault, ok := err.(*models.CheckError)
	require.True(t, ok, "%T: %v", err, err)
	require.NotEmpty(t, fault.Faults)
	return fault.Faults
}

func (in input) clone() input { return maps.Clone(in) }

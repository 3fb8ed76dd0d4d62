package vidgo_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

func TestMembers(t *testing.T) {
	got, err := vidgo.Members([]byte(" { \"a\" : [1, {\"x\":\"]}\\\"\"}, \"\\\\\"] ,\n \"\":\"\", \"b\\u0063\" : null, \"n\":-1.5e3,\"t\":true,\"o\":{}, \"a b\":[] } "))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": `[1,{"x":"]}\""},"\\"]`, "": `""`, "bc": "null", "n": "-1.5e3", "t": "true", "o": "{}", "a b": "[]"}, got)
	require.Equal(t, []string{`1`, `{"x":"]}\""}`, `"\\"`, `[]`, `[2,3]`}, vidgo.Elements([]byte(`{"a":[1,{"x":"]}\""},"\\",[],[2, 3]]}`)))
	require.Empty(t, vidgo.Elements([]byte(`{"a":[]}`)))
	require.Empty(t, vidgo.Elements([]byte(`{"a":"[1]"}`)))
	got, err = vidgo.Members([]byte("{}"))
	require.NoError(t, err)
	require.Empty(t, got)
}

// members and elements must read what encoding/json reads, and the same from it.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",{"b":[]}],"c":"\"}"}`, `{"a":[[[]]],"a":["\\"]}`, `{"\u0061":[null,true,-0.1e-7]}`, "{\"\xff\":\"\xff\"}", `{"a":["<&>\u2028"]}`, "{}\n\v", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := vidgo.Members(b)
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(b, &want)
		if (err == nil) != (wantErr == nil && want != nil) {
			t.Fatalf("%q: %v, encoding/json: %v", b, err, wantErr)
		}
		if err != nil {
			return
		}
		for key, raw := range want {
			value, found := got[key]
			if !found && !utf8.Valid(b) {
				continue // invalid UTF-8 in a key is kept here, and replaced by encoding/json
			}
			if compact, _ := json.Marshal(raw); value != string(compact) {
				t.Errorf("%q: member %q is %q, want %q", b, key, value, compact)
			}
		}
		var array struct {
			A []json.RawMessage `json:"a"`
		}
		if json.Unmarshal(b, &array) != nil || want["a"] == nil || want["A"] != nil {
			return
		}
		items := vidgo.Elements(b)
		if len(items) != len(array.A) {
			t.Fatalf("%q: %d elements, want %d", b, len(items), len(array.A))
		}
		for i, raw := range array.A {
			if compact, _ := json.Marshal(raw); items[i] != string(compact) {
				t.Errorf("%q: element %d is %q, want %q", b, i, items[i], compact)
			}
		}
	})
}

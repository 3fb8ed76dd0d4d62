package vidgo_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

func TestSafeName(t *testing.T) {
	for given, want := range map[string]string{
		"boat.png":                        "boat.png",
		"ein Boot (2).png":                "ein Boot (2).png",
		"船.png":                           "船.png",
		"../../etc/passwd":                "passwd",
		`a\..\b.mp4`:                      "b.mp4",
		"..%2f..%2fx.png":                 "%2f..%2fx.png",
		"/":                               "",
		"..":                              "",
		".":                               "",
		"":                                "",
		"...":                             "",
		".hidden":                         "hidden",
		"-rf":                             "rf",
		"x. . .":                          "x",
		"a\x00b\nc.png":                   "abc.png",
		"CON":                             "_CON",
		"con.png":                         "_con.png",
		"COM1.mp4":                        "_COM1.mp4",
		"lpt¹.txt":                        "_lpt¹.txt",
		"nul .png":                        "_nul .png",
		"console.png":                     "console.png",
		"com10.png":                       "com10.png",
		`a<b>c:d"e|f?g*h.png`:             "a_b_c_d_e_f_g_h.png",
		"photo\u202egnp.exe":              "photognp.exe",
		"bad\xff\xfeutf8.png":             "badutf8.png",
		"C:\\Users\\x\\y.png":             "y.png",
		"\u0085next line.png":             "next line.png",
		"a.png:stream":                    "a.png_stream",
		strings.Repeat("x", 300):          strings.Repeat("x", 200),
		strings.Repeat("x", 300) + ".png": strings.Repeat("x", 196) + ".png",
		strings.Repeat("ä", 300) + ".png": strings.Repeat("ä", 98) + ".png",
	} {
		require.Equal(t, want, vidgo.SafeName(given), "%q", given)
	}
}

func FuzzSafeName(f *testing.F) {
	for _, seed := range []string{"../x", "CON", "..%2f", "a\u202eb", ".", "a/b\\c", "\xff", "com1.", "- . -", "con .x", "aux.\u2066"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		name := vidgo.SafeName(given)
		if again := vidgo.SafeName(name); again != name {
			t.Errorf("%q becomes %q, which becomes %q", given, name, again)
		}
		if name == "" {
			return
		}
		switch {
		case !filepath.IsLocal(name), strings.ContainsAny(name, `/\:<>"|?*`), name[0] == '.', name[0] == '-', len(name) > 201,
			strings.HasSuffix(name, "."), strings.HasSuffix(name, " "), !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
			t.Errorf("%q becomes %q, which is not a safe name", given, name)
		}
		if id := vidgo.PlainName(given); id == "" || strings.ContainsFunc(id, func(r rune) bool { return r > 'z' || r == '/' }) || len(id) > 120 {
			t.Errorf("the id %q becomes %q, which is not a plain name", given, id)
		}
	})
}

func TestPlainNameKeepsIDsApart(t *testing.T) {
	require.Equal(t, "task-unified-1757165031-uyujaw3d", vidgo.PlainName("task-unified-1757165031-uyujaw3d"))
	seen := map[string]string{}
	for _, id := range []string{"a b", "a_b", "a?b", "A_B", "..a", "a", strings.Repeat("x", 150), strings.Repeat("x", 151), "CON", "_CON"} {
		name := vidgo.PlainName(id)
		require.NotContains(t, seen, name, "%q and %q have one name", id, seen[name])
		seen[name] = id
	}
}

func TestContentRange(t *testing.T) {
	for given, want := range map[string][3]int64{
		"bytes 5-9/10": {5, 10, 1}, "bytes 0-0/1": {0, 1, 1}, "bytes 5-9/*": {5, -1, 1},
		"": {}, "bytes": {}, "bytes */10": {}, "bytes 9-5/10": {}, "bytes 5-9/9": {}, "bytes -1-9/10": {}, "items 5-9/10": {},
		"bytes 5-9": {}, "bytes +5-9/10": {}, "bytes 5-9/10, 11-12/13": {}, "bytes 0-99999999999999999999/1": {},
	} {
		start, _, total, ok := vidgo.ParseContentRange(given)
		require.Equal(t, want[2] == 1, ok, given)
		if ok {
			require.Equal(t, want, [3]int64{start, total, 1}, given)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 5-9/10", "bytes 5-9/*", "bytes */3", "bytes 0-9223372036854775807/9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		start, _, total, ok := vidgo.ParseContentRange(given)
		if ok && (start < 0 || total >= 0 && start >= total || total < -1) {
			t.Errorf("%q gives %d of %d", given, start, total)
		}
	})
}

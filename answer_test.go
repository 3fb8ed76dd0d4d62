package vidgo_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

func TestErrorShapes(t *testing.T) {
	tests := []struct {
		name, body string
		code       int
		kind, msg  string
		spoken     bool // in one of Vidgo's documented shapes
	}{
		{"an error object", `{"code": 400, "error": {"message": "task_id is required", "type": "validation_error"}}`,
			400, "validation_error", "task_id is required", true},
		{"a detail", `{"detail": "Task not found"}`, 0, "", "Task not found", true},
		{"a list of details", `{"detail": [{"loc": ["body","file"], "msg": "field required", "type": "value_error.missing"},
			{"loc": ["body", 0], "msg": "too short"}]}`, 0, "", "body.file: field required; body.0: too short", true},
		{"a detail that is an object", `{"detail": {"type": "insufficient_credits_error", "message": "top up"}}`,
			0, "insufficient_credits_error", "top up", true},
		{"a code and a message", `{"code": 400, "message": "bad size"}`, 400, "", "bad size", true},
		{"an error that is a string", `{"error": "nope"}`, 0, "", "nope", false},
		{"only a message, as from AWS", `{"message":"Service Unavailable"}`, 0, "", "Service Unavailable", false},
		{"a status code and a message, as from Azure", `{"statusCode":503,"message":"Service unavailable"}`, 0, "", "Service unavailable", false},
		{"a problem of RFC 9457", `{"type":"about:blank","title":"Error 503","status":503,"detail":"origin timed out"}`, 0, "", "origin timed out", false},
		{"only a code", `{"code":503}`, 503, "", "", false},
		{"details that are a list in a list", `{"detail":[["a"]]}`, 0, "", `["a"]`, true},
		{"a detail of an unknown kind", `{"detail": {"why": 7}}`, 0, "", `{"why":7}`, true},
		{"a code that is a string", `{"code": "503", "message": "busy"}`, 503, "", "busy", true},
		{"an HTML page", "<html>\n<head><title>502 Bad Gateway</title></head></html>", 0, "", "an HTML page: 502 Bad Gateway", false},
		{"an HTML page without a title", "<p>", 0, "", "an HTML page", false},
		{"text", "upstream request timeout\nmore", 0, "", "text: upstream request timeout", false},
		{"an empty body", "", 0, "", "an empty body", false},
		{"an empty object", "{}", 0, "", "an answer without a message", false},
		{"JSON that is cut off", `{"code": 400, "mess`, 0, "", `text: {"code": 400, "mess`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, kind, msg, spoken := vidgo.DescribeError([]byte(test.body))
			require.Equal(t, test.code, code)
			require.Equal(t, test.kind, kind)
			require.Equal(t, test.msg, msg)
			require.Equal(t, test.spoken, spoken)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		name, value, serverDate string
		want                    time.Duration
	}{
		{"missing", "", "", 0},
		{"seconds", "4", "", 4 * time.Second},
		{"a fraction", "0.5", "", 500 * time.Millisecond},
		{"with spaces", " 4 ", "", 4 * time.Second},
		{"zero", "0", "", 0},
		{"negative", "-1", "", 0},
		{"nonsense", "soon", "", 0},
		{"not a number", "NaN", "", 0},
		{"a day", "86400", "", 24 * time.Hour},
		{"centuries", "999999999999", "", 30 * 24 * time.Hour},
		{"infinite", "Inf", "", 0},
		{"a date", date(90 * time.Second), "", 90 * time.Second},
		{"a past date", date(-time.Hour), "", 0},
		{"a date years away", date(100000 * time.Hour), "", 30 * 24 * time.Hour},
		{"a date by the server's own wrong clock", date(time.Hour + 5*time.Second), date(time.Hour), 5 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("Retry-After", test.value)
			h.Set("Date", test.serverDate)
			require.Equal(t, test.want, vidgo.ParseRetryAfter(h, now))
		})
	}
}

func TestRedact(t *testing.T) {
	const key = "sk-1234567890"
	echo := `{"auth":"Bearer sk-1234567890","callback_url":"https://a.example.com/?vidgo_token=1.a.b.c&x=1","u":"vidgo_token%3D1.a.b","v":"vidgo_token%253d1.a.b","w":"vidgo_token\u003d1.a.b","x":"{\"y\":\"vidgo_token\\u003d1.a.b\"}","z":"vidgo_token&#x3D;1.a.b vidgo_token&#61;1.a.b"}`
	got := string(vidgo.Redact([]byte(echo), key))
	require.Equal(t, `{"auth":"Bearer REDACTED","callback_url":"https://a.example.com/?vidgo_token=REDACTED&x=1","u":"vidgo_token=REDACTED","v":"vidgo_token=REDACTED","w":"vidgo_token=REDACTED","x":"{\"y\":\"vidgo_token=REDACTED\"}","z":"vidgo_token=REDACTED vidgo_token=REDACTED"}`, got)
}

func FuzzDescribeError(f *testing.F) {
	for _, seed := range []string{`{"detail":[{"loc":[1],"msg":"m"}]}`, `{"error":{"message":{}}}`, "<title>", "{", `{"detail":[[[]]]}`, `{"error":""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, kind, msg, _ := vidgo.DescribeError(body)
		if kind == "" && msg == "" {
			t.Errorf("%q has neither a type nor a message", body)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "1e308", "0x1p-2", "Mon, 02 Jan 2006 15:04:05 GMT", strings.Repeat("9", 400), "nan"} {
		f.Add(seed, "")
	}
	f.Add("Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2006 15:04:05 GMT")
	f.Fuzz(func(t *testing.T, value, date string) {
		h := http.Header{"Retry-After": {value}, "Date": {date}}
		if d := vidgo.ParseRetryAfter(h, time.Now()); d < 0 || d > 30*24*time.Hour {
			t.Errorf("%q gives %s", value, d)
		}
	})
}

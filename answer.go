package vidgo

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxErrorBody    = 8 << 10 // bytes kept in APIError.Body
	maxErrorMessage = 500     // bytes of a server's words kept in APIError.Message
)

// envelope is every JSON answer Vidgo is known to give, good or bad.
type envelope struct {
	Code    number          `json:"code"`
	Data    json.RawMessage `json:"data"`
	TaskID  json.RawMessage `json:"task_id"` // a bare task, as the callbacks of 2026 have it
	Error   json.RawMessage `json:"error"`
	Detail  json.RawMessage `json:"detail"`
	Message text            `json:"message"`
}

// decode judges the last answer: its status first, then its envelope.
func (x *exchange) decode() (json.RawMessage, error) {
	if x.status/100 != 2 {
		return nil, x.refused()
	}
	var env envelope
	if err := json.Unmarshal(x.body, &env); err != nil {
		return nil, x.fault("the answer is not Vidgo's JSON but " + describePage(x.body))
	}
	switch {
	case env.Code != 0 && env.Code != http.StatusOK:
		return nil, x.refused()
	case present(env.Data):
		return env.Data, nil
	case present(env.TaskID):
		return x.body, nil
	case present(env.Error), present(env.Detail), env.Message != "":
		return nil, x.refused()
	}
	return nil, x.fault("the answer has no data")
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// refused makes the error of an answer that carries one.
func (x *exchange) refused() *APIError {
	if x.status/100 == 3 {
		return x.fault("redirected to another place (" + redirectHost(x.header) + "), which is not followed: is the base URL right?")
	}
	code, kind, message, spoken := describeError(x.body)
	e := x.fault(message)
	e.Code, e.Type, e.spoken = code, kind, spoken
	return e
}

// fault makes an error about the last answer. Whatever the server echoed of
// our secrets is taken out here, once for all.
func (x *exchange) fault(message string) *APIError {
	c := x.client
	return &APIError{
		StatusCode: x.status,
		Message:    string(c.redact([]byte(clip(message, maxErrorMessage)))),
		Method:     x.request.method,
		Path:       x.request.path,
		RequestID:  clip(x.header.Get("X-Request-Id"), 100),
		RetryAfter: parseRetryAfter(x.header, time.Now()),
		Body:       c.redact(x.body[:min(len(x.body), maxErrorBody)]),
	}
}

// describeError reads the documented error shapes. spoken is false for what
// only a gateway would send.
func describeError(body []byte) (code int, kind, message string, spoken bool) {
	var env envelope
	if json.Unmarshal(body, &env) != nil {
		return 0, "", describePage(body), false
	}
	code, message = int(env.Code), string(env.Message)
	for _, raw := range []json.RawMessage{env.Error, env.Detail} {
		if present(raw) {
			kind, message = describeDetail(raw)
			break
		}
	}
	if message == "" && kind == "" && code == 0 {
		return 0, "", "an answer without a message", false
	}
	return code, kind, message, true
}

// describeDetail reads what stands under "error" or "detail": a string, an
// object, or a list of faults of single fields.
func describeDetail(raw json.RawMessage) (kind, message string) {
	var object struct {
		Message text              `json:"message"`
		Msg     text              `json:"msg"`
		Error   text              `json:"error"`
		Type    text              `json:"type"`
		Loc     []json.RawMessage `json:"loc"`
	}
	var list []json.RawMessage
	var plain text
	switch raw[0] {
	case '[':
		if json.Unmarshal(raw, &list) != nil {
			break
		}
		var parts []string
		for _, item := range list {
			_, part := describeDetail(item)
			parts = append(parts, part)
		}
		return "", strings.Join(parts, "; ")
	case '{':
		if json.Unmarshal(raw, &object) != nil {
			break
		}
		message = firstOf(object.Message, object.Msg, object.Error)
		if message == "" {
			break
		}
		if len(object.Loc) > 0 {
			message = joinLoc(object.Loc) + ": " + message
		}
		return string(object.Type), message
	default:
		if json.Unmarshal(raw, &plain) == nil && plain != "" {
			return "", string(plain)
		}
	}
	return "", string(raw)
}

func firstOf(texts ...text) string {
	for _, t := range texts {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// joinLoc writes ["body","file"] as body.file.
func joinLoc(loc []json.RawMessage) string {
	parts := make([]string, len(loc))
	for i, raw := range loc {
		parts[i] = strings.Trim(string(raw), `"`)
	}
	return strings.Join(parts, ".")
}

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>\s*(.*?)\s*</title>`)

// describePage tells in a few words what a body is that is no JSON of Vidgo's.
func describePage(body []byte) string {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return "an empty body"
	}
	if trimmed[0] == '<' {
		if m := htmlTitle.FindSubmatch(trimmed[:min(len(trimmed), maxErrorBody)]); m != nil {
			return "an HTML page: " + clip(string(m[1]), 200)
		}
		return "an HTML page"
	}
	line, _, _ := bytes.Cut(trimmed, []byte("\n"))
	return "text: " + clip(string(bytes.TrimSpace(line)), 200)
}

func redirectHost(h http.Header) string {
	_, rest, ok := strings.Cut(h.Get("Location"), "://")
	if !ok {
		return "on the same host"
	}
	host, _, _ := strings.Cut(rest, "/")
	return clip(host, 100)
}

// clip cuts s to at most max bytes, at a rune's border.
func clip(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max] + "..."
}

var tokenInText = regexp.MustCompile(tokenParam + `(=|%3[dD])[^&"'\\\s<>]*`)

// redact takes the API key and callback tokens out of what a server sent: a
// validation error may echo the request.
func redact(b []byte, apiKey string) []byte {
	if len(apiKey) >= 8 { // shorter ones are no real keys, and words contain them
		b = bytes.ReplaceAll(b, []byte(apiKey), []byte("REDACTED"))
	}
	if bytes.Contains(b, []byte(tokenParam)) {
		b = tokenInText.ReplaceAll(b, []byte(tokenParam+"=REDACTED"))
	}
	return bytes.Clone(b)
}

// retryAfter is how long the server behind err asks to wait.
func retryAfter(err error) time.Duration {
	if api, ok := errors.AsType[*APIError](err); ok {
		return api.RetryAfter
	}
	return 0
}

// parseRetryAfter reads both forms of the header: seconds, and a date. A date
// is measured against the server's own clock if it tells it, so that a wrong
// clock on either side does no harm. What is past or cannot be read is 0.
func parseRetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}

// number reads a JSON number in any form the API is known to use: 100, 100.0,
// "100", null. What is no number is 0: a progress that cannot be read must
// not cost the result.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil || v != v || v-v != 0 { // no number, NaN or infinite
		v = 0
	}
	*n = number(v)
	return nil
}

// text reads a JSON string; a number or boolean as it is written, an object
// or list as its JSON, and null as "".
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case string(b) == "null":
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	default:
		*t = text(b)
	}
	return nil
}

package vidgo

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxErrorBody     = 8 << 10 // bytes kept in APIError.Body
	maxPollErrorBody = 512     // of a poll: in an outage each of a million waits keeps its last error
	maxErrorMessage  = 500     // bytes of a server's words kept in APIError.Message
)

// envelope has the members of every JSON answer that Vidgo is known to give.
type envelope struct {
	code         int
	data         []byte
	taskID       []byte // of a bare task, as the callbacks of 2026 have it
	err          []byte // under "error", or else under "detail"
	detail       bool   // it is under "detail"
	message      string
	unsuccessful bool // an upload's answer that says so
	foreign      bool // it has members that errors of gateways have, and Vidgo's do not
}

// openEnvelope reads the envelope of a compact object.
func openEnvelope(raw []byte) (env envelope) {
	for key, value := range members(raw) {
		switch string(key) {
		case "code":
			env.code = int(min(max(numberOf(value), 0), 1<<31))
		case "data":
			env.data = value
		case "task_id":
			env.taskID = value
		case "error":
			env.err = value
		case "detail":
			if !present(env.err) {
				env.err, env.detail = value, true
			}
		case "message", "msg": // uploads have msg, even with a success
			env.message = textOf(value)
		case "success":
			env.unsuccessful = string(value) == "false"
		case "title", "status", "type", "instance", "statusCode": // RFC 9457, Azure
			env.foreign = true
		}
	}
	return env
}

// spoken reports whether an error is one of Vidgo's documented shapes. Gateways
// speak JSON, too.
func (env envelope) spoken() bool {
	switch {
	case env.foreign || !present(env.err) && env.message == "":
		return false
	case env.detail:
		return true
	}
	return env.code != 0 && (isObject(env.err) || !present(env.err))
}

// decode judges the last answer: its status first, then its envelope.
func (x *exchange) decode() ([]byte, error) {
	if x.status/100 != 2 {
		return nil, x.refused()
	}
	raw, err := compactObject(x.body)
	if err != nil {
		return nil, x.fault("the answer is not Vidgo's JSON but " + describePage(x.client.redact(x.body)))
	}
	env := openEnvelope(raw)
	switch {
	case env.code != 0 && env.code/100 != 2, env.unsuccessful:
		return nil, x.refused()
	case present(env.data):
		return bytes.Clone(env.data), nil // what is kept of it must not hold all of it
	case present(env.taskID):
		return raw, nil
	case present(env.err), env.message != "":
		return nil, x.refused()
	}
	return nil, x.fault("the answer has no data")
}

// refused returns the error that the last answer carries.
func (x *exchange) refused() *APIError {
	if to := x.header.Get("Location"); to != "" && x.status/100 == 3 {
		return x.fault("redirected to " + redirectHost(to, x.client.baseURL) + ", which is not followed: is the base URL right?")
	}
	code, kind, message, spoken := describeError(x.client.redact(x.body))
	e := x.fault(message)
	e.Code, e.Type, e.spoken = code, clip(x.client.hide(kind), 100), spoken
	return e
}

// fault returns an error about the last answer. It removes secrets that the
// server echoed before it cuts anything, so that no half of one is left.
func (x *exchange) fault(message string) *APIError {
	c := x.client
	body, most := c.redact(x.body), maxErrorBody
	if x.request.isPoll() {
		most = maxPollErrorBody
	}
	return &APIError{
		StatusCode: x.status,
		Message:    clip(c.hide(message), maxErrorMessage),
		Method:     x.request.method,
		Path:       x.request.path,
		RequestID:  clip(c.hide(x.header.Get("X-Request-Id")), 100),
		RetryAfter: parseRetryAfter(x.header, c.wall()),
		Body:       bytes.Clone(body[:min(len(body), most)]),
	}
}

// describeError reads the documented error shapes. spoken is false if only a
// gateway would send such an answer.
func describeError(body []byte) (code int, kind, message string, spoken bool) {
	raw, err := compactObject(body)
	if err != nil {
		return 0, "", describePage(body), false
	}
	env := openEnvelope(raw)
	message = env.message
	if present(env.err) {
		kind, message = describeDetail(env.err)
	}
	if message == "" && kind == "" && env.code == 0 {
		return 0, "", "an answer without a message", false
	}
	return env.code, kind, message, env.spoken()
}

// describeDetail reads the value of "error" or "detail": a string, an object,
// or a list of faults of single fields.
func describeDetail(raw []byte) (kind, message string) {
	if raw[0] != '[' {
		return describeFault(raw)
	}
	var parts []string
	for item := range elements(raw) {
		_, part := describeFault(item) // a list in the list is not looked into
		parts = append(parts, part)
	}
	return "", strings.Join(parts, "; ")
}

// describeFault reads a string or an object.
func describeFault(raw []byte) (kind, message string) {
	if !isObject(raw) {
		return "", textOf(raw)
	}
	var texts [3]string
	place := ""
	for key, value := range members(raw) {
		switch string(key) {
		case "message":
			texts[0] = textOf(value)
		case "msg":
			texts[1] = textOf(value)
		case "error":
			texts[2] = textOf(value)
		case "type":
			kind = textOf(value)
		case "loc":
			place = joinLoc(value)
		}
	}
	if message = cmp.Or(texts[:]...); message == "" {
		return kind, string(raw)
	}
	return kind, place + message
}

// joinLoc writes ["body","file"] as "body.file: ".
func joinLoc(raw []byte) string {
	var parts []string
	for item := range elements(raw) {
		parts = append(parts, textOf(item))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ".") + ": "
}

// redirectHost names only the host: the rest of a URL may hold anything.
func redirectHost(location string, base *url.URL) string {
	to, err := base.Parse(location)
	switch {
	case err != nil || to.Hostname() == "":
		return "something that is not a URL"
	case to.Host == base.Host && to.Scheme == base.Scheme:
		return "another path on the same host"
	}
	return clip(to.Scheme+"://"+to.Hostname(), 100)
}

// retryAfter is how long the server behind err asks to wait.
func retryAfter(err error) time.Duration {
	if api, ok := errors.AsType[*APIError](err); ok {
		return api.RetryAfter
	}
	return 0
}

// parseRetryAfter reads both forms of the header: seconds, and a date. A date
// is compared with the answer's own Date if it has one, so that a wrong clock
// on either side does no harm. A time that is past or cannot be read is 0.
func parseRetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds > 0) || math.IsInf(seconds, 0) {
			return 0
		}
		return time.Duration(min(seconds, maxDuration.Seconds()) * float64(time.Second))
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(until.Sub(now), 0), maxDuration)
}

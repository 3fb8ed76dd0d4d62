package vidgo

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The questions a caller asks about an error, with [errors.Is].
var (
	// ErrNoAPIKey: [NewClient] was given no key and VIDGO_API_KEY is empty.
	ErrNoAPIKey = errors.New("vidgo: no API key: pass one to NewClient or set VIDGO_API_KEY")
	// ErrUnauthorized: Vidgo does not accept the API key (HTTP 401).
	ErrUnauthorized = errors.New("vidgo: unauthorized")
	// ErrInsufficientCredits: the account cannot pay for the task (HTTP 402,
	// or 400 on some newer models).
	ErrInsufficientCredits = errors.New("vidgo: insufficient credits")
	// ErrForbidden: the task belongs to another account (HTTP 403).
	ErrForbidden = errors.New("vidgo: forbidden")
	// ErrNotFound: no such task or model (HTTP 404).
	ErrNotFound = errors.New("vidgo: not found")
	// ErrRateLimited: too many requests (HTTP 429).
	ErrRateLimited = errors.New("vidgo: rate limited")
	// ErrInvalidInput: the request is wrong and stays wrong, whether this
	// package found out before sending it ([InputError]) or Vidgo did (HTTP
	// 400, 413, 422).
	ErrInvalidInput = errors.New("vidgo: invalid input")
	// ErrModeration: Vidgo refused the content of the request.
	ErrModeration = errors.New("vidgo: refused by content moderation")
	// ErrInvalidCallbackURL: the callback URL breaks Vidgo's rules; see
	// [ValidateCallbackURL].
	ErrInvalidCallbackURL = errors.New("vidgo: invalid callback URL")
)

// APIError is an answer of Vidgo, or of a gateway in front of it, that is not
// the answer asked for: any HTTP status but 2xx, a 2xx whose body carries
// another code, and a 2xx that cannot be read or breaks off.
//
// Its fields are plain, so that tests can build one; no field holds the API
// key or a callback token, even if the server echoed them.
type APIError struct {
	StatusCode int    // HTTP status
	Code       int    // the body's own code; 0 if it had none
	Type       string // for example "validation_error"; often empty
	Message    string // for people: the server's words, or what was wrong with its answer
	Method     string
	Path       string
	RequestID  string        // the server's X-Request-Id, if it sent one
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say
	Body       []byte        // the start of the body, at most 8 KiB

	spoken bool // the body is one of Vidgo's own error shapes, not a gateway's page
}

// Error tells the request, the status and the server's message.
func (e *APIError) Error() string {
	var b strings.Builder
	if e.Method != "" || e.Path != "" {
		fmt.Fprintf(&b, "%s %s: ", e.Method, e.Path)
	}
	fmt.Fprintf(&b, "HTTP %d", e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != 0 && e.Code != e.StatusCode {
		fmt.Fprintf(&b, ", code %d", e.Code)
	}
	if e.Type != "" {
		b.WriteString(", " + e.Type)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %s)", e.RetryAfter)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// Is answers for the sentinels of this package: errors.Is(err, vidgo.ErrNotFound).
func (e *APIError) Is(target error) bool {
	status := e.status()
	switch target {
	case ErrUnauthorized:
		return status == http.StatusUnauthorized
	case ErrInsufficientCredits:
		return e.insufficientCredits()
	case ErrForbidden:
		return status == http.StatusForbidden
	case ErrNotFound:
		return status == http.StatusNotFound
	case ErrRateLimited:
		return status == http.StatusTooManyRequests
	case ErrModeration:
		return e.Type == "content_moderation_error"
	case ErrInvalidInput:
		return !e.insufficientCredits() && (status == http.StatusBadRequest ||
			status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity)
	}
	return false
}

// status is the status that counts: a body behind HTTP 2xx may carry a code
// of its own, and then the HTTP status says nothing.
func (e *APIError) status() int {
	if e.StatusCode/100 == 2 && e.Code != 0 {
		return e.Code
	}
	return e.StatusCode
}

// insufficientCredits knows both contracts: 402, and 400 with only words.
func (e *APIError) insufficientCredits() bool {
	if e.status() == http.StatusPaymentRequired || e.Type == "insufficient_credits_error" {
		return true
	}
	words := strings.ToLower(e.Message)
	return e.status() == http.StatusBadRequest &&
		strings.Contains(words, "insufficient") && strings.Contains(words, "credit")
}

// temporary tells an answer that may be another one on the next try: 408,
// 429, 5xx, and a 2xx that nobody can read (a gateway's page, a cut body).
func (e *APIError) temporary() bool {
	status := e.status()
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= 500 || status/100 == 2
}

// TaskError says that a task ended as [Failed]. It comes beside the task.
type TaskError struct {
	Task *Task
}

// Error tells the task's id and the provider's reason.
func (e *TaskError) Error() string {
	if e.Task == nil {
		return "vidgo: task failed"
	}
	reason := hideTokens(e.Task.ErrorMessage) // it may quote the callback URL
	if reason == "" {
		reason = "no reason given"
	}
	return fmt.Sprintf("vidgo: task %s failed: %s", e.Task.ID, reason)
}

// WaitError says that a wait was cut short: its context ended, or Vidgo
// refused the question for good. The task itself may still be running, and
// can be waited for again with ID.
type WaitError struct {
	ID      string // empty only from WaitSubmission, while no task is known
	Task    *Task  // the newest state seen; with nothing but its ID if none was
	Err     error  // why the wait ended: context.Cause of its context, or an *APIError
	PollErr error  // the last poll's error, if the last poll failed
}

// Error tells the task's id, its last status, why the wait ended, and what
// the last poll met.
func (e *WaitError) Error() string {
	var b strings.Builder
	if e.ID == "" && e.Task != nil && e.Task.SubmissionID != "" {
		b.WriteString("vidgo: wait for the task of submission " + e.Task.SubmissionID)
	} else {
		b.WriteString("vidgo: wait for task " + e.ID)
	}
	if e.Task != nil && e.Task.Status != "" {
		fmt.Fprintf(&b, " (last seen %s)", e.Task.Status)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.PollErr != nil {
		b.WriteString("; last poll: " + e.PollErr.Error())
	}
	return b.String()
}

// Unwrap gives both causes.
func (e *WaitError) Unwrap() []error { return nonNil(e.Err, e.PollErr) }

// AmbiguousSubmitError says that nobody here knows whether Vidgo accepted a
// submission: it was sent, and no answer that can be trusted came back. To
// send it again may generate, and charge, twice. With signed callbacks on,
// [Client.WaitSubmission] finds the task if there is one.
type AmbiguousSubmitError struct {
	SubmissionID string // hand it to WaitSubmission
	Model        string
	Err          error // what happened to the request
}

// Error tells the model, the submission id and what happened.
func (e *AmbiguousSubmitError) Error() string {
	return fmt.Sprintf("vidgo: submit %s: it is unknown whether Vidgo accepted submission %s: %v",
		e.Model, e.SubmissionID, e.Err)
}

// Unwrap gives what happened to the request.
func (e *AmbiguousSubmitError) Unwrap() error { return e.Err }

// InputError says which field of a request is wrong, before anything was
// sent. errors.Is(err, ErrInvalidInput) is true for it.
type InputError struct {
	Model  string // empty if the request is about no model
	Field  string // empty if Reason names the fields, as [WithInputCheck] may have it
	Reason string // what is wrong, and what would be right

	err error // of the check
}

// Error tells the field and the reason.
func (e *InputError) Error() string {
	return "vidgo: " + strings.Join(slices.DeleteFunc([]string{e.Model, e.Field, e.Reason}, func(s string) bool { return s == "" }), ": ")
}

// Unwrap gives the error of the check of [WithInputCheck], if it is one.
func (e *InputError) Unwrap() error { return e.err }

// Is answers for [ErrInvalidInput].
func (e *InputError) Is(target error) bool { return target == ErrInvalidInput }

// nonNil drops the nil errors.
func nonNil(errs ...error) []error {
	var there []error
	for _, err := range errs {
		if err != nil {
			there = append(there, err)
		}
	}
	return there
}

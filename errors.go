package vidgo

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The sentinel errors, for [errors.Is].
var (
	// ErrNoAPIKey means that [NewClient] was given no key and VIDGO_API_KEY is
	// empty.
	ErrNoAPIKey = errors.New("vidgo: no API key: pass one to NewClient or set VIDGO_API_KEY")
	// ErrUnauthorized means that Vidgo does not accept the API key (HTTP 401).
	ErrUnauthorized = errors.New("vidgo: unauthorized")
	// ErrInsufficientCredits means that the account cannot pay for the task
	// (HTTP 402, or 400 for some newer models).
	ErrInsufficientCredits = errors.New("vidgo: insufficient credits")
	// ErrForbidden means that the task belongs to another account, or that a
	// file's link is refused (HTTP 403).
	ErrForbidden = errors.New("vidgo: forbidden")
	// ErrNotFound means that there is no such task, model or file (HTTP 404).
	ErrNotFound = errors.New("vidgo: not found")
	// ErrRateLimited means that there were too many requests (HTTP 429).
	ErrRateLimited = errors.New("vidgo: rate limited")
	// ErrInvalidInput means that the request is wrong, so that to repeat it is
	// no use. Either this package found out before sending it ([InputError]),
	// or Vidgo did (HTTP 400, 413, 422).
	ErrInvalidInput = errors.New("vidgo: invalid input")
	// ErrModeration means that Vidgo refused the content of the request.
	ErrModeration = errors.New("vidgo: refused by content moderation")
	// ErrInvalidCallbackURL means that a callback URL breaks the rules of
	// [ValidateCallbackURL].
	ErrInvalidCallbackURL = errors.New("vidgo: invalid callback URL")
)

// APIError is an error answer of Vidgo, or of a gateway in front of it: any
// HTTP status other than 2xx, a 2xx whose body holds another code, or a 2xx
// that cannot be read or is cut off.
//
// Tests may construct one. No field holds the API key or a callback token, even
// if the server echoed it.
type APIError struct {
	StatusCode int    // HTTP status
	Code       int    // the code in the body; 0 if there is none
	Type       string // the error's type, such as "validation_error"; often empty
	Message    string // the server's message, or what is wrong with its answer; at most 500 bytes
	Method     string
	Path       string
	RequestID  string        // the X-Request-Id of the answer, if it has one
	RetryAfter time.Duration // from the Retry-After header; 0 if there is none
	Body       []byte        // the start of the body, at most 8 KiB; of a wait's poll 512 bytes

	spoken bool // the body is one of Vidgo's own error shapes, not a gateway's page
}

// Error returns the request, the status and the message in one line.
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

// Is reports whether e matches target, one of the sentinel errors such as
// [ErrNotFound].
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

// status is the status that counts: the HTTP status, unless that is 2xx and the
// body holds a code of its own.
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

// temporary reports whether the next try may bring another answer: after 408,
// 429, 5xx, and a 2xx that cannot be read (a gateway's page, a cut body).
func (e *APIError) temporary() bool {
	status := e.status()
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= 500 || status/100 == 2
}

// TaskError means that a task has [Failed]. It is returned together with the
// task.
type TaskError struct {
	Task *Task
}

// Error returns the task's id and the provider's reason in one line.
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

// WaitError means that a wait was cut short: its context ended, or Vidgo
// refused to tell the task's state. The task itself may still be running; wait
// again with ID.
type WaitError struct {
	ID      string // empty only from WaitSubmission, while no task is known
	Task    *Task  // the newest state seen; if there was none, just the ID or the SubmissionID
	Err     error  // why the wait ended: context.Cause of its context, an *APIError, or ErrNotFound
	PollErr error  // the error of the last poll, if that failed
}

// Error returns the task's id, its last status, and both errors in one line.
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

// Unwrap returns Err and PollErr.
func (e *WaitError) Unwrap() []error {
	return slices.DeleteFunc([]error{e.Err, e.PollErr}, func(err error) bool { return err == nil })
}

// AmbiguousSubmitError means that it is unknown whether Vidgo accepted a
// submission: it was sent, and no usable answer came back. Submitting again may
// generate, and charge, twice. With signed callbacks ([WithCallbackSecret]),
// [Client.WaitSubmission] finds the task if there is one.
type AmbiguousSubmitError struct {
	SubmissionID string // for WaitSubmission
	Model        string
	Err          error // why there is no usable answer
}

// Error returns the model, the submission id and Err in one line.
func (e *AmbiguousSubmitError) Error() string {
	return fmt.Sprintf("vidgo: submit %s: it is unknown whether Vidgo accepted submission %s: %v",
		e.Model, e.SubmissionID, e.Err)
}

// Unwrap returns Err.
func (e *AmbiguousSubmitError) Unwrap() error { return e.Err }

// InputError means that an argument or a field of a request is wrong. It is
// found before anything is sent, and matches [ErrInvalidInput].
type InputError struct {
	Model  string // empty if the request is not for a model
	Field  string // empty if Reason names the fields, as that of [WithInputCheck] does
	Reason string // what is wrong with it, and what would be right: "is 12; want 10 or 15"

	err error // of the check
}

// Error returns the model, the field and the reason in one line.
func (e *InputError) Error() string {
	s := "vidgo: "
	if e.Model != "" {
		s += e.Model + ": "
	}
	if e.Field != "" {
		s += e.Field + " "
	}
	return s + e.Reason
}

// Unwrap returns the error of the [WithInputCheck] check, if e is about that.
func (e *InputError) Unwrap() error { return e.err }

// Is reports whether target is [ErrInvalidInput].
func (e *InputError) Is(target error) bool { return target == ErrInvalidInput }

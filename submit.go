package vidgo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Submit starts a task and returns it as Vidgo answered, usually as
// [NotStarted], with its ID, model, reference and submission id.
//
// A submission is sent once, and again only if Vidgo provably did not accept
// it: no connection was made, nothing was written, or Vidgo answered 429 or
// with a 503 of its own. If it is unknown whether Vidgo accepted it, the error
// is an [AmbiguousSubmitError], and submitting again may be charged twice.
// After any other error there is no task: an [InputError] or a
// [CallbackURLError] before anything was sent, an [APIError] if Vidgo refused,
// or a network error.
func (c *Client) Submit(ctx context.Context, in Input, opts ...SubmitOption) (*Task, error) {
	rec, body, err := c.prepare(ctx, in, opts)
	if err != nil {
		return nil, err
	}
	c.tracker.expect(rec)
	over := false
	defer func() {
		if !over {
			c.tracker.lost(rec) // the user's transport has panicked
		}
	}()
	task, err := call(ctx, c, request{
		method: http.MethodPost, path: "/api/generate/submit", body: body, repeat: repeatUnsent,
	}, decodeSubmitted)
	over = true
	if err != nil {
		return c.notSubmitted(rec, err)
	}
	if task.Status == "" {
		task.Status = NotStarted // newer models leave it out
	}
	rec.label(&task)
	c.tracker.answered(rec, &task)
	return &task, nil
}

// decodeSubmitted reads the task of a submission's answer. One that nobody can
// ask for is no answer.
func decodeSubmitted(data []byte) (Task, error) {
	task, err := decodeTask(data)
	if err == nil && checkTaskID(task.ID) != nil {
		err = fmt.Errorf("it names no task that can be asked for, but %q", clip(task.ID, 100))
	}
	return task, err
}

// notSubmitted decides what is known of a submission without a usable answer.
func (c *Client) notSubmitted(rec *record, err error) (*Task, error) {
	lost, unsure := err.(unsureError) // only the one around it all: a context's cause may have another in it
	if !unsure {
		c.tracker.refused(rec)
		return nil, fmt.Errorf("vidgo: submit %s: %w", rec.model, sureError{err})
	}
	if task := c.tracker.lost(rec); task != nil {
		return task.clone(), nil // its callback was here already
	}
	return nil, &AmbiguousSubmitError{SubmissionID: rec.submission.String(), Model: rec.model, Err: lost.error}
}

// sureError is the error of a submission that was not accepted. A context's
// cause in it may be the AmbiguousSubmitError of another one, as errgroup makes
// it, whose id nobody must take for this one's.
type sureError struct{ error }

func (e sureError) Is(target error) bool { return errors.Is(e.error, target) }

func (e sureError) As(target any) bool {
	_, another := target.(**AmbiguousSubmitError)
	return !another && errors.As(e.error, target)
}

// prepare checks everything that can be checked before a submission is sent.
func (c *Client) prepare(ctx context.Context, in Input, opts []SubmitOption) (*record, []byte, error) {
	model, object, err := encodeInput(in)
	if err != nil {
		return nil, nil, err
	}
	if c.inputCheck != nil {
		if err := c.inputCheck(model, bytes.Clone(object)); err != nil {
			return nil, nil, &InputError{Model: model, Reason: err.Error(), err: err}
		}
	}
	cfg, err := applyAll(callConfig{callbackURL: c.callbackURL}, opts)
	if err != nil {
		return nil, nil, err
	}
	rec := &record{
		submission: newSubmissionID(c.wall()),
		model:      model,
		reference:  cfg.reference,
		music:      slices.Contains(musicModels, model),
		callback:   cfg.callbackURL != "",
	}
	callbackURL, err := c.signedCallback(ctx, cfg.callbackURL, rec)
	if err != nil {
		return nil, nil, err
	}
	body, err := encodeSubmission(model, callbackURL, object)
	return rec, body, err
}

// signedCallback returns the callback URL with its token, which must still be
// valid then.
func (c *Client) signedCallback(ctx context.Context, rawURL string, rec *record) (string, error) {
	if rawURL == "" {
		return "", nil
	}
	if c.resolver != nil {
		err := resolveCallbackHost(ctx, c.resolver, rawURL)
		if ctx.Err() != nil {
			return "", sureError{context.Cause(ctx)} // which says nothing about the URL
		}
		if err != nil {
			return "", err
		}
	}
	return c.signer.sign(rawURL, token{submission: rec.submission, reference: rec.reference})
}

func encodeSubmission(model, callbackURL string, input json.RawMessage) ([]byte, error) {
	return encodeJSON(struct {
		Model       string          `json:"model"`
		CallbackURL string          `json:"callback_url,omitempty"`
		Input       json.RawMessage `json:"input"`
	}{model, callbackURL, input})
}

// encodeJSON is json.Marshal, but leaves the & in URLs unescaped.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// newSubmissionID makes a UUIDv7. uuid.NewV7 will not do: its time never goes
// back, so if the clock is set back by an hour, every token would come from the
// future, and be refused, for an hour.
func newSubmissionID(now time.Time) uuid.UUID {
	id := uuid.New()
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	return id
}

// submissionTime returns when a submission id was made, to the millisecond.
func submissionTime(id uuid.UUID) time.Time {
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms)
}

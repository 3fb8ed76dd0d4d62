package vidgo

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxReference keeps a signed callback URL far from its limit of 2048
// characters.
const maxReference = 256

// RunOption configures one [Client.Run]. It is a [SubmitOption] or a
// [WaitOption].
type RunOption interface {
	apply(*callConfig) error
}

// SubmitOption configures one submission.
type SubmitOption interface {
	RunOption
	forSubmit()
}

// WaitOption configures one wait.
type WaitOption interface {
	RunOption
	forWait()
}

// callConfig is what the options of one call fill in.
type callConfig struct {
	callbackURL string
	reference   string
	schedule    Schedule // nil: the client's
	music       bool
}

type submitOption func(*callConfig) error

func (o submitOption) apply(c *callConfig) error { return o(c) }
func (o submitOption) forSubmit()                {}

type waitOption func(*callConfig) error

func (o waitOption) apply(c *callConfig) error { return o(c) }
func (o waitOption) forWait()                  {}

// applyAll applies options of either kind and joins all their faults.
func applyAll[O RunOption](cfg callConfig, opts []O) (callConfig, error) {
	var faults []error
	for i, opt := range opts {
		if any(opt) == nil {
			faults = append(faults, nilOption(i))
			continue
		}
		faults = append(faults, opt.apply(&cfg))
	}
	return cfg, errors.Join(faults...)
}

// applyFuncs is applyAll for options that are functions.
func applyFuncs[C any, O ~func(*C) error](cfg C, opts []O) (C, error) {
	var faults []error
	for i, opt := range opts {
		if opt == nil {
			faults = append(faults, nilOption(i))
			continue
		}
		faults = append(faults, opt(&cfg))
	}
	return cfg, errors.Join(faults...)
}

func nilOption(i int) error {
	return &InputError{Field: fmt.Sprintf("option %d", i+1), Reason: "is nil"}
}

// CallbackTo sets the URL that Vidgo calls when the task is done. It must pass
// [ValidateCallbackURL], together with the token that a client with a secret
// adds to it. The default is the URL of [WithCallbackURL], if any.
func CallbackTo(rawURL string) SubmitOption {
	return submitOption(func(c *callConfig) error {
		c.callbackURL = rawURL
		return ValidateCallbackURL(rawURL)
	})
}

// NoCallback submits without a callback URL. The default is the URL of
// [WithCallbackURL], if any.
func NoCallback() SubmitOption {
	return submitOption(func(c *callConfig) error {
		c.callbackURL = ""
		return nil
	})
}

// Reference attaches the caller's own id, such as an order number, to the task:
// at most 256 bytes of UTF-8. It comes back as Task.Reference. With signed
// callbacks it travels in the callback URL, so that it reaches other processes
// too; there it is signed but not encrypted, so Vidgo can read it. The default
// is no reference.
func Reference(id string) SubmitOption {
	return submitOption(func(c *callConfig) error {
		c.reference = id
		if len(id) > maxReference || !utf8.ValidString(id) {
			return &InputError{Field: "reference", Reason: fmt.Sprintf("has %d bytes; want at most %d bytes of UTF-8", len(id), maxReference)}
		}
		return nil
	})
}

// PollEvery sets the schedule of polls for the tasks of this wait. The default
// is that of [WithPolling] or [WithFallbackPolling]. The client's poll rate
// ([WithPollRate]) limits it; a task with several waits is polled by the
// fastest of their schedules.
func PollEvery(s Schedule) WaitOption {
	return waitOption(func(c *callConfig) error {
		c.schedule = s
		if fault := scheduleFault(s); fault != "" {
			return &InputError{Field: "PollEvery's schedule", Reason: fault}
		}
		return nil
	})
}

// AsMusic reads the task at Vidgo's endpoint for music tasks
// (api-manual/music-series). Tasks that this client submitted need no AsMusic.
// For other tasks the default is the status endpoint; if that does not know the
// task, a wait polls the music endpoint too, and [Client.Task] reports
// ErrNotFound.
func AsMusic() WaitOption {
	return waitOption(func(c *callConfig) error {
		c.music = true
		return nil
	})
}

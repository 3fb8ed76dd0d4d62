package vidgo

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxReference keeps a signed callback URL far from its limit of 2048
// characters.
const maxReference = 256

// RunOption is an option of [Client.Run]: a [SubmitOption] or a [WaitOption].
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

// applyAll applies options of any kind and gives all their faults together.
func applyAll[O RunOption](cfg callConfig, opts []O) (callConfig, error) {
	var faults []error
	for i, opt := range opts {
		if any(opt) == nil {
			faults = append(faults, &InputError{Field: "options", Reason: fmt.Sprintf("option %d is nil", i+1)})
			continue
		}
		if err := opt.apply(&cfg); err != nil {
			faults = append(faults, err)
		}
	}
	return cfg, errors.Join(faults...)
}

// CallbackTo makes Vidgo call rawURL for this submission. It must pass
// [ValidateCallbackURL], with its token if the client signs. The default is
// the URL of [WithCallbackURL], if any.
func CallbackTo(rawURL string) SubmitOption {
	return submitOption(func(c *callConfig) error {
		c.callbackURL = rawURL
		return ValidateCallbackURL(rawURL)
	})
}

// NoCallback makes Vidgo call nobody for this submission. The default is the
// URL of [WithCallbackURL], if any.
func NoCallback() SubmitOption {
	return submitOption(func(c *callConfig) error {
		c.callbackURL = ""
		return nil
	})
}

// Reference gives the submission the caller's own id, such as an order
// number: at most 256 bytes of UTF-8. It comes back as Task.Reference; with
// signed callbacks it travels in the callback URL, so that it comes back even
// to another process. It is signed, not encrypted: Vidgo can read it. The
// default is none.
func Reference(id string) SubmitOption {
	return submitOption(func(c *callConfig) error {
		c.reference = id
		if len(id) > maxReference || !utf8.ValidString(id) {
			return &InputError{Field: "reference", Reason: fmt.Sprintf("has %d bytes; want at most %d bytes of UTF-8", len(id), maxReference)}
		}
		return nil
	})
}

// PollEvery sets when the tasks of this wait are polled. The default is the
// client's [WithPolling] or [WithFallbackPolling]. The rate limit of the
// client stays above it; several waits for one task are polled at the
// fastest of their schedules.
func PollEvery(s Schedule) WaitOption {
	return waitOption(func(c *callConfig) error {
		c.schedule = s
		if err := checkSchedule("PollEvery", s); err != nil {
			return &InputError{Field: "PollEvery", Reason: err.Error()}
		}
		return nil
	})
}

// AsMusic makes the task be read at Vidgo's endpoint for music tasks. The
// default is the status endpoint, unless this client submitted the task and
// knows its model (api-manual/music-series).
func AsMusic() WaitOption {
	return waitOption(func(c *callConfig) error {
		c.music = true
		return nil
	})
}

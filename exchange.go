package vidgo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// maxRetryAfter is the longest pause that is made because a server asks for it:
// a longer one is more often than not a wrong clock or a wrong unit.
const maxRetryAfter = time.Hour

// repeatRule says what to do after a try that brought no result.
type repeatRule int

const (
	// repeatFreely is for requests that change nothing.
	repeatFreely repeatRule = iota
	// repeatNever is for polls, which the scheduler repeats in its own time.
	repeatNever
	// repeatUnsent is for submissions, which cost money: they are repeated only
	// if Vidgo provably did not accept the earlier try.
	repeatUnsent
)

// unsureError marks the error of a submission that may have been accepted.
type unsureError struct{ error }

func (e unsureError) Unwrap() error { return e.error }

// unsure marks err as that of a submission that may have been accepted.
func (r repeatRule) unsure(err error) error {
	if r != repeatUnsent {
		return err
	}
	return unsureError{err}
}

// refusal reports whether err is an answer by which Vidgo did not accept a
// submission. A 408 and a gateway's 5xx do not say so; nor does a redirect,
// which may follow an acceptance.
func refusal(err error) bool {
	api, ok := errors.AsType[*APIError](err)
	if !ok {
		return false
	}
	status := api.status()
	return status/100 == 4 && status != http.StatusRequestTimeout ||
		status == http.StatusServiceUnavailable && api.spoken
}

// exchange is one request on its way, with all its tries.
type exchange struct {
	client  *Client
	request request
	sent    *sendTrace

	tries      int
	pausing    bool          // between two tries
	delay      time.Duration // what the pause will be
	header     http.Header   // of the last answer
	status     int           // of the last answer
	body       []byte        // of the last answer
	data       []byte        // the result, if err is nil
	err        error         // what was wrong with the last try
	unaccepted bool          // it provably was not; err cannot tell, for a context's cause in it may be another submission's error
}

// check is go-retryablehttp's CheckRetry: it reads and judges one try.
func (x *exchange) check(ctx context.Context, res *http.Response, err error) (bool, error) {
	x.tries++
	x.pausing, x.status, x.header, x.body, x.data, x.err = false, 0, nil, nil, nil, nil
	if err != nil {
		x.unaccepted = x.unsent(ctx, err)
		x.err = x.networkError(ctx, err)
	} else {
		x.read(ctx, res)
		x.unaccepted = refusal(x.err)
	}
	if x.err == nil || ctx.Err() != nil || !x.repeatable(err) {
		return false, nil
	}
	asked := retryAfter(x.err)
	x.delay = x.client.retries.delay(x.tries, asked)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= max(x.delay, asked) {
		return false, nil // no use waiting for what comes too late
	}
	if x.tries > x.client.retries.max || !x.client.retries.budget.take() {
		return false, nil
	}
	if x.request.again != nil {
		if err := x.request.again(ctx); err != nil {
			x.err = fmt.Errorf("%w; last try: %w", err, x.err)
			return false, nil
		}
	}
	x.sent.reset()
	return true, nil
}

// pause is go-retryablehttp's Backoff.
func (x *exchange) pause(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	x.pausing = true
	return x.delay
}

// read reads the whole answer, so that a body that breaks off is judged like
// every other failure.
func (x *exchange) read(ctx context.Context, res *http.Response) {
	var err error
	x.status, x.header = res.StatusCode, res.Header
	x.body, err = readBounded(res.Body, res.ContentLength, maxAnswer)
	res.Body = http.NoBody // go-retryablehttp would drain it
	if err == nil || res.StatusCode/100 != 2 {
		// An error's status counts even if its body broke off.
		x.data, x.err = x.decode()
		return
	}
	x.err = fmt.Errorf("%w: %w", x.fault("the answer cannot be read"), withCause(ctx, err))
}

// repeatable reports whether the rule allows another try; err is what the
// transport said of this one.
func (x *exchange) repeatable(err error) bool {
	if errors.Is(x.err, errTooLong) {
		return false // the next answer would be too long too
	}
	if p := x.request.payload; p != nil && p.source.failed() != nil {
		return false // the source would fail again
	}
	switch rule := x.request.repeat; {
	case rule == repeatNever, rule == repeatUnsent && !x.unaccepted:
		return false
	case err != nil:
		return worthRetrying(err)
	}
	api, _ := errors.AsType[*APIError](x.err) // as all that is read of answers
	return api.temporary()
}

// worthRetrying reports whether the next try may mend err, which a bad
// certificate, say, it may not; go-retryablehttp knows the list.
func worthRetrying(err error) bool {
	again, _ := retryablehttp.DefaultRetryPolicy(context.Background(), nil, err)
	return again
}

// unsent reports whether a network error proves that nothing was sent. Once
// there was a connection, a request that was given up in the middle proves
// nothing: its writing may only just have begun.
func (x *exchange) unsent(ctx context.Context, err error) bool {
	givenUp := ctx.Err() != nil || timeout(err)
	return x.sent.nothing() && !(givenUp && x.sent.connected.Load())
}

// networkError adds the context's cause, and hides secrets.
func (x *exchange) networkError(ctx context.Context, err error) error {
	err = withCause(ctx, err)
	if text := err.Error(); x.client.hide(text) != text { // a broken Location may hold anything
		err = hiddenError{text: x.client.hide(text), error: err}
	}
	return err
}

func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

func timeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

// trace adds the hooks to ctx that observe whether anything was sent.
func (x *exchange) trace(ctx context.Context) context.Context {
	x.sent = &sendTrace{}
	if x.request.repeat != repeatUnsent {
		return ctx // only for a submission does it matter
	}
	return httptrace.WithClientTrace(ctx, x.sent.hooks())
}

// hiddenError replaces the text of an error by one without secrets.
type hiddenError struct {
	text string
	error
}

func (e hiddenError) Error() string { return e.text }
func (e hiddenError) Unwrap() error { return e.error }

// sendTrace proves that nothing of a submission was sent. The proof needs
// positive evidence: a transport that calls no hooks proves nothing, and one
// that has read the body may have sent it, whatever the hooks say. The hooks
// run in the transport's goroutines.
type sendTrace struct {
	asked     atomic.Bool // a connection was asked for, so the hooks work
	connected atomic.Bool // there was one
	written   atomic.Bool // something was written to it, or read in order to be
	streamed  atomic.Bool // it was an HTTP/2 connection
}

func (s *sendTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { s.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.connected.Store(true) },
		WroteHeaderField: func(name string, _ []string) {
			s.written.Store(true)
			if strings.HasPrefix(name, ":") {
				s.streamed.Store(true)
			}
		},
		WroteHeaders: func() { s.written.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { s.written.Store(true) },
	}
}

func (s *sendTrace) nothing() bool { return s.asked.Load() && !s.written.Load() }

// reset makes the trace ready for the next try.
func (s *sendTrace) reset() {
	s.asked.Store(false)
	s.connected.Store(false)
	s.written.Store(false)
	s.streamed.Store(false)
}

// body returns b for a transport to read. net/http may ask for it again by
// itself: over HTTP/1 only if nothing was written to a connection that had gone
// stale, which is fine; but over HTTP/2 also after a peer has reset a stream
// whose request it had in full.
func (s *sendTrace) body(b []byte) (io.Reader, error) {
	if s.streamed.Load() {
		return nil, errors.New("a submission is not sent twice")
	}
	return &tracedBody{*bytes.NewReader(b), s}, nil
}

type tracedBody struct {
	bytes.Reader
	sent *sendTrace
}

func (b *tracedBody) Read(p []byte) (int, error) {
	b.sent.written.Store(true)
	return b.Reader.Read(p)
}

// WriteTo hides that of the Reader, which would escape the trace.
func (b *tracedBody) WriteTo(w io.Writer) (int64, error) {
	b.sent.written.Store(true)
	return b.Reader.WriteTo(w)
}

// retryPolicy is when to try again.
type retryPolicy struct {
	max      int
	minDelay time.Duration
	maxDelay time.Duration
	budget   *retryBudget
}

// delay returns the pause after the given number of tries. What the server
// asked for replaces our own.
func (p retryPolicy) delay(tries int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, maxRetryAfter)
	}
	d := p.minDelay
	for range tries - 1 {
		if d >= p.maxDelay {
			break
		}
		d *= 2
	}
	return jitter(min(d, p.maxDelay))
}

// jitter changes d by up to 20 % either way, so that clients that failed
// together do not come back together.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// retryBudget keeps the retries of a client to a small part of its requests
// when everything fails: each retry takes a token, each success returns half a
// token. It starts full.
type retryBudget struct {
	mu     sync.Mutex // guards tokens; never held while blocking
	tokens float64
}

const (
	retryBudgetSize   = 20
	retryBudgetRefill = 0.5
)

func newRetryBudget() *retryBudget { return &retryBudget{tokens: retryBudgetSize} }

func (b *retryBudget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (b *retryBudget) refill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+retryBudgetRefill, retryBudgetSize)
}

package vidgo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// stallGuard ends a request in which nothing moves for a while, in either
// direction. A timeout for a whole file cannot be chosen well: one that is long
// enough for a video on a slow line is an hour of waiting for a picture that
// got stuck.
type stallGuard struct {
	next     http.RoundTripper
	patience time.Duration
}

// stallError is a timeout, and is retried like one.
type stallError struct{ patience time.Duration }

func (e stallError) Error() string   { return fmt.Sprintf("nothing moved for %s", e.patience) }
func (e stallError) Timeout() bool   { return true }
func (e stallError) Temporary() bool { return true }

// RoundTrip sends a request, and guards it until its answer is closed.
func (g stallGuard) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	s := &stall{patience: g.patience, cancel: cancel}
	s.timer = time.AfterFunc(g.patience, s.expire)
	res, err := g.next.RoundTrip(s.guard(req.Clone(s.limit.on(ctx, s.end))))
	s.answered()
	if err != nil || res == nil {
		s.end()
		return res, s.limit.explain(s.explain(ctx, err))
	}
	if res.Body == nil {
		res.Body = http.NoBody // as http.Client makes it
	}
	res.Body = &guardedAnswer{ReadCloser: res.Body, stall: s, ctx: ctx}
	return res, nil
}

// stall is the timer of one request.
type stall struct {
	patience time.Duration
	cancel   context.CancelCauseFunc
	limit    connLimit

	mu    sync.Mutex // guards all below; never held while blocking
	timer *time.Timer
	phase phase
}

type phase int

const (
	sendingBody phase = iota // the request's body moves
	readingBody              // the answer's body moves, even if a transport still reads the request's
	closed
)

func (s *stall) expire() { s.cancel(stallError{s.patience}) }

// guard wraps the request's body, and those that net/http may ask for when it
// repeats the request by itself.
func (s *stall) guard(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	req.Body = guardedUpload{req.Body, s}
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			return guardedUpload{body, s}, err
		}
	}
	return req
}

// wait starts the timer anew, if the request is still in the phase in.
func (s *stall) wait(in phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == in {
		s.timer.Reset(s.patience)
	}
}

// hold stops the timer while the caller's own reader or writer is waited for,
// and not the network.
func (s *stall) hold(in phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == in {
		s.timer.Stop()
	}
}

func (s *stall) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = readingBody
	s.timer.Stop() // until somebody reads
}

func (s *stall) end() {
	s.mu.Lock()
	s.phase = closed
	s.timer.Stop()
	s.mu.Unlock()
	s.cancel(context.Canceled)
}

// explain replaces the transport's "context canceled" by the reason.
func (s *stall) explain(ctx context.Context, err error) error {
	if cause, ok := context.Cause(ctx).(stallError); ok && err != nil && err != io.EOF {
		return cause
	}
	return err
}

type guardedUpload struct {
	io.ReadCloser
	stall *stall
}

func (b guardedUpload) Read(p []byte) (int, error) {
	b.stall.hold(sendingBody)
	n, err := b.ReadCloser.Read(p)
	b.stall.wait(sendingBody)
	return n, err
}

type guardedAnswer struct {
	io.ReadCloser
	stall *stall
	ctx   context.Context // the guard's own, for its cause
}

func (b *guardedAnswer) Read(p []byte) (int, error) {
	b.stall.wait(readingBody)
	n, err := b.ReadCloser.Read(p)
	b.stall.hold(readingBody)
	return n, b.stall.explain(b.ctx, err)
}

func (b *guardedAnswer) Close() error {
	err := b.ReadCloser.Close()
	b.stall.end()
	return err
}

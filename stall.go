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
// direction. Files have no length from which a time-out for all of it could be
// chosen: what is too short for a video on a slow line is an hour of waiting
// for a picture that got stuck.
type stallGuard struct {
	next     http.RoundTripper
	patience time.Duration
}

// stallError is a time-out, so that it is judged like one.
type stallError struct{ patience time.Duration }

func (e stallError) Error() string   { return fmt.Sprintf("nothing moved for %s", e.patience) }
func (e stallError) Timeout() bool   { return true }
func (e stallError) Temporary() bool { return true }

// RoundTrip carries out a request, whose answer is guarded until it is closed.
func (g stallGuard) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	s := &stall{patience: g.patience, cancel: cancel}
	s.timer = time.AfterFunc(g.patience, s.give)
	guarded := req.Clone(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		guarded.Body = guardedUpload{req.Body, s}
	}
	res, err := g.next.RoundTrip(guarded)
	if err != nil {
		s.end()
		return nil, s.explain(ctx, err)
	}
	s.moved()
	res.Body = &guardedAnswer{ReadCloser: res.Body, stall: s, ctx: ctx}
	return res, nil
}

// stall is the timer of one request.
type stall struct {
	patience time.Duration
	cancel   context.CancelCauseFunc

	mu    sync.Mutex // guards all below; never held while blocking
	timer *time.Timer
	over  bool
}

func (s *stall) give() { s.cancel(stallError{s.patience}) }

// moved begins the patience anew.
func (s *stall) moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.timer.Reset(s.patience)
	}
}

// hold stops the timer until something moves: the wait is for the caller's own
// reader, not for the network.
func (s *stall) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Stop()
}

// end stops the timer for good: a transport may read a request's body after
// its answer has come.
func (s *stall) end() {
	s.mu.Lock()
	s.over = true
	s.timer.Stop()
	s.mu.Unlock()
	s.cancel(context.Canceled)
}

// explain puts the reason in place of the "context canceled" that the
// transport makes of it.
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
	b.stall.hold()
	n, err := b.ReadCloser.Read(p)
	b.stall.moved()
	return n, err
}

type guardedAnswer struct {
	io.ReadCloser
	stall *stall
	ctx   context.Context // the guard's own, for its cause
}

func (b *guardedAnswer) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.stall.moved()
	}
	return n, b.stall.explain(b.ctx, err)
}

func (b *guardedAnswer) Close() error {
	err := b.ReadCloser.Close()
	b.stall.end()
	return err
}

package vidgotest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// Contract is a version of Vidgo's rules for callbacks, which have changed.
type Contract int

const (
	// Contract2025 posts the task wrapped in code and data, to HTTPS URLs only.
	// An answer of 200 to 299 within 10 s accepts it. After anything else it is
	// delivered again, up to three times, 1, 2 and 4 s after the last attempt.
	Contract2025 Contract = iota

	// Contract2026 posts the bare task without progress (music wrapped, as in
	// 2025), to HTTP URLs too. The answer may take 30 s. After a timeout, a
	// network error or a 5xx it is delivered again, up to five times, with
	// growing pauses of at most 10 min; after any other answer it is not. The
	// pauses are not documented: here they are between half and all of 5 s, 20
	// s, 80 s, 320 s and 10 min, and the same in every run.
	Contract2026
)

func (c Contract) timeout() time.Duration {
	if c == Contract2026 {
		return 30 * time.Second
	}
	return 10 * time.Second
}

// body returns the body of a callback about the task object.
func (c Contract) body(object map[string]any, k kind) ([]byte, error) {
	if c == Contract2026 && k != music {
		return json.Marshal(object)
	}
	return json.Marshal(map[string]any{"code": 200, "data": object})
}

// again returns whether attempt number n (from 1), which was not accepted, is
// followed by another, and after which pause. status is 0 if there was no
// answer. The seed makes the jitter differ between tasks but not between runs.
func (c Contract) again(n, status int, seed uint64) (time.Duration, bool) {
	if c != Contract2026 {
		return time.Second << (n - 1), n <= 3
	}
	if n > 5 || (status != 0 && status < 500) {
		return 0, false
	}
	wait := min(5*time.Second<<(2*(n-1)), 10*time.Minute)
	jitter := rand.New(rand.NewPCG(seed, uint64(n))).Float64()
	return wait/2 + time.Duration(jitter*float64(wait/2)), true
}

func (t *task) calledBack() bool {
	return t.callbackURL != "" && !t.script.Callback.Drop
}

// schedule arranges the callback of a task that becomes final in a while. The
// caller holds s.mu.
func (s *Server) schedule(t *task, final time.Duration) {
	if !t.calledBack() {
		return
	}
	if t.timer != nil {
		t.timer.Stop() // it was for an ending that never came
	}
	t.timer = time.AfterFunc(final+t.script.Callback.Delay, func() { s.deliver(t, 1) })
}

// deliver makes one attempt, and sees to the next one if there has to be one.
// Between two attempts only a timer exists.
func (s *Server) deliver(t *task, attempt int) {
	status, err := s.attempt(t, attempt)
	if err == nil && status/100 == 2 {
		for i := range t.script.Callback.Repeat {
			s.attempt(t, attempt+1+i)
		}
		return
	}
	if wait, ok := s.Contract.again(attempt, status, t.serial); ok {
		time.AfterFunc(wait, func() { s.deliver(t, attempt+1) })
	}
}

func (s *Server) attempt(t *task, number int) (int, error) {
	body, err := s.Contract.body(s.objectOf(t), t.kind)
	if err != nil {
		err = fmt.Errorf("vidgotest: callback: %w", err)
		s.noteDelivery(Delivery{Time: time.Now(), TaskID: t.id, URL: t.callbackURL, Attempt: number, Err: err})
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.Contract.timeout())
	defer cancel()
	status, err := s.post(ctx, Delivery{TaskID: t.id, URL: t.callbackURL, Attempt: number, Body: body})
	if lost, ok := errors.AsType[noRouteError](err); ok {
		s.warn(lost)
	}
	return status, err
}

// noRouteError is a host without a route.
type noRouteError string

func (host noRouteError) Error() string {
	return fmt.Sprintf("vidgotest: no route to host %q: use Server.Route", string(host))
}

// warn logs once for each host that its callbacks are lost: nobody looks for a
// mistake in the log of deliveries while waiting for one.
func (s *Server) warn(lost noRouteError) {
	s.mu.Lock()
	before := s.warned[lost]
	if s.warned == nil {
		s.warned = make(map[noRouteError]bool)
	}
	s.warned[lost] = true
	s.mu.Unlock()
	if !before {
		log.Printf("%v, or its callbacks are lost", lost)
	}
}

// objectOf is the task as a callback has it, now.
func (s *Server) objectOf(t *task) map[string]any {
	s.mu.Lock()
	o := t.object(time.Now())
	s.mu.Unlock()
	if s.Contract == Contract2026 {
		delete(o, "progress")
	}
	t.script.edit(o)
	return o
}

// SendCallback posts a task, as it is now, to its own callback URL, once,
// whatever its script's Callback says. If edit is not nil, it may change the
// task object before it is wrapped as the contract has it, after the script's
// Edit. SendCallback waits for as long as ctx and the contract allow. It
// returns the receiver's status, or an error if the receiver did not answer, if
// the task is unknown, or if it has no callback URL.
func (s *Server) SendCallback(ctx context.Context, taskID string, edit func(task map[string]any)) (status int, err error) {
	s.mu.Lock()
	t := s.tasks[taskID]
	s.mu.Unlock()
	switch {
	case t == nil:
		return 0, fmt.Errorf("vidgotest: no task %q", taskID)
	case t.callbackURL == "":
		return 0, fmt.Errorf("vidgotest: task %q has no callback URL", taskID)
	}
	object := s.objectOf(t)
	if edit != nil {
		edit(object)
	}
	body, err := s.Contract.body(object, t.kind)
	if err != nil {
		return 0, fmt.Errorf("vidgotest: callback: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Contract.timeout())
	defer cancel()
	return s.post(ctx, Delivery{TaskID: t.id, URL: t.callbackURL, Body: body})
}

// Post posts a body to any routed URL, as anyone on the internet could. It is
// logged as a Delivery without a TaskID. Post returns the receiver's status, or
// an error if the receiver did not answer before ctx ended.
func (s *Server) Post(ctx context.Context, url string, body []byte) (status int, err error) {
	return s.post(ctx, Delivery{URL: url, Body: body})
}

// post makes the delivery d and logs how it went.
func (s *Server) post(ctx context.Context, d Delivery) (int, error) {
	d.Time = time.Now()
	d.Status, d.Err = s.exchangeCallback(ctx, d.URL, d.Body)
	s.noteDelivery(d)
	return d.Status, d.Err
}

// exchangeCallback never follows a redirect, as Vidgo does not.
func (s *Server) exchangeCallback(ctx context.Context, raw string, body []byte) (int, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return 0, err
	}
	h := s.routed(u)
	if h == nil {
		return 0, noRouteError(u.Host)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	res, err := exchange(ctx, h, callbackRequest(u, body), func() {})
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	// An answer that breaks off has a status nevertheless; one that takes too long has none.
	if _, err := io.Copy(io.Discard, res.Body); err != nil && ctx.Err() != nil {
		return 0, err
	}
	return res.StatusCode, nil
}

func callbackRequest(u *url.URL, body []byte) *http.Request {
	r := &http.Request{Method: http.MethodPost, URL: u, Header: http.Header{
		"Accept":       {"*/*"},
		"Content-Type": {"application/json"},
		"User-Agent":   {"vidgo-callback/1.0"},
	}, ContentLength: int64(len(body))}
	in := inbound(r, "203.0.113.7:41234")
	fill(in, body)
	return in
}

package vidgo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"
)

const (
	maxCallback = 1 << 20 // bytes of a delivery's body
	// callbackTime is how long a delivery may take. Vidgo gives up after ten
	// seconds (task-management/webhooks); the answer must be there before.
	callbackTime = 8 * time.Second
	// callbackReadTime is how much of it the body may take.
	callbackReadTime = 5 * time.Second
	// maxStrays is how many callbacks without a token are being confirmed at
	// once for tasks that nobody here waits for. More are sent away to come
	// again: anybody can send them, and each costs a poll.
	maxStrays = 8
)

// ParseCallback reads the body of a callback, in both forms that Vidgo
// documents: {"code": 200, "data": {task}} and the bare task
// (task-management/webhooks). The error tells what is wrong. A body proves
// nothing: anybody can send one.
func ParseCallback(body []byte) (*Task, error) {
	raw, err := compactObject(body)
	if err != nil {
		return nil, fmt.Errorf("vidgo: callback: %w", err)
	}
	env := openEnvelope(raw)
	if present(env.data) && (!present(env.taskID) || present(openEnvelope(env.data).taskID)) {
		raw = env.data
	}
	task, err := decodeTask(raw)
	if err == nil {
		err = checkTaskID(task.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("vidgo: callback: the task: %w", err)
	}
	// Reference and submission are what the token says, never the body.
	task.Model, task.Reference, task.SubmissionID = "", "", ""
	return &task, nil
}

// CallbackHandler makes the HTTP handler that Vidgo's callbacks go to. Mount
// it under the path of the callback URL. What is delivered there ends the
// waits for the task and is remembered for later ones.
//
// With a secret ([WithCallbackSecret]) a delivery needs a good token, and its
// body is believed. Without one, a delivery only makes the client ask Vidgo,
// within its poll rate; what Vidgo says counts.
//
// handle, if not nil, is called with each final state, failed ones too, once
// for each task by this client, in the goroutine of the request. Its context
// ends 8 seconds after the delivery began. If it returns an error (or
// panics), Vidgo is told to deliver again; a duplicate that comes while it
// runs gets its result. How many tasks are remembered is bounded (131,072, for
// a day or the callback's maximum age), so make handle idempotent. The task is
// its own.
//
// Answers: 200 taken, also for duplicates and states that are not final; 400
// not a task; 401 no good token for this task; 405 not a POST; 408 the body
// did not come in time; 413 over 1 MiB; 503 deliver again: handle failed, or
// Vidgo did not confirm the state. Every delivery is logged once.
//
// The handler is safe for concurrent use. It sets its own read deadline, for
// which a ResponseWriter of a middleware must have an Unwrap method (see
// [http.ResponseController]); the time-outs of the [http.Server] are for you to
// set.
func (c *Client) CallbackHandler(handle func(context.Context, *Task) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := delivery{client: c, handle: handle, w: w, r: r, began: time.Now()}
		end := panicked // stands if handle panics
		defer func() { d.log(end) }()
		end = d.take()
		end.write(w)
	})
}

// answer is how a delivery ends. text is for the sender and for the log; it
// holds nothing that came with the delivery.
type answer struct {
	status int
	text   string
	err    error // for the log only
}

var (
	taken    = answer{http.StatusOK, "taken", nil}
	panicked = answer{http.StatusInternalServerError, "the handle function panicked", nil}
)

func (a answer) write(w http.ResponseWriter) {
	switch a.status {
	case http.StatusOK:
		w.WriteHeader(http.StatusOK) // nobody reads a body
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, a.text, a.status)
}

// delivery is one request to the handler.
type delivery struct {
	client *Client
	handle func(context.Context, *Task) error
	w      http.ResponseWriter
	r      *http.Request
	began  time.Time
	task   *Task // once the body was read
}

// take carries a delivery through all its steps.
func (d *delivery) take() answer {
	proof, refused := d.admit()
	if refused.status != 0 {
		d.skipBody()
		return refused
	}
	if refused := d.read(); refused.status != 0 {
		return refused
	}
	believed := proof != nil && !d.client.confirm
	ctx, cancel := d.patience(believed)
	defer cancel()
	if proof != nil {
		if early := d.claim(ctx, *proof, believed); early.status != 0 {
			return early
		}
	}
	if !d.task.Status.Done() {
		d.notFinal(believed)
		return answer{http.StatusOK, "not final yet", nil}
	}
	final, refused := d.establish(ctx, believed)
	if final == nil {
		return refused
	}
	d.client.publish(ctx, final.ID)
	return d.act(ctx, final)
}

// patience is a context that ends before Vidgo gives up. What is believed, and
// told to nobody outside, waits for nothing and needs no timer.
func (d *delivery) patience(believed bool) (context.Context, context.CancelFunc) {
	if believed && d.handle == nil && d.client.relay == nil {
		return d.r.Context(), func() {}
	}
	return context.WithDeadline(d.r.Context(), d.began.Add(callbackTime))
}

// admit judges all that can be judged before a byte of the body is read. The
// token is nil if the client has no secret.
func (d *delivery) admit() (*token, answer) {
	if d.r.Method != http.MethodPost {
		return nil, answer{http.StatusMethodNotAllowed, "callbacks are POSTed", nil}
	}
	if d.client.signer == nil {
		return nil, answer{}
	}
	proof, err := d.client.signer.verify(d.r, d.client.wall())
	if err != nil {
		return nil, answer{http.StatusUnauthorized, "no good token", err}
	}
	return &proof, answer{}
}

// skipBody keeps net/http from waiting for a body that nobody will read: it
// would do so before it sends the answer, for as long as the body takes.
func (d *delivery) skipBody() {
	if d.r.ContentLength != 0 {
		_ = http.NewResponseController(d.w).SetReadDeadline(time.Now().Add(-time.Second))
	}
}

// read takes in the body and the task in it.
func (d *delivery) read() answer {
	if d.r.Body == nil { // no server makes such a request, but a test may
		return answer{http.StatusBadRequest, "no body", nil}
	}
	// Whatever the server's time-outs are, a body that drips cannot hold the
	// handler. Where the deadline cannot be set, because a middleware hides the
	// connection, slowBody still ends one that drips.
	source, until := d.r.Body, d.began.Add(callbackReadTime)
	control := http.NewResponseController(d.w)
	if control.SetReadDeadline(until) != nil {
		source = slowBody{source, until}
	}
	body, err := readAll(http.MaxBytesReader(d.w, source, maxCallback), d.r.ContentLength)
	_ = d.r.Body.Close() // while the deadline stands: the server would read on without an end
	// Without the deadline from here on: the server watches the connection
	// while handle runs, and would end the request's context with it.
	_ = control.SetReadDeadline(time.Time{})
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return answer{http.StatusRequestEntityTooLarge, "larger than 1 MiB", nil}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return answer{http.StatusRequestTimeout, "the body did not come in time", nil}
	}
	if err != nil {
		return answer{http.StatusBadRequest, "the body broke off", err}
	}
	if d.task, err = ParseCallback(body); err != nil {
		return answer{http.StatusBadRequest, "not a task of Vidgo", err}
	}
	return answer{}
}

// slowBody cannot be read any more once its time is over.
type slowBody struct {
	io.ReadCloser
	until time.Time
}

func (b slowBody) Read(p []byte) (int, error) {
	if !time.Now().Before(b.until) {
		return 0, os.ErrDeadlineExceeded
	}
	return b.ReadCloser.Read(p)
}

// claim joins the delivery's token and its task. If the submission is not
// answered yet, the tracker has kept the state; only a handle function must
// know now which task it is.
func (d *delivery) claim(ctx context.Context, proof token, believed bool) answer {
	for {
		verdict, settled := d.client.tracker.claim(proof, d.task, believed)
		switch {
		case verdict == tokenWrong:
			return answer{http.StatusUnauthorized, "the token is not this task's", nil}
		case verdict == tokenFits:
			return answer{}
		case d.handle == nil, !d.task.Status.Done():
			return answer{http.StatusOK, "kept until the submission is answered", nil}
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return answer{http.StatusServiceUnavailable, "the submission is not answered yet", nil}
		}
	}
}

// notFinal takes in a state on the way: progress if it is believed, else at
// most a reason to ask.
func (d *delivery) notFinal(believed bool) {
	r := report{id: d.task.ID}
	if believed {
		r.task, r.from = d.task, fromCallback
	}
	d.client.tracker.report(r)
}

// establish finds out the final state: the body's if it is believed, else
// Vidgo's. It is nil, with the answer, if there is none.
func (d *delivery) establish(ctx context.Context, believed bool) (*Task, answer) {
	c := d.client
	if believed {
		return c.tracker.report(report{id: d.task.ID, task: d.task, from: fromCallback}), answer{}
	}
	waited := c.tracker.waitedFor(d.task.ID)
	if !waited {
		if d.handle == nil && c.relay == nil {
			return nil, answer{http.StatusOK, "nobody waits for it", nil}
		}
		select {
		case c.strays <- struct{}{}:
			defer func() { <-c.strays }()
		default:
			return nil, answer{http.StatusServiceUnavailable, "too many to confirm", nil}
		}
	}
	final, err := d.confirm(ctx)
	if final == nil {
		return nil, answer{http.StatusServiceUnavailable, "not confirmed", err}
	}
	// Now that it is known to be true, it shows that callbacks come.
	return c.tracker.report(report{id: final.ID, task: final.clone(), from: fromCallback}), answer{}
}

// confirm waits for the first answer of Vidgo about the task that was asked
// for after the delivery came.
func (d *delivery) confirm(ctx context.Context) (*Task, error) {
	c := d.client
	by := newWatcher(answers, nil)
	came := c.tracker.now()
	ids := []string{d.task.ID}
	c.tracker.enter(by, ids, false, [2]time.Duration{}, false)
	defer c.tracker.leave(by, ids)
	c.poller.ensure()
	for missing := false; ; {
		o, ok := c.tracker.next(ctx, by)
		switch {
		case !ok:
			return nil, context.Cause(ctx)
		case o.ends && o.err == nil:
			return o.task, nil
		case !o.ends && errors.Is(o.err, ErrNotFound) && !missing:
			missing = true // it may be a music task, which the next poll finds out
		case o.ends || o.asked >= came:
			return nil, o.err
		}
	}
}

// act runs the user's function, once for each task.
func (d *delivery) act(ctx context.Context, final *Task) answer {
	if d.handle == nil {
		return taken
	}
	t := d.client.tracker
	h, mine := t.startHandling(final.ID)
	if mine {
		return d.run(ctx, final, h)
	}
	select {
	case <-h.done:
	case <-ctx.Done():
		return answer{http.StatusServiceUnavailable, "an earlier delivery is still being handled", nil}
	}
	if !h.ok {
		return answer{http.StatusServiceUnavailable, "the handle function failed", nil}
	}
	return answer{http.StatusOK, "taken before", nil}
}

func (d *delivery) run(ctx context.Context, final *Task, h *handling) answer {
	ok := false
	defer func() { d.client.tracker.endHandling(final.ID, h, ok) }() // also if handle panics
	if err := d.handle(ctx, final.clone()); err != nil {
		return answer{http.StatusServiceUnavailable, "the handle function failed", err}
	}
	ok = true
	return taken
}

// log tells of the delivery. Neither the URL nor the body is logged: the one
// holds the token, the other is anybody's.
func (d *delivery) log(a answer) {
	level := slog.LevelWarn // somebody should look: a forgery, a wrong secret, a failing handle
	if a.status == http.StatusOK {
		level = slog.LevelDebug
	} else if a.status >= 500 {
		level = slog.LevelError
	}
	ctx := d.r.Context()
	if !d.client.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.Int("answer", a.status), slog.String("reason", a.text)}
	if d.task != nil {
		attrs = append(attrs, slog.String("task", d.task.ID), slog.String("status", clip(string(d.task.Status), 40)))
	}
	if a.err != nil {
		attrs = append(attrs, slog.Any("error", a.err))
	}
	d.client.log.LogAttrs(ctx, level, "callback", attrs...)
}

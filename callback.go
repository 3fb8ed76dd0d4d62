package vidgo

import (
	"bytes"
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
	// seconds (task-management/webhooks) and must have the answer before.
	callbackTime = 8 * time.Second
	// callbackReadTime is how much of that the body may take.
	callbackReadTime = 5 * time.Second
	// maxStrays is how many callbacks without a token are confirmed at once for
	// tasks that nobody here waits for. Others are told to come again: anybody
	// can send them, and each costs a poll.
	maxStrays = 8
)

// ParseCallback parses the body of a callback, in either of the forms that
// Vidgo documents: {"code": 200, "data": {task}} or the bare task
// (task-management/webhooks). A body proves nothing, because anybody can send
// one: use [Client.CallbackHandler] where you can.
func ParseCallback(body []byte) (*Task, error) {
	raw, err := compactObject(body)
	if err != nil {
		return nil, fmt.Errorf("vidgo: callback: %w", err)
	}
	env := openEnvelope(raw)
	if present(env.data) && (!present(env.taskID) || present(openEnvelope(env.data).taskID)) {
		raw = bytes.Clone(env.data) // what is kept of it must not hold all of it
	}
	task, err := decodeTask(raw)
	if err == nil {
		err = checkTaskID(task.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("vidgo: callback: the task: %w", err)
	}
	// The reference and the submission are what the token says, never the body.
	task.Model, task.Reference, task.SubmissionID = "", "", ""
	return &task, nil
}

// CallbackHandler returns the HTTP handler for Vidgo's callbacks. Mount it at
// the path of the callback URL. A final state that is delivered there ends the
// waits for the task, and is remembered for later ones.
//
// With a secret ([WithCallbackSecret]), a delivery needs a valid token, and its
// body is believed. Without one, a delivery only makes the client poll the
// task, within its poll rate, and Vidgo's answer to that is believed.
//
// If handle is not nil, it is called with the final state of each task,
// finished or failed, in the goroutine of the request. Its context ends 8
// seconds after the delivery began. If handle returns an error or panics, Vidgo
// delivers again. While it runs, duplicates wait for its result; once it has
// succeeded, they do not call it again. The client remembers that for 131,072
// tasks, and for 24 hours or the age of [WithCallbackMaxAge] if that is longer,
// so handle should be idempotent. It may keep and change its task.
//
// The handler answers 200 to what it has taken, including duplicates and states
// that are not final; 400 if the body is not a task; 401 without a valid token
// for the task; 405 if the method is not POST; 408 if the body does not arrive
// within 5 seconds; 413 if it is larger than 1 MiB; and 503 for "deliver
// again", if handle failed, Vidgo did not confirm the state or the token is from
// the future. It logs each delivery once.
//
// The handler is safe for concurrent use. It sets the read deadline of its
// requests, so a middleware's ResponseWriter needs an Unwrap method (see
// [http.ResponseController]). The timeouts of the [http.Server] remain yours to
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

// answer is how a delivery ends. text goes to the sender and into the log, so
// it holds nothing that came with the delivery.
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
	task   *Task // nil until the body is read
}

// take takes a delivery through all its steps.
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

// patience returns a context that ends before Vidgo gives up. A delivery that
// is believed, and of which no user code is told, waits for nothing: it needs
// no timer.
func (d *delivery) patience(believed bool) (context.Context, context.CancelFunc) {
	if believed && d.handle == nil && d.client.relay == nil {
		return d.r.Context(), func() {}
	}
	return context.WithDeadline(d.r.Context(), d.began.Add(callbackTime))
}

// admit checks what can be checked before a byte of the body is read. The token
// is nil if the client has no secret.
func (d *delivery) admit() (*token, answer) {
	if d.r.Method != http.MethodPost {
		return nil, answer{http.StatusMethodNotAllowed, "callbacks are POSTed", nil}
	}
	if d.client.signer == nil {
		return nil, answer{}
	}
	proof, err := d.client.signer.verify(d.r, d.client.wall())
	if errors.Is(err, errFutureToken) { // valid, once the clock catches up
		return nil, answer{http.StatusServiceUnavailable, "the token is from the future: has a clock been put back?", nil}
	}
	if err != nil {
		return nil, answer{http.StatusUnauthorized, "no valid token", err}
	}
	return &proof, answer{}
}

// skipBody keeps net/http from reading the rest of the body before it sends the
// answer, which would take as long as the sender likes.
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
	// Whatever the server's timeouts are, a body that drips cannot hold the
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

// slowBody fails once its time is over.
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
// answered yet, the tracker keeps the state until it is; only a handle function
// has to wait for that here.
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

// notFinal reports a state that is not final: as progress if it is believed,
// else only as a reason to poll.
func (d *delivery) notFinal(believed bool) {
	r := report{id: d.task.ID}
	if believed {
		r.task, r.from = d.task, fromCallback
	}
	d.client.tracker.report(r)
}

// establish returns the final state: the body's if it is believed, else
// Vidgo's. If there is none, it returns nil and the answer to the delivery.
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
	// Now that it is confirmed, it also proves that callbacks arrive.
	return c.tracker.report(report{id: final.ID, task: final.clone(), from: fromCallback}), answer{}
}

// confirm waits for Vidgo's answer to the first poll of the task that began
// after the delivery did.
func (d *delivery) confirm(ctx context.Context) (*Task, error) {
	c := d.client
	by := newWatcher(answers, nil)
	came := c.tracker.now()
	ids := []string{d.task.ID}
	c.tracker.enter(by, ids, false, [2]time.Duration{}, c.callbackURL != "")
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
			missing = true // it may be a music task: the next poll asks the other endpoint
		case o.ends || o.asked >= came:
			return nil, o.err
		}
	}
}

// act calls handle, once for each task.
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

// log logs the delivery, but neither the URL, which holds the token, nor the
// body, which anybody may have written.
func (d *delivery) log(a answer) {
	level := slog.LevelWarn // a forgery or a wrong secret: somebody should look
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

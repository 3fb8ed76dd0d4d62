package vidgo

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Wait blocks until the task is done and returns its final state, from the
// callback or from a poll, whichever comes first. It may be called for any task
// of the account, any number of times, before or after the task is done.
//
// With a failed task, Wait also returns a [TaskError]. If the wait is cut
// short, it returns the newest state seen, which has at least its ID, and a
// [WaitError]: when ctx ends; when Vidgo refuses to tell the state (401, 402,
// 403, or an error of its own with another 4xx but 404, 408 and 429); or when
// it has answered five polls, over at least 30 seconds, that there is no such
// task ([ErrNotFound]). An outage of Vidgo does not end a wait. If id cannot be
// a task's, the error is an [InputError].
func (c *Client) Wait(ctx context.Context, id string, opts ...WaitOption) (*Task, error) {
	for task, err := range c.watch(ctx, []string{id}, opts, finals) {
		return task, err
	}
	panic("unreachable: a watch tells every task's end")
}

// WaitSubmission waits for the task of the submission with the given
// Task.SubmissionID or AmbiguousSubmitError.SubmissionID. If the answer to the
// submission was lost, its signed callback identifies the task. From then on
// WaitSubmission is [Client.Wait]. If Vidgo refused the submission, so that
// there is no task, the error is a [WaitError] that matches [ErrNotFound]. If
// the answer was lost and there is no signed callback ([WithCallbackSecret]),
// nothing can identify the task, and the error is an [InputError].
//
// Until the task is known, there is nothing to poll, and the callback may never
// come: Vidgo may not have accepted the submission, or the callback may reach
// another process, which a [Relay] does not help. So give ctx a deadline.
func (c *Client) WaitSubmission(ctx context.Context, submissionID string, opts ...WaitOption) (*Task, error) {
	sid, err := uuid.Parse(submissionID)
	if err != nil || sid == uuid.Nil {
		return nil, &InputError{Field: "submission id", Reason: "is not a UUID; want Task.SubmissionID or AmbiguousSubmitError.SubmissionID"}
	}
	if _, err := applyAll(callConfig{}, opts); err != nil {
		return nil, err
	}
	unknown := &Task{SubmissionID: sid.String()}
	rec, settled := c.tracker.submission(sid)
	defer c.tracker.release(rec)
	if c.tracker.unheard(rec) && (c.signer == nil || !rec.callback) {
		return unknown, &InputError{Field: "submission id", Reason: "belongs to a submission without an answer and without a signed callback (WithCallbackSecret): nothing can tell its task"}
	}
	select {
	case <-settled:
	case <-ctx.Done():
		return unknown, &WaitError{Task: unknown, Err: context.Cause(ctx)}
	}
	id := c.tracker.taskOf(rec)
	if id == "" {
		return unknown, &WaitError{Task: unknown, Err: ErrNotFound}
	}
	return c.Wait(ctx, id, opts...)
}

// Updates returns an iterator over the states of the task, as they change. The
// last pair is what [Client.Wait] would return. Nothing is sent before the loop
// begins, and nothing keeps running after it. A loop that is slower than the
// changes sees the newest state, not every one.
func (c *Client) Updates(ctx context.Context, id string, opts ...WaitOption) iter.Seq2[*Task, error] {
	return func(yield func(*Task, error) bool) {
		var last *Task
		for task, err := range c.watch(ctx, []string{id}, opts, states) {
			over := err != nil || task.Status.Done()
			if !over && last != nil && sameState(last, task) {
				continue
			}
			last = task.clone()
			if !yield(task, err) {
				return
			}
		}
	}
}

func sameState(a, b *Task) bool {
	return a.Status == b.Status && a.Progress == b.Progress && len(a.Files) == len(b.Files)
}

// Completions returns an iterator over the tasks in the order they complete,
// each distinct id once, with the errors of [Client.Wait]. When ctx ends, every
// task that is left is yielded with its [WaitError]. Nothing is sent before the
// loop begins, and nothing keeps running after it. A waiting task takes a few
// hundred bytes and no goroutine, so there can be a hundred thousand; they
// share the client's poll rate ([WithPollRate]).
func (c *Client) Completions(ctx context.Context, ids []string, opts ...WaitOption) iter.Seq2[*Task, error] {
	return c.watch(ctx, ids, opts, finals)
}

// watch is what every wait is made of: it enters the tasks, starts the
// scheduler, yields the outcomes, and leaves.
func (c *Client) watch(ctx context.Context, ids []string, opts []WaitOption, wants wants) iter.Seq2[*Task, error] {
	return func(yield func(*Task, error) bool) {
		cfg, fault := applyAll(callConfig{}, opts)
		good, bad := distinct(ids)
		if fault != nil {
			good, bad = nil, append(bad, good...)
		}
		for _, id := range bad {
			if !yield(&Task{ID: id}, cmp.Or(fault, checkTaskID(id))) {
				return
			}
		}
		if len(good) == 0 {
			return
		}
		by := newWatcher(wants, cfg.schedule)
		by.lastLook = c.tracker.lastLook(ctx)
		if ctx.Err() == nil {
			c.tracker.enter(by, good, cfg.music, c.poller.first(cfg.schedule), c.callbackURL != "")
			c.poller.ensure()
		} else {
			by.queue = tooLate(ctx, good) // nothing is asked
		}
		c.yieldEnds(ctx, by, good, yield)
	}
}

// yieldEnds yields outcomes until all tasks are done or ctx ends, and then the
// tasks that are left over. When ctx ends, the tracker is left at once, even if
// the loop's body is busy: a call that is over must not be polled for.
func (c *Client) yieldEnds(ctx context.Context, by *watcher, ids []string, yield func(*Task, error) bool) {
	var rest []remainder
	left := make(chan struct{})
	leave := func() { rest = c.tracker.leave(by, ids); close(left) }
	stop := context.AfterFunc(ctx, leave)
	defer func() {
		if stop() {
			leave() // the loop was left, or its body panicked, or all are done
		}
		<-left // by the goroutine that ctx has started
	}()
	ends := 0
	tell := func(o outcome) bool {
		if o.ends {
			ends++
		}
		o.task = o.task.clone() // what is yielded is the caller's
		return yield(o.task, o.verdict())
	}
	for ends < len(ids) {
		o, ok := c.tracker.next(ctx, by)
		if !ok {
			<-left
			c.yieldRest(ctx, by, rest, tell)
			return
		}
		if !tell(o) {
			return
		}
	}
}

// yieldRest yields the results that came while ctx was ending, which still
// count, and then the tasks that are left over.
func (c *Client) yieldRest(ctx context.Context, by *watcher, rest []remainder, tell func(outcome) bool) {
	for {
		o, ok := c.tracker.take(by)
		if !ok {
			break
		}
		if o.ends && !tell(o) {
			return
		}
	}
	for _, r := range rest {
		if !tell(outcome{task: c.tracker.task(r), err: context.Cause(ctx), pollErr: r.err, ends: true}) {
			return
		}
	}
}

// tooLate are the outcomes of a wait whose context had ended before it began.
func tooLate(ctx context.Context, ids []string) []outcome {
	var all []outcome
	for _, id := range ids {
		all = append(all, outcome{task: &Task{ID: id}, err: context.Cause(ctx), ends: true})
	}
	return all
}

// verdict is the error that belongs to an outcome.
func (o outcome) verdict() error {
	switch {
	case !o.ends:
		return nil
	case o.err != nil:
		return &WaitError{ID: o.task.ID, Task: o.task, Err: o.err, PollErr: o.pollErr}
	}
	return o.task.err()
}

// lastLook is when to poll once more before ctx's deadline: a second before it,
// or a tenth of the wait if that is less. It is 0 if there is no deadline.
func (t *tracker) lastLook(ctx context.Context) instant {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	left := time.Until(deadline)
	return t.now() + instant(left-min(lookAhead, left/10))
}

// distinct drops repeated ids, and separates those that cannot be a task's.
func distinct(ids []string) (good, bad []string) {
	seen := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		if _, ok := seen[id]; ok {
			continue
		}
		seen[id] = struct{}{}
		if checkTaskID(id) != nil {
			bad = append(bad, id)
		} else {
			good = append(good, id)
		}
	}
	return good, bad
}

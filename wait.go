package vidgo

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Wait blocks until the task is done and returns its final state: from the
// callback or from a poll, whichever comes first. It may be called for any
// task of the account, any number of times, before or after the task is done.
//
// Beside a failed task comes a [TaskError]. A wait that is cut short returns
// the newest state seen, which has at least its ID, beside a [WaitError]: when
// ctx ends; when Vidgo refuses to tell (401, 402, 403); or when it has said for
// 30 seconds that it knows no such task ([ErrNotFound]). An outage of Vidgo does
// not end a wait. A bad id is an [InputError].
func (c *Client) Wait(ctx context.Context, id string, opts ...WaitOption) (*Task, error) {
	for task, err := range c.watch(ctx, []string{id}, opts, finals) {
		return task, err
	}
	panic("unreachable: a watch tells every task's end")
}

// WaitSubmission waits for the task that a submission became, by its
// SubmissionID: for one whose answer got lost ([AmbiguousSubmitError]) its
// signed callback tells. It then goes on as [Client.Wait]. If the submission
// was refused, so that there is no task, the error is [ErrNotFound]. If it asked
// for no signed callback ([WithCallbackSecret]), nothing could ever tell, and
// the error is an [InputError], unless the answer has come.
//
// Until the task is known, nothing is asked: give ctx an end. No callback may
// come, because Vidgo never accepted the submission, or because it goes to
// another process: a [Relay] carries no submissions.
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

// Updates yields the task's state each time it changes, the final state last,
// which comes as [Client.Wait] would return it. Nothing is asked before the
// loop begins, and leaving the loop leaves nothing running. A loop that is
// slower than the changes sees the newest state, not every one.
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

// Completions yields the tasks in the order they get done, each distinct id
// once, with the errors of [Client.Wait]. When ctx ends, every task that is
// left comes with its [WaitError]. Nothing is asked before the loop begins,
// and leaving the loop leaves nothing running. A waiting task costs some
// hundred bytes and no goroutine, so a hundred thousand are no matter; the
// client's poll rate ([WithPollRate]) is shared among them.
func (c *Client) Completions(ctx context.Context, ids []string, opts ...WaitOption) iter.Seq2[*Task, error] {
	return c.watch(ctx, ids, opts, finals)
}

// watch is behind every wait: it enters, lets the scheduler look, waits, and
// leaves.
func (c *Client) watch(ctx context.Context, ids []string, opts []WaitOption, wants wants) iter.Seq2[*Task, error] {
	return func(yield func(*Task, error) bool) {
		cfg, fault := applyAll(callConfig{}, opts)
		good, bad := distinct(ids)
		if fault != nil {
			good, bad = nil, append(bad, good...)
		}
		for _, id := range bad {
			if !yield(&Task{ID: id}, firstFault(fault, checkTaskID(id))) {
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

// yieldEnds yields what comes until all tasks are done or ctx ends, and then
// the tasks that are left. They are left at once when ctx ends, whatever the
// loop's body is busy with: nobody is asked for the results of a call that is
// over.
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

// yieldRest yields the results that came while ctx ended, which still count,
// and then the tasks that were left.
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

// tooLate is how a wait ends whose context had ended before it began.
func tooLate(ctx context.Context, ids []string) []outcome {
	var all []outcome
	for _, id := range ids {
		all = append(all, outcome{task: &Task{ID: id}, err: context.Cause(ctx), ends: true})
	}
	return all
}

func firstFault(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
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

// lastLook is when a wait looks once more before ctx's deadline: a second
// before it, or a tenth of a short wait. It is 0 if there is no deadline.
func (t *tracker) lastLook(ctx context.Context) instant {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	left := time.Until(deadline)
	return t.now() + instant(left-min(lookAhead, left/10))
}

// distinct gives each id once, those that cannot be asked for apart.
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

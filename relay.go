package vidgo

import (
	"context"
	"log/slog"
	"time"
)

// Relay carries wake-ups between the processes of a service, for when a
// callback reaches one process and another waits for the task. Only ids travel:
// the woken process polls Vidgo itself, so a message that is lost, repeated or
// late costs time and nothing else. The methods use only predeclared and
// standard types, so an adapter for a broker need not import this package.
//
// A Relay must be safe for concurrent use. It may deliver what this process
// published to itself. Whoever can publish to it can make this process poll
// tasks, within its poll rate, and nothing more.
type Relay interface {
	// Publish tells the other processes that the task with this id is done. It
	// need not be reliable. It must return when ctx ends, which is within 2
	// seconds. Its error is logged.
	Publish(ctx context.Context, id string) error

	// Listen calls ready once it hears what is published, and from then on
	// heard with every id. It blocks until ctx ends. It may call heard from
	// several goroutines, but not after it has returned. If it returns before
	// ctx ends, it is called again after a pause that grows from 1 to 30
	// seconds. The client listens only while something waits, in a goroutine of
	// its own, where a panic ends the program.
	Listen(ctx context.Context, ready func(), heard func(id string)) error
}

const (
	minRelayPause = time.Second
	maxRelayPause = 30 * time.Second
	publishTime   = 2 * time.Second
)

// listen keeps the relay listening until ctx ends, which is when the scheduler
// does.
func (p *poller) listen(ctx context.Context) {
	pause := minRelayPause
	for {
		began := time.Now()
		err := p.relay.Listen(ctx, p.tracker.lookAgain, p.heard)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > maxRelayPause { // it did listen for a while
			pause = minRelayPause
		}
		p.tracker.log.Warn("the relay stopped listening; trying again",
			slog.Any("error", err), slog.Duration("pause", pause))
		if sleep(ctx, jitter(pause)) != nil {
			return
		}
		pause = min(2*pause, maxRelayPause)
	}
}

// heard receives a wake-up from another process. It does nothing for a task
// that nobody waits for: the first poll of a later wait finds the result.
func (p *poller) heard(id string) {
	if checkTaskID(id) == nil { // a relay may carry anything
		p.tracker.report(report{id: id})
	}
}

// lookAgain polls the tasks once more that were polled before the relay was
// ready: a wake-up may have been missed in between.
func (t *tracker) lookAgain() {
	t.forEach(func(w *wait) {
		if w.polls > 0 {
			t.hurry(w)
		}
	})
}

// publish wakes the other processes. Whatever happens, they find the result
// by polling, so a relay that hangs must not use up the delivery's time, and
// one that panics must not end it.
func (c *Client) publish(ctx context.Context, id string) {
	if c.relay == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("the relay panicked", slog.String("task", id), slog.Any("panic", p))
		}
	}()
	if err := c.relay.Publish(ctx, id); err != nil {
		c.log.Warn("the relay did not publish", slog.String("task", id), slog.Any("error", err))
	}
}

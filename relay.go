package vidgo

import (
	"context"
	"log/slog"
	"time"
)

// Relay carries wake-ups between the processes of a service, for when a
// callback reaches one process and another waits for the task. Only ids
// travel: the woken process asks Vidgo itself, so a message that is lost,
// repeated or late costs time and nothing else. Its methods use only standard
// types, so an adapter for a broker needs no import of this package.
//
// A Relay must be safe for concurrent use, and it may deliver what this
// process published to itself. Who can publish to it can make this process
// ask for tasks, within its poll rate, and nothing more.
type Relay interface {
	// Publish tells the other processes that the task id is done. Delivery is
	// at most once. It must end when ctx does; an error is logged.
	Publish(ctx context.Context, id string) error

	// Listen calls heard for every id that is published from the moment it
	// has called ready, and blocks until ctx ends. It may call heard from
	// several goroutines, but not after it has returned. If it returns
	// earlier, it is called again after a pause that grows from one second to
	// thirty. The client listens only while something waits, on a goroutine of
	// its own: a panic there ends the program.
	Listen(ctx context.Context, ready func(), heard func(id string)) error
}

const (
	minRelayPause = time.Second
	maxRelayPause = 30 * time.Second
	publishTime   = 2 * time.Second
)

// listen keeps the relay listening until ctx ends, with the scheduler that
// owns it.
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

// heard takes a wake-up of another process in. For a task that nobody waits
// for it is nothing: the first poll of a later wait finds out.
func (p *poller) heard(id string) {
	if checkTaskID(id) == nil { // a relay may carry anything
		p.tracker.report(report{id: id})
	}
}

// lookAgain asks once more for what was polled before the relay heard
// anything: a wake-up may have been missed in between.
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

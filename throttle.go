package vidgo

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// throttle allows n tries a minute, in the order they came. A try holds its
// place until a minute after it has ended, so the server counts no more than n
// in any minute, whichever moment of a try it goes by. A token bucket would
// allow almost twice as many in its first minute.
type throttle struct {
	turn  chan struct{} // held by the call that waits for a place; the others wait for the turn
	freed chan struct{} // tells that call that a try has ended

	mu     sync.Mutex  // guards places; never held while blocking
	places []time.Time // when each becomes free; the zero time while a call holds it
}

const throttleWindow = time.Minute

func newThrottle(n int) *throttle {
	t := &throttle{turn: make(chan struct{}, 1), freed: make(chan struct{}, 1), places: make([]time.Time, n)}
	for i := range t.places {
		t.places[i] = time.Unix(0, 0) // long free
	}
	return t
}

// place is a call's place in a throttle, a new one for each try.
type place struct {
	throttle *throttle
	index    int
	held     bool
}

// acquire waits for a place, after it has given back the one that is held. If
// none becomes free before ctx's deadline, it fails at once.
func (p *place) acquire(ctx context.Context) error {
	p.release()
	if ctx.Err() != nil {
		return context.Cause(ctx) // which must not take a place
	}
	t := p.throttle
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		var free time.Time
		if p.index, free = t.take(time.Now()); p.index >= 0 {
			p.held = true
			return nil
		}
		if err := t.wait(ctx, free); err != nil {
			return err
		}
	}
}

// release gives the place back, if one is held.
func (p *place) release() {
	if p.held {
		p.held = false
		p.throttle.give(p.index, time.Now().Add(throttleWindow))
	}
}

// forgo gives the place back to be taken at once: nothing was sent.
func (p *place) forgo() {
	if p.held {
		p.held = false
		p.throttle.give(p.index, time.Now())
	}
}

// take returns the index of a free place, or -1 and when one will be free. That
// is the zero time if tries hold all of them, so that nobody knows.
func (t *throttle) take(now time.Time) (index int, free time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	index = -1
	for i, at := range t.places {
		if !at.IsZero() && (free.IsZero() || at.Before(free)) {
			index, free = i, at
		}
	}
	if index < 0 || free.After(now) {
		return -1, free
	}
	t.places[index] = time.Time{}
	return index, free
}

func (t *throttle) give(index int, free time.Time) {
	t.mu.Lock()
	t.places[index] = free
	t.mu.Unlock()
	select {
	case t.freed <- struct{}{}:
	default: // the last signal was not received yet
	}
}

// wait pauses until a place may be free.
func (t *throttle) wait(ctx context.Context, free time.Time) error {
	var timer <-chan time.Time // never, if nobody knows
	if !free.IsZero() {
		if deadline, ok := ctx.Deadline(); ok && deadline.Before(free) {
			return fmt.Errorf("%d uploads a minute are allowed, and the next can begin only in %s: %w",
				len(t.places), time.Until(free).Round(time.Second), context.DeadlineExceeded)
		}
		timer = time.After(time.Until(free))
	}
	select {
	case <-timer:
	case <-t.freed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

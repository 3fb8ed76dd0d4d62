package vidgo

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// throttle lets n calls happen in a minute, in the order they came. A place is
// taken for as long as its call lasts, and is free again a minute after: so
// whatever moment of a call the server counts, it counts no more than n in any
// minute. A token bucket would let through almost twice as many in its first one.
// The retries of a call are not counted.
type throttle struct {
	turn  chan struct{} // held by the one who waits for a place; the others wait for the turn
	freed chan struct{} // tells that one that a call has ended

	mu     sync.Mutex  // guards places; never held while blocking
	places []time.Time // when each is free; the zero time while it is taken
}

const throttleWindow = time.Minute

func newThrottle(n int) *throttle {
	t := &throttle{turn: make(chan struct{}, 1), freed: make(chan struct{}, 1), places: make([]time.Time, n)}
	for i := range t.places {
		t.places[i] = time.Unix(0, 0) // long free
	}
	return t
}

// acquire waits for a place, which release gives back. If none gets free
// before ctx's deadline, it says so at once.
func (t *throttle) acquire(ctx context.Context) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // which must not take a place
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	for {
		place, free := t.take(time.Now())
		if place >= 0 {
			return func() { t.give(place, time.Now()) }, nil
		}
		if err := t.wait(ctx, free); err != nil {
			return nil, err
		}
	}
}

// take gives a free place, or -1 and when one will be free; the zero time if
// nobody knows, because all are taken.
func (t *throttle) take(now time.Time) (place int, free time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	place = -1
	for i, at := range t.places {
		if !at.IsZero() && (free.IsZero() || at.Before(free)) {
			place, free = i, at
		}
	}
	if place < 0 || free.After(now) {
		return -1, free
	}
	t.places[place] = time.Time{}
	return place, free
}

func (t *throttle) give(place int, now time.Time) {
	t.mu.Lock()
	t.places[place] = now.Add(throttleWindow)
	t.mu.Unlock()
	select {
	case t.freed <- struct{}{}:
	default: // it was told already
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

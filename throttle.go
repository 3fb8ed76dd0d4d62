package vidgo

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// throttle lets n calls happen in a minute. A place is free again a minute
// after its call has ended, so that whatever moment of a call the server
// counts, it counts no more than n in any minute. A token bucket would let
// through almost twice as many in its first one.
type throttle struct {
	n int

	mu     sync.Mutex  // guards places; never held while blocking
	places []time.Time // when each is free; made when they are needed
}

const throttleWindow = time.Minute

// acquire waits for a place, which release gives back. If none gets free
// before ctx's deadline, it says so at once.
func (t *throttle) acquire(ctx context.Context) (release func(), err error) {
	for {
		place, pause := t.take(time.Now())
		if pause <= 0 {
			return func() { t.hold(place, time.Now()) }, nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
			return nil, fmt.Errorf("%d uploads a minute are allowed, and the next can begin only in %s: %w",
				t.n, pause.Round(time.Second), context.DeadlineExceeded)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// take gives a free place, or how long it takes until one may be free.
func (t *throttle) take(now time.Time) (place int, pause time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.places == nil {
		t.places = make([]time.Time, t.n)
	}
	for i, free := range t.places {
		if free.Before(t.places[place]) {
			place = i
		}
	}
	if pause = t.places[place].Sub(now); pause <= 0 {
		t.places[place] = now.Add(throttleWindow)
	}
	return place, pause
}

func (t *throttle) hold(place int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.places[place] = now.Add(throttleWindow)
}

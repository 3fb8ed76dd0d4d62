package vidgo

import "context"

// watcher is one call that waits, for one task or for a million.
type watcher struct {
	wants    wants
	schedule Schedule // nil: the client's
	lastLook instant  // when to poll once more before the deadline; 0: there is none
	signal   chan struct{}
	queue    []outcome // not taken yet; guarded by the tracker's mutex
	taken    []outcome // from the queue; only the waiting goroutine uses it, so it needs no mutex
}

func newWatcher(wants wants, schedule Schedule) *watcher {
	return &watcher{wants: wants, schedule: schedule, signal: make(chan struct{}, 1)}
}

// wants is what a watcher is told.
type wants int

const (
	finals  wants = iota // only how it ends
	states               // every state, too
	answers              // every failed poll, too
)

// outcome is one thing that a watcher is told. task has at least its ID. It is
// shared: see [tracker.report].
type outcome struct {
	task    *Task // nil for a poll that failed and ends nothing
	err     error
	pollErr error   // of the last poll, if that is not why it ends
	ends    bool    // it is the last outcome of the task
	asked   instant // when the poll behind it began
}

// push queues an outcome. A newer state replaces one that was not taken yet: a
// slow reader wants the newest, and the queue stays bounded.
func (w *watcher) push(o outcome) {
	if n := len(w.queue); n > 0 && w.wants != finals && !w.queue[n-1].ends {
		w.queue[n-1] = o
	} else {
		w.queue = append(w.queue, o)
	}
	select {
	case w.signal <- struct{}{}:
	default: // the last signal was not received yet
	}
}

// take returns the next outcome, if there is one. It takes all queued ones at
// once, so that many results do not need the mutex one by one.
func (t *tracker) take(w *watcher) (outcome, bool) {
	if len(w.taken) == 0 {
		t.mu.Lock()
		w.taken, w.queue = w.queue, nil
		t.mu.Unlock()
	}
	if len(w.taken) == 0 {
		return outcome{}, false
	}
	o := w.taken[0]
	w.taken[0] = outcome{}
	w.taken = w.taken[1:]
	return o, true
}

// next waits for the next outcome. It returns false if ctx ends first; an
// outcome that comes at the same moment wins.
func (t *tracker) next(ctx context.Context, w *watcher) (outcome, bool) {
	for {
		if o, ok := t.take(w); ok {
			return o, true
		}
		select {
		case <-w.signal:
		case <-ctx.Done():
			return t.take(w)
		}
	}
}

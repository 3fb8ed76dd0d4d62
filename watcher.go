package vidgo

import "context"

// watcher is one call that waits, for one task or for a million.
type watcher struct {
	wants    wants
	schedule Schedule // nil: the client's
	lastLook instant  // when to poll once more before the deadline; 0: there is none
	signal   chan struct{}
	queue    []outcome // not taken yet; guarded by the tracker's mutex
	taken    []outcome // from the queue, by the caller, who goes through them without the mutex
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

// outcome is one thing a watcher is told. task has at least its ID; others
// have it, too: see [tracker.report].
type outcome struct {
	task    *Task
	err     error
	pollErr error   // what the last poll met, if the end is none of its doing
	ends    bool    // nothing more comes of this task
	asked   instant // when the poll behind it began
}

// push queues an outcome. Of states that were not taken in time only the
// newest is kept: whoever reads slowly wants to know how it stands, and the
// queue stays bounded.
func (w *watcher) push(o outcome) {
	if n := len(w.queue); n > 0 && w.wants != finals && !w.queue[n-1].ends {
		w.queue[n-1] = o
	} else {
		w.queue = append(w.queue, o)
	}
	select {
	case w.signal <- struct{}{}:
	default: // it has not taken the last signal yet
	}
}

// take gives the next outcome that is there. It takes all of them at once, so
// that many results do not each want the mutex.
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

// next waits for the next outcome. It gives false when ctx ends first; an
// outcome that is there at the same moment wins.
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

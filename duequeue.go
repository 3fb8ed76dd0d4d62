package vidgo

import "container/heap"

// requeue plans the next poll of w after the pause of r, or earlier: if there
// was a hint meanwhile, if somebody joined after the pause was computed, or to
// fit in a poll before a deadline.
func (t *tracker) requeue(w *wait, r report) {
	now := t.now()
	w.due, w.abandon = now+instant(r.pause), nil
	if w.joins != r.joins {
		w.due = min(w.due, t.soon(w))
	}
	if w.again {
		w.due = min(w.due, t.atOnce(w))
	}
	for _, by := range w.watchers {
		if by.lastLook > now {
			w.due = min(w.due, by.lastLook)
		}
	}
	if w.again {
		w.again = false
		t.hints.add(w)
	} else {
		t.queue.add(w)
	}
}

// soon is now, or pollGap after the last poll of w if that is later.
func (t *tracker) soon(w *wait) instant {
	if w.polls == 0 {
		return t.now()
	}
	return max(t.now(), w.asked+instant(pollGap))
}

// atOnce is now, or pollGap after the last poll of w that somebody hinted at if
// that is later. One that was due anyway does not hold a hint up.
func (t *tracker) atOnce(w *wait) instant {
	if w.hinted == 0 {
		return t.now()
	}
	return max(t.now(), w.hinted+instant(pollGap))
}

// hurry moves the next poll of w to soon. If one is under way, its answer will
// do.
func (t *tracker) hurry(w *wait) {
	if due := t.soon(w); w.in != nil && due < w.due {
		w.due = due
		heap.Fix(w.in, int(w.index))
	}
}

// hint plans a poll of w that begins after now, and goes ahead of a backlog.
func (t *tracker) hint(w *wait) {
	switch w.in {
	case nil: // one is under way
		w.again = true
	case &t.queue:
		w.in.remove(w)
		w.due = min(w.due, t.atOnce(w))
		t.hints.add(w)
	}
}

// dueQueue is a heap of waits, the most urgent first. After a poll a wait goes
// behind those that are overdue, so none starves.
type dueQueue []*wait

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].due < q[j].due }

func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = int32(i), int32(j)
}

// Push is called by package heap.
func (q *dueQueue) Push(x any) {
	w := x.(*wait)
	w.index = int32(len(*q))
	*q = append(*q, w)
}

// Pop is called by package heap.
func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	w.in = nil
	return w
}

// due is when to poll the most urgent wait. The queue must not be empty.
func (q dueQueue) due() instant { return q[0].due }

func (q *dueQueue) add(w *wait) {
	w.in = q
	heap.Push(q, w)
}

// remove removes w from q, which is nil if w is in no queue.
func (q *dueQueue) remove(w *wait) {
	if q != nil {
		heap.Remove(q, int(w.index))
	}
}

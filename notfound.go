package vidgo

import (
	"errors"
	"net/http"
	"time"
)

// meaning is what the error of a poll says of the task.
type meaning int

const (
	nothing meaning = iota // it is about an outage
	noTask                 // there is no such task
	theEnd                 // the wait is over
	unfit                  // so it is, unless the endpoint was only a guess
)

func meaningOf(err error) meaning {
	api, ok := errors.AsType[*APIError](err)
	if !ok || api.temporary() {
		return nothing
	}
	switch status := api.status(); {
	case status == http.StatusNotFound:
		return noTask
	case status == http.StatusUnauthorized, status == http.StatusPaymentRequired, status == http.StatusForbidden:
		return theEnd
	case api.spoken && status/100 == 4:
		return unfit
	}
	return nothing
}

// Vidgo may be slow to know a new task, and a gateway's 404 is soon over: so a
// task counts as not found once that has been the answer for a while, and often
// enough for behind a backlog, when that while has room for two.
const (
	notFoundPatience = 30 * time.Second
	notFoundTimes    = 5
)

// row is answers in a row: how many, and when the first and the last of them were
// asked for.
type row struct {
	first, last instant
	n           int
}

func (r *row) add(at instant) {
	if r.n == 0 {
		r.first = at
	}
	r.last = at
	r.n++
}

func (r row) certain() bool {
	return r.n >= notFoundTimes && r.last-r.first >= instant(notFoundPatience)
}

// judge reports whether a poll's error ends the wait. If nobody knows whether
// the task is music, only both endpoints together can say that there is none, so
// after the one the other is asked at once.
func (w *wait) judge(r *report) bool {
	if r.means == unfit && r.music && w.kindless {
		w.refuted(r)
	}
	here, other := 0, 1
	if r.music {
		here, other = 1, 0
	}
	if r.means != noTask {
		if w.missing != nil {
			w.missing[here] = row{}
		}
		return r.means == theEnd || r.means == unfit
	}
	if w.missing == nil {
		w.missing = new([2]row)
	}
	w.missing[here].add(r.asked)
	if r.music != w.music { // somebody who knows better has joined meanwhile
		return false
	}
	if !w.kindless {
		return w.missing[here].certain()
	}
	if w.music = !r.music; w.music {
		w.fails-- // it is one failure together with the other's answer
		r.pause = 0
	}
	return w.missing[here].certain() && w.missing[other].certain()
}

// refuted takes in that the music endpoint refuses a task that it was only asked
// for because the other one knows no such task: that is still all that is known.
func (w *wait) refuted(r *report) {
	r.means = noTask
	if first, ok := w.lastErr.(*APIError); ok && first.Is(ErrNotFound) {
		r.err = first
	}
}

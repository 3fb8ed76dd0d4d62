package vidgo

import (
	"errors"
	"net/http"
	"time"
)

// meaning is what the error of a poll says of the task.
type meaning int

const (
	nothing meaning = iota // it is an outage
	noTask                 // there is no such task
	theEnd                 // no other answer will come
	unfit                  // nor will it from this endpoint, which may have been a guess
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

// A task counts as not found once that has been the answer for a while, because
// Vidgo may be slow to know a new one; and several times, because a gateway can
// be out of order for a moment, and a backlog may leave room for only two polls
// in that while.
const (
	notFoundPatience = 30 * time.Second
	notFoundTimes    = 5
)

// notFound is how often each endpoint has answered that there is no such task.
type notFound struct{ status, music streak }

func (n *notFound) at(music bool) *streak {
	if music {
		return &n.music
	}
	return &n.status
}

// streak is a number of answers in a row, and when the first and the last of
// them were asked for.
type streak struct {
	n           int
	first, last instant
}

func (s *streak) add(asked instant) {
	if s.n == 0 {
		s.first = asked
	}
	s.last = asked
	s.n++
}

// certain reports whether a streak of 404s is no accident.
func (s *streak) certain() bool {
	return s.n >= notFoundTimes && s.last-s.first >= instant(notFoundPatience)
}

// judge reports whether a poll's error ends the wait. If it is not known whether
// the task is one of music, only both endpoints together can say that there is
// none, so after the one the other is polled at once.
func (w *wait) judge(r *report) bool {
	if r.music && w.unsure {
		w.guessed(r)
	}
	if r.means != noTask {
		if w.notFound != nil {
			*w.notFound.at(r.music) = streak{}
		}
		return r.means != nothing
	}
	if w.notFound == nil {
		w.notFound = &notFound{}
	}
	here, other := w.notFound.at(r.music), w.notFound.at(!r.music)
	here.add(r.asked)
	switch {
	case r.music != w.music: // a watcher that knows better has joined meanwhile
		return false
	case !w.unsure:
		return here.certain()
	}
	w.music = !r.music
	if w.music {
		w.fails-- // it is one failure together with the other's answer
		r.pause = 0
	}
	return here.certain() && other.certain()
}

// guessed corrects a report of the music endpoint about a task for which it was
// only asked because the other one does not know it. If it does not know the task
// either, or refuses it, that is still all that is known, and it is the other one's
// error that callers expect. If it is out of order, the other one is polled again,
// which may know the task by now.
func (w *wait) guessed(r *report) {
	switch r.means {
	case nothing:
		w.music = false
		return
	case theEnd:
		return
	}
	r.means = noTask
	// Not errors.AsType, which calls methods of a transport's error: the tracker is locked.
	if first, ok := w.lastErr.(*APIError); ok && first.Is(ErrNotFound) {
		r.err = first
	}
}

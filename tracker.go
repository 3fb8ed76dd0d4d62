package vidgo

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// tracker knows who waits for which task. Everything that is learned of a task,
// from a poll, a callback, another process's wake-up or a look, goes through
// its one method report; the tracker does not know its callers.
type tracker struct {
	log   *slog.Logger
	start time.Time
	wake  chan struct{} // one slot; tells the scheduler that something changed

	mu    sync.Mutex       // guards all below; never held while blocking or calling out
	waits map[string]*wait // by task id: the tasks somebody waits for
	queue dueQueue         // the waits without a poll under way,
	hints dueQueue         // except those with a hint, which are here
	known memory
	trust callbackTrust
	paces paces // nil without WithAdaptivePolling
}

// instant is a time since the tracker's start by the monotonic clock, so that a
// step of the wall clock moves no poll. It has a third of the size of a
// time.Time: a million waits have a few each.
type instant time.Duration

func newTracker(log *slog.Logger, maxAge time.Duration) *tracker {
	return &tracker{
		log:   log,
		start: time.Now(),
		wake:  make(chan struct{}, 1),
		waits: map[string]*wait{},
		known: newMemory(maxAge),
	}
}

func (t *tracker) now() instant { return instant(time.Since(t.start)) }

// wait is one task that somebody waits for. There may be a million of them: the
// small fields are together and no larger than they must be, which saves a sixth.
type wait struct {
	id       string
	watchers []*watcher
	sole     [1]*watcher // where watchers begins: most waits have one
	rec      *record     // held, so that what ends the wait is labelled; nil if there was none
	last     []byte      // the newest state seen, as JSON: a Task takes twice as much; nil if there is none
	lastErr  error       // of the last poll, if it failed
	asOf     instant     // when last was true: a poll that was asked earlier knows less

	// For the scheduler.
	due      instant            // when to poll next
	asked    instant            // when the last poll began
	hinted   instant            // when the last poll began that somebody hinted at; 0 if none did
	in       *dueQueue          // nil while a poll is under way
	abandon  context.CancelFunc // nil unless one is
	notFound *notFound          // nil if no poll was answered so
	index    int32              // in its queue
	polls    int32              // begun
	fails    int32              // in a row, up to the last poll
	joins    int32              // how many watchers have joined later

	music    bool
	unsure   bool // whether it is a music task
	callback bool // one is expected
	again    bool // poll once more after the poll that is under way
	woken    bool // a callback or another process told of it
}

// origin is where a state was learned.
type origin int

const (
	fromPoll origin = iota
	fromLook        // a single look, or the answer to a submission
	fromCallback
)

// report is what somebody learned of a task: a state, the failure of a poll,
// or, with neither, that it is worth asking now.
type report struct {
	id    string
	task  *Task // not changed by the caller afterwards
	err   error
	from  origin
	asked instant // when the request for it was sent; for a callback, when it came

	// For polls.
	polled *wait         // the wait it was for, which may be over by now
	music  bool          // asked at the music endpoint
	means  meaning       // of err
	pause  time.Duration // before the next one
	joins  int32         // of the wait when the pause was computed
}

// report is the waist: all that is learned of a task goes through here. The
// first final state of a task stands; a different later one is logged and
// changes nothing. report returns the state that stands, or nil if there is
// none.
//
// A task that was reported is labelled and never changes again: the tracker and
// the watchers share it, and it is copied where it becomes a user's.
func (t *tracker) report(r report) *Task {
	t.mu.Lock()
	rec := t.known.byTask[r.id]
	conflict := rec != nil && rec.final != nil && r.task != nil &&
		r.task.Status.Done() && r.task.Status != rec.final.Status
	if rec != nil && rec.final != nil {
		r.task, r.err = rec.final, nil
	}
	w := t.waits[r.id]
	if r.from == fromCallback {
		r.asked = t.now()
	}
	silent := false
	switch {
	case r.task != nil:
		silent = t.learn(rec, w, r)
	case r.err != nil:
		t.fail(w, r)
	case w != nil:
		w.woken = true
		t.hint(w)
	}
	// A result does not move the polls of the other waits.
	moved := silent || len(t.waits) == 0 || t.waits[r.id] != nil
	t.mu.Unlock()
	if conflict {
		t.log.Warn("ignored a final state that contradicts an earlier one",
			slog.String("task", r.id), slog.String("stands", string(r.task.Status)))
	}
	if silent {
		t.log.Warn("callbacks are expected but do not come; polling as if there were none until one does")
	}
	if moved {
		t.nudge()
	}
	return r.task
}

// learn records a state. It reports whether it is now clear that callbacks do
// not come.
func (t *tracker) learn(rec *record, w *wait, r report) (silent bool) {
	final := r.task.Status.Done()
	if r.from == fromCallback || final && w != nil && w.woken {
		t.trust.heard()
	}
	if rec == nil && final && (w != nil || r.from == fromCallback) {
		rec = t.known.ofTask(r.id) // so that this state stands from now on
		rec.music = r.music
	}
	if rec != nil && rec.final == nil {
		rec.label(r.task)
		if final {
			t.clock(rec, w, r)
			t.known.finish(rec, r.task)
		}
	}
	if w == nil {
		return false
	}
	w.lastErr, w.fails, w.notFound = nil, 0, nil
	w.unsure = w.unsure && r.polled != w
	if final || r.asked >= w.asOf { // otherwise a later answer has overtaken this one
		w.last, w.asOf = r.task.Raw, r.asked
		t.tell(w, outcome{task: r.task, ends: final, asked: r.asked})
	}
	if !final && r.polled == w {
		t.requeue(w, r)
	}
	// A result of the first poll says nothing about callbacks: its callback may
	// have come before the wait began.
	return final && r.from == fromPoll && w.callback && !w.woken && w.polls > 1 && t.trust.missed()
}

// fail records that a poll brought no state.
func (t *tracker) fail(w *wait, r report) {
	if w == nil || w != r.polled {
		return // its wait is over
	}
	w.fails++
	ends := w.judge(&r)
	w.lastErr = r.err
	o := outcome{err: r.err, ends: ends, asked: r.asked}
	if ends {
		o.task = seen(w.id, w.last)
		t.known.label(o.task)
	}
	t.tell(w, o)
	if !ends {
		t.requeue(w, r)
	}
}

// seen returns a state that was seen of a task, without labels; if raw is nil, a
// task with nothing but its ID.
func seen(id string, raw []byte) *Task {
	task, _ := decodeTask(bytes.Clone(raw))
	task.ID = id
	return &task
}

// tell passes an outcome to the watchers that want it. The last outcome ends
// the wait.
func (t *tracker) tell(w *wait, o outcome) {
	for _, by := range w.watchers {
		if o.ends || by.wants == answers || by.wants == states && o.err == nil {
			by.push(o)
		}
	}
	if o.ends {
		t.drop(w)
	}
}

// drop ends a wait, and the poll that is under way for it.
func (t *tracker) drop(w *wait) {
	delete(t.waits, w.id)
	w.in.remove(w)
	if w.abandon != nil {
		w.abandon()
	}
	if w.rec != nil {
		t.known.release(w.rec)
	}
	w.watchers = nil
}

// shrink gives back what the waits of before have taken: a map never shrinks,
// nor does a slice.
func (t *tracker) shrink() {
	t.waits = map[string]*wait{}
	t.queue, t.hints = nil, nil
}

// nudge makes the scheduler look again.
func (t *tracker) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// lockedChunk is how many tasks are entered or left in one go, so that a call
// with a million of them does not hold up callbacks.
const lockedChunk = 1024

// enter makes by wait for the tasks; first are the pauses before a task's first
// poll, without and with a callback expected. If a task's final state is known
// already, by gets it at once.
func (t *tracker) enter(by *watcher, ids []string, music bool, first [2]time.Duration, anyCallback bool) {
	for chunk := range slices.Chunk(ids, lockedChunk) {
		t.mu.Lock()
		for _, id := range chunk {
			t.enterOne(by, id, music, first, anyCallback)
		}
		t.mu.Unlock()
	}
	t.nudge()
}

func (t *tracker) enterOne(by *watcher, id string, music bool, first [2]time.Duration, anyCallback bool) {
	rec := t.known.byTask[id]
	if rec != nil && rec.final != nil {
		by.push(outcome{task: rec.final, ends: true})
		return
	}
	if w := t.waits[id]; w != nil {
		t.join(w, by, music)
		return
	}
	hinted := by.wants == answers
	w := &wait{id: id, sole: [1]*watcher{by}, music: music, unsure: !music, callback: anyCallback,
		woken: hinted, again: hinted}
	w.watchers = w.sole[:]
	if rec != nil {
		rec.holds++
		w.rec, w.callback = rec, rec.callback
		if rec.model != "" {
			w.music, w.unsure = music || rec.music, false
		}
	}
	pause := first[0]
	if w.callback && !t.trust.silent {
		pause = first[1]
	}
	t.waits[id] = w
	t.requeue(w, report{pause: pause})
}

// join adds by to an existing wait.
func (t *tracker) join(w *wait, by *watcher, music bool) {
	w.watchers = append(w.watchers, by) // never in sole: there is one already
	w.sole[0] = nil                     // or it would be kept alive after it has left
	w.joins++
	if music {
		w.music, w.unsure = true, false
	}
	if by.wants == answers {
		w.woken = true
		t.hint(w)
		return
	}
	t.hurry(w)
}

// remainder is a task that a watcher has left before its end.
type remainder struct {
	id   string
	last []byte // as in a wait
	err  error  // of the last poll, if it failed
}

// leave removes by from the tasks it still waits for, and returns their newest
// states. Tasks that nobody waits for any more are polled no more.
func (t *tracker) leave(by *watcher, ids []string) []remainder {
	var left []remainder
	for chunk := range slices.Chunk(ids, lockedChunk) {
		t.mu.Lock()
		for _, id := range chunk {
			if w := t.waits[id]; w != nil && t.part(w, by) {
				left = append(left, remainder{id, w.last, w.lastErr})
			}
		}
		t.mu.Unlock()
	}
	t.nudge()
	return left
}

// part removes by from one task, and reports whether it still waited for it.
func (t *tracker) part(w *wait, by *watcher) bool {
	i := slices.Index(w.watchers, by)
	if i < 0 {
		return false
	}
	w.watchers = slices.Delete(w.watchers, i, i+1)
	if len(w.watchers) == 0 {
		t.drop(w)
	}
	return true
}

// task returns a remainder's state with the labels that are known.
func (t *tracker) task(r remainder) *Task {
	task := seen(r.id, r.last)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known.label(task)
	return task
}

// forEach calls do for every wait, in chunks, so that it does not hold up
// callbacks.
func (t *tracker) forEach(do func(*wait)) {
	t.mu.Lock()
	all := slices.Collect(maps.Values(t.waits))
	t.mu.Unlock()
	for chunk := range slices.Chunk(all, lockedChunk) {
		t.mu.Lock()
		for _, w := range chunk {
			if t.waits[w.id] == w {
				do(w)
			}
		}
		t.mu.Unlock()
	}
	t.nudge()
}

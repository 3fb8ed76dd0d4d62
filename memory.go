package vidgo

import (
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// What a client remembers of tasks that nobody waits for at the moment: which
// submission a task belongs to, and final states that came early. All of it
// is bounded; what is forgotten costs a status request, never a result.
const (
	maxRecords    = 1 << 17  // of about 300 bytes each
	maxFinalBytes = 64 << 20 // of final states kept with their files, some 60,000 of the usual size
	minMemory     = 24 * time.Hour
)

type recordState int

const (
	sending  recordState = iota // the submission is not answered yet
	answered                    // the task's id is known
	lost                        // the answer got lost: there may be a task
	refused                     // there is no task
)

// record is what the client knows of one task beside its state.
type record struct {
	submission uuid.UUID // the zero UUID if the task was not submitted here
	id         string    // the task's; empty until it is known
	model      string
	reference  string
	music      bool
	callback   bool // one is expected
	state      recordState
	made       time.Time
	began      instant // when the submission was answered; 0 if it was not answered here

	kept     *Task         // a final state that came by callback before the submission was answered
	final    *Task         // the first final state; shared, so it never changes
	handling *handling     // the run of the user's function
	settled  chan struct{} // closed when state leaves sending and lost; nil until somebody needs it
	holds    int           // submissions and waits under way that need it: it is not forgotten before they are over
	late     bool          // it is held beyond its time
}

// handling is the one run of the user's function for a task. ok may be read
// once done is closed.
type handling struct {
	done chan struct{}
	ok   bool
}

// memory is guarded by the tracker's mutex.
type memory struct {
	bySubmission map[uuid.UUID]*record
	byTask       map[string]*record
	order        []*record // oldest first
	finals       []*record // with their final state, oldest first
	finalBytes   int       // the size of those

	maxRecords, maxFinalBytes int
	maxAge                    time.Duration
}

// newMemory returns a memory that lasts as long as a callback may come, and at
// least as long as Vidgo keeps the files.
func newMemory(callbackAge time.Duration) memory {
	return memory{bySubmission: map[uuid.UUID]*record{}, byTask: map[string]*record{},
		maxRecords: maxRecords, maxFinalBytes: maxFinalBytes, maxAge: max(callbackAge, minMemory)}
}

// add remembers r under the ids it has, and forgets what is too old or too
// much.
func (m *memory) add(r *record) {
	if r.submission != uuid.Nil {
		m.bySubmission[r.submission] = r
	}
	if r.id != "" {
		m.byTask[r.id] = r
	}
	m.begin(r)
}

// begin begins the time for which r is remembered, which ends that of others.
func (m *memory) begin(r *record) {
	r.made = time.Now()
	m.order = append(m.order, r)
	for len(m.order) > m.maxRecords || len(m.order) > 1 && time.Since(m.order[0].made) > m.maxAge {
		m.forget(m.order[0])
		m.order[0] = nil
		m.order = m.order[1:]
	}
}

func (m *memory) forget(r *record) {
	if r.late = r.holds > 0; r.late {
		return
	}
	if m.bySubmission[r.submission] == r {
		delete(m.bySubmission, r.submission)
	}
	if m.byTask[r.id] == r {
		delete(m.byTask, r.id)
	}
}

// release ends one hold of r.
func (m *memory) release(r *record) {
	if r.holds--; r.holds == 0 && r.late {
		r.late = false
		m.begin(r)
	}
}

// ofTask returns the record of a task, which it makes if necessary.
func (m *memory) ofTask(id string) *record {
	r := m.byTask[id]
	if r == nil {
		r = &record{id: id, state: answered}
		m.add(r)
	}
	return r
}

// bind joins a submission to the task it became.
func (m *memory) bind(r *record, id string) {
	early := m.byTask[id]
	r.id = id
	m.byTask[id] = r
	if early != nil && early != r {
		// A callback without a token was here before the answer.
		r.handling = early.handling
		if early.final != nil && r.final == nil {
			final := early.final.clone()
			r.label(final)
			m.finish(r, final)
		}
	}
	r.settle(answered)
}

// settle records what became of a submission, and ends the waiting for it
// unless it is lost.
func (r *record) settle(s recordState) {
	already := r.state == answered || r.state == refused
	r.state = s
	if r.settled != nil && s != lost && !already {
		close(r.settled)
	}
}

// finish keeps the first final state of a task.
func (m *memory) finish(r *record, task *Task) {
	r.final = task
	m.finals = append(m.finals, r)
	m.finalBytes += size(task)
	for m.finalBytes > m.maxFinalBytes && len(m.finals) > 1 {
		oldest := m.finals[0]
		m.finalBytes -= size(oldest.final)
		oldest.final = nil
		m.finals[0] = nil
		m.finals = m.finals[1:]
	}
}

// size is about how much memory a task takes: its JSON, the same again in its
// fields, and the fields themselves.
func size(t *Task) int { return 2*len(t.Raw) + 256 + 160*len(t.Files) }

// label adds to a task what its answer does not say.
func (r *record) label(t *Task) {
	if t.Model == "" {
		t.Model = r.model
	}
	t.Reference = r.reference
	if r.submission != uuid.Nil {
		t.SubmissionID = r.submission.String()
	}
}

// label adds to a task what is known of it.
func (m *memory) label(t *Task) {
	if r := m.byTask[t.ID]; r != nil {
		r.label(t)
	}
}

// expect remembers a submission before it is sent, because its callback may
// overtake its answer. The record is held until it is answered, refused or lost.
func (t *tracker) expect(r *record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.holds++
	t.known.add(r)
}

// answered records which task a submission became. A callback that was kept for
// it is reported now.
func (t *tracker) answered(r *record, task *Task) {
	t.mu.Lock()
	kept := r.kept
	r.kept = nil
	r.began = max(t.now(), 1)
	t.known.bind(r, task.ID)
	t.known.release(r)
	t.mu.Unlock()
	// The answer to a submission may not carry results or reasons: a final state
	// without them is polled once more.
	if task.Status == Failed && task.ErrorMessage != "" || task.Status == Finished && len(task.Files) > 0 {
		t.report(report{id: task.ID, task: task.clone(), from: fromLook})
	}
	switch {
	case kept == nil:
	case kept.ID == task.ID:
		t.report(report{id: kept.ID, task: kept, from: fromCallback})
	default:
		t.log.Warn("callback dropped: its token belongs to the submission of another task",
			slog.String("task", kept.ID), slog.String("submitted", task.ID))
	}
}

// refused records that a submission became no task.
func (t *tracker) refused(r *record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.settle(refused)
	t.known.release(r)
}

// lost records that it is unknown what became of a submission. If its callback
// has come already, the task is known after all, and lost returns it.
func (t *tracker) lost(r *record) *Task {
	t.mu.Lock()
	kept := r.kept
	r.kept = nil
	if kept == nil {
		r.settle(lost)
	} else {
		t.known.bind(r, kept.ID)
	}
	t.known.release(r)
	t.mu.Unlock()
	if kept == nil {
		return nil
	}
	return t.report(report{id: kept.ID, task: kept, from: fromCallback})
}

// verdict is what the tracker thinks of a callback with a valid token.
type verdict int

const (
	tokenFits  verdict = iota // the task is the token's
	tokenEarly                // the submission is not answered yet
	tokenWrong                // the token was made for another task
)

// claim judges whether a valid token belongs to the task it came with. A token
// of a submission that is not known here is bound to the first task it comes
// with. A final state that comes before its submission was answered is kept
// until it is, but only the task's id unless the body is believed. The caller
// must not change the task afterwards.
func (t *tracker) claim(token token, task *Task, believed bool) (verdict, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.known.bySubmission[token.submission]
	if owner := t.known.byTask[task.ID]; owner != nil && owner != r && owner.submission != uuid.Nil {
		return tokenWrong, nil
	}
	if r == nil {
		r = &record{submission: token.submission, reference: token.reference, state: lost, callback: true}
		t.known.add(r)
	}
	switch r.state {
	case sending:
		if task.Status.Done() && r.kept == nil {
			r.kept = &Task{ID: task.ID, Status: NotStarted}
			if believed {
				r.kept = task.clone()
			}
		}
		return tokenEarly, r.settlement()
	case lost:
		r.reference = token.reference
		early := t.known.byTask[task.ID]
		if believed && task.Status.Done() && (early == nil || early.final == nil) {
			// Before bind wakes those who wait for the submission, so that they
			// need not poll.
			r.label(task)
			t.known.finish(r, task)
		}
		t.known.bind(r, task.ID)
	}
	if r.id != task.ID {
		return tokenWrong, nil
	}
	return tokenFits, nil
}

// settlement returns a channel that is closed once it is known which task the
// submission became, or that it became none.
func (r *record) settlement() <-chan struct{} {
	if r.settled == nil {
		r.settled = make(chan struct{})
		if r.state == answered || r.state == refused {
			close(r.settled)
		}
	}
	return r.settled
}

// submission looks up a submission, and holds it. One that is not known here is
// remembered as lost, so that its callback ends the wait for it.
func (t *tracker) submission(id uuid.UUID) (*record, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.known.bySubmission[id]
	if r == nil {
		r = &record{submission: id, state: lost, callback: true}
		t.known.add(r)
	}
	r.holds++
	return r, r.settlement()
}

// release ends the hold of a submission that was looked up.
func (t *tracker) release(r *record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known.release(r)
}

// taskOf returns the id of the task a submission became; empty if it became
// none.
func (t *tracker) taskOf(r *record) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return r.id
}

// unheard reports whether it is unknown what a submission became, after its
// answer was lost.
func (t *tracker) unheard(r *record) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return r.state == lost
}

// startHandling returns the run of the user's function for a task. It is mine
// if the caller has to run it, and no other's.
func (t *tracker) startHandling(id string) (h *handling, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.known.ofTask(id)
	if r.handling != nil {
		return r.handling, false
	}
	r.handling = &handling{done: make(chan struct{})}
	return r.handling, true
}

// endHandling records how the user's function ended. After a failure the next
// delivery runs it again.
func (t *tracker) endHandling(id string, h *handling, ok bool) {
	t.mu.Lock()
	h.ok = ok
	if !ok {
		if r := t.known.byTask[id]; r != nil && r.handling == h {
			r.handling = nil
		}
	}
	t.mu.Unlock()
	close(h.done)
}

// waitedFor reports whether somebody here waits for the task, or its final
// state is known.
func (t *tracker) waitedFor(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.known.byTask[id]
	return t.waits[id] != nil || r != nil && r.final != nil
}

// isMusic reports whether the task was submitted here for a music model.
func (t *tracker) isMusic(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.known.byTask[id]
	return r != nil && r.music
}

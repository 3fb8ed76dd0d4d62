package vidgo

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Submissions, answers, callbacks, polls and waits reach the tracker in any order, so
// it is tested with random orders of them, often with so little memory that it
// forgets all the time. The test is inside the package, because it checks the
// tracker's own rules.

func FuzzTracker(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		events := make([]byte, 300)
		for i := range events {
			events[i] = byte(random.Uint32())
		}
		f.Add(events)
	}
	f.Fuzz(func(t *testing.T, events []byte) {
		w := newWorld(t, events)
		for len(w.events) > 0 {
			w.happens()
			w.requireBounds()
			w.requireQueues()
		}
		w.end()
	})
}

// world is what happens around a tracker, and what is known to be true.
type world struct {
	t       *testing.T
	events  []byte // each decides what happens next
	tracker *tracker
	poller  *poller
	unborn  []string // tasks that no submission has made yet
	subs    []*submitted
	watches []*watched
	polls   []*job          // under way
	holds   []*record       // held by calls of WaitSubmission
	roomy   bool            // memory is so large that nothing is forgotten
	ended   map[string]bool // the tasks whose end the tracker was told
	handled map[string]bool // the tasks whose end the user's function took
}

type submitted struct {
	rec   *record
	token token
	state recordState
	id    string // of the task that it made, which the tracker may not know yet
}

// watched is a call that waits.
type watched struct {
	by   *watcher
	ids  []string
	ends map[string]bool // the tasks that it was told the end of
}

var worldTasks = map[string]Status{"a": Finished, "b": Failed, "c": Finished, "d": Failed, "e": Finished}

func newWorld(t *testing.T, events []byte) *world {
	tr := newTracker(slog.New(slog.DiscardHandler), time.Hour)
	w := &world{t: t, events: events, tracker: tr, poller: &poller{tracker: tr}, unborn: []string{"a", "b", "c", "d", "e"},
		ended: map[string]bool{}, handled: map[string]bool{}}
	tr.paces = paces{}
	if w.roomy = w.pick(2) == 0; !w.roomy {
		tr.known.maxRecords, tr.known.maxFinalBytes = 1+w.pick(4), 1+8*w.pick(256)
	}
	return w
}

// pick returns the next event as a number below n, or 0 if there is none.
func (w *world) pick(n int) int {
	if len(w.events) == 0 {
		return 0
	}
	event := int(w.events[0])
	w.events = w.events[1:]
	return event % n
}

func (w *world) happens() {
	all := []func(){w.submit, w.answer, w.answer, w.deliver, w.deliver, w.deliver, w.forge, w.enter, w.leave,
		w.beginPoll, w.beginPoll, w.endPoll, w.endPoll, w.look, w.contradict, w.wakeUp, w.hold, w.release, w.sleep}
	all[w.pick(len(all))]()
}

// one picks one of all, or returns nil if there is none.
func one[E any](w *world, all []*E) *E {
	if len(all) == 0 {
		return nil
	}
	return all[w.pick(len(all))]
}

func (w *world) anyTask() string { return string(rune('a' + w.pick(len(worldTasks)))) }

// state returns what Vidgo says about a task.
func (w *world) state(id string, final bool) *Task {
	task := &Task{ID: id, Status: Running, Raw: []byte(`{"task_id":"` + id + `"}`)}
	if final {
		task.Status, task.Files, task.ErrorMessage = worldTasks[id], make([]File, 1), "too dark"
	}
	return task
}

// ends notes that the tracker was told the end of a task, if it is one.
func (w *world) ends(task *Task) {
	w.ended[task.ID] = w.ended[task.ID] || task.Status.Done()
}

func (w *world) submit() {
	rec := &record{submission: newSubmissionID(time.Now()), model: "m", callback: true, music: w.pick(2) == 0}
	w.tracker.expect(rec)
	w.subs = append(w.subs, &submitted{rec: rec, token: token{submission: rec.submission}})
}

// becomes lets a submission make a task, unless it has made one or none is left. It
// reports whether there is one.
func (w *world) becomes(s *submitted) bool {
	if s.id == "" && s.state != refused && len(w.unborn) > 0 {
		s.id, w.unborn = w.unborn[0], w.unborn[1:]
	}
	return s.id != ""
}

func (w *world) answer() {
	s := one(w, w.subs)
	if s == nil || s.state != sending {
		return
	}
	switch how := w.pick(4); {
	case how < 2 && w.becomes(s):
		s.state = answered
		task := w.state(s.id, w.pick(3) == 0)
		w.tracker.answered(s.rec, task)
		w.ends(task)
	case how == 2 && s.id == "":
		s.state = refused
		w.tracker.refused(s.rec)
	default:
		s.state = lost
		if task := w.tracker.lost(s.rec); task != nil {
			require.Equal(w.t, s.id, task.ID)
		}
	}
}

// deliver is a callback with the token of its task, or one without a token that was
// confirmed.
func (w *world) deliver() {
	s := one(w, w.subs)
	if s == nil || !w.becomes(s) {
		return
	}
	task := w.state(s.id, w.pick(4) > 0)
	if w.pick(4) > 0 {
		believed := w.pick(2) == 0
		verdict, _ := w.tracker.claim(s.token, task, believed)
		require.NotEqual(w.t, tokenWrong, verdict, "its token is valid and of its own task")
		require.True(w.t, verdict == tokenFits || s.state == sending, "a callback is only early before its submission is answered")
		if verdict != tokenFits {
			return
		}
		if !believed {
			w.tracker.report(report{id: s.id})
			return
		}
	}
	w.tracker.report(report{id: s.id, task: task, from: fromCallback})
	w.ends(task)
	if h, mine := w.tracker.startHandling(s.id); mine {
		ok := w.pick(2) == 0
		require.False(w.t, w.roomy && w.handled[s.id], "task %s is handled twice", s.id)
		w.handled[s.id] = ok
		w.tracker.endHandling(s.id, h, ok)
	}
}

// forge is a callback with the token of another task, if the tracker knows which
// task the token belongs to, or which submission the task.
func (w *world) forge() {
	s, victim := one(w, w.subs), one(w, w.subs)
	if s == victim || victim.id == "" {
		return
	}
	known := &w.tracker.known
	rec, owner := known.bySubmission[s.token.submission], known.byTask[victim.id]
	if (rec == nil || rec.state != answered) && (owner == nil || owner.submission == uuid.Nil) {
		return
	}
	verdict, _ := w.tracker.claim(s.token, w.state(victim.id, true), true)
	require.Equal(w.t, tokenWrong, verdict)
}

func (w *world) enter() {
	by := newWatcher(wants(w.pick(3)), nil)
	ids := []string{w.anyTask()}
	if by.wants == finals {
		ids, _ = distinct([]string{ids[0], w.anyTask(), w.anyTask()})
	}
	w.tracker.enter(by, ids, w.pick(4) == 0, [2]time.Duration{0, time.Second}, w.pick(2) == 0)
	w.watches = append(w.watches, &watched{by: by, ids: ids, ends: map[string]bool{}})
	for _, id := range ids {
		require.False(w.t, w.roomy && w.ended[id] && w.tracker.waits[id] != nil, "%s is waited for although its end is known", id)
	}
}

// leave ends a call that waits. It must have been told each end once, and as it is
// true.
func (w *world) leave() {
	call := one(w, w.watches)
	if call == nil {
		return
	}
	w.watches = slices.DeleteFunc(w.watches, func(other *watched) bool { return other == call })
	rest := w.tracker.leave(call.by, call.ids)
	for o, ok := w.tracker.take(call.by); ok; o, ok = w.tracker.take(call.by) {
		if !o.ends {
			continue
		}
		require.False(w.t, call.ends[o.task.ID], "the end of %s is told twice", o.task.ID)
		call.ends[o.task.ID] = true
		if o.err == nil {
			require.Equal(w.t, worldTasks[o.task.ID], o.task.Status)
		}
	}
	for _, r := range rest {
		require.False(w.t, call.ends[r.id], "%s has ended and is left", r.id)
		call.ends[r.id] = true
	}
	require.Len(w.t, call.ends, len(call.ids), "each task has ended or is left")
}

func (w *world) beginPoll() {
	w.tracker.mu.Lock()
	defer w.tracker.mu.Unlock()
	now := w.tracker.now()
	if queue := w.poller.pick(now); queue != nil {
		w.polls = append(w.polls, w.poller.begin(queue, now))
	}
}

func (w *world) endPoll() {
	j := one(w, w.polls)
	if j == nil {
		return
	}
	defer j.cancel()
	w.polls = slices.DeleteFunc(w.polls, func(other *job) bool { return other == j })
	r := report{id: j.id, from: fromPoll, polled: j.wait, asked: j.began, music: j.music, pause: time.Second}
	switch w.pick(5) {
	case 0:
		r.err = &APIError{StatusCode: 500}
	case 1:
		r.err, r.means = &APIError{StatusCode: 404}, noTask
	case 2:
		r.err, r.means = &APIError{StatusCode: 400}, unfit
	case 3:
		r.task = w.state(j.id, false)
	case 4:
		r.task = w.state(j.id, true)
	}
	require.Equal(w.t, w.tracker.waits[j.id] != j.wait, j.ctx.Err() != nil, "a poll is abandoned with its wait")
	if j.ctx.Err() != nil && r.err != nil && w.pick(2) == 0 {
		return // the poller does not report such an error if it sees in time that it was abandoned
	}
	w.tracker.report(r)
}

func (w *world) look() {
	id := w.anyTask()
	w.tracker.report(report{id: id, task: w.state(id, w.pick(2) == 0), from: fromLook, asked: w.tracker.now()})
}

// contradict is an answer with another end than the known one, which must stand.
func (w *world) contradict() {
	id := w.anyTask()
	if !w.roomy || !w.ended[id] {
		return
	}
	lie := &Task{ID: id, Status: Finished}
	if worldTasks[id] == Finished {
		lie.Status = Failed
	}
	standing := w.tracker.report(report{id: id, task: lie, from: origin(w.pick(3)), asked: w.tracker.now()})
	require.Equal(w.t, worldTasks[id], standing.Status)
}

func (w *world) wakeUp() {
	if w.pick(2) == 0 {
		w.tracker.lookAgain()
	} else {
		w.tracker.report(report{id: w.anyTask()})
	}
}

// hold begins a WaitSubmission, for a submission that this process may know.
func (w *world) hold() {
	id := uuid.New()
	if s := one(w, w.subs); s != nil && s.state != sending {
		id = s.token.submission
	}
	rec, _ := w.tracker.submission(id)
	w.holds = append(w.holds, rec)
}

func (w *world) release() {
	if rec := one(w, w.holds); rec != nil {
		i := slices.Index(w.holds, rec)
		w.holds = slices.Delete(w.holds, i, i+1)
		w.tracker.release(rec)
	}
}

// sleep lets time pass, which the tracker counts from its start.
func (w *world) sleep() {
	w.tracker.start = w.tracker.start.Add(-time.Duration(w.pick(60)) * time.Second)
}

// end ends all calls, after which nothing of them may be left or held.
func (w *world) end() {
	for len(w.watches) > 0 {
		w.leave()
	}
	for len(w.holds) > 0 {
		w.release()
	}
	for _, s := range w.subs {
		if s.state == sending {
			w.tracker.lost(s.rec)
		}
	}
	require.Empty(w.t, w.tracker.waits)
	require.Empty(w.t, w.tracker.queue)
	require.Empty(w.t, w.tracker.hints)
	w.requireBounds()
	for _, r := range w.tracker.known.order {
		require.Zero(w.t, r.holds)
	}
	require.LessOrEqual(w.t, len(w.tracker.known.bySubmission), len(w.tracker.known.order))
	require.LessOrEqual(w.t, len(w.tracker.known.byTask), len(w.tracker.known.order))
	for id, ended := range w.ended {
		require.True(w.t, !w.roomy || !ended || w.tracker.known.byTask[id].final != nil, "the end of %s is forgotten", id)
	}
}

// requireBounds checks that no more is remembered than may be, and nothing twice.
func (w *world) requireBounds() {
	known := &w.tracker.known
	require.LessOrEqual(w.t, len(known.order), known.maxRecords)
	records := map[*record]bool{}
	for _, r := range known.order {
		require.False(w.t, records[r], "a record is in the order twice")
		records[r] = true
	}
	for id, r := range known.bySubmission {
		require.Equal(w.t, id, r.submission)
		require.True(w.t, records[r] || r.holds > 0, "a record outside the order would be kept for ever")
	}
	for id, r := range known.byTask {
		require.Equal(w.t, id, r.id)
		require.True(w.t, records[r] || r.holds > 0, "a record outside the order would be kept for ever")
		records[r] = true
	}
	bytes := 0
	for _, r := range known.finals {
		bytes += size(r.final)
		delete(records, r)
	}
	require.Equal(w.t, bytes, known.finalBytes)
	for r := range records {
		require.Nil(w.t, r.final, "a final state is not in the list of those that are counted")
	}
}

// requireQueues checks that every wait is in one queue, or that a poll is under way
// for it.
func (w *world) requireQueues() {
	polled := 0
	for _, queue := range []*dueQueue{&w.tracker.queue, &w.tracker.hints} {
		for i, wait := range *queue {
			require.True(w.t, wait.in == queue && int(wait.index) == i && w.tracker.waits[wait.id] == wait)
			require.LessOrEqual(w.t, (*queue)[max(0, i-1)/2].due, wait.due)
			polled++
		}
	}
	for _, wait := range w.tracker.waits {
		require.NotEmpty(w.t, wait.watchers)
		require.True(w.t, wait.sole[0] == nil || slices.Contains(wait.watchers, wait.sole[0]), "who has left is kept alive")
		if wait.in == nil {
			require.True(w.t, slices.ContainsFunc(w.polls, func(j *job) bool { return j.wait == wait }))
			polled++
		}
	}
	require.Len(w.t, w.tracker.waits, polled)
}

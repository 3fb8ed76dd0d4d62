package vidgo

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// What a client learns about how long models take, to poll when a result is
// likely ([WithAdaptivePolling]). It is used for tasks for which no callback is
// expected, unless the wait has a schedule of its own.
//
// For a known distribution of durations, the best density of polls is
// proportional to the square root of the hazard, the chance that a task which
// still runs ends now (Barlow, Hunter and Proschan 1963; Keller 1974). For
// tasks with a shortest duration and a long tail, the hazard is almost zero at
// first, then rises quickly, then is nearly flat. So silence until the fastest
// are done, and even pauses from then on, need hardly more requests than the
// best schedule, and are easy to predict.
const (
	maxPaces   = 256 // models; Vidgo has about as many
	paceWindow = 64  // newest durations of a model that are kept
	paceEnough = 5   // durations of a model before they count
	paceFast   = 32  // one in so many is faster than pace.fast: the fastest of all may be an accident

	paceQuick  = 15 * time.Second // for quicker models the small pauses of Backoff do
	paceEarly  = 5 * time.Second  // of the second poll: most failures come early
	paceSilent = 30 * time.Second // the longest pause: some fail late, and a model may have become faster
	paceShare  = 20               // the even pause is this fraction of the time from the fast to the usual task,
	paceShort  = 4 * time.Second  // but at least this,
	paceLong   = 15 * time.Second // and at most this
)

// pace is how long the newest tasks of a model took.
type pace struct {
	took   [paceWindow]time.Duration // a ring
	seen   int                       // durations in all, also those not in took any more
	newest instant                   // when the last of them came

	// Computed only when needed: a client that gets callbacks never needs them.
	computed    int           // seen, at the time
	fast, usual time.Duration // few tasks are faster than fast; half are faster than usual
}

func (p *pace) add(took time.Duration, now instant) {
	p.took[p.seen%paceWindow] = took
	p.seen++
	p.newest = now
}

func (p *pace) compute() {
	if p.computed == p.seen {
		return
	}
	p.computed = p.seen
	sorted, n := p.took, min(p.seen, paceWindow)
	slices.Sort(sorted[:n])
	p.fast, p.usual = sorted[n/paceFast], sorted[n/2]
}

// pause returns the pause before the next poll of a task that has been running
// for runs. was and is are its progress before the last poll and after. The
// pause is 0 for models so quick that there is nothing to gain.
func (p *pace) pause(runs time.Duration, was, is float64) time.Duration {
	p.compute()
	switch {
	case p.usual < paceQuick:
		return 0
	case runs < paceEarly/2:
		return paceEarly
	}
	// Longer for a task that is late: there is no telling by how much.
	even := max(p.usual-p.fast, (runs-p.usual)/2) / paceShare
	even = min(max(even, paceShort), paceLong)
	silence, longest := p.fast-runs+even, paceLong
	if runs < p.fast {
		longest = paceSilent
	}
	if was < is && is >= 1 && is < 100 {
		// With many models progress does not move. If it does, pause for half
		// of what seems to be left, because it need not move evenly.
		silence = time.Duration(float64(runs) * (100 - is) / is / 2)
	}
	return min(max(silence, even), longest)
}

// paces are guarded by the tracker's mutex.
type paces map[string]*pace

// of returns the pace of a model; nil if too little is known of it.
func (all paces) of(model string) *pace {
	if p := all[model]; p != nil && p.seen >= paceEnough {
		return p
	}
	return nil
}

// observe records how long a task of a model took. If there is one model too
// many, it forgets the one that was observed least recently.
func (all paces) observe(model string, took time.Duration, now instant) {
	p := all[model]
	if p == nil {
		if len(all) >= maxPaces {
			delete(all, all.stalest())
		}
		p = &pace{}
		all[model] = p
	}
	p.add(took, now)
}

func (all paces) stalest() string {
	return slices.MinFunc(slices.Collect(maps.Keys(all)), func(a, b string) int {
		return cmp.Or(cmp.Compare(all[a].newest, all[b].newest), cmp.Compare(a, b))
	})
}

// clock records how long a task took that r says is finished. Failed tasks do
// not count: most fail early, which says nothing about the rest. Nor do tasks
// submitted elsewhere: nobody here saw them begin, and Vidgo's clock is not
// ours.
//
// Unless a callback came, the end is only known to be between two polls. If
// they are far apart, for example because the wait began long after the end, it
// counts as unknown.
func (t *tracker) clock(rec *record, w *wait, r report) {
	if t.paces == nil || rec.began == 0 || r.task.Status != Finished {
		return
	}
	after, before := rec.began, r.asked
	switch {
	case r.from == fromCallback:
		after = before
	case w != nil:
		after = max(after, w.asOf)
	}
	took, gap := time.Duration(before-rec.began), time.Duration(before-after)
	if gap >= 0 && gap <= max(paceSilent*5/4, took/2) { // the longest pause with its jitter; a backlog's pauses
		t.paces.observe(rec.model, took-gap/2, t.now())
	}
}

// pauseFor returns the pause before the next poll of w by the pace of its
// model, before jitter; 0 if there is none. now is the state that the last poll
// brought, or the one before it if that failed.
func (t *tracker) pauseFor(w *wait, now *Task) time.Duration {
	rec := t.known.byTask[w.id]
	if rec == nil || rec.began == 0 || now == nil {
		return 0
	}
	p := t.paces.of(rec.model)
	if p == nil {
		return 0
	}
	was := now.Progress
	if w.last != nil {
		was = seen(w.id, w.last).Progress
	}
	return p.pause(time.Duration(t.now()-rec.began), was, now.Progress)
}

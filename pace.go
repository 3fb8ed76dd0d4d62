package vidgo

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// What a client learns of how long models take, so as to ask when an answer
// is likely ([WithAdaptivePolling]). It counts for tasks that no callback is
// expected for, unless the wait has a schedule of its own.
//
// For durations that are known the best density of polls goes with the root of
// the hazard, the chance that a task which still runs ends now (Barlow, Hunter
// and Proschan 1963; Keller 1974). Of tasks that have a shortest time and a long
// tail the hazard is next to nothing, then rises quickly, then is nearly flat.
// So silence until the fastest are done and an even pause from then on need
// hardly more requests than the best schedule, and can be foretold by anyone.
const (
	maxPaces   = 256 // models; Vidgo has about as many
	paceWindow = 64  // durations of a model that are kept, the newest
	paceEnough = 5   // durations before they count
	paceFast   = 32  // the silence is for all but one in so many: the fastest of all might be an accident

	paceQuick  = 15 * time.Second // Backoff has small pauses for as long
	paceEarly  = 5 * time.Second  // the second look, because what fails mostly fails early
	paceSilent = 30 * time.Second // the longest pause: some fail late, and a model may have become faster
	paceShort  = 4 * time.Second  // the even pause is a share of the time between the
	paceLong   = 15 * time.Second // fast and the usual task, but not less or more than these
	paceShare  = 20
)

// pace is how long the newest tasks of a model took.
type pace struct {
	took   [paceWindow]time.Duration // a ring
	seen   int                       // durations, of all times
	newest instant                   // when the last of them came

	// Reckoned when they are asked for, and of the first so many durations: who
	// gets callbacks never asks.
	reckoned    int
	fast, usual time.Duration // hardly any takes less; half of them do
}

func (p *pace) add(took time.Duration, now instant) {
	p.took[p.seen%paceWindow] = took
	p.seen++
	p.newest = now
}

func (p *pace) reckon() {
	if p.reckoned == p.seen {
		return
	}
	p.reckoned = p.seen
	sorted, n := p.took, min(p.seen, paceWindow)
	slices.Sort(sorted[:n])
	p.fast, p.usual = sorted[n/paceFast], sorted[n/2]
}

// pause is the pause before the next poll of a task that has run for so long;
// was and is are its progress, before and at the last poll. It is 0 for models so
// quick that there is nothing to gain.
func (p *pace) pause(runs time.Duration, was, is float64) time.Duration {
	p.reckon()
	switch {
	case p.usual < paceQuick:
		return 0
	case runs < paceEarly/2:
		return paceEarly
	}
	// Rarer for a task that is late: it may be so by any factor.
	even := max(p.usual-p.fast, (runs-p.usual)/2) / paceShare
	even = min(max(even, paceShort), paceLong)
	silence, longest := p.fast-runs+even, paceLong
	if runs < p.fast {
		longest = paceSilent
	}
	if was < is && is >= 1 && is < 100 {
		// It moves; at many models it does not. Half of what seems to be left,
		// because it need not move evenly.
		silence = time.Duration(float64(runs) * (100 - is) / is / 2)
	}
	return min(max(silence, even), longest)
}

// paces are guarded by the tracker's mutex.
type paces map[string]*pace

// of is the pace of a model; nil if too little is known of it.
func (all paces) of(model string) *pace {
	if p := all[model]; p != nil && p.seen >= paceEnough {
		return p
	}
	return nil
}

// observe takes in how long a task of a model took. If that is one model too
// many, the one is forgotten that was heard of least lately.
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

// clock takes in how long a task took that r says is finished. A failure is no
// duration: most come early, and say nothing of the rest. Nor is a task that was
// submitted elsewhere: nobody here saw it begin, and Vidgo's clock is not ours.
//
// Unless a callback told, the end is only known to lie between two looks. If
// they lie far apart, because the wait began long after the end, say, it is not
// known at all.
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

// pauseFor is the pause before the next poll of w by the pace of its model, to
// be spread with jitter; 0 if there is none. now is the state that the last
// poll brought, or the one before it if that failed.
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
		was = w.last.Progress
	}
	return p.pause(time.Duration(t.now()-rec.began), was, now.Progress)
}

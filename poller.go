package vidgo

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// Schedule returns how long to pause before poll n of a task, where n is 0 for
// the first. last is the newest state seen, or nil if there is none. The pause
// before poll 0 may be 0, later ones must be positive; those of more than 30 days
// are 30 days. An option that is given a Schedule tries it for n = 0 and n = 1.
//
// A Schedule must be safe for concurrent use, must neither keep nor change
// last, and should be a pure function. Its pauses are what the client aims at:
// its poll rate and a pause that Vidgo asks for lengthen them, callbacks and
// deadlines shorten them. It runs in a goroutine of the client, where a panic
// ends the program.
type Schedule func(n int, last *Task) time.Duration

// Backoff returns a Schedule that polls at once, then after first, then after
// pauses that grow by half up to max, all with 20 % jitter, so that tasks
// submitted together are not polled together.
func Backoff(first, max time.Duration) Schedule {
	first, max = min(first, maxDuration), min(max, maxDuration) // more would overflow
	return func(n int, _ *Task) time.Duration {
		if n == 0 {
			return 0
		}
		d := first
		for range n - 1 {
			if d >= max {
				break
			}
			d += d / 2
		}
		return jitter(min(d, max))
	}
}

// pause is what s says, kept within bounds: what was tried out may say something
// else the next time.
func (s Schedule) pause(n int, last *Task, least time.Duration) time.Duration {
	return min(max(s(n, last), least), maxDuration)
}

// scheduleFault tries s out, so that one that would poll without a pause is
// found here and not on the way. It returns what is wrong with s, if anything.
func scheduleFault(s Schedule) string {
	if s == nil {
		return "is nil"
	}
	if d := s(0, nil); d < 0 {
		return fmt.Sprintf("pauses %s before the first poll; want 0 or more", d)
	}
	if d := s(1, nil); d <= 0 {
		return fmt.Sprintf("pauses %s before the second poll; want more than 0", d)
	}
	return ""
}

const (
	// pollGap is the shortest time between two polls of one wait that nobody's
	// schedule asked for: forged callbacks cannot do more than this.
	pollGap = time.Second
	// firstErrorPause is the pause after the first failed poll of a task; it
	// doubles with each further one, up to the schedule's own.
	firstErrorPause = time.Second
	// lookAhead is how long before its deadline a wait looks once more, at most.
	lookAhead = time.Second
)

// poller polls for all waits of a client. While there are any it runs in one
// goroutine, and one more for each request under way.
type poller struct {
	tracker  *tracker
	fetch    func(ctx context.Context, id string, music bool) (*Task, error)
	polling  Schedule
	fallback Schedule
	relay    Relay // may be nil
	rate     *rate.Limiter
	max      int

	// Guarded by the tracker's mutex.
	running  bool
	flying   int     // requests under way
	hinted   bool    // the last poll was one that somebody hinted at
	paused   instant // no poll begins before: Vidgo asked for a pause
	strikes  int     // 429s in a row without a Retry-After
	struckAt instant // when the last of them came
}

func newPoller(c *Client, cfg config) *poller {
	return &poller{
		tracker: c.tracker,
		fetch: func(ctx context.Context, id string, music bool) (*Task, error) {
			return c.fetch(ctx, id, music, repeatNever)
		},
		polling:  cfg.polling,
		fallback: cfg.fallback,
		relay:    cfg.relay,
		rate:     rate.NewLimiter(rate.Limit(cfg.pollRate), cfg.burst),
		max:      cfg.maxPolls,
	}
}

// first returns the pauses before a task's first poll, without and with a
// callback expected.
func (p *poller) first(own Schedule) [2]time.Duration {
	if own != nil {
		d := own.pause(0, nil, 0)
		return [2]time.Duration{d, d}
	}
	return [2]time.Duration{p.polling.pause(0, nil, 0), p.fallback.pause(0, nil, 0)}
}

// ensure starts the scheduler unless it runs. It ends by itself once nobody
// waits any more: the last wait to leave wakes it.
func (p *poller) ensure() {
	t := p.tracker
	t.mu.Lock()
	start := !p.running && len(t.waits) > 0
	p.running = p.running || start
	t.mu.Unlock()
	if start {
		go p.run()
	}
}

// run polls what is due, until nobody waits.
func (p *poller) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if p.relay != nil {
		go p.listen(ctx)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		p.adapt()
		job, pause, more := p.next()
		if !more {
			return
		}
		if job != nil {
			go p.poll(job)
			continue
		}
		if pause == idle {
			timer.Stop()
		} else {
			timer.Reset(pause)
		}
		select {
		case <-p.tracker.wake:
		case <-timer.C:
		}
	}
}

// idle is a pause that only a wake-up ends.
const idle time.Duration = -1

// job is one poll.
type job struct {
	ctx    context.Context
	cancel context.CancelFunc
	wait   *wait
	id     string
	music  bool
	began  instant
}

// next returns the poll to begin now, or how long to pause before there may be
// one. more is false when nobody waits.
func (p *poller) next() (j *job, pause time.Duration, more bool) {
	t := p.tracker
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waits) == 0 {
		p.running = false
		t.shrink()
		return nil, 0, false
	}
	now := t.now()
	queue := p.pick(now)
	if p.flying >= p.max || queue == nil {
		return nil, idle, true
	}
	if d := max(queue.due(), p.paused) - now; d > 0 {
		return nil, time.Duration(d), true
	}
	wall := time.Now()
	token := p.rate.ReserveN(wall, 1)
	if d := token.DelayFrom(wall); d > 0 {
		token.CancelAt(wall)
		return nil, d, true
	}
	return p.begin(queue, now), 0, true
}

// pick returns the queue whose turn it is, or nil if both are empty. Hints are
// worth nothing behind a backlog, so they have a queue of their own; and
// anybody can send them, so it gets only every other turn.
func (p *poller) pick(now instant) *dueQueue {
	queue, hints := &p.tracker.queue, &p.tracker.hints
	switch {
	case len(*queue) == 0 && len(*hints) == 0:
		return nil
	case len(*hints) == 0:
		return queue
	case len(*queue) == 0:
		return hints
	case hints.due() <= now && queue.due() <= now && p.hinted: // both are due: take turns
		return queue
	case hints.due() > now && queue.due() < hints.due():
		return queue
	}
	return hints
}

// begin takes the most urgent wait from a queue.
func (p *poller) begin(queue *dueQueue, now instant) *job {
	p.hinted = queue == &p.tracker.hints
	w := heap.Pop(queue).(*wait)
	ctx, cancel := context.WithCancel(context.Background())
	w.asked, w.abandon = now, cancel
	if p.hinted {
		w.hinted = max(now, 1)
	}
	w.polls++
	p.flying++
	return &job{ctx: ctx, cancel: cancel, wait: w, id: w.id, music: w.music, began: now}
}

// poll polls once and reports what it learned. It is abandoned when nobody
// waits for the task any more.
func (p *poller) poll(j *job) {
	defer j.cancel()
	defer p.land()
	task, err := p.fetch(j.ctx, j.id, j.music)
	if j.ctx.Err() != nil && err != nil {
		return // nobody wants to know
	}
	r := report{id: j.id, task: task, err: err, from: fromPoll, polled: j.wait, asked: j.began, music: j.music}
	if err != nil {
		r.means = meaningOf(err)
		p.holdOff(j, err)
	} else {
		p.resume()
	}
	r.pause, r.joins = p.pauseAfter(j, task, err)
	p.tracker.report(r)
}

// land frees the slot of a request that has ended.
func (p *poller) land() {
	p.tracker.mu.Lock()
	p.flying--
	p.tracker.mu.Unlock()
	p.tracker.nudge()
}

// pauseAfter returns the pause before the task's next poll, and the wait's
// joins at the time. The schedules are the user's code, so they are called
// without the lock.
func (p *poller) pauseAfter(j *job, task *Task, err error) (pause time.Duration, joins int32) {
	if task != nil && task.Status.Done() {
		return 0, 0 // there will be none
	}
	t := p.tracker
	t.mu.Lock()
	joins = j.wait.joins
	n, fails, last := int(j.wait.polls), j.wait.fails, task
	if last == nil && j.wait.last != nil {
		last = seen(j.id, j.wait.last)
	}
	if last != nil {
		t.known.label(last)
	}
	schedules, learned := p.decide(j.wait, last)
	t.mu.Unlock()
	if task != nil {
		last = task.clone()
	}
	pause = maxDuration
	if learned > 0 {
		pause = jitter(learned)
	}
	for _, s := range schedules {
		pause = min(pause, s.pause(n, last, time.Millisecond))
	}
	if err != nil {
		pause = min(pause, jitter(firstErrorPause<<min(fails, 10)))
		pause = max(pause, min(retryAfter(err), maxRetryAfter))
	}
	return pause, joins
}

// decide returns the schedules that decide on the next poll of w, and the
// learned pause for the watchers that have no schedule of their own; 0 if there
// is none.
func (p *poller) decide(w *wait, last *Task) (schedules []Schedule, learned time.Duration) {
	own, pace := p.polling, time.Duration(0)
	if w.callback && !p.tracker.trust.silent {
		own = p.fallback
	} else {
		pace = p.tracker.pauseFor(w, last)
	}
	schedules = make([]Schedule, 0, 1)
	for _, by := range w.watchers {
		switch {
		case by.schedule != nil:
			schedules = append(schedules, by.schedule)
		case pace > 0:
			learned = pace
		default:
			schedules = append(schedules, own)
		}
	}
	return schedules, learned
}

// holdOff pauses the polls of all waits if Vidgo asks for it, by a 429 or by a
// 503 with a Retry-After. Polls that were refused together count as one
// refusal.
func (p *poller) holdOff(j *job, err error) {
	api, ok := errors.AsType[*APIError](err)
	if !ok {
		return
	}
	busy := api.status() == http.StatusTooManyRequests
	pause := min(retryAfter(err), maxRetryAfter)
	t := p.tracker
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if busy && pause == 0 && (p.strikes == 0 || j.began > p.struckAt) {
		pause = firstErrorPause << min(p.strikes, 4)
		p.strikes++
		p.struckAt = now
	}
	if busy || api.status() == http.StatusServiceUnavailable {
		p.paused = max(p.paused, now+instant(pause))
	}
}

// resume forgets earlier refusals: Vidgo answers again.
func (p *poller) resume() {
	p.tracker.mu.Lock()
	p.strikes = 0
	p.tracker.mu.Unlock()
}

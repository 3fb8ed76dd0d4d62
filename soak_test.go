//go:build soak

package vidgo_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// The soak takes minutes, so it is not part of the usual tests:
//
//	go test -tags soak -run Soak -v . [-soak.tasks N] [-soak.seed N]
//
// The seed is logged. It repeats everything but the order of goroutines.
var (
	soakTasks = flag.Int("soak.tasks", 100_000, "tasks of the soak in fake time; the soak on sockets has a hundredth of them")
	soakSeed  = flag.Uint64("soak.seed", uint64(time.Now().UnixNano()), "seed of the soak")
)

// soak is a service of two processes, a Vidgo with all the faults that the fake
// knows, and an attacker.
type soak struct {
	t      *testing.T
	srv    *vidgotest.Server
	unit   time.Duration       // a second, or less on sockets
	random *rand.Rand          // used by the goroutine that submits
	a, b   *vidgo.Client       // two processes: a submits and is called back, b only waits
	step   func(time.Duration) // moves the clock of a
	route  http.Handler        // where callbacks go
	asked  int                 // how many waits must end with their task

	mu    sync.Mutex
	truth map[string]vidgo.Status // by task id
	ended map[string]int          // by task id: waits that ended with the task
	cut   int                     // waits that ended with their context
}

const soakRate, soakBurst, soakFlights = 100, 20, 8

func newSoak(t *testing.T, unit time.Duration, hc *http.Client, srv *vidgotest.Server, opts ...vidgo.Option) *soak {
	t.Helper()
	relay := &memoryRelay{}
	process := func(name string) *vidgo.Client {
		client, err := vidgo.NewClient(apiKey, append([]vidgo.Option{vidgo.WithHTTPClient(hc), vidgo.WithUserAgent(name),
			vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret), vidgo.WithRelay(relay),
			vidgo.WithPollRate(soakRate/unit.Seconds(), soakBurst), vidgo.WithMaxConcurrentPolls(soakFlights),
			vidgo.WithRetries(4, unit, 8*unit), vidgo.WithRequestTimeout(30 * unit),
			vidgo.WithPolling(vidgo.Backoff(2*unit, 15*unit)), vidgo.WithFallbackPolling(vidgo.Backoff(20*unit, 120*unit))}, opts...)...)
		require.NoError(t, err)
		return client
	}
	t.Logf("to repeat: -soak.seed %d", *soakSeed)
	s := &soak{t: t, srv: srv, unit: unit, random: rand.New(rand.NewPCG(*soakSeed, 1)),
		a: process("a"), b: process("b"), truth: map[string]vidgo.Status{}, ended: map[string]int{}}
	s.step = vidgo.SteppingClock(s.a)
	s.route = s.a.CallbackHandler(nil)
	return s
}

// script returns how a task goes, and how it ends.
func (s *soak) script() (vidgotest.Script, vidgo.Status) {
	sc := vidgotest.Script{Duration: time.Duration(1+s.random.IntN(120)) * s.unit}
	end := vidgo.Finished
	if s.random.IntN(10) == 0 {
		sc.Error, end = "too dark", vidgo.Failed
	}
	switch s.random.IntN(8) {
	case 0, 1:
		sc.Callback.Drop = true
	case 2:
		sc.Callback.Repeat = 1 + s.random.IntN(5)
	case 3:
		sc.Callback.Delay = time.Duration(s.random.IntN(120)) * s.unit
	case 4:
		sc.Callback.BeforeAnswer = true
	}
	switch s.random.IntN(10) {
	case 0:
		sc.Hidden = time.Duration(s.random.IntN(10)) * s.unit
	case 1:
		sc.Pending = "reviewing"
	case 2:
		sc.Progress = []float64{0, 20, 80}
	}
	return sc, end
}

// submit returns the id of a new task.
func (s *soak) submit() string {
	sc, end := s.script()
	s.srv.Next(sc)
	for {
		task, err := s.a.Submit(s.t.Context(), boat)
		if err == nil {
			s.mu.Lock()
			s.truth[task.ID] = end
			s.mu.Unlock()
			return task.ID
		}
		// No fault in weather accepts a submission and loses its answer, so it is
		// safe to submit again. On a socket, the SDK cannot know that.
		_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
		require.False(s.t, unsure && s.unit == time.Second, "%v", err)
	}
}

// wait waits for a task until it ends. It may give up several times and wait again.
func (s *soak) wait(client *vidgo.Client, id string, random *rand.Rand) {
	for {
		ctx, cancel := context.WithCancel(s.t.Context())
		if random.IntN(4) == 0 {
			ctx, cancel = context.WithTimeout(s.t.Context(), time.Duration(random.IntN(60))*s.unit)
		}
		task, err := client.Wait(ctx, id)
		cancel()
		if s.judge(id, task, err) {
			return
		}
	}
}

// judge checks what a wait returned. It reports whether the task has ended.
func (s *soak) judge(id string, task *vidgo.Task, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, short := errors.AsType[*vidgo.WaitError](err); short {
		require.ErrorIs(s.t, err, context.DeadlineExceeded, "only its deadline may cut a wait short")
		require.Equal(s.t, id, task.ID)
		s.cut++
		return false
	}
	_, failed := errors.AsType[*vidgo.TaskError](err)
	require.True(s.t, err == nil || failed, "%v", err)
	require.Equal(s.t, s.truth[id], task.Status, "task %s", id)
	require.Equal(s.t, failed, task.Status == vidgo.Failed)
	s.ended[id]++
	return true
}

// weather injects new faults until ctx ends, a few at a time.
func (s *soak) weather(ctx context.Context) {
	random := rand.New(rand.NewPCG(*soakSeed, 2))
	status := []vidgotest.Fault{
		{Status: 429}, {Reset: true}, {Refuse: true}, {Truncate: true}, {Status: 502, Body: vidgotest.HTML(502)}, {Status: 500}, {Status: 503}, {Status: 408},
		{Status: 429}, {Status: 429, RetryAfter: "1"}, {Status: 503, RetryAfter: "2"}, {Status: 504, Body: vidgotest.HTML(504)},
		{Status: 200, Body: "<html>"}, {Status: 200, NoBody: true}, {Status: 200, Body: `{"code":500,"message":"busy"}`},
		{Delay: 3 * s.unit}, {Delay: 20 * s.unit, Accept: true}, {Status: 404}, {Status: 400, Body: vidgotest.HTML(400)},
		{Status: 302, Header: http.Header{"Location": {"https://login.example.com/"}}}, {Status: 200, Body: `{"code":200,"data":{"task_id":"another","status":"finished"}}`},
	}
	submit := []vidgotest.Fault{{Refuse: true}, {Status: 429}, {Status: 503}, {Delay: s.unit}}
	for {
		date := time.Now().Add(time.Duration(random.Int64N(int64(48*time.Hour))) - 24*time.Hour) // Vidgo's clock may be wrong, too
		status[0].Header = http.Header{"Date": {httpTime(date)}, "Retry-After": {httpTime(date.Add(2 * time.Second))}}
		one := status[random.IntN(len(status))]
		one.Endpoint, one.Times = vidgotest.EndpointStatus, 1+random.IntN(20)
		if one.Status == http.StatusNotFound {
			one.Times = 1 // five in a row are the end of a wait, and the last task meets all that is left
		}
		two := submit[random.IntN(len(submit))]
		two.Endpoint, two.Times = vidgotest.EndpointSubmit, 1+random.IntN(2)
		s.srv.Inject(one, two)
		if !s.pause(ctx, time.Duration(1+random.IntN(10))*s.unit) {
			return
		}
	}
}

// clock changes a's wall clock until ctx ends. While it is off by more than five
// minutes, tokens made before are refused, and results must be found by polls.
func (s *soak) clock(ctx context.Context) {
	random := rand.New(rand.NewPCG(*soakSeed, 4))
	for s.pause(ctx, time.Duration(1+random.IntN(120))*s.unit) {
		off := time.Duration(random.Int64N(int64(10*time.Minute))) - 5*time.Minute
		if random.IntN(4) == 0 {
			off *= 600 // up to two days
		}
		s.step(off)
	}
}

// attack delivers forged callbacks until ctx ends, for existing tasks, with the token
// of another task or with none. All go to the process that submitted the tasks,
// because another one would have to believe such a token once.
func (s *soak) attack(ctx context.Context) {
	random := rand.New(rand.NewPCG(*soakSeed, 3))
	for s.pause(ctx, time.Duration(1+random.IntN(1000))*s.unit/1000) {
		tasks := s.srv.Tasks()
		if len(tasks) < 2 {
			continue
		}
		victim, other := tasks[len(tasks)-1-random.IntN(min(50, len(tasks)))], tasks[random.IntN(len(tasks))]
		target := callbackURL
		if random.IntN(2) == 0 && other.ID != victim.ID {
			target = other.CallbackURL
		}
		body := fmt.Appendf(nil, `{"task_id":%q,"status":%q,"error_message":"forged"}`, victim.ID, [...]string{"finished", "failed"}[random.IntN(2)])
		code, err := s.srv.Post(ctx, target, body)
		// Another task's token, made before a's clock was put back, is from the
		// future, which is seen before whose it is.
		future := target != callbackURL && code == http.StatusServiceUnavailable
		require.True(s.t, err != nil || code == http.StatusUnauthorized || future, "a forged callback was answered with %d", code)
	}
}

func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

func (s *soak) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// run submits n tasks in batches. A loop over Completions waits for each batch, and
// calls of Wait, in both processes, for a hundred tasks of it.
func (s *soak) run(n int) {
	s.srv.Route("app.example.com", s.route)
	ctx, cancel := context.WithCancel(s.t.Context())
	var world sync.WaitGroup
	world.Go(func() { s.weather(ctx) })
	world.Go(func() { s.clock(ctx) })
	world.Go(func() { s.attack(ctx) })
	var waits sync.WaitGroup
	const batch = 1000
	for done := 0; done < n; done += batch {
		ids := make([]string, 0, batch)
		for range min(batch, n-done) {
			ids = append(ids, s.submit())
		}
		s.asked += len(ids) + min(100, len(ids))
		waits.Go(func() {
			for task, err := range s.a.Completions(s.t.Context(), ids) {
				s.judge(task.ID, task, err)
			}
		})
		for i, id := range ids[:min(100, len(ids))] {
			random := rand.New(rand.NewPCG(*soakSeed, uint64(done+i+10)))
			waits.Go(func() { s.wait([...]*vidgo.Client{s.a, s.b}[i%2], id, random) })
		}
	}
	waits.Wait()
	cancel()
	world.Wait()
	require.Len(s.t, s.ended, n)
	answers := 0
	for _, n := range s.ended {
		answers += n
	}
	require.Equal(s.t, s.asked, answers, "each wait ended with its task once")
}

// requireRate checks that no process exceeded its poll rate.
func (s *soak) requireRate() {
	last := map[string][]time.Time{}
	for _, r := range s.srv.Requests(vidgotest.EndpointStatus) {
		name := r.Header.Get("User-Agent")
		times := append(last[name], r.Time)
		if k := len(times) - 1 - soakRate - soakBurst; k >= 0 {
			require.GreaterOrEqual(s.t, r.Time.Sub(times[k]), s.unit*999/1000, "process %s made %d requests in less than a second", name, soakRate+soakBurst+1)
			times = times[1:]
		}
		last[name] = times
	}
}

func TestSoak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, goroutines := heap(), bubbleGoroutines(t)
		srv := &vidgotest.Server{}
		network := srv.Client().Transport
		s := newSoak(t, time.Second, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) { return network.RoundTrip(r) })}, srv)
		began := time.Now()
		s.run(*soakTasks)
		s.requireRate()
		t.Logf("%d tasks in %s of fake time: %d status requests, %d deliveries, %d waits cut short",
			*soakTasks, time.Since(began).Round(time.Second), len(srv.Requests(vidgotest.EndpointStatus)), len(srv.Deliveries()), s.cut)
		time.Sleep(24 * time.Hour) // the fake's callbacks end
		requireIdle(t, s.a)
		requireIdle(t, s.b)
		require.Equal(t, goroutines, bubbleGoroutines(t))
		srv.Route("app.example.com", nil)
		*s, srv, network = soak{a: s.a, b: s.b}, nil, nil // the fake and the truth must not count as memory of the clients
		after := heap()
		t.Logf("both processes keep %d KiB", (after-min(before, after))>>10)
		require.Less(t, after, before+2*(64<<20)+2*100<<20, "two times 64 MiB of final states, and 131,072 records")
		runtime.KeepAlive(s)
	})
}

// The same over sockets, in real time, with a hundredth of a second for each
// second.
func TestSoakOnSockets(t *testing.T) {
	srv := &vidgotest.Server{}
	api := httptest.NewServer(srv)
	defer api.Close()
	s := newSoak(t, 10*time.Millisecond, api.Client(), srv, vidgo.WithBaseURL(api.URL))
	receiver := httptest.NewServer(s.route)
	defer receiver.Close()
	s.route = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { forward(w, r, receiver.URL) })
	began := time.Now()
	s.run(max(1, *soakTasks/100))
	t.Logf("%d tasks in %s: %d status requests, %d deliveries, %d waits cut short", max(1, *soakTasks/100), time.Since(began).Round(time.Second),
		len(srv.Requests(vidgotest.EndpointStatus)), len(srv.Deliveries()), s.cut)
}

// forward carries a callback over a real connection.
func forward(w http.ResponseWriter, r *http.Request, to string) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.RequestURI(), r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}

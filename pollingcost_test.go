package vidgo_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// What polling costs: requests for each task, and how late its end is
// noticed. It is measured by tests and not by benchmarks, because the time is
// fake and the machine's does not matter.
var costTable = flag.Bool("polling.table", false, "TestPollingTable: measure and print what polling costs")

// workload is many tasks of one model.
type workload struct {
	name      string
	model     string
	fast      time.Duration // the 5th percentile of how long they take
	slow      time.Duration // the 95th; it is a log-normal distribution
	progress  []float64
	callbacks bool
	delivered int           // of 100 callbacks
	every     time.Duration // between two submissions, on average
}

// The ranges are what Vidgo calls typical (task-management/status).
var (
	images = workload{name: "image", model: "flux-2", fast: 15 * time.Second, slow: 60 * time.Second, every: 3 * time.Second}
	videos = workload{name: "video", model: "sora-2", fast: 90 * time.Second, slow: 300 * time.Second, every: 3 * time.Second}
)

func (w workload) duration(r *rand.Rand) time.Duration {
	low, high := math.Log(w.fast.Seconds()), math.Log(w.slow.Seconds())
	const to95 = 1.6449 // standard deviations from the median to the 95th percentile
	return time.Duration(math.Exp((low+high)/2+(high-low)/2/to95*r.NormFloat64()) * float64(time.Second))
}

func (w workload) moving(progress ...float64) workload {
	w.name, w.progress = w.name+", progress in "+fmt.Sprint(len(progress)), progress
	return w
}

func (w workload) calledBack(percent int) workload {
	w.name, w.callbacks, w.delivered = fmt.Sprintf("%s, %d %% called back", w.name, percent), true, percent
	return w
}

func (w workload) submittedEvery(d time.Duration) workload {
	w.name, w.every = fmt.Sprintf("%s, one each %v", w.name, d), d
	return w
}

// percents is a progress that moves all the time.
func percents() (all []float64) {
	for i := range 100 {
		all = append(all, float64(i))
	}
	return all
}

// loop is the schedule that everybody writes by hand.
func loop(d time.Duration) vidgo.Schedule {
	return func(n int, _ *vidgo.Task) time.Duration { return min(time.Duration(n)*d, d) }
}

func polledBy(s vidgo.Schedule) []vidgo.Option {
	return append([]vidgo.Option{vidgo.WithPolling(s), vidgo.WithFallbackPolling(s)}, unlimited...)
}

// unlimited lets the schedule alone decide.
var unlimited = []vidgo.Option{vidgo.WithPollRate(1e6, 1e6), vidgo.WithMaxConcurrentPolls(1e6)}

// cost is what some tasks cost.
type cost struct {
	requests float64       // for each task
	late     time.Duration // from the end of a task to Wait's return: the mean
	later    time.Duration // and the 95th percentile
}

func (c cost) String() string {
	return fmt.Sprintf("%4.1f req %5.2f s %5.1f s", c.requests, c.late.Seconds(), c.later.Seconds())
}

// before is how many tasks are counted apart: little is known of the model
// when they begin.
const before = 50

// measure runs n tasks and counts.
func measure(t *testing.T, n int, w workload, opts ...vidgo.Option) (first, rest cost) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, opts...)
		if w.callbacks {
			client = newCallbackClient(t, &srv, opts...)
		}
		r := rand.New(rand.NewPCG(1963, 1974))
		late, ids := make([]time.Duration, n), make([]string, n)
		var all sync.WaitGroup
		for i := range n {
			took := w.duration(r)
			srv.Next(vidgotest.Script{Duration: took, Progress: w.progress, Callback: vidgotest.Callback{Drop: r.IntN(100) >= w.delivered}})
			task, err := client.Submit(t.Context(), vidgo.Untyped(w.model, nil))
			require.NoError(t, err)
			ends := time.Now().Add(took)
			ids[i] = task.ID
			all.Go(func() {
				if _, err := client.Wait(t.Context(), task.ID); err != nil {
					t.Error(err)
				}
				late[i] = time.Since(ends)
			})
			time.Sleep(time.Duration(r.ExpFloat64() * float64(w.every)))
		}
		all.Wait()
		requests := map[string]int{}
		for _, poll := range srv.Requests(vidgotest.EndpointStatus) {
			requests[poll.TaskID]++
		}
		first, rest = costOf(late[:before], ids[:before], requests), costOf(late[before:], ids[before:], requests)
	})
	return first, rest
}

func costOf(late []time.Duration, ids []string, requests map[string]int) cost {
	var c cost
	for i, id := range ids {
		c.requests += float64(requests[id]) / float64(len(ids))
		c.late += late[i] / time.Duration(len(ids))
	}
	c.later = slices.Sorted(slices.Values(late))[len(late)*95/100]
	return c
}

func TestPollingTable(t *testing.T) {
	if !*costTable {
		t.Skip("go test -run TestPollingTable -v -polling.table . prints it")
	}
	columns := []struct {
		name string
		opts []vidgo.Option
	}{
		{"default", unlimited},
		{"Backoff", append([]vidgo.Option{vidgo.WithPolling(vidgo.Backoff(2*time.Second, 15*time.Second))}, unlimited...)},
		{"each 2 s", polledBy(loop(2 * time.Second))},
		{"each 3 s", polledBy(loop(3 * time.Second))},
		{"each 5 s", polledBy(loop(5 * time.Second))},
	}
	for _, w := range []workload{images, videos} {
		for _, w := range []workload{w, w.moving(percents()...), w.moving(0, 40, 80),
			w.calledBack(100), w.calledBack(99), w.calledBack(50), w.calledBack(0)} {
			for _, c := range columns {
				first, rest := measure(t, 1000+before, w, c.opts...)
				t.Logf("| %-26s | %-8s | %v | %v |", w.name, c.name, rest, first)
			}
		}
	}
}

// Where the rate of requests is the limit, a schedule can only choose whom to
// ask for.
func TestPollingTableAtTheRateLimit(t *testing.T) {
	if !*costTable {
		t.Skip("go test -run TestPollingTable -v -polling.table . prints it")
	}
	for _, every := range []time.Duration{0, 200 * time.Millisecond, time.Second, 2 * time.Second} {
		w := videos.submittedEvery(every)
		_, learned := measure(t, 1000+before, w)
		_, backoff := measure(t, 1000+before, w, vidgo.WithPolling(vidgo.Backoff(2*time.Second, 15*time.Second)))
		_, looped := measure(t, 1000+before, w, vidgo.WithPolling(loop(5*time.Second)))
		t.Logf("| %-26s | default %v | Backoff %v | each 5 s %v |", w.name, learned, backoff, looped)
	}
}

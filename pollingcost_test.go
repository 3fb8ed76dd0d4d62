package vidgo_test

import (
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

// These tests measure what polling costs: the requests for each task, and how late
// its end is noticed. They are not benchmarks, because time is fake here, and the
// machine's speed does not matter. pollingtable_test.go makes the table in
// docs/benchmarks.md.

// workload is many tasks of one model.
type workload struct {
	name      string
	model     string
	fast      time.Duration // the 5th percentile of how long they take
	slow      time.Duration // the 95th percentile, of a log-normal distribution
	progress  []float64
	callbacks bool
	delivered int           // how many of 100 callbacks come
	every     time.Duration // the mean pause between two submissions
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

// percents returns a progress that moves all the time.
func percents() (all []float64) {
	for i := range 100 {
		all = append(all, float64(i))
	}
	return all
}

// loop returns the schedule of the usual loop: a poll at once, and then one after
// each pause of d.
func loop(d time.Duration) vidgo.Schedule {
	return func(n int, _ *vidgo.Task) time.Duration { return min(time.Duration(n)*d, d) }
}

func polledBy(s vidgo.Schedule) []vidgo.Option {
	return append([]vidgo.Option{vidgo.WithPolling(s), vidgo.WithFallbackPolling(s)}, unlimited...)
}

// unlimited are options without limits, so that only the schedule decides.
var unlimited = []vidgo.Option{vidgo.WithPollRate(1e6, 1e6), vidgo.WithMaxConcurrentPolls(1e6)}

var adaptive = append([]vidgo.Option{vidgo.WithAdaptivePolling()}, unlimited...)

// cost is what polling some tasks costs.
type cost struct {
	requests float64       // for each task
	late     time.Duration // from the end of a task to Wait's return: the mean
	later    time.Duration // and the 95th percentile
}

func (c cost) String() string {
	return fmt.Sprintf("%4.1f req %5.2f s %5.1f s", c.requests, c.late.Seconds(), c.later.Seconds())
}

// newcomers is how many tasks are counted apart, because little was known about
// the model when they began.
const newcomers = 50

// measureCost runs n tasks and returns what polling the newcomers and the rest
// costs.
func measureCost(t *testing.T, n int, w workload, opts ...vidgo.Option) (first, rest cost) {
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
		first, rest = costOf(late[:newcomers], ids[:newcomers], requests), costOf(late[newcomers:], ids[newcomers:], requests)
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

// The README promises it; the table has the same with more tasks.
func TestAdaptivePollingSavesRequests(t *testing.T) {
	const tasks = 300 // fewer, and the jitter shows in the means
	tests := []struct {
		workload workload
		requests float64 // at most, as a share of what a loop of 5 s needs
	}{
		{images, 1.1},
		{videos, 0.8},
		{videos.moving(percents()...), 0.4},
		{videos.moving(0, 40, 80), 0.7},
		{videos.calledBack(0), 0.8},
		{videos.submittedEvery(0), 1},
	}
	looped := map[string]cost{} // by model; progress and callbacks do not change it
	for _, w := range []workload{images, videos} {
		_, looped[w.model] = measureCost(t, tasks, w, polledBy(loop(5*time.Second))...)
	}
	for _, test := range tests {
		t.Run(test.workload.name, func(t *testing.T) {
			_, learned := measureCost(t, tasks, test.workload, adaptive...)
			loop := looped[test.workload.model]
			require.LessOrEqual(t, learned.requests, test.requests*loop.requests)
			require.LessOrEqual(t, learned.late, loop.late*4/3)
		})
	}
}

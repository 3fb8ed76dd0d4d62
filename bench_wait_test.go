package vidgo_test

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

// BenchmarkWaitLatency measures the time from the handler's call to Wait's
// return while other tasks are waited for.
func BenchmarkWaitLatency(b *testing.B) {
	for _, others := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(others), func(b *testing.B) {
			s := newTarget(b, nil)
			stop := pend(s.client, pendingIDs(others))
			defer stop()
			var took []float64
			for b.Loop() {
				took = append(took, s.latency(others))
			}
			b.ReportMetric(0, "ns/op") // it includes the preparations
			b.ReportMetric(quantile(took, 0.5), "p50-ns")
			b.ReportMetric(quantile(took, 0.99), "p99-ns")
		})
	}
}

// latency returns how long one task's result takes from the handler to Wait.
func (s *target) latency(others int) float64 {
	all := s.deliveries(1, callbackCase{repeat: 1})
	deliver := called(s.b, s.handler, all)
	came := make(chan time.Time)
	go func() {
		_, err := s.client.Wait(s.b.Context(), all[0].id)
		now := time.Now()
		if err != nil {
			s.b.Error(err)
		}
		came <- now
	}()
	waitFor(s.client, others+1)
	began := time.Now()
	deliver()
	return float64((<-came).Sub(began))
}

func pendingIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("task-pending-1757165031-%08d", i)
	}
	return ids
}

// pend returns once all tasks are waited for. stop ends the waits, and returns once
// they have ended.
func pend(client *vidgo.Client, ids []string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range client.Completions(ctx, ids) {
			continue
		}
	}()
	waitFor(client, len(ids))
	return func() { cancel(); <-done }
}

// BenchmarkPendingTask measures what a waiting task costs: the time to begin
// waiting and for one poll, bytes before and after the first poll, and goroutines
// for all tasks together. They are polled as fast as possible, to measure the SDK
// alone; BenchmarkPollRound has a fixed rate.
func BenchmarkPendingTask(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ids := pendingIDs(n)
			var enter, poll, fresh, polled []float64
			goroutines := 0
			for b.Loop() {
				p := &pending{b: b, ids: ids, rate: 1e9}
				p.enter(every(time.Hour))
				enter, fresh = append(enter, p.perTask(p.took)), append(fresh, p.bytes())
				goroutines = max(goroutines, runtime.NumGoroutine()-p.goroutines)
				p.stop()
				p.enter(onceAtFirst)
				poll, polled = append(poll, p.perTask(p.pollAll())), append(polled, p.bytes())
				p.stop()
			}
			b.ReportMetric(0, "ns/op") // it includes garbage collections
			b.ReportMetric(median(enter), "enter-ns/task")
			b.ReportMetric(median(poll), "poll-ns/task")
			b.ReportMetric(median(fresh), "B/task")
			b.ReportMetric(median(polled), "B/polled-task")
			b.ReportMetric(float64(goroutines), "goroutines")
		})
	}
}

// BenchmarkPollRound measures one poll of each of many tasks at a fixed rate:
// "round" is how long that takes, as a multiple of what the rate allows.
func BenchmarkPollRound(b *testing.B) {
	const rate = 20_000 // a second
	for _, n := range []int{1000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ids := pendingIDs(n)
			var rounds []float64
			for b.Loop() {
				p := &pending{b: b, ids: ids, rate: rate}
				p.enter(onceAtFirst)
				rounds = append(rounds, p.pollAll().Seconds()*rate/float64(n))
				p.stop()
			}
			b.ReportMetric(median(rounds), "round")
		})
	}
}

// onceAtFirst polls at once, and then not while the benchmark runs.
func onceAtFirst(n int, last *vidgo.Task) time.Duration {
	if n == 0 {
		return 0
	}
	return time.Hour
}

// pending is a client with a wait for each of many tasks.
type pending struct {
	b          *testing.B
	ids        []string
	rate       float64 // of polls, a second
	client     *vidgo.Client
	polls      atomic.Int64
	heap       uint64 // before
	goroutines int    // before
	took       time.Duration
	stop       func()
}

func (p *pending) enter(s vidgo.Schedule) {
	p.heap, p.goroutines = heap(), runtime.NumGoroutine()
	p.polls.Store(0)
	var err error
	p.client, err = vidgo.NewClient(apiKey, vidgo.WithPolling(s), vidgo.WithPollRate(p.rate, int(p.rate/100)),
		vidgo.WithHTTPClient(&http.Client{Transport: transport(p.running)}))
	require.NoError(p.b, err)
	began := time.Now()
	p.stop = pend(p.client, p.ids)
	p.took = time.Since(began)
}

// running answers every poll with a running task.
func (p *pending) running(r *http.Request) (*http.Response, error) {
	p.polls.Add(1)
	return answering(200, nil, strings.Replace(runningAnswer, "ID", path.Base(r.URL.Path), 1))(r)
}

const runningAnswer = `{"code":200,"data":{"task_id":"ID","status":"running",
	"files":[],"created_time":"2025-11-12T10:30:00","progress":50,"error_message":null}}`

// pollAll returns how long the first polls of all tasks take.
func (p *pending) pollAll() time.Duration {
	began, first := time.Now(), p.polls.Load()
	n := int64(len(p.ids))
	for p.polls.Load() < n {
		time.Sleep(time.Millisecond) // the polls need the processors
	}
	return time.Since(began) * time.Duration(n) / time.Duration(n-first)
}

func (p *pending) bytes() float64 {
	return (float64(heap()) - float64(p.heap)) / float64(len(p.ids))
}

func (p *pending) perTask(d time.Duration) float64 { return float64(d) / float64(len(p.ids)) }

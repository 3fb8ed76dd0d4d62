//go:build soak

package vidgo_test

import (
	"testing"
	"time"

	"github.com/vidgo-go/vidgo"
)

// The numbers about polling in docs/benchmarks.md:
//
//	go test -tags soak -run PollingTable -v .

func TestPollingTable(t *testing.T) {
	columns := []struct {
		name string
		opts []vidgo.Option
	}{
		{"adaptive", adaptive},
		{"default", unlimited},
		{"each 2 s", polledBy(loop(2 * time.Second))},
		{"each 3 s", polledBy(loop(3 * time.Second))},
		{"each 5 s", polledBy(loop(5 * time.Second))},
	}
	for _, w := range []workload{images, videos} {
		for _, w := range []workload{w, w.moving(percents()...), w.moving(0, 40, 80),
			w.calledBack(100), w.calledBack(99), w.calledBack(50), w.calledBack(0)} {
			for _, c := range columns {
				first, rest := measureCost(t, 1000+newcomers, w, c.opts...)
				t.Logf("| %-26s | %-8s | %v | %v |", w.name, c.name, rest, first)
			}
		}
	}
}

// Where the rate of requests is the limit, a schedule can only choose which task
// to poll.
func TestPollingTableAtTheRateLimit(t *testing.T) {
	for _, every := range []time.Duration{0, 200 * time.Millisecond, time.Second, 2 * time.Second} {
		w := videos.submittedEvery(every)
		_, learned := measureCost(t, 1000+newcomers, w, vidgo.WithAdaptivePolling())
		_, backoff := measureCost(t, 1000+newcomers, w)
		_, looped := measureCost(t, 1000+newcomers, w, vidgo.WithPolling(loop(5*time.Second)))
		t.Logf("| %-26s | adaptive %v | default %v | each 5 s %v |", w.name, learned, backoff, looped)
	}
}

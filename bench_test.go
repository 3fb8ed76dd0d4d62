package vidgo_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// The benchmarks compare the SDK with the same done by hand, or many tasks with few.
// docs/benchmarks.md says how to run them, and what they have shown.

// round prepares something n times, and returns the function that then does it n
// times.
type round func(n int) (do func())

// sideBySide lets two ways to do the same take turns, n times in each turn, so that
// other load on the machine affects both alike. It reports medians. "time" and
// "allocs" are the SDK's as a multiple of the plain way's.
func sideBySide(b *testing.B, n int, plain, sdk round) {
	var plainTime, sdkTime, times []float64
	var plainAllocs, sdkAllocs uint64
	turns := 0
	for b.Loop() {
		a, aAllocs := measure(plain(n))
		z, zAllocs := measure(sdk(n))
		plainTime, sdkTime = append(plainTime, a/float64(n)), append(sdkTime, z/float64(n))
		times = append(times, z/a)
		plainAllocs, sdkAllocs = plainAllocs+aAllocs, sdkAllocs+zAllocs
		turns++
	}
	b.ReportMetric(0, "ns/op") // a turn's time says nothing
	b.ReportMetric(median(plainTime), "plain-ns")
	b.ReportMetric(median(sdkTime), "sdk-ns")
	b.ReportMetric(median(times), "time")
	b.ReportMetric(float64(plainAllocs)/float64(turns*n), "plain-allocs")
	b.ReportMetric(float64(sdkAllocs)/float64(turns*n), "sdk-allocs")
	b.ReportMetric(float64(sdkAllocs)/float64(plainAllocs), "allocs")
}

// measure returns the nanoseconds and the allocations of do. It collects garbage
// first, so that do does not pay for that of the preparations.
func measure(do func()) (ns float64, allocs uint64) {
	runtime.GC()
	before := mallocs()
	began := time.Now()
	do()
	ns = float64(time.Since(began))
	return ns, mallocs() - before
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// heap returns how many bytes are alive.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // a sync.Pool gives up what it holds in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func median(all []float64) float64 { return quantile(all, 0.5) }

func quantile(all []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(q*float64(len(sorted)-1))]
}

// waitFor returns once n tasks are waited for. It does not sleep, because what is
// measured begins then.
func waitFor(client *vidgo.Client, n int) {
	for waits, _, _ := client.Waits(); waits != n; waits, _, _ = client.Waits() {
		runtime.Gosched()
	}
}

// BenchmarkFakeRun measures a submission and its one poll, on the fake.
func BenchmarkFakeRun(b *testing.B) {
	var srv vidgotest.Server
	client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(srv.Client()), vidgo.WithPollRate(1e9, 1e9))
	require.NoError(b, err)
	for b.Loop() {
		_, err := client.Run(b.Context(), boat)
		require.NoError(b, err)
	}
}

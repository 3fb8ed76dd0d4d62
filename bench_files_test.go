package vidgo_test

import (
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// heapPeak reports by how much the heap grows while run runs, as far as the calls of
// sample see it.
func heapPeak(b *testing.B, run func(sample func())) {
	b.Helper()
	heap := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	runtime.GC()
	before, peak := heap(), atomic.Uint64{}
	run(func() {
		for now := heap(); ; {
			if old := peak.Load(); now <= old || peak.CompareAndSwap(old, now) {
				return
			}
		}
	})
	b.ReportMetric(float64(max(peak.Load(), before)-before)/(1<<20), "peak-MiB")
}

// The memory that a download needs must not grow with the file.
func BenchmarkSave500MB(b *testing.B) {
	const size = 500 << 20
	srv := vidgotest.Server{Default: vidgotest.Script{FileSize: size}}
	client := newSavingClient(b, &srv)
	task, err := client.Run(b.Context(), boat)
	require.NoError(b, err)
	b.SetBytes(size)
	for b.Loop() {
		heapPeak(b, func(sample func()) {
			n := 0
			_, err := client.Save(b.Context(), task, b.TempDir(), vidgo.OnProgress(func(string, int64, int64) {
				if n++; n%100 == 0 {
					sample()
				}
			}))
			require.NoError(b, err)
		})
	}
}

// The memory that an upload needs must not grow with the image, whatever it is read
// from.
func BenchmarkUpload50MB(b *testing.B) {
	const size = 50 << 20
	image := hugeImage{size}
	for name, open := range map[string]func() io.Reader{
		"a file":   func() io.Reader { return io.NewSectionReader(image, 0, size) },
		"a stream": func() io.Reader { return struct{ io.Reader }{io.NewSectionReader(image, 0, size)} },
	} {
		b.Run(name, func(b *testing.B) {
			srv := vidgotest.Server{UploadRate: -1, MaxUpload: size}
			sampling := make(chan func(), 1)
			hc := srv.Client()
			next := hc.Transport
			hc.Transport = transport(func(r *http.Request) (*http.Response, error) {
				r = r.Clone(r.Context())
				r.Body = sampledBody{r.Body, <-sampling}
				return next.RoundTrip(r)
			})
			client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(hc), vidgo.WithUploadRate(10_000))
			require.NoError(b, err)
			b.SetBytes(size)
			for b.Loop() {
				heapPeak(b, func(sample func()) {
					sampling <- sample
					_, err := client.Upload(b.Context(), "x.png", open())
					require.NoError(b, err)
				})
			}
		})
	}
}

type sampledBody struct {
	io.ReadCloser
	sample func()
}

func (s sampledBody) Read(p []byte) (int, error) {
	s.sample()
	return s.ReadCloser.Read(p)
}

// hugeImage begins and ends like a PNG, with zeros between.
type hugeImage struct{ size int64 }

func (h hugeImage) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	for at, mark := range map[int64]string{0: "\x89PNG\r\n\x1a\n", h.size - 8: "IEND\xae\x42\x60\x82"} {
		for i := range mark {
			if k := at + int64(i) - off; k >= 0 && k < int64(len(p)) {
				p[k] = mark[i]
			}
		}
	}
	return len(p), nil
}

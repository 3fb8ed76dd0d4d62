package vidgo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// answering is a transport that answers at once, as little as possible in its
// own right.
const finishedAnswer = `{"code":200,"data":{"task_id":"task-unified-1757165031-uyujaw3d","status":"finished",
	"files":[{"file_url":"https://storage.vidgo.ai/generated/image-abc123.jpg","file_type":"image"}],
	"created_time":"2025-11-12T10:30:00","progress":100,"error_message":null}}`

// BenchmarkCallbackHandler compares the handler with the bare one that only
// decodes the body: with/bare is the price of authentication, of finding the
// duplicates, and of delivery.
func BenchmarkCallbackHandler(b *testing.B) {
	client, err := vidgo.NewClient(apiKey, vidgo.WithCallbackSecret(secret))
	require.NoError(b, err)
	signer := vidgo.NewSigner(time.Hour, secret)
	tasks := 0 // each delivery is another task's
	body := func() string {
		tasks++
		return strings.Replace(finishedAnswer, "uyujaw3d", fmt.Sprint(tasks), 1)
	}
	requests := func(b *testing.B) []*http.Request {
		all := make([]*http.Request, b.N)
		for i := range all {
			signed, _, err := signer.Sign("https://app.example.com/vidgo", "", time.Now())
			require.NoError(b, err)
			all[i] = httptest.NewRequest(http.MethodPost, signed, strings.NewReader(body()))
		}
		return all
	}
	run := func(b *testing.B, h http.Handler) {
		all := requests(b)
		b.ReportAllocs()
		b.ResetTimer()
		for _, r := range all {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Fatal(w.Code)
			}
		}
	}
	b.Run("bare", func(b *testing.B) {
		run(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var body struct {
				Code int
				Data struct {
					TaskID string `json:"task_id"`
					Status string
					Files  []struct {
						FileURL  string `json:"file_url"`
						FileType string `json:"file_type"`
					}
				}
			}
			if json.NewDecoder(r.Body).Decode(&body) != nil || body.Data.Status != "finished" {
				w.WriteHeader(http.StatusBadRequest)
			}
		}))
	})
	b.Run("with a secret", func(b *testing.B) { run(b, client.CallbackHandler(nil)) })
}

// BenchmarkStatusRequest compares one look with the same by hand.
func BenchmarkStatusRequest(b *testing.B) {
	hc := &http.Client{Transport: answering(200, nil, finishedAnswer)}
	b.Run("net/http", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://api.vidgo.ai/api/generate/status/task-unified-1757165031-uyujaw3d", nil)
			r.Header.Set("Authorization", "Bearer "+apiKey)
			res, err := hc.Do(r)
			require.NoError(b, err)
			var answer struct{ Data vidgoTask }
			require.NoError(b, json.NewDecoder(res.Body).Decode(&answer))
			res.Body.Close()
		}
	})
	b.Run("SDK", func(b *testing.B) {
		client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(hc))
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			_, err := client.Task(b.Context(), "task-unified-1757165031-uyujaw3d")
			require.NoError(b, err)
		}
	})
}

type vidgoTask struct {
	TaskID   string `json:"task_id"`
	Status   string
	Progress float64
	Files    []struct {
		FileURL  string `json:"file_url"`
		FileType string `json:"file_type"`
	}
	CreatedTime  string  `json:"created_time"`
	ErrorMessage *string `json:"error_message"`
}

// BenchmarkPendingTask measures what a waiting task costs: bytes, and
// goroutines for all of them together.
func BenchmarkPendingTask(b *testing.B) {
	for _, n := range []int{1000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			hang := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})}
			ids := make([]string, n)
			for i := range ids {
				ids[i] = fmt.Sprintf("task-unified-1757165031-%08d", i)
			}
			client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(hang))
			require.NoError(b, err)
			for b.Loop() {
				before, goroutines := heap(), runtime.NumGoroutine()
				ctx, cancel := context.WithCancel(b.Context())
				left := 0
				done := make(chan struct{})
				go func() {
					defer close(done)
					for range client.Completions(ctx, ids) {
						left++
					}
				}()
				for waits, _, _ := client.Waits(); waits < n; waits, _, _ = client.Waits() {
					runtime.Gosched()
				}
				b.ReportMetric(float64(heap()-before)/float64(n), "B/task")
				b.ReportMetric(float64(runtime.NumGoroutine()-goroutines), "goroutines")
				cancel()
				<-done
				require.Equal(b, n, left)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkFakeRun is a submission and its one poll on the fake.
func BenchmarkFakeRun(b *testing.B) {
	var srv vidgotest.Server
	client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(srv.Client()), vidgo.WithPollRate(1e9, 1e9))
	require.NoError(b, err)
	for b.Loop() {
		_, err := client.Run(b.Context(), boat)
		require.NoError(b, err)
	}
}

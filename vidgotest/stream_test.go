package vidgotest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// open sends a request to a handler in memory. The caller reads the body.
func open(t *testing.T, ctx context.Context, h http.HandlerFunc) *http.Response {
	t.Helper()
	var srv vidgotest.Server
	srv.Route("example.com", h)
	res, err := srv.Client().Do(request(t, http.MethodGet, "https://example.com/", "").WithContext(ctx))
	require.NoError(t, err)
	return res
}

func flush(w http.ResponseWriter) { http.NewResponseController(w).Flush() }

// endless returns a handler that writes until it is stopped. It sends the reason to
// stopped, and counts the bytes in wrote.
func endless(stopped chan<- error, wrote *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for {
			n, err := w.Write(make([]byte, 1000))
			*wrote += n
			if err != nil {
				<-r.Context().Done() // net/http may end it a moment later, too
				stopped <- errors.Join(err, r.Context().Err())
				return
			}
		}
	}
}

func TestAnAnswerIsReadAsItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := open(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
			for _, word := range []string{"one ", "two ", "three"} {
				io.WriteString(w, word)
				flush(w)
				time.Sleep(time.Second)
			}
		})
		defer res.Body.Close()
		start, b := time.Now(), make([]byte, 10)
		for i, want := range []string{"one ", "two ", "three"} {
			n, err := res.Body.Read(b)
			require.NoError(t, err)
			require.Equal(t, want, string(b[:n]))
			require.Equal(t, time.Duration(i)*time.Second, time.Since(start))
		}
		n, err := res.Body.Read(b)
		require.Zero(t, n)
		require.Equal(t, io.EOF, err)
		require.EqualValues(t, -1, res.ContentLength)
	})
}

// These tests fail if a goroutine is left when their bubble ends.

func TestClosingABodyEndsItsHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped, wrote := make(chan error, 1), 0
		res := open(t, t.Context(), endless(stopped, &wrote))
		synctest.Wait()
		require.Equal(t, 65_000, wrote, "the pipe has 64 KiB: the write that exceeds them waits")
		require.NoError(t, res.Body.Close())
		require.ErrorIs(t, <-stopped, context.Canceled)
		_, err := res.Body.Read(make([]byte, 1))
		require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
		require.NoError(t, res.Body.Close())
	})
}

func TestTheEndOfAContextEndsABody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(io.ErrClosedPipe) })
		stopped := make(chan error, 1)
		res := open(t, ctx, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "some")
			flush(w)
			<-r.Context().Done()
			stopped <- r.Context().Err()
		})
		start := time.Now()
		some, err := io.ReadAll(res.Body)
		require.Equal(t, "some", string(some))
		require.ErrorIs(t, err, io.ErrClosedPipe)
		require.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, <-stopped, context.Canceled)
	})
}

func TestTheTimeoutOfAClientEndsABody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		stopped, wrote := make(chan error, 1), 0
		srv.Route("example.com", endless(stopped, &wrote))
		client := srv.Client()
		client.Timeout = time.Minute
		res, err := client.Get("https://example.com/")
		require.NoError(t, err)
		require.ErrorIs(t, <-stopped, context.DeadlineExceeded)
		_, err = io.ReadAll(res.Body)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestABodyEndsWithItsContentLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := open(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "some")
			flush(w)
			<-r.Context().Done()
		})
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "some", string(b))
	})
}

func TestALargeAnswerBreaksWhereItsHandlerDoes(t *testing.T) {
	res := open(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, 100_000))
		panic(http.ErrAbortHandler)
	})
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, b, 100_000)
}

func TestAHandlerThatFlushedAHeadOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Route("example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			flush(w)
			<-r.Context().Done()
		}))
		res, err := srv.Client().Head("https://example.com/")
		require.NoError(t, err)
		require.Equal(t, http.NoBody, res.Body)
	})
}

func TestARequestIsInFlightUntilItsBodyIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Inject(vidgotest.Fault{Body: strings.Repeat("x", 100_000)})
		res, err := srv.Client().Do(request(t, http.MethodGet, balance, ""))
		require.NoError(t, err)
		get(t, &srv, balance)
		require.NoError(t, res.Body.Close())
		get(t, &srv, balance)
		require.Equal(t, []int{1, 2, 1}, []int{srv.Requests()[0].InFlight, srv.Requests()[1].InFlight, srv.Requests()[2].InFlight})
	})
}

func TestALargeRequestIsReadAsItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		var got *http.Request
		read := 0
		srv.Route("example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r
			n, err := io.Copy(io.Discard, r.Body)
			require.NoError(t, err)
			read = int(n)
		}))
		var calls []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			WroteRequest:         func(i httptrace.WroteRequestInfo) { calls = append(calls, "WroteRequest") },
			GotFirstResponseByte: func() { calls = append(calls, "GotFirstResponseByte") },
		})
		post := func(body io.Reader) {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://example.com/", body)
			require.NoError(t, err)
			res, err := srv.Client().Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
		}
		post(bytes.NewReader(make([]byte, 1<<20)))
		require.Equal(t, []int{1 << 20, 1 << 20}, []int{read, int(got.ContentLength)})
		pr, pw := io.Pipe()
		go func() {
			for range 10 {
				pw.Write(make([]byte, 100))
				time.Sleep(time.Second)
			}
			pw.Close()
		}()
		start := time.Now()
		post(pr)
		require.Equal(t, []int{1000, -1}, []int{read, int(got.ContentLength)})
		require.Equal(t, 10*time.Second, time.Since(start))
		srv.Route("example.com", http.NotFoundHandler()) // which does not read the body
		post(bytes.NewReader(make([]byte, 1<<20)))
		all := []string{"WroteRequest", "GotFirstResponseByte"}
		require.Equal(t, slices.Repeat(all, 3), calls)
	})
}

func TestALargeRequestThatCannotBeReadIsTheClientsOwnFault(t *testing.T) {
	var srv vidgotest.Server
	body := io.MultiReader(strings.NewReader("{"), iotest.ErrReader(errors.New("disk on fire")))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, submitURL, body)
	require.NoError(t, err)
	_, err = try(srv.Client(), req)
	require.ErrorContains(t, err, "disk on fire")
	require.Zero(t, srv.Requests()[0].Status)
}

func TestARequestThatStallsLosesAgainstItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		pr, pw := io.Pipe()
		defer pw.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, submitURL, pr)
		require.NoError(t, err)
		_, err = try(srv.Client(), req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

package vidgotest

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// exchange lets h answer r, which is the server's side of a request. If ctx
// ends first, so does the exchange, and its error is ctx's: a handler that
// hangs is then left alone, as a server that hangs would be. Its own context,
// which has no deadline and no values of the client's, ends with the exchange.
func exchange(ctx context.Context, h http.Handler, r *http.Request) (*http.Response, error) {
	inner, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &writer{head: r.Method == http.MethodHead, header: http.Header{}, declared: -1}
	done := make(chan bool, 1) // the handler can end though nobody listens any more
	go run(h, w, r.WithContext(inner), done)
	select {
	case whole := <-done:
		return w.response(whole)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// run reports to done whether the handler returned. A panic, or a goroutine
// that ended itself, is a connection that breaks, as it is in net/http.
func run(h http.Handler, w *writer, r *http.Request, done chan<- bool) {
	whole := false
	defer func() { done <- whole }()
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			log.Printf("vidgotest: panic serving %s %s: %v\n%s", r.Method, r.URL.Path, p, debug.Stack())
		}
	}()
	h.ServeHTTP(w, r)
	whole = true
}

// writer keeps an answer until its handler has returned. Only the handler's
// goroutine uses it until then.
type writer struct {
	head     bool // the request's method
	header   http.Header
	status   int         // 0: not written yet
	sent     http.Header // as it was when the status was written
	declared int64       // Content-Length; -1: none
	body     bytes.Buffer
	size     int64 // what the handler wrote, kept or not
	flushed  bool
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return // an informational answer is of no use to a client in memory
	}
	w.status = status
	w.sent = w.header.Clone()
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.declared = n
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case !bodyAllowed(w.status):
		return 0, http.ErrBodyNotAllowed
	case w.declared >= 0 && w.size+int64(len(p)) > w.declared:
		return 0, http.ErrContentLength
	}
	if w.size == 0 && len(p) > 0 && w.sent["Content-Type"] == nil {
		w.sent.Set("Content-Type", http.DetectContentType(p))
	}
	w.size += int64(len(p))
	if w.head {
		return len(p), nil
	}
	return w.body.Write(p)
}

// Flush settles that the answer has begun: if the handler panics afterwards,
// the client gets what was written so far.
func (w *writer) Flush() {
	w.WriteHeader(http.StatusOK)
	w.flushed = true
}

// SetReadDeadline is there for handlers that insist on one. The body is in
// memory, so no read ever waits.
func (w *writer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is there for handlers that insist on one.
func (w *writer) SetWriteDeadline(time.Time) error { return nil }

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// response is the answer as the client sees it. Whole is false if the handler
// did not return.
func (w *writer) response(whole bool) (*http.Response, error) {
	if !whole && !w.flushed {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	w.WriteHeader(http.StatusOK)
	if w.sent.Get("Date") == "" {
		w.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return &http.Response{
		Status:        strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.sent,
		Body:          w.reader(whole),
		ContentLength: w.length(whole),
	}, nil
}

// length completes the header's Content-Length where net/http would.
func (w *writer) length(whole bool) int64 {
	switch {
	case !bodyAllowed(w.status):
		return 0
	case w.declared >= 0:
		return w.declared
	case w.flushed || !whole || (w.head && w.size == 0):
		return -1
	}
	w.sent.Set("Content-Length", strconv.FormatInt(w.size, 10))
	return w.size
}

func (w *writer) reader(whole bool) io.ReadCloser {
	if w.head || !bodyAllowed(w.status) {
		return http.NoBody
	}
	end := io.EOF
	if !whole || w.size < w.declared {
		end = io.ErrUnexpectedEOF
	}
	return &responseBody{rest: w.body.Bytes(), end: end}
}

// responseBody is one that ends as told, and cannot be read once closed.
type responseBody struct {
	rest   []byte
	end    error
	closed atomic.Bool // a body may be closed while it is read
}

func (b *responseBody) Read(p []byte) (int, error) {
	switch {
	case b.closed.Load():
		return 0, http.ErrBodyReadAfterClose
	case len(b.rest) == 0:
		return 0, b.end
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *responseBody) Close() error {
	b.closed.Store(true)
	return nil
}

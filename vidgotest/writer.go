package vidgotest

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// writer is the handler's end of an answer. Until begun is closed only the
// handler's goroutine uses it. Afterwards the header is the client's, and the
// body goes through the pipe.
type writer struct {
	head     bool // the request's method
	cancel   context.CancelFunc
	header   http.Header
	status   int         // 0: not written yet
	sent     http.Header // as it was when the status was written
	declared int64       // Content-Length; -1: none
	size     int64       // what the handler wrote, on its way or not
	open     bool        // begun is closed
	ended    bool        // the handler had ended when the answer began
	lost     bool        // the connection broke before the answer began
	reset    bool        // it breaks by a reset
	begun    chan struct{}
	pipe     *pipe
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
	if w.size == 0 && len(p) > 0 && !w.open && !w.told("Content-Type") {
		w.sent.Set("Content-Type", http.DetectContentType(p))
	}
	w.size += int64(len(p))
	if w.head {
		return len(p), nil
	}
	if w.size > window {
		w.begin()
	}
	return w.pipe.Write(p)
}

// Flush begins the answer: if the handler panics afterwards, the client gets
// what was written so far.
func (w *writer) Flush() {
	w.WriteHeader(http.StatusOK)
	w.begin()
}

func (w *writer) begin() {
	if !w.open {
		w.open = true
		close(w.begun)
	}
}

// end is the last that the handler's goroutine does.
func (w *writer) end(whole bool) {
	w.cancel()
	switch {
	case whole:
		w.WriteHeader(http.StatusOK)
	case !w.open:
		w.lost = true
	}
	switch {
	case w.reset:
		w.pipe.finish(errReset())
	case !whole || w.size < w.declared:
		w.pipe.finish(io.ErrUnexpectedEOF)
	default:
		w.pipe.finish(io.EOF)
	}
	if !w.open {
		w.ended = true
		w.begin()
	}
}

// abandon is for a client that will read no more.
func (w *writer) abandon(why error) {
	w.pipe.leave(why)
	w.cancel()
}

// SetReadDeadline is there for handlers that insist on one. It has no effect:
// what a handler reads here comes from a client in the same process.
func (w *writer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is there for handlers that insist on one. It has no effect.
func (w *writer) SetWriteDeadline(time.Time) error { return nil }

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

func errReset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// response is the answer as the client sees it.
func (w *writer) response(ctx context.Context, over func()) (*http.Response, error) {
	if w.lost {
		over()
		return nil, errReset()
	}
	if !w.told("Date") {
		w.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	length := w.length()
	maps.DeleteFunc(w.sent, func(_ string, values []string) bool { return len(values) == 0 })
	return &http.Response{
		Status:        strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.sent,
		ContentLength: length,
		Body:          w.body(ctx, over),
	}, nil
}

// told reports whether the handler has settled a header, if only that there is
// none.
func (w *writer) told(name string) bool {
	_, ok := w.sent[name]
	return ok
}

// length completes the header's Content-Length where net/http would.
func (w *writer) length() int64 {
	switch {
	case !bodyAllowed(w.status):
		return 0
	case w.declared >= 0:
		return w.declared
	case !w.ended || w.told("Content-Length") || (w.head && w.size == 0):
		return -1
	}
	w.sent.Set("Content-Length", strconv.FormatInt(w.size, 10))
	return w.size
}

func (w *writer) body(ctx context.Context, over func()) io.ReadCloser {
	if w.head || !bodyAllowed(w.status) {
		w.abandon(http.ErrBodyNotAllowed)
		over()
		return http.NoBody
	}
	b := &responseBody{pipe: w.pipe, left: w.declared, over: func() {}}
	if w.ended { // the client has it all, whatever becomes of ctx
		over()
		return b
	}
	done := sync.OnceFunc(func() {
		w.cancel()
		over()
	})
	stop := context.AfterFunc(ctx, func() {
		w.pipe.leave(context.Cause(ctx))
		done()
	})
	b.over = func() {
		stop()
		done()
	}
	return b
}

// responseBody is the client's end of an answer. It may be closed while it is read.
type responseBody struct {
	pipe *pipe
	left int64 // of the Content-Length; negative if there is none
	over func()
}

func (b *responseBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		b.pipe.finish(io.EOF) // whatever else the handler has in mind
	}
	n, err := b.pipe.Read(p)
	b.left -= int64(n)
	if err != nil {
		b.over()
	}
	return n, err
}

func (b *responseBody) Close() error {
	b.pipe.leave(http.ErrBodyReadAfterClose)
	b.over()
	return nil
}

package vidgotest

import (
	"context"
	"log"
	"net/http"
	"runtime/debug"
)

// exchange lets h answer r, which is the server's side of a request. It returns
// when the answer has begun: its handler flushed, wrote more than a window, or
// ended. The rest follows as the body is read.
//
// If ctx ends first, so does the exchange, and its error is ctx's: a handler
// that hangs is then left alone, as a server that hangs would be. The handler's
// own context, which has no deadline and no values of the client's, ends with
// the handler or with the exchange, whichever is first; so do its writes. Over
// is called once the exchange has ended.
func exchange(ctx context.Context, h http.Handler, r *http.Request, over func()) (*http.Response, error) {
	inner, cancel := context.WithCancel(context.Background())
	w := &writer{
		head:     r.Method == http.MethodHead,
		cancel:   cancel,
		header:   http.Header{},
		declared: -1,
		begun:    make(chan struct{}),
		pipe:     newPipe(),
	}
	go run(h, w, r.WithContext(inner))
	select {
	case <-w.begun:
		return w.response(ctx, over)
	case <-ctx.Done():
		w.abandon(context.Cause(ctx))
		over()
		return nil, context.Cause(ctx)
	}
}

// run tells the writer whether the handler returned. A panic, or a goroutine
// that ended itself, is a connection that breaks, as it is in net/http.
func run(h http.Handler, w *writer, r *http.Request) {
	whole := false
	defer func() { w.end(whole) }()
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			log.Printf("vidgotest: panic serving %s %s: %v\n%s", r.Method, r.URL.Path, p, debug.Stack())
		}
	}()
	h.ServeHTTP(w, r)
	whole = true
}

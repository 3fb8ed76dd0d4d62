package vidgo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// apiHTTPClient copies the user's client and makes the copy safe to carry the
// key: no redirect leaves the API, none repeats a submission.
func apiHTTPClient(user *http.Client, base *url.URL, timeout time.Duration) *http.Client {
	own := *user
	if own.Timeout > 0 {
		timeout = own.Timeout
	}
	own.Transport, own.Timeout = apiTransport{transportOf(user), timeout}, 0
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		stays := req.URL.Scheme == base.Scheme && req.URL.Host == base.Host
		if !stays || via[0].Method != http.MethodGet || len(via) >= 10 {
			return http.ErrUseLastResponse
		}
		if user.CheckRedirect != nil {
			return user.CheckRedirect(req, via)
		}
		return nil
	}
	return &own
}

// uploadHTTPClient is own with a timeout for standstills in place of one for
// the whole, unless the user has set that.
func uploadHTTPClient(user, own *http.Client, timeout time.Duration) *http.Client {
	files := *own
	files.Timeout = user.Timeout
	files.Transport = stallGuard{transportOf(user), timeout}
	return &files
}

func transportOf(user *http.Client) http.RoundTripper {
	if user.Transport == nil {
		return http.DefaultTransport
	}
	return user.Transport
}

// apiTransport has no CloseIdleConnections: go-retryablehttp calls it after
// every failure, and the connections may be the whole program's. The timeout
// of a try, reading its answer included, is here because [http.Client] starts a
// goroutine for each request to a transport that it does not know.
type apiTransport struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (t apiTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), t.timeout, slowError{t.timeout})
	try := &try{ctx: ctx, cancel: cancel}
	if r.Method == http.MethodGet { // submissions have a stricter guard
		ctx = try.limit.on(ctx, cancel)
	}
	res, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil || res == nil || res.Body == nil {
		cancel()
		return res, try.explain(err)
	}
	try.ReadCloser, res.Body = res.Body, try
	return res, nil
}

// try is one request, and the body of its answer. It ends its timeout when it
// is closed.
type try struct {
	io.ReadCloser
	ctx    context.Context // the try's own, for its cause
	cancel context.CancelFunc
	limit  connLimit
}

func (t *try) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	return n, t.explain(err)
}

func (t *try) Close() error {
	defer t.cancel()
	return t.ReadCloser.Close()
}

// explain puts the reason in place of what the transport makes of it.
func (t *try) explain(err error) error {
	if slow, ok := context.Cause(t.ctx).(slowError); ok && err != nil && err != io.EOF {
		return slow
	}
	return t.limit.explain(err)
}

// slowError is a timeout like that of an [http.Client], and is retried like one.
type slowError struct{ limit time.Duration }

func (e slowError) Error() string        { return fmt.Sprintf("no whole answer within %s", e.limit) }
func (e slowError) Timeout() bool        { return true }
func (e slowError) Temporary() bool      { return true }
func (e slowError) Is(target error) bool { return target == context.DeadlineExceeded }

// maxConns is how many connections one request may ask for. Those that were
// kept may be gone, one after the other, and a user's transport may try again by
// itself.
const maxConns = 8

var errManyConns = errors.New("the connection was lost several times in a row")

// connLimit ends a request that net/http repeats by itself without an end: over
// HTTP/2, when a peer resets the stream as a protocol error, on a new connection
// each time and without a pause.
type connLimit struct {
	trace httptrace.ClientTrace
	asked atomic.Int32
	give  func()
}

// on puts the limit on a request's context, which give ends.
func (l *connLimit) on(ctx context.Context, give func()) context.Context {
	l.give = give
	l.trace.GetConn = l.getConn
	return httptrace.WithClientTrace(ctx, &l.trace)
}

func (l *connLimit) getConn(string) {
	if l.asked.Add(1) > maxConns {
		l.give()
	}
}

// explain puts the reason in place of the "context canceled" that the
// transport makes of it.
func (l *connLimit) explain(err error) error {
	if err != nil && l.asked.Load() > maxConns {
		return errManyConns
	}
	return err
}

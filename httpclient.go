package vidgo

import (
	"context"
	"errors"
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

// uploadHTTPClient is own with a time-out for standstills in place of one for
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
// every failure, and the connections may be the whole program's. The time-out
// of a try, reading its answer included, is here because [http.Client] starts a
// goroutine for each request to a transport that it does not know.
type apiTransport struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (t apiTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), t.timeout)
	calm := ctx
	if r.Method == http.MethodGet { // submissions have a stricter guard
		calm = limitRepeats(ctx)
	}
	res, err := t.next.RoundTrip(r.WithContext(calm))
	if err != nil || res == nil || res.Body == nil {
		cancel()
		return res, err
	}
	res.Body = timedBody{res.Body, cancel}
	return res, nil
}

// timedBody ends its time-out when it is closed.
type timedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b timedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// maxConnections is how many connections one try may ask for: the one that was
// kept may be gone, and so may the next.
const maxConnections = 3

var errManyConnections = errors.New("the connection was lost several times in a row")

// limitRepeats makes ctx end a request that net/http repeats by itself without
// an end: over HTTP/2, when a peer resets its stream as a protocol error, on a
// new connection each time and without a pause.
func limitRepeats(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	var asked atomic.Int32
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) {
		if asked.Add(1) > maxConnections {
			cancel(errManyConnections)
		}
	}})
}

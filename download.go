package vidgo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

const (
	defaultDownloadLimit = 2 << 30 // bytes of one file
	maxDownloadRedirects = 5
)

// DownloadError says why a file could not be downloaded. It matches
// [ErrNotFound] (HTTP 404, 410) or [ErrForbidden] (401, 403) if the link is bad
// or has expired.
type DownloadError struct {
	URL        string // without its user information and query, which may hold a signature
	StatusCode int    // HTTP status; 0 if that is not what was wrong
	Reason     string
	Err        error // the cause; may be nil

	next  nextTry
	pause time.Duration // as the host asks by Retry-After
}

// nextTry is what may help after a failed try.
type nextTry int

const (
	giveUp    nextTry = iota
	tryAgain          // the next try may go better
	linkIsBad         // the link may have expired, or the file may not be there yet
)

// Error returns the URL, the status and the reason in one line.
func (e *DownloadError) Error() string {
	var b strings.Builder
	b.WriteString("vidgo: download")
	if e.URL != "" {
		b.WriteString(" " + clip(e.URL, 200))
	}
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.StatusCode)
	}
	if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Is reports whether target is [ErrNotFound] or [ErrForbidden] and the status
// is of that kind.
func (e *DownloadError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusGone
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusUnauthorized
	}
	return false
}

// Unwrap returns Err.
func (e *DownloadError) Unwrap() error { return e.Err }

// Download writes the file at f.URL to w, and returns the number of bytes
// written. For all files of a task, [Client.Save] is simpler and can resume
// after an error.
//
// Requests carry neither the API key nor cookies, and go to public https hosts
// only, redirects included. (If [WithDownloadClient] is set, it decides about
// the addresses that names resolve to.) A download that breaks off is resumed
// if the host supports that, and fails if not and w has been written to. A file
// that its host does not serve yet is waited for, for about 15 seconds. Text in
// place of a file is refused as an error page. A download as a whole has no
// timeout, but one in which no data moves does ([WithRequestTimeout]). A file
// may have at most 2 GiB.
//
// The error is a [DownloadError], which wraps context.Cause(ctx) if ctx ended;
// the error of w; or, if f has no URL, an [InputError].
func (c *Client) Download(ctx context.Context, f File, w io.Writer) (int64, error) {
	if f.URL == "" {
		return 0, &InputError{Field: "file", Reason: "has no URL; Task.URLs lists those of music results"}
	}
	if w == nil {
		return 0, &InputError{Field: "writer", Reason: "is nil; want where the file should go"}
	}
	h, done := c.downloadHTTP()
	defer done()
	t := &transfer{http: h, agent: c.userAgent, file: f, to: &writerSink{w: w}, limit: defaultDownloadLimit, total: -1}
	err := t.run(ctx)
	return t.have, err
}

// writerSink is a sink that cannot take back what was written.
type writerSink struct {
	w       io.Writer
	written bool
}

func (s *writerSink) Write(p []byte) (int, error) {
	s.written = s.written || len(p) > 0
	return s.w.Write(p)
}

func (s *writerSink) restart() error {
	if s.written {
		return errors.New("the host cannot continue a file, and a part of it was written already")
	}
	return nil
}

func (s *writerSink) begin(string, int64) error { return nil }

// downloadHTTP returns a client that downloads files, and a function that
// releases it: a transport of our own keeps its connections only for one call.
func (c *Client) downloadHTTP() (client *http.Client, done func()) {
	if c.downloads != nil {
		return c.downloads, func() {}
	}
	transport := newDownloadTransport()
	return &http.Client{Transport: stallGuard{transport, c.fileStall}, CheckRedirect: checkDownloadRedirect(nil)}, transport.CloseIdleConnections
}

// fileHosts refuses connections to addresses that are not public, whatever name
// resolved to them.
var fileHosts = ssrf.New(ssrf.WithAnyPort())

// newDownloadTransport uses no proxy: behind one, nobody here could tell which
// address is connected to. It speaks HTTP/1: an HTTP/2 connection whose request
// was cancelled a moment ago is not idle yet when the call ends, and is never
// closed then.
func newDownloadTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: fileHosts.Safe}
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Transport{
		Protocols:           &http1,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 10 * time.Second, // for the answer there is the stallGuard
		DisableCompression:  true,             // lengths and ranges are of the file itself
	}
}

// userDownloadClient copies the user's client and makes the copy follow our
// rules too.
func userDownloadClient(user *http.Client, patience time.Duration) *http.Client {
	if user == nil {
		return nil
	}
	own := *user
	own.Jar = nil
	own.Transport = stallGuard{transportOf(user), patience}
	own.CheckRedirect = checkDownloadRedirect(user.CheckRedirect)
	return &own
}

// checkDownloadRedirect checks every hop like the first URL. It drops the
// Referer, which would tell the next host the signature of the last URL.
func checkDownloadRedirect(next func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		req.Header.Del("Referer")
		if len(via) > maxDownloadRedirects {
			return &redirectError{fmt.Errorf("more than %d redirects", maxDownloadRedirects)}
		}
		if err := checkPublicURL(req.URL.String(), "https"); err != nil {
			return &redirectError{err}
		}
		if next != nil {
			return next(req, via)
		}
		return nil
	}
}

// redirectError marks a bad redirect, which the next try would meet again.
type redirectError struct{ error }

func (e *redirectError) Unwrap() error { return e.error }

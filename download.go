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

// DownloadError says why a file could not be fetched. [ErrNotFound] and
// [ErrForbidden] answer for a link that is not there (any more).
type DownloadError struct {
	URL        string // without its query, which may hold a signature, and user information
	StatusCode int    // HTTP status; 0 if there was no answer
	Reason     string
	Err        error // the cause; may be nil

	next  nextTry
	pause time.Duration // that the host asks for
}

// nextTry is what may be done about a failed try.
type nextTry int

const (
	giveUp    nextTry = iota
	tryAgain          // the next try may go better
	linkIsBad         // the link may have run out, or the file may not be there yet
)

// Error tells the URL without its query, the status and the reason.
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

// Is answers for [ErrNotFound] and [ErrForbidden].
func (e *DownloadError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusGone
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusUnauthorized
	}
	return false
}

// Unwrap gives the cause.
func (e *DownloadError) Unwrap() error { return e.Err }

// Download writes the file behind f.URL to w, and gives the number of bytes
// that were written. See [Client.Save] for whole tasks: it needs less care.
//
// The request carries neither the API key nor cookies, goes to public https
// hosts only (redirects included; with a client of your own, the addresses that
// names resolve to are its business), and is repeated from
// where it broke off, if the host can do that; when it cannot, and w has some of
// the file already, that is the end. A file that is announced before its host
// serves it is waited for, a quarter of a minute. What is no image, video or
// audio but text is refused: it is an error page. There is no time-out for the
// whole, but one for a standstill ([WithRequestTimeout]). At most 2 GiB are
// taken.
//
// An error is a [DownloadError], which wraps context.Cause(ctx) if that was the
// end, or the one of w. An f without a URL is an [InputError].
func (c *Client) Download(ctx context.Context, f File, w io.Writer) (int64, error) {
	if f.URL == "" {
		return 0, &InputError{Field: "file", Reason: "has no URL; Task.URLs lists those of music results"}
	}
	if w == nil {
		return 0, &InputError{Field: "writer", Reason: "is nil"}
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

// downloadHTTP gives a client that fetches files, and what ends it: a transport
// of our own keeps connections only for as long as one call needs them.
func (c *Client) downloadHTTP() (client *http.Client, done func()) {
	if c.downloads != nil {
		return c.downloads, func() {}
	}
	transport := newDownloadTransport()
	return &http.Client{Transport: stallGuard{transport, c.fileStall}, CheckRedirect: checkDownloadRedirect(nil)}, transport.CloseIdleConnections
}

// fileHosts refuses to connect to anything but public addresses, whatever a
// name resolves to.
var fileHosts = ssrf.New(ssrf.WithAnyPort())

// newDownloadTransport has no proxy: behind one, nobody here could tell which
// address is connected to.
func newDownloadTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: fileHosts.Safe}
	return &http.Transport{
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		DisableCompression:    true, // lengths and ranges are of the file itself
		ForceAttemptHTTP2:     true,
	}
}

// userDownloadClient copies the user's client and makes the copy follow our
// rules, too.
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

// checkDownloadRedirect judges every hop as the first URL. The Referer would
// tell the next host the last one's signature.
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

// redirectError is one that the next try would meet again.
type redirectError struct{ error }

func (e *redirectError) Unwrap() error { return e.error }

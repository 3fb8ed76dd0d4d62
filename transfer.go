package vidgo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

const (
	// maxFruitless is how many tries in a row may bring nothing. With pauses of
	// 1, 2, 4 and 8 seconds between them this is also the patience for a file
	// that is announced before it can be downloaded.
	maxFruitless     = 5
	firstFilePause   = time.Second
	maxFilePause     = 8 * time.Second
	maxFileRetryWait = time.Minute // the longest Retry-After that is honoured
)

// transfer brings one file from its host to a sink, in as many tries as it
// takes.
type transfer struct {
	http     *http.Client
	agent    string
	file     File
	fresh    func(context.Context) (string, error) // requests a new link; nil if that cannot be done
	to       sink
	limit    int64
	progress func(done, total int64) // may be nil

	have   int64  // bytes in the sink
	tag    string // the file's validator; "" if it has none
	total  int64  // bytes of the file; -1 if unknown
	until  int64  // where the current answer must end; -1 if unknown
	best   int64  // the most bytes any try had in the sink
	linked bool   // a new link was requested already
}

// sink is where a file goes.
type sink interface {
	io.Writer
	// begin is called before the first byte, and again after each restart.
	begin(tag string, total int64) error
	// restart discards what was written. It is an error if that cannot be done.
	restart() error
}

// sinkError marks an error of the sink, which the next try would meet again.
type sinkError struct{ error }

func (e sinkError) Unwrap() error { return e.error }

// run tries until the file is complete, or too many tries bring nothing.
func (t *transfer) run(ctx context.Context) error {
	if t.have > 0 && t.have == t.total {
		return t.fits() // an earlier call had all of it
	}
	if ctx.Err() != nil { // not every transport would see it
		return t.error(&DownloadError{Reason: "cut short", Err: context.Cause(ctx)})
	}
	for fruitless := 0; ; {
		before := t.best
		err := t.try(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return t.error(&DownloadError{Reason: "cut short", Err: context.Cause(ctx)})
		}
		if fault, ok := err.(sinkError); ok {
			return fault.error // which may be the DownloadError of another file
		}
		failed, ok := err.(*DownloadError)
		if !ok || failed.next == giveUp {
			return err
		}
		if fruitless++; t.best > before {
			fruitless = 0
		}
		if fruitless >= maxFruitless || failed.pause > maxFileRetryWait {
			return err
		}
		if failed.next == linkIsBad && t.refresh(ctx) {
			continue
		}
		if over := t.rest(ctx, failed, max(failed.pause, min(firstFilePause<<fruitless/2, maxFilePause))); over != nil {
			return over
		}
	}
}

// rest pauses for d. If there is no time for that, it returns the error to end
// with.
func (t *transfer) rest(ctx context.Context, last *DownloadError, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return last
	}
	if cause := sleep(ctx, d); cause != nil {
		return t.error(&DownloadError{Reason: "cut short", Err: fmt.Errorf("%w; last try: %w", cause, last)})
	}
	return nil
}

// refresh requests a new link. It reports whether to try that at once, which is
// only for the first one: for a file that is not there yet, later ones may
// differ in their signature only.
func (t *transfer) refresh(ctx context.Context) bool {
	if t.fresh == nil {
		return false
	}
	link, err := t.fresh(ctx)
	if err != nil || link == "" || link == t.file.URL {
		return false
	}
	first := !t.linked
	t.file.URL, t.linked = link, true
	return first
}

// try requests what is missing once.
func (t *transfer) try(ctx context.Context) error {
	req, err := t.request(ctx)
	if err != nil {
		return err
	}
	res, err := t.http.Do(req)
	if err != nil {
		return t.networkError(err)
	}
	defer res.Body.Close()
	if err := t.accept(res); err != nil {
		return err
	}
	if err := t.copy(res.Body); err != nil {
		return err
	}
	switch {
	case t.until >= 0 && t.have > t.until:
		return t.restart("the host sent more than it had announced")
	case t.until >= 0 && t.have < t.until, t.have < t.total:
		return t.error(&DownloadError{Reason: fmt.Sprintf("broke off after %d of %d bytes", t.have, max(t.total, t.until)), next: tryAgain})
	}
	return nil
}

func (t *transfer) request(ctx context.Context) (*http.Request, error) {
	if err := checkPublicURL(t.file.URL, "https"); err != nil {
		return nil, t.error(&DownloadError{Reason: "the link is not to a public https host", Err: err})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.file.URL, nil)
	if err != nil {
		return nil, t.error(&DownloadError{Reason: "the link is not a URL"})
	}
	req.Header.Set("User-Agent", t.agent) // some hosts refuse Go's own
	req.Header.Set("Accept-Encoding", "identity")
	if t.have > 0 && t.tag != "" {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.have))
		req.Header.Set("If-Range", t.tag)
	}
	return req, nil
}

// accept checks the answer's header, and prepares the sink for its body.
func (t *transfer) accept(res *http.Response) error {
	switch {
	case res.StatusCode == http.StatusOK, res.StatusCode == http.StatusPartialContent && t.have > 0:
	case res.StatusCode == http.StatusPartialContent:
		return t.error(&DownloadError{StatusCode: res.StatusCode, Reason: "the host sent only a part of the file", next: tryAgain})
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable && t.have > 0:
		return t.restart("the host has no such part of the file")
	default:
		return t.refused(res)
	}
	if coding := res.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return t.error(&DownloadError{StatusCode: res.StatusCode, Reason: "the host compressed the file as " + clip(coding, 20) + ", which was not requested"})
	}
	if res.StatusCode == http.StatusPartialContent {
		return t.acceptPart(res)
	}
	return t.acceptWhole(res)
}

func (t *transfer) acceptPart(res *http.Response) error {
	start, end, total, ok := parseContentRange(res.Header.Get("Content-Range"))
	same := start == t.have && (t.total < 0 || total < 0 || total == t.total)
	if other := validator(res.Header); other != "" && other != t.tag {
		same = false
	}
	if !ok || !same {
		return t.restart("the host sent another part than the one requested")
	}
	if t.until = end + 1; total >= 0 {
		t.total = total
	}
	return t.fits()
}

// acceptWhole accepts the file from its start. If it is the file of which the
// sink has a part, that part is skipped: the host does not support ranges.
func (t *transfer) acceptWhole(res *http.Response) error {
	tag := validator(res.Header)
	if t.have > 0 && tag != "" && tag == t.tag && res.ContentLength == t.total {
		if _, err := io.CopyN(io.Discard, res.Body, t.have); err != nil {
			return t.error(&DownloadError{Reason: "broke off", Err: err, next: tryAgain})
		}
		t.until = t.total
		return nil
	}
	if t.have > 0 {
		if err := t.forget(); err != nil {
			return err
		}
	}
	t.tag, t.total, t.until = tag, res.ContentLength, res.ContentLength
	if t.total < 0 && t.file.Size > 0 {
		t.total = t.file.Size // nothing else says when it is complete
	}
	if err := t.fits(); err != nil {
		return err
	}
	if err := t.to.begin(t.tag, t.total); err != nil {
		return sinkError{err}
	}
	return nil
}

// restart discards what the sink has, for the next try.
func (t *transfer) restart(why string) error {
	if err := t.forget(); err != nil {
		return err
	}
	return t.error(&DownloadError{Reason: why, next: tryAgain})
}

func (t *transfer) forget() error {
	if err := t.to.restart(); err != nil {
		return t.error(&DownloadError{Reason: "broke off after " + strconv.FormatInt(t.have, 10) + " bytes", Err: err})
	}
	t.have, t.tag, t.total, t.until = 0, "", -1, -1
	return nil
}

// fits refuses a file that is too large before it is downloaded.
func (t *transfer) fits() error {
	if size := max(t.total, t.file.Size); size > t.limit {
		return t.error(&DownloadError{Reason: fmt.Sprintf("the file has %d bytes; at most %d are taken", size, t.limit)})
	}
	return nil
}

// copy copies the body to the sink, once its first bytes have been judged.
func (t *transfer) copy(body io.Reader) error {
	if t.have == 0 {
		head := make([]byte, sniffLength)
		n, err := io.ReadFull(body, head)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF || err != nil && t.total >= 0 && int64(n) < t.total {
			return t.error(&DownloadError{Reason: "broke off", Err: err, next: tryAgain})
		}
		if err := t.look(head[:n]); err != nil {
			return err
		}
		body = io.MultiReader(bytes.NewReader(head[:n]), body)
	}
	most := t.limit + 1 - t.have
	if t.until >= 0 {
		most = min(most, t.until+1-t.have) // one byte more, to notice a body that is too long
	}
	_, err := io.Copy(bodySink{t}, io.LimitReader(body, most))
	if fault, ok := err.(sinkError); ok {
		return fault
	}
	if err != nil {
		return t.error(&DownloadError{Reason: fmt.Sprintf("broke off after %d bytes", t.have), Err: err, next: tryAgain})
	}
	if t.have > t.limit {
		return t.error(&DownloadError{Reason: fmt.Sprintf("the file has more than %d bytes, and no more are taken", t.limit)})
	}
	return nil
}

// look judges the file by its first bytes. An error page may be gone on the
// next try.
func (t *transfer) look(head []byte) error {
	if len(head) == 0 {
		return t.error(&DownloadError{Reason: "the file is empty", next: tryAgain})
	}
	if kind, ok := contentKind(head, t.file); !ok {
		return t.error(&DownloadError{Reason: "the host sent " + kind + " in place of the file: " + describePage(head), next: tryAgain})
	}
	return nil
}

// bodySink writes to the sink, and keeps count.
type bodySink struct{ t *transfer }

func (s bodySink) Write(p []byte) (int, error) {
	n, err := s.t.to.Write(p)
	s.t.have += int64(n)
	s.t.best = max(s.t.best, s.t.have)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return n, sinkError{err}
	}
	if s.t.progress != nil {
		s.t.progress(s.t.have, s.t.total)
	}
	return n, nil
}

// refused returns the error of an answer that is not a file.
func (t *transfer) refused(res *http.Response) error {
	next, pause := giveUp, time.Duration(0)
	switch status := res.StatusCode; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusGone:
		next = linkIsBad
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		next, pause = tryAgain, parseRetryAfter(res.Header, time.Now())
	}
	head, _ := io.ReadAll(io.LimitReader(res.Body, sniffLength)) // as much as can be read
	return t.error(&DownloadError{StatusCode: res.StatusCode, Reason: describePage(head), next: next, pause: pause})
}

// networkError decides whether the next try may mend err, and hides the URL.
func (t *transfer) networkError(err error) error {
	next := tryAgain
	_, redirected := errors.AsType[*redirectError](err)
	if redirected || errors.Is(err, ssrf.ErrProhibitedIP) || !worthRetrying(err) {
		next = giveUp
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err // its text has the URL, query and all
	}
	if strings.Contains(err.Error(), "Location header") { // the text has that, too
		err = errors.New("redirected to something that is not a URL")
	}
	return t.error(&DownloadError{Err: err, next: next})
}

func (t *transfer) error(e *DownloadError) *DownloadError {
	e.URL, _, _ = strings.Cut(hideUserinfo(t.file.URL), "?")
	return e
}

// validator returns what changes when the file does: a strong ETag, or else the
// time of its last change.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	return h.Get("Last-Modified")
}

// parseContentRange reads "bytes 5-9/10"; total is -1 for "bytes 5-9/*".
func parseContentRange(s string) (start, end, total int64, ok bool) {
	unit, rest, _ := strings.Cut(s, " ")
	span, size, found := strings.Cut(rest, "/")
	from, to, dash := strings.Cut(span, "-")
	if unit != "bytes" || !found || !dash {
		return 0, 0, 0, false
	}
	start, end = parseOffset(from), parseOffset(to)
	total = -1
	if size != "*" {
		if total = parseOffset(size); total <= end {
			return 0, 0, 0, false
		}
	}
	return start, end, total, start >= 0 && end >= start
}

// parseOffset reads a number of digits only; anything else is -1.
func parseOffset(s string) int64 {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return -1
	}
	return int64(n)
}

package vidgo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Version is the version of this package, as sent in the User-Agent header.
const Version = "0.1.0"

// APIKeyEnv is the environment variable from which [NewClient] reads the API
// key if it is given none.
const APIKeyEnv = "VIDGO_API_KEY"

const (
	maxAnswer    = 8 << 20 // bytes of one answer; a task with many files has some thousands
	maxFirstRead = 8 << 10 // bytes allocated on the word of a Content-Length
)

// Client is a client of the Vidgo API. It is safe for concurrent use, needs no
// Close, and leaves nothing running once its calls have returned. Use one
// Client for each API key in a process: waits share polls only within a Client,
// and a callback finds only the waits of the Client whose handler it reaches.
type Client struct {
	http      *http.Client // for answers and requests that fit into memory
	files     *http.Client // for uploads: the same, but for its timeout
	baseURL   *url.URL
	authorize func(http.Header) // a closure, so that %+v of a Client cannot print the key
	redact    func([]byte) []byte
	userAgent string
	log       *slog.Logger
	retries   retryPolicy
	wall      func() time.Time // for the times that others tell or are told; it may step

	callbackURL string
	signer      *signer // nil without a secret
	confirm     bool
	resolver    *net.Resolver
	inputCheck  func(model string, input []byte) error

	tracker *tracker
	poller  *poller
	relay   Relay
	uploads *uploads

	downloads *http.Client  // the user's, made to follow our rules; nil: one of our own for each call
	fileStall time.Duration // how long nothing may move in a download

	strays chan struct{} // one slot for each unauthenticated callback that nobody waits for and that is being confirmed
}

// NewClient returns a new Client. If apiKey is empty, it is read from
// VIDGO_API_KEY; if that is empty too, the error is [ErrNoAPIKey]. Everything
// wrong with the key and the options is reported in one joined error. NewClient
// sends nothing.
func NewClient(apiKey string, opts ...Option) (*Client, error) {
	if apiKey == "" {
		apiKey = os.Getenv(APIKeyEnv)
	}
	cfg, optErr := applyFuncs(defaults(), opts)
	base, baseErr := parseBaseURL(cfg.baseURL, cfg.plainHTTP)
	signer := newSigner(cfg.secrets, cfg.maxAge)
	if err := errors.Join(optErr, checkAPIKey(apiKey), baseErr, signer.fits(cfg.callbackURL)); err != nil {
		return nil, err
	}
	return newClient(cfg, apiKey, base, signer), nil
}

// newClient puts a Client together from what NewClient has checked.
func newClient(cfg config, apiKey string, base *url.URL, signer *signer) *Client {
	c := &Client{
		http:      apiHTTPClient(cfg.httpClient, base, cfg.requestTimeout),
		baseURL:   base,
		authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+apiKey) },
		redact:    func(b []byte) []byte { return redact(b, apiKey) },
		userAgent: cfg.userAgent,
		log:       cfg.logger,
		retries: retryPolicy{max: cfg.retries, minDelay: cfg.minDelay, maxDelay: cfg.maxDelay,
			budget: newRetryBudget()},
		wall:        time.Now,
		callbackURL: cfg.callbackURL,
		signer:      signer,
		confirm:     cfg.confirm,
		resolver:    cfg.resolver,
		inputCheck:  cfg.inputCheck,
		tracker:     newTracker(cfg.logger, cfg.maxAge),
		relay:       cfg.relay,
		uploads:     newUploads(cfg.uploadRate),
		downloads:   userDownloadClient(cfg.downloadClient, cfg.requestTimeout),
		fileStall:   cfg.requestTimeout,
		strays:      make(chan struct{}, maxStrays),
	}
	c.files = uploadHTTPClient(cfg.httpClient, c.http, cfg.requestTimeout)
	if cfg.learn {
		c.tracker.paces = paces{}
	}
	c.poller = newPoller(c, cfg)
	return c
}

// String returns a name for the client that does not hold its key.
func (c *Client) String() string { return "vidgo.Client(" + c.baseURL.String() + ")" }

// GoString is the same as String, so that %#v cannot print the key either.
func (c *Client) GoString() string { return c.String() }

func checkAPIKey(key string) error {
	if key == "" {
		return ErrNoAPIKey
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return errors.New("vidgo: the API key has white space, a line end or a character outside ASCII; was it cut or read with its line end?")
		}
	}
	return nil
}

// request is one call of the API, before it is built.
type request struct {
	method  string
	path    string // escaped, such as /api/user/balance
	query   url.Values
	body    []byte   // JSON, or nil
	payload *payload // instead of body, for uploads
	repeat  repeatRule
	again   func(context.Context) error // waits until there may be another try; nil: no need to
}

func (r request) isPoll() bool { return r.repeat == repeatNever && r.payload == nil }

// call is the one way to any endpoint: build the request, authorise and send
// it, read a bounded answer, judge and decode it. decode may keep data, which
// is compact JSON.
func call[T any](ctx context.Context, c *Client, r request, decode func(data []byte) (T, error)) (T, error) {
	var zero T
	x, err := c.send(ctx, r)
	if err != nil {
		return zero, err
	}
	data, err := decode(x.data)
	if err != nil {
		// The envelope is right and what it holds is not. For a submission that
		// is an unknown outcome, as any unreadable answer is.
		return zero, r.repeat.unsure(x.fault("the answer's data cannot be read: " + err.Error()))
	}
	return data, nil
}

// send carries out r, with the retries that its rule allows.
func (c *Client) send(ctx context.Context, r request) (*exchange, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	x := &exchange{client: c, request: r}
	req, err := c.newRequest(x.trace(ctx), r, x.sent)
	if err != nil {
		return nil, err
	}
	loop := retryablehttp.Client{
		HTTPClient:   c.httpFor(r),
		Logger:       retryLog{c},
		RetryMax:     c.retries.max,
		CheckRetry:   x.check,
		Backoff:      x.pause,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	// Do's answer is not used: check has read and judged every one, and x holds
	// the last. Do's error is news only if the context ended in a pause.
	if _, err := loop.Do(req); err != nil && x.pausing {
		x.err = fmt.Errorf("%w; last try: %w", context.Cause(ctx), x.err)
	}
	switch {
	case x.err == nil:
	case x.unaccepted:
		return nil, x.err
	default:
		return nil, r.repeat.unsure(x.err)
	}
	c.retries.budget.refill()
	return x, nil
}

func (c *Client) httpFor(r request) *http.Client {
	if r.payload != nil {
		return c.files
	}
	return c.http
}

func (c *Client) newRequest(ctx context.Context, r request, sent *sendTrace) (*retryablehttp.Request, error) {
	target := c.baseURL.String() + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	var body any // a nil []byte would count as a body
	contentType := "application/json"
	switch {
	case r.body != nil:
		body = retryablehttp.ReaderFunc(func() (io.Reader, error) { return sent.body(r.body) })
	case r.payload != nil:
		body, contentType = retryablehttp.ReaderFunc(r.payload.open), r.payload.contentType
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	c.authorize(req.Header)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

// readBounded reads a body of at most max bytes and closes it.
func readBounded(body io.ReadCloser, announced, max int64) ([]byte, error) {
	defer body.Close()
	b, err := readAll(io.LimitReader(body, max+1), announced)
	if err != nil {
		return b, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(b)) > max {
		return b[:max], fmt.Errorf("read answer: %w: more than %d bytes", errTooLong, max)
	}
	return b, nil
}

// readAll reads to the end. announced is the Content-Length, or negative if
// there is none. It is trusted for the first allocation only as far as
// maxFirstRead: it may be a lie.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(announced, 0), maxFirstRead)) + bytes.MinRead) // MinRead finds the end without growing
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

var errTooLong = errors.New("too long")

// sleep pauses for d. If ctx ends first, the error is its cause.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retryLog passes go-retryablehttp's log on at debug level: the caller gets the
// error anyway, and a warning for it would be noise. As in that error, there are
// no secrets in it.
type retryLog struct{ client *Client }

func (l retryLog) Debug(msg string, kv ...any) {
	if !l.client.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	kv = slices.Clone(kv)
	for i, v := range kv {
		if err, ok := v.(error); ok {
			kv[i] = l.client.hide(err.Error())
		}
	}
	l.client.log.Debug(msg, kv...)
}

func (l retryLog) Error(msg string, kv ...any) { l.Debug(msg, kv...) }
func (l retryLog) Warn(msg string, kv ...any)  { l.Debug(msg, kv...) }
func (l retryLog) Info(msg string, kv ...any)  { l.Debug(msg, kv...) }

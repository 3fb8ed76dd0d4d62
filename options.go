package vidgo

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	defaultBaseURL        = "https://api.vidgo.ai"
	defaultRequestTimeout = 30 * time.Second
	defaultRetries        = 4
	defaultMinDelay       = time.Second
	defaultMaxDelay       = 8 * time.Second
	defaultPollRate       = 10
	defaultPollBurst      = 10
	defaultMaxPolls       = 8
	defaultUploadRate     = 5
	defaultCallbackMaxAge = 24 * time.Hour // as long as Vidgo keeps the files
	minSecretLength       = 16

	maxUploadRate = 10_000 // a throttle has memory for each upload of a minute

	// maxDuration bounds every duration a user can set. Nothing at Vidgo takes
	// a month: a longer one is a wrong unit, and would overflow later.
	maxDuration = 30 * 24 * time.Hour
)

// Option configures a [Client]; see [NewClient]. If an option is given twice,
// the last one counts, but each must be valid.
type Option func(*config) error

// config is what the options fill in. It never leaves NewClient.
type config struct {
	baseURL        string
	plainHTTP      bool
	httpClient     *http.Client
	downloadClient *http.Client // may be nil
	userAgent      string
	logger         *slog.Logger
	requestTimeout time.Duration
	retries        int
	minDelay       time.Duration
	maxDelay       time.Duration

	polling  Schedule
	learn    bool // how long models take, and poll by that where it is known
	fallback Schedule
	pollRate float64
	burst    int
	maxPolls int

	uploadRate int

	callbackURL string
	secrets     [][]byte
	maxAge      time.Duration
	confirm     bool
	resolver    *net.Resolver

	relay      Relay
	inputCheck func(model string, input []byte) error
}

func defaults() config {
	return config{
		baseURL:        defaultBaseURL,
		httpClient:     &http.Client{},
		userAgent:      "vidgo-go/" + Version,
		logger:         slog.New(slog.DiscardHandler),
		requestTimeout: defaultRequestTimeout,
		retries:        defaultRetries,
		minDelay:       defaultMinDelay,
		maxDelay:       defaultMaxDelay,
		polling:        Backoff(2*time.Second, 15*time.Second),
		fallback:       Backoff(20*time.Second, 2*time.Minute),
		pollRate:       defaultPollRate,
		burst:          defaultPollBurst,
		maxPolls:       defaultMaxPolls,
		uploadRate:     defaultUploadRate,
		maxAge:         defaultCallbackMaxAge,
	}
}

// WithBaseURL sets the URL of the API. The default is https://api.vidgo.ai. A
// path in it is the prefix of every endpoint's. Plain http is accepted for
// loopback hosts only, because every request carries the API key; see
// [WithPlainHTTP].
func WithBaseURL(rawURL string) Option {
	return func(c *config) error {
		c.baseURL = rawURL
		return nil // judged in NewClient, together with WithPlainHTTP
	}
}

// WithPlainHTTP lets [WithBaseURL] accept an http URL for any host, which sends
// the API key unencrypted. The default is to refuse it unless the host is a
// loopback address or localhost.
func WithPlainHTTP() Option {
	return func(c *config) error {
		c.plainHTTP = true
		return nil
	}
}

// WithHTTPClient sets the HTTP client for requests to the API: its transport,
// cookie jar and redirect policy. It is copied, never modified. The default is
// a client that uses [http.DefaultTransport]. If its Timeout is set, it
// replaces [WithRequestTimeout]. A custom transport must not retry requests: a
// submission sent twice is paid for twice.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("vidgo: WithHTTPClient: the client is nil")
		}
		c.httpClient = client
		return nil
	}
}

// WithDownloadClient sets the HTTP client that downloads files. It is given
// neither the API key nor cookies. It is copied, never modified; besides its
// own redirect policy, every redirect must be to a public https host. The
// default is a client that connects to public addresses only, uses no proxy,
// and keeps no connection after a call. A client set here has to refuse private
// addresses itself. Tests pass the client of vidgotest here too.
func WithDownloadClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("vidgo: WithDownloadClient: the client is nil")
		}
		c.downloadClient = client
		return nil
	}
}

// WithUserAgent sets the User-Agent header. The default is vidgo-go/ and the
// version of this package.
func WithUserAgent(agent string) Option {
	return func(c *config) error {
		if agent == "" || !printable(agent) {
			return fmt.Errorf("vidgo: WithUserAgent: %q is not a header value; want visible ASCII characters", agent)
		}
		c.userAgent = agent
		return nil
	}
}

// WithLogger sets the logger for what no caller is told: retries, deliveries of
// callbacks, missing callbacks. Keys, tokens and secrets are never logged. The
// default is to log nothing.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return errors.New("vidgo: WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}
}

// WithRequestTimeout sets how long one HTTP exchange may take, from dialling to
// the last byte of the answer; each retry and each redirect has the whole of
// it. The default is 30 seconds. It does not bound a wait: a poll that times
// out is repeated. For uploads and downloads it bounds only how long no data
// may move.
func WithRequestTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.requestTimeout = d
		return checkDuration("WithRequestTimeout", "timeout", d)
	}
}

// WithRetries sets how many times a failed request is retried, and the pauses:
// minDelay before the first retry, doubled each time up to maxDelay, with 20 %
// jitter. A Retry-After of the server replaces the pause. The default is 4
// retries with pauses of 1 to 8 seconds, as Vidgo recommends. A submission is
// retried only if it cannot have been accepted. Polls are not retried but
// repeated, see [WithPolling].
func WithRetries(max int, minDelay, maxDelay time.Duration) Option {
	return func(c *config) error {
		c.retries, c.minDelay, c.maxDelay = max, minDelay, maxDelay
		faults := []error{
			checkCount("WithRetries", "max", max),
			checkDuration("WithRetries", "minDelay", minDelay),
			checkDuration("WithRetries", "maxDelay", maxDelay),
		}
		if max == 0 {
			faults[0] = errors.New("vidgo: WithRetries: max is 0; use WithoutRetries to try only once")
		}
		if minDelay > maxDelay {
			faults = append(faults, fmt.Errorf("vidgo: WithRetries: minDelay %s is longer than maxDelay %s", minDelay, maxDelay))
		}
		return errors.Join(faults...)
	}
}

// WithoutRetries turns retries off. The default is [WithRetries](4,
// time.Second, 8*time.Second). Waits keep polling all the same.
func WithoutRetries() Option {
	return func(c *config) error {
		c.retries = 0
		return nil
	}
}

// WithPolling sets the schedule of polls for a task for which no callback is
// expected. The default is [Backoff](2*time.Second, 15*time.Second).
func WithPolling(s Schedule) Option {
	return func(c *config) error {
		c.polling = s
		return checkSchedule("WithPolling", s)
	}
}

// WithAdaptivePolling lets the client learn how long each model takes. Once
// five tasks of a model that this client submitted have finished, later ones
// are polled at once, after 5 seconds, when the fastest could be done (with no
// pause longer than 30 seconds), and then every 4 seconds, or up to every 15
// for models whose durations vary by minutes and for tasks that are late. If a
// task's progress moves, its next poll follows that. Models that usually take
// less than 15 seconds, and those not known yet, keep the schedule of
// [WithPolling]. The durations of the last 64 tasks of a model are kept, in
// memory. The default is not to learn.
func WithAdaptivePolling() Option {
	return func(c *config) error {
		c.learn = true
		return nil
	}
}

// WithFallbackPolling sets the schedule of polls for a task for which a
// callback is expected, in case it never comes. The default is
// [Backoff](20*time.Second, 2*time.Minute).
func WithFallbackPolling(s Schedule) Option {
	return func(c *config) error {
		c.fallback = s
		return checkSchedule("WithFallbackPolling", s)
	}
}

// WithPollRate limits the status requests of all waits of the client together,
// to perSecond on average and burst at once after a quiet time. The default is
// 10 a second and 10 at once.
func WithPollRate(perSecond float64, burst int) Option {
	return func(c *config) error {
		c.pollRate, c.burst = perSecond, burst
		var fault error
		if !(perSecond > 0) || math.IsInf(perSecond, 0) { // NaN is not > 0
			fault = fmt.Errorf("vidgo: WithPollRate: perSecond is %v; want a number above 0", perSecond)
		}
		return errors.Join(fault, checkCount("WithPollRate", "burst", burst))
	}
}

// WithMaxConcurrentPolls limits how many status requests of all waits together
// may be in flight at once. The default is 8.
func WithMaxConcurrentPolls(n int) Option {
	return func(c *config) error {
		c.maxPolls = n
		return checkCount("WithMaxConcurrentPolls", "n", n)
	}
}

// WithUploadRate limits the uploads, retries included, to each of Vidgo's three
// upload endpoints to perMinute in any minute; further ones wait for their turn.
// The default is 5, the documented limit of an API key.
func WithUploadRate(perMinute int) Option {
	return func(c *config) error {
		c.uploadRate = perMinute
		if perMinute > maxUploadRate {
			return fmt.Errorf("vidgo: WithUploadRate: perMinute is %d; want at most %d", perMinute, maxUploadRate)
		}
		return checkCount("WithUploadRate", "perMinute", perMinute)
	}
}

// WithCallbackURL sets the URL that Vidgo calls when a task is done, for every
// submission; [CallbackTo] and [NoCallback] override it for one. It must pass
// [ValidateCallbackURL]. The default is no callback.
func WithCallbackURL(rawURL string) Option {
	return func(c *config) error {
		c.callbackURL = rawURL
		if err := ValidateCallbackURL(rawURL); err != nil {
			return fmt.Errorf("%w (WithCallbackURL)", err)
		}
		return nil
	}
}

// WithCallbackSecret authenticates callbacks: every callback URL gets a token
// signed with current, and [Client.CallbackHandler] accepts only deliveries
// that carry a valid one. Tokens signed with one of previous are valid too, so
// that a secret can be changed without losing callbacks. A secret has at least
// 16 bytes; use 32 random ones. All processes that submit or receive must share
// it. The default is no secret: a callback is then only a hint, and is
// confirmed by a status request.
func WithCallbackSecret(current []byte, previous ...[]byte) Option {
	return func(c *config) error {
		var faults []error
		c.secrets = nil
		for i, s := range append([][]byte{current}, previous...) {
			name := "the current secret"
			if i > 0 {
				name = fmt.Sprintf("previous secret %d", i)
			}
			if len(s) < minSecretLength {
				faults = append(faults, fmt.Errorf("vidgo: WithCallbackSecret: %s has %d bytes; want at least %d random ones",
					name, len(s), minSecretLength))
			}
			c.secrets = append(c.secrets, append([]byte(nil), s...))
		}
		return errors.Join(faults...)
	}
}

// WithCallbackMaxAge sets how long after its submission a callback token is
// valid. The default is 24 hours, as long as Vidgo keeps the files. It must be
// longer than the slowest generation and all redeliveries together.
func WithCallbackMaxAge(d time.Duration) Option {
	return func(c *config) error {
		c.maxAge = d
		return checkDuration("WithCallbackMaxAge", "age", d)
	}
}

// WithCallbackConfirmation makes the client confirm every callback by a status
// request, even one with a valid token. The default is to believe the body of a
// callback whose token is valid, which costs no request.
func WithCallbackConfirmation() Option {
	return func(c *config) error {
		c.confirm = true
		return nil
	}
}

// WithCallbackResolution makes [Client.Submit] also resolve the host of the
// callback URL, with r or, if r is nil, [net.DefaultResolver], and refuse a
// host that has no address or one that is not public. The default is to check
// only the URL itself. Neither proves what Vidgo will resolve later.
func WithCallbackResolution(r *net.Resolver) Option {
	return func(c *config) error {
		if r == nil {
			r = net.DefaultResolver
		}
		c.resolver = r
		return nil
	}
}

// WithRelay sets the relay by which processes wake one another when a callback
// reaches one and another waits for the task; see [Relay]. The default is none:
// the other process finds the result by polling.
func WithRelay(r Relay) Option {
	return func(c *config) error {
		if r == nil {
			return errors.New("vidgo: WithRelay: the relay is nil")
		}
		c.relay = r
		return nil
	}
}

// WithInputCheck sets a check that the input of every submission, as JSON, must
// pass before it is sent. [Client.Submit] returns its error in an [InputError],
// which unwraps to it. check must be safe for concurrent use. The default is no
// check, because a catalogue of models ages faster than an SDK is upgraded.
func WithInputCheck(check func(model string, input []byte) error) Option {
	return func(c *config) error {
		if check == nil {
			return errors.New("vidgo: WithInputCheck: the check is nil")
		}
		c.inputCheck = check
		return nil
	}
}

func checkSchedule(option string, s Schedule) error {
	if fault := scheduleFault(s); fault != "" {
		return fmt.Errorf("vidgo: %s: the schedule %s", option, fault)
	}
	return nil
}

func checkDuration(option, name string, d time.Duration) error {
	if d <= 0 || d > maxDuration {
		return fmt.Errorf("vidgo: %s: %s is %s; want more than 0 and at most %s", option, name, d, maxDuration)
	}
	return nil
}

func checkCount(option, name string, n int) error {
	if n <= 0 {
		return fmt.Errorf("vidgo: %s: %s is %d; want at least 1", option, name, n)
	}
	return nil
}

// parseBaseURL checks the base URL; plainHTTP allows http for any host.
func parseBaseURL(raw string, plainHTTP bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	fault := ""
	switch {
	case err != nil:
		fault = "cannot be parsed" // err would print the URL, password and all
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		fault = "is not an absolute URL; want one like " + defaultBaseURL
	case u.Port() != "" && !goodPort(u.Port()), strings.HasSuffix(u.Host, ":"):
		fault = "has a bad port; want 1 to 65535"
	case u.User != nil:
		fault = "holds a user name or password; the API key goes to NewClient"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		fault = "has a query or a fragment; want only scheme, host and path"
	case u.Scheme == "http" && !plainHTTP && !loopback(u.Hostname()):
		fault = "would send the API key unencrypted; use https, or say WithPlainHTTP"
	}
	if fault != "" {
		return nil, errors.New("vidgo: WithBaseURL: the URL " + fault)
	}
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/")
	u.Path, _ = url.PathUnescape(u.RawPath) // it was escaped well
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") || ip != nil && ip.IsLoopback()
}

func goodPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// printable reports whether s can be a header's value as it is.
func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}

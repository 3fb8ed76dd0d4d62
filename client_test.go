package vidgo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestNewClientWithoutKey(t *testing.T) {
	t.Setenv("VIDGO_API_KEY", "")
	_, err := vidgo.NewClient("")
	require.ErrorIs(t, err, vidgo.ErrNoAPIKey)

	t.Setenv("VIDGO_API_KEY", apiKey)
	_, err = vidgo.NewClient("")
	require.NoError(t, err)
}

func TestNewClientRefusesKeysThatWereCut(t *testing.T) {
	for _, key := range []string{apiKey + "\n", " " + apiKey, "sk-\x00", "sk-ü"} {
		_, err := vidgo.NewClient(key)
		require.Error(t, err, "%q", key)
		require.NotContains(t, err.Error(), strings.TrimSpace(key), "the key is not in the error")
	}
}

func TestNewClientNamesAllFaults(t *testing.T) {
	t.Setenv("VIDGO_API_KEY", "")
	_, err := vidgo.NewClient("", vidgo.WithPollRate(0, 1), nil, vidgo.WithCallbackURL("http://10.0.0.1/"),
		vidgo.WithBaseURL("http://api.vidgo.ai"))
	require.ErrorIs(t, err, vidgo.ErrNoAPIKey)
	require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
	require.ErrorContains(t, err, "WithPollRate: perSecond is 0")
	require.ErrorContains(t, err, "option 2 is nil")
	require.ErrorContains(t, err, "WithBaseURL: the URL would send the API key unencrypted")
}

func TestNewClientRefusesBadOptions(t *testing.T) {
	const huge = time.Duration(math.MaxInt64)
	every := func(d time.Duration) vidgo.Schedule { return func(int, *vidgo.Task) time.Duration { return d } }
	tests := map[string]vidgo.Option{
		"WithRequestTimeout: time-out is 0s":           vidgo.WithRequestTimeout(0),
		"WithRequestTimeout: time-out is -1s":          vidgo.WithRequestTimeout(-time.Second),
		"WithRequestTimeout: time-out is 2562047h":     vidgo.WithRequestTimeout(huge),
		"use WithoutRetries":                           vidgo.WithRetries(0, time.Second, time.Second),
		"WithRetries: max is -1":                       vidgo.WithRetries(-1, time.Second, time.Second),
		"WithRetries: minDelay is 0s":                  vidgo.WithRetries(1, 0, time.Second),
		"WithRetries: maxDelay is 2562047h":            vidgo.WithRetries(1, time.Second, huge),
		"minDelay 2s is longer than maxDelay 1s":       vidgo.WithRetries(1, 2*time.Second, time.Second),
		"WithPolling: the schedule is nil":             vidgo.WithPolling(nil),
		"WithPolling: the schedule pauses 0s before":   vidgo.WithPolling(vidgo.Backoff(0, 0)),
		"WithPolling: the schedule pauses -":           vidgo.WithPolling(vidgo.Backoff(-time.Second, time.Second)),
		"WithPolling: the schedule pauses 1000000h":    vidgo.WithPolling(every(1e6 * time.Hour)),
		"WithFallbackPolling: the schedule pauses 0s":  vidgo.WithFallbackPolling(every(0)),
		"WithPollRate: perSecond is -1":                vidgo.WithPollRate(-1, 1),
		"WithPollRate: perSecond is NaN":               vidgo.WithPollRate(math.NaN(), 1),
		"WithPollRate: perSecond is +Inf":              vidgo.WithPollRate(math.Inf(1), 1),
		"WithPollRate: burst is 0":                     vidgo.WithPollRate(1, 0),
		"WithMaxConcurrentPolls: n is 0":               vidgo.WithMaxConcurrentPolls(0),
		"WithCallbackMaxAge: age is 0s":                vidgo.WithCallbackMaxAge(0),
		"WithCallbackMaxAge: age is 2562047h":          vidgo.WithCallbackMaxAge(huge),
		"the current secret has 0 bytes":               vidgo.WithCallbackSecret(nil),
		"the current secret has 15 bytes":              vidgo.WithCallbackSecret(secret[:15]),
		"previous secret 1 has 0 bytes":                vidgo.WithCallbackSecret(secret, nil),
		"WithCallbackURL: vidgo: invalid callback URL": vidgo.WithCallbackURL(""),
		"WithHTTPClient: the client is nil":            vidgo.WithHTTPClient(nil),
		"WithLogger: the logger is nil":                vidgo.WithLogger(nil),
		"WithRelay: the relay is nil":                  vidgo.WithRelay(nil),
		"WithInputCheck: the check is nil":             vidgo.WithInputCheck(nil),
		"WithUserAgent: \"\" is not":                   vidgo.WithUserAgent(""),
		"WithUserAgent: \"a\\nb\" is not":              vidgo.WithUserAgent("a\nb"),
	}
	for want, opt := range tests {
		t.Run(want, func(t *testing.T) {
			_, err := vidgo.NewClient(apiKey, opt)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestWithBaseURL(t *testing.T) {
	good := []string{"https://api.vidgo.ai", "https://gateway.example.com/vidgo/", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"}
	for _, raw := range good {
		_, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL(raw))
		require.NoError(t, err, raw)
	}
	bad := []string{"", "api.vidgo.ai", "ftp://api.vidgo.ai", "https://", "https://user:hidden@api.vidgo.ai", "https://api.vidgo.ai?x=1",
		"https://api.vidgo.ai#x", "http://api.vidgo.ai", "http://10.0.0.1", "https://user:hidden@%zz"}
	for _, raw := range bad {
		_, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL(raw))
		require.ErrorContains(t, err, "WithBaseURL", raw)
		require.NotContains(t, err.Error(), "hidden")
	}
	_, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL("http://vidgo.staging"), vidgo.WithPlainHTTP())
	require.NoError(t, err)
}

func TestBaseURLPathIsAPrefix(t *testing.T) {
	var got *http.Request
	client, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL("https://gateway.example.com/a%2Fb/"),
		vidgo.WithUserAgent("mine/1"), vidgo.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			got = r
			return nil, errors.New("enough")
		})}), vidgo.WithoutRetries())
	require.NoError(t, err)
	_, err = client.Task(t.Context(), "a b?c%")
	require.ErrorContains(t, err, "enough")
	require.Equal(t, "https://gateway.example.com/a%2Fb/api/generate/status/a%20b%3Fc%25", got.URL.String())
	require.Equal(t, "Bearer "+apiKey, got.Header.Get("Authorization"))
	require.Equal(t, "mine/1", got.Header.Get("User-Agent"))
}

// No formatting of a client or an option shows the key or a secret.
func TestNothingPrintsSecrets(t *testing.T) {
	hidden := "hidden-secret-0123456789"
	opt := vidgo.WithCallbackSecret([]byte(hidden))
	client, err := vidgo.NewClient(hidden, opt)
	require.NoError(t, err)
	blob, err := json.Marshal(map[string]any{"client": client})
	require.NoError(t, err)
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "client", client, "option", fmt.Sprint(opt))
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "client", client)
	holder := struct{ C *vidgo.Client }{client}
	shown := strings.Join([]string{string(blob), logged.String(), client.String(),
		fmt.Sprintf("%v %+v %#v %s %q", client, client, client, client, client),
		fmt.Sprintf("%v %+v %#v", holder, holder, holder),
		fmt.Sprintf("%v %+v %#v", opt, opt, opt)}, "\n")
	require.NotContains(t, shown, hidden)
	require.NotContains(t, shown, fmt.Sprintf("%x", hidden))
	require.NotContains(t, shown, strings.Trim(fmt.Sprint([]byte(hidden)), "[]"), "not as a list of bytes either")
}

func TestBalance(t *testing.T) {
	var srv vidgotest.Server
	balance, err := newClient(t, &srv).Balance(t.Context())
	require.NoError(t, err)
	require.Equal(t, &vidgo.Balance{Email: "dev@example.com", Credits: 17276}, balance)
}

func TestWrongKey(t *testing.T) {
	srv := vidgotest.Server{APIKey: "another"}
	_, err := newClient(t, &srv).Balance(t.Context())
	require.ErrorIs(t, err, vidgo.ErrUnauthorized)
	require.NotContains(t, err.Error(), apiKey)
	require.Len(t, srv.Requests(), 1, "a 401 is not tried again")
}

func TestBadAnswersAreAPIErrors(t *testing.T) {
	tests := []struct {
		name   string
		fault  vidgotest.Fault
		status int
		says   string
		is     error
	}{
		{"HTML 502", vidgotest.Fault{Status: 502, Body: vidgotest.HTML(502)}, 502, "HTML page: 502", nil},
		{"empty 500", vidgotest.Fault{Status: 500, NoBody: true}, 500, "an empty body", nil},
		{"text 408", vidgotest.Fault{Status: 408, Body: "Request Timeout"}, 408, "text: Request Timeout", nil},
		{"200 with another code", vidgotest.Fault{Status: 200, Body: `{"code":403,"error":{"message":"not yours","type":"permission_denied_error"}}`}, 200, "not yours", vidgo.ErrForbidden},
		{"200 with a detail", vidgotest.Fault{Status: 200, Body: `{"detail":"odd"}`}, 200, "odd", nil},
		{"200 with HTML", vidgotest.Fault{Status: 200, Body: "<html><title>Welcome to the Hotel</title>"}, 200, "not Vidgo's JSON but an HTML page: Welcome to the Hotel", nil},
		{"200 with nothing", vidgotest.Fault{Status: 200, NoBody: true}, 200, "an empty body", nil},
		{"200 without data", vidgotest.Fault{Status: 200, Body: `{"code":200}`}, 200, "no data", nil},
		{"200 with data of another kind", vidgotest.Fault{Status: 200, Body: `{"code":200,"data":[1]}`}, 200, "cannot be read", nil},
		{"a redirect", vidgotest.Fault{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example.com/x?secret"}}}, 302, "elsewhere.example.com", nil},
		{"404", vidgotest.Fault{Status: 404}, 404, "Task not found", vidgo.ErrNotFound},
		{"429", vidgotest.Fault{Status: 429, RetryAfter: "7"}, 429, "retry after 7s", vidgo.ErrRateLimited},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var srv vidgotest.Server
			client := newClient(t, &srv, vidgo.WithoutRetries())
			srv.Inject(test.fault)
			_, err := client.Task(t.Context(), "some-task")
			api, ok := errors.AsType[*vidgo.APIError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, test.status, api.StatusCode)
			require.ErrorContains(t, err, test.says)
			require.Equal(t, "/api/generate/status/some-task", api.Path)
			require.NotEmpty(t, api.RequestID)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
		})
	}
}

func TestEchoedSecretsAreTakenOut(t *testing.T) {
	var srv vidgotest.Server
	client := newCallbackClient(t, &srv)
	client2, err := vidgo.NewClient(apiKey, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret),
		vidgo.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			sent, _ := io.ReadAll(r.Body)
			return &http.Response{StatusCode: 422, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(
				fmt.Sprintf(`{"detail":[{"loc":["body"],"msg":%q}]}`, string(sent)+r.Header.Get("Authorization"))))}, nil
		})}))
	require.NoError(t, err)
	_ = client
	_, err = client2.Submit(t.Context(), boat)
	api, ok := errors.AsType[*vidgo.APIError](err)
	require.True(t, ok, "%v", err)
	require.ErrorContains(t, err, "vidgo_token=REDACTED")
	require.NotContains(t, err.Error()+string(api.Body)+api.Message, apiKey)
	require.NotContains(t, err.Error()+string(api.Body)+api.Message, "vidgo_token=1")
}

func TestAnswersAreBounded(t *testing.T) {
	endless := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(zeros{})}, nil
	})}
	client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(endless), vidgo.WithoutRetries())
	require.NoError(t, err)
	_, err = client.Balance(t.Context())
	require.ErrorContains(t, err, "more than 8388608 bytes")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestGetIsRetried(t *testing.T) {
	faults := map[string]vidgotest.Fault{
		"reset":     {Reset: true},
		"refused":   {Refuse: true},
		"408":       {Status: 408},
		"429":       {Status: 429},
		"500":       {Status: 500},
		"HTML 502":  {Status: 502, Body: vidgotest.HTML(502)},
		"half body": {Truncate: true},
		"hang":      {Hang: true},
		"200 HTML":  {Status: 200, Body: "<html>"},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv, vidgo.WithRetries(2, time.Second, 8*time.Second))
				fault.Times = 2
				srv.Inject(fault)
				began := time.Now()
				_, err := client.Balance(t.Context())
				require.NoError(t, err)
				require.Len(t, srv.Requests(), 3)
				pauses := time.Since(began)
				if fault.Hang {
					pauses -= 2 * 30 * time.Second // the request time-out
				}
				require.InDelta(t, 3*time.Second, pauses, float64(3*time.Second)*0.2+1, "1 s, then 2 s, with 20 %% jitter")
			})
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, value := range map[string]func() string{
		"seconds": func() string { return "40" },
		"date":    func() string { return time.Now().UTC().Add(40 * time.Second).Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv)
				srv.Inject(vidgotest.Fault{Status: 429, RetryAfter: value()})
				began := time.Now()
				_, err := client.Balance(t.Context())
				require.NoError(t, err)
				require.Equal(t, 40*time.Second, time.Since(began))
			})
		})
	}
}

func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Status: 429, RetryAfter: "4", Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := client.Balance(ctx)
		require.Zero(t, time.Since(began), "what comes too late is not waited for")
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok)
		require.Equal(t, 4*time.Second, api.RetryAfter)
		require.Len(t, srv.Requests(), 1)
	})
}

func TestCancelInARetryPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Status: 503, RetryAfter: "60", Times: -1})
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(why) })
		began := time.Now()
		_, err := client.Balance(ctx)
		require.Equal(t, 5*time.Second, time.Since(began))
		require.ErrorIs(t, err, why)
		require.ErrorContains(t, err, "last try: GET /api/user/balance: HTTP 503")
	})
}

func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithRetries(4, time.Second, 8*time.Second))
		srv.Inject(vidgotest.Fault{Status: 503, Times: -1})
		for range 100 {
			_, err := client.Balance(t.Context())
			require.Error(t, err)
		}
		require.Len(t, srv.Requests(), 120, "an outage of 100 calls is met with 20 retries, not with 400")

		srv.Clear()
		for range 10 {
			_, err := client.Balance(t.Context())
			require.NoError(t, err)
		}
		srv.Inject(vidgotest.Fault{Status: 503, Times: 4})
		_, err := client.Balance(t.Context())
		require.NoError(t, err, "successes give the budget back")
	})
}

func TestContextEndedBeforeTheCall(t *testing.T) {
	var srv vidgotest.Server
	client := newClient(t, &srv)
	why := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := client.Balance(ctx)
	require.ErrorIs(t, err, why)
	_, err = client.Submit(ctx, boat)
	require.ErrorIs(t, err, why)
	_, err = client.Wait(ctx, "a")
	require.ErrorIs(t, err, why)
	require.Empty(t, srv.Requests())
}

func TestRedirects(t *testing.T) {
	answer := func(r *http.Request, status int, location, body string) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Location": {location}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
	}
	tests := []struct {
		name, location string
		call           func(*vidgo.Client, context.Context) error
		requests       int
		ok             bool
	}{
		{"a GET within the API is followed", "/moved", balance, 2, true},
		{"a GET to another host is not", "https://evil.example.com/", balance, 1, false},
		{"a GET to plain http is not", "http://api.vidgo.ai/moved", balance, 1, false},
		{"a submission never is", "/moved", submission, 1, false},
	}
	for _, test := range tests {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("%s, %d", test.name, status), func(t *testing.T) {
				var seen []*url.URL
				client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
					seen = append(seen, r.URL)
					if len(seen) > 1 {
						return answer(r, 200, "", `{"code":200,"data":{"email":"a","credits_amount":1}}`), nil
					}
					return answer(r, status, test.location, ""), nil
				})}))
				require.NoError(t, err)
				err = test.call(client, t.Context())
				require.Equal(t, test.ok, err == nil, "%v", err)
				require.Len(t, seen, test.requests)
			})
		}
	}
}

func balance(c *vidgo.Client, ctx context.Context) error {
	_, err := c.Balance(ctx)
	return err
}

func submission(c *vidgo.Client, ctx context.Context) error {
	_, err := c.Submit(ctx, boat)
	return err
}

// The user's client may be the whole program's: it is neither changed nor are
// its idle connections closed behind its back.
func TestUsersHTTPClientIsLeftAlone(t *testing.T) {
	rt := &idleCloser{}
	own := &http.Client{Transport: rt}
	client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(own), vidgo.WithoutRetries())
	require.NoError(t, err)
	_, err = client.Balance(t.Context())
	require.Error(t, err)
	require.Equal(t, http.Client{Transport: rt}, *own)
	require.False(t, rt.closed)
}

type idleCloser struct{ closed bool }

func (c *idleCloser) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, io.ErrUnexpectedEOF
}
func (c *idleCloser) CloseIdleConnections() { c.closed = true }

// answering is a transport that answers everything alike.
func answering(status int, header http.Header, body string) transport {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.ReadAll(r.Body)
		}
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func answeredBy(t *testing.T, rt http.RoundTripper, opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client, err := vidgo.NewClient(apiKey, append([]vidgo.Option{vidgo.WithHTTPClient(&http.Client{Transport: rt}), vidgo.WithoutRetries()}, opts...)...)
	require.NoError(t, err)
	return client
}

func TestEchoedKeyIsTakenOutWhereverItStands(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	cases := map[string]transport{
		"type":                     answering(401, nil, `{"code":401,"error":{"message":"bad key","type":"bad_key_`+apiKey+`"}}`),
		"request id":               answering(401, http.Header{"X-Request-Id": {apiKey}}, `{"detail":"bad key"}`),
		"message cut in the key":   answering(401, nil, `{"detail":"`+long(500-len(apiKey)+1)+apiKey+long(100)+`"}`),
		"body cut in the key":      answering(500, nil, long(8<<10-len(apiKey)+1)+apiKey+long(100)),
		"page line cut in the key": answering(500, nil, long(200-len(apiKey)+1)+apiKey+long(100)),
		"escaped":                  answering(401, nil, `{"detail":"`+strings.ReplaceAll(apiKey, "-", `\u002d`)+`"}`),
	}
	for name, rt := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := answeredBy(t, rt).Balance(t.Context())
			api, ok := errors.AsType[*vidgo.APIError](err)
			require.True(t, ok)
			all := err.Error() + api.Type + api.RequestID + api.Message + string(api.Body)
			require.NotContains(t, all, apiKey[:len(apiKey)-1], "all of the key, or all but its last letter")
		})
	}
}

func TestTaskErrorHidesTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Error: "callback https://app.example.com/vidgo?vidgo_token=1.abc.def.ghi not reachable"}
		client := newClient(t, &srv)
		_, err := client.Run(t.Context(), boat)
		_, ok := errors.AsType[*vidgo.TaskError](err)
		require.True(t, ok, "%v", err)
		require.NotContains(t, err.Error(), "1.abc.def.ghi")
	})
}

func TestRetryAfterOfADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := answeredBy(t, answering(429, http.Header{"Retry-After": {"86400"}}, `{"detail":"daily quota"}`), vidgo.WithRetries(4, time.Second, time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		defer cancel()
		began := time.Now()
		_, err := client.Submit(ctx, boat)
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok, "%v", err)
		require.Zero(t, time.Since(began), "the server asks for more than the context has left")
		require.Equal(t, 24*time.Hour, api.RetryAfter)
	})
}

func TestUnreadableAnswersAreAPIErrors(t *testing.T) {
	huge := transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(zeros{})}, nil
	})
	cut := transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"code":200,`), broken{}))}, nil
	})
	for name, rt := range map[string]transport{"huge": huge, "cut": cut} {
		t.Run(name, func(t *testing.T) {
			_, err := answeredBy(t, rt).Balance(t.Context())
			api, ok := errors.AsType[*vidgo.APIError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, 200, api.StatusCode)
		})
	}
}

func TestEmptyDataIsNoAnswer(t *testing.T) {
	client := answeredBy(t, answering(200, nil, `{"code":200,"data":{}}`))
	balance, err := client.Balance(t.Context())
	require.Error(t, err, "%+v", balance)
	task, err := client.Task(t.Context(), "a")
	require.Error(t, err, "%+v", task)
}

func TestRedirectsAreToldWithoutSecrets(t *testing.T) {
	_, err := answeredBy(t, answering(302, http.Header{"Location": {"//evil.example.com/x"}}, "")).Balance(t.Context())
	require.NotContains(t, err.Error(), "on the same host")
	_, err = answeredBy(t, answering(302, http.Header{"Location": {"https://user:hidden@evil.example.com/x"}}, "")).Balance(t.Context())
	require.NotContains(t, err.Error(), "hidden")
	_, err = answeredBy(t, answering(302, http.Header{"Location": {"https://%zz/?key=" + apiKey}}, "")).Balance(t.Context())
	require.NotContains(t, err.Error(), apiKey)
}

// stalling answers with a body that does not come before the request is over.
func stalling(contexts *[]context.Context) transport {
	return func(r *http.Request) (*http.Response, error) {
		*contexts = append(*contexts, r.Context())
		body := readFunc(func([]byte) (int, error) {
			<-r.Context().Done()
			return 0, r.Context().Err()
		})
		return &http.Response{StatusCode: 200, Body: io.NopCloser(body), Request: r}, nil
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

func TestRequestTimeoutIncludesTheBody(t *testing.T) {
	var seen []context.Context
	cases := map[string]struct {
		timeout time.Duration // the http.Client's
		want    time.Duration
	}{
		"ours":              {0, 20 * time.Second},
		"the http.Client's": {3 * time.Second, 3 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(&http.Client{Transport: stalling(&seen), Timeout: c.timeout}),
					vidgo.WithRequestTimeout(20*time.Second), vidgo.WithoutRetries())
				require.NoError(t, err)
				began := time.Now()
				_, err = client.Task(t.Context(), "task-1")
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, c.want, time.Since(began))
			})
		})
	}
}

func TestRequestTimeoutEndsWithItsRequest(t *testing.T) {
	var own context.Context
	client := answeredBy(t, transport(func(r *http.Request) (*http.Response, error) {
		own = r.Context()
		return answering(200, nil, finishedAnswer)(r)
	}))
	_, err := client.Task(t.Context(), finishedID)
	require.NoError(t, err)
	require.ErrorIs(t, own.Err(), context.Canceled, "its timer is not left to run")
}

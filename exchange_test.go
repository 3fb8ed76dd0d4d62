package vidgo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

func TestAGetIsRetried(t *testing.T) {
	faults := map[string]vidgotest.Fault{
		"a reset":               {Reset: true},
		"a refused connection":  {Refuse: true},
		"408":                   {Status: 408},
		"429":                   {Status: 429},
		"500":                   {Status: 500},
		"502 with an HTML page": {Status: 502, Body: vidgotest.HTML(502)},
		"half a body":           {Truncate: true},
		"a hang":                {Hang: true},
		"200 with an HTML page": {Status: 200, Body: "<html>"},
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
					pauses -= 2 * 30 * time.Second // the request timeout
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
		require.Zero(t, time.Since(began), "it does not wait for a retry that would come too late")
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok)
		require.Equal(t, 4*time.Second, api.RetryAfter)
		require.Len(t, srv.Requests(), 1)
	})
}

func TestRetryAfterOfADayBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := answeredBy(t, answering(429, http.Header{"Retry-After": {"86400"}}, `{"detail":"daily quota"}`), vidgo.WithRetries(4, time.Second, time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		defer cancel()
		began := time.Now()
		_, err := client.Submit(ctx, boat)
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok, "%v", err)
		require.Zero(t, time.Since(began), "it does not wait for a retry that would come too late")
		require.Equal(t, 24*time.Hour, api.RetryAfter)
	})
}

func TestCancellingARetryPause(t *testing.T) {
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
		require.Len(t, srv.Requests(), 120, "100 calls during an outage make 20 retries, not 400")

		srv.Clear()
		for range 10 {
			_, err := client.Balance(t.Context())
			require.NoError(t, err)
		}
		srv.Inject(vidgotest.Fault{Status: 503, Times: 4})
		_, err := client.Balance(t.Context())
		require.NoError(t, err, "successes refill the budget")
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

func TestContextEndsInTheMiddleOfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("too late")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
		defer cancel()
		_, err := answeredBy(t, stalling(new([]context.Context))).Balance(ctx)
		require.ErrorIs(t, err, why)
		api, _ := errors.AsType[*vidgo.APIError](err)
		require.Equal(t, 200, api.StatusCode)
	})
}

func balance(c *vidgo.Client, ctx context.Context) error {
	_, err := c.Balance(ctx)
	return err
}

func submission(c *vidgo.Client, ctx context.Context) error {
	_, err := c.Submit(ctx, boat)
	return err
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
		{"a GET to another host is not followed", "https://evil.example.com/", balance, 1, false},
		{"a GET to plain http is not followed", "http://api.vidgo.ai/moved", balance, 1, false},
		{"a submission is never followed", "/moved", submission, 1, false},
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

func TestErrorsAboutRedirectsDoNotShowSecrets(t *testing.T) {
	_, err := answeredBy(t, answering(302, http.Header{"Location": {"//evil.example.com/x"}}, "")).Balance(t.Context())
	require.NotContains(t, err.Error(), "on the same host")
	_, err = answeredBy(t, answering(302, http.Header{"Location": {"https://user:hidden@evil.example.com/x"}}, "")).Balance(t.Context())
	require.NotContains(t, err.Error(), "hidden")
	var logged bytes.Buffer
	everything := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client := answeredBy(t, answering(302, http.Header{"Location": {"https://%zz/?key=" + apiKey}}, ""), vidgo.WithLogger(everything))
	_, err = client.Balance(t.Context())
	require.NotContains(t, err.Error(), apiKey)
	require.Contains(t, logged.String(), "Location")
	require.NotContains(t, logged.String(), apiKey)
}

func TestRequestTimeoutIncludesTheBody(t *testing.T) {
	var seen []context.Context
	cases := map[string]struct {
		timeout time.Duration // of the http.Client
		want    time.Duration
	}{
		"WithRequestTimeout":        {0, 20 * time.Second},
		"the Timeout of the client": {3 * time.Second, 3 * time.Second},
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

func TestTheTimerOfARequestEndsWithIt(t *testing.T) {
	var own context.Context
	client := answeredBy(t, transport(func(r *http.Request) (*http.Response, error) {
		own = r.Context()
		return answering(200, nil, finishedAnswer)(r)
	}))
	_, err := client.Task(t.Context(), finishedID)
	require.NoError(t, err)
	require.ErrorIs(t, own.Err(), context.Canceled, "its timer must not be left running")
}

// stalling answers with a body that does not come, and collects the contexts of
// the requests.
func stalling(contexts *[]context.Context) transport {
	return func(r *http.Request) (*http.Response, error) {
		*contexts = append(*contexts, r.Context())
		return &http.Response{StatusCode: 200, Body: io.NopCloser(stalled{r.Context()}), Request: r}, nil
	}
}

// stalled is a body that does not come before ctx ends.
type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }

package vidgo_test

import (
	"errors"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

func TestNewClientReportsAllErrorsTogether(t *testing.T) {
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
	tests := map[string]vidgo.Option{
		"WithRequestTimeout: timeout is 0s":           vidgo.WithRequestTimeout(0),
		"WithRequestTimeout: timeout is -1s":          vidgo.WithRequestTimeout(-time.Second),
		"WithRequestTimeout: timeout is 2562047h":     vidgo.WithRequestTimeout(huge),
		"use WithoutRetries":                          vidgo.WithRetries(0, time.Second, time.Second),
		"WithRetries: max is -1":                      vidgo.WithRetries(-1, time.Second, time.Second),
		"WithRetries: minDelay is 0s":                 vidgo.WithRetries(1, 0, time.Second),
		"WithRetries: maxDelay is 2562047h":           vidgo.WithRetries(1, time.Second, huge),
		"minDelay 2s is longer than maxDelay 1s":      vidgo.WithRetries(1, 2*time.Second, time.Second),
		"WithPolling: the schedule is nil":            vidgo.WithPolling(nil),
		"WithPolling: the schedule pauses 0s before":  vidgo.WithPolling(vidgo.Backoff(0, 0)),
		"WithPolling: the schedule pauses -":          vidgo.WithPolling(vidgo.Backoff(-time.Second, time.Second)),
		"WithFallbackPolling: the schedule pauses 0s": vidgo.WithFallbackPolling(every(0)),
		"WithPollRate: perSecond is -1":               vidgo.WithPollRate(-1, 1),
		"WithPollRate: perSecond is NaN":              vidgo.WithPollRate(math.NaN(), 1),
		"WithPollRate: perSecond is +Inf":             vidgo.WithPollRate(math.Inf(1), 1),
		"WithPollRate: burst is 0":                    vidgo.WithPollRate(1, 0),
		"WithMaxConcurrentPolls: n is 0":              vidgo.WithMaxConcurrentPolls(0),
		"WithCallbackMaxAge: age is 0s":               vidgo.WithCallbackMaxAge(0),
		"WithCallbackMaxAge: age is 2562047h":         vidgo.WithCallbackMaxAge(huge),
		"the current secret has 0 bytes":              vidgo.WithCallbackSecret(nil),
		"the current secret has 15 bytes":             vidgo.WithCallbackSecret(secret[:15]),
		"previous secret 1 has 0 bytes":               vidgo.WithCallbackSecret(secret, nil),
		"give an https URL (WithCallbackURL)":         vidgo.WithCallbackURL(""),
		"WithHTTPClient: the client is nil":           vidgo.WithHTTPClient(nil),
		"WithLogger: the logger is nil":               vidgo.WithLogger(nil),
		"WithRelay: the relay is nil":                 vidgo.WithRelay(nil),
		"WithInputCheck: the check is nil":            vidgo.WithInputCheck(nil),
		"WithUserAgent: \"\" is not":                  vidgo.WithUserAgent(""),
		"WithUserAgent: \"a\\nb\" is not":             vidgo.WithUserAgent("a\nb"),
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

// The user's HTTP client may be used by the whole program, so it is not changed and
// its idle connections are not closed.
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

// idleCloser is a transport that fails, and knows whether its idle connections
// were closed.
type idleCloser struct{ closed bool }

func (c *idleCloser) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, io.ErrUnexpectedEOF
}
func (c *idleCloser) CloseIdleConnections() { c.closed = true }

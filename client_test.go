package vidgo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
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

func TestNewClientRefusesKeysThatCannotBeSent(t *testing.T) {
	for _, key := range []string{apiKey + "\n", " " + apiKey, "sk-\x00", "sk-ü"} {
		_, err := vidgo.NewClient(key)
		require.Error(t, err, "%q", key)
		require.NotContains(t, err.Error(), strings.TrimSpace(key), "the error must not show the key")
	}
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
	require.NotContains(t, shown, strings.Trim(fmt.Sprint([]byte(hidden)), "[]"), "nor as a list of bytes")
}

func TestBadAnswersAreAPIErrors(t *testing.T) {
	tests := []struct {
		name   string
		fault  vidgotest.Fault
		status int
		says   string
		is     error
	}{
		{"502 with an HTML page", vidgotest.Fault{Status: 502, Body: vidgotest.HTML(502)}, 502, "HTML page: 502", nil},
		{"500 without a body", vidgotest.Fault{Status: 500, NoBody: true}, 500, "an empty body", nil},
		{"408 with text", vidgotest.Fault{Status: 408, Body: "Request Timeout"}, 408, "text: Request Timeout", nil},
		{"200 with code 403", vidgotest.Fault{Status: 200, Body: `{"code":403,"error":{"message":"not yours","type":"permission_denied_error"}}`}, 200, "not yours", vidgo.ErrForbidden},
		{"200 with a detail", vidgotest.Fault{Status: 200, Body: `{"detail":"odd"}`}, 200, "odd", nil},
		{"200 with an HTML page", vidgotest.Fault{Status: 200, Body: "<html><title>Welcome to the Hotel</title>"}, 200, "not Vidgo's JSON but an HTML page: Welcome to the Hotel", nil},
		{"200 without a body", vidgotest.Fault{Status: 200, NoBody: true}, 200, "an empty body", nil},
		{"200 without data", vidgotest.Fault{Status: 200, Body: `{"code":200}`}, 200, "no data", nil},
		{"200 with data that is a list", vidgotest.Fault{Status: 200, Body: `{"code":200,"data":[1]}`}, 200, "cannot be read", nil},
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

func TestErrorsDoNotShowSecretsThatAnAnswerEchoes(t *testing.T) {
	echoing := transport(func(r *http.Request) (*http.Response, error) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		echo := fmt.Sprintf(`{"detail":[{"loc":["body"],"msg":%q}]}`, string(sent)+r.Header.Get("Authorization"))
		return answering(422, nil, echo)(r)
	})
	client := answeredBy(t, echoing, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
	_, err := client.Submit(t.Context(), boat)
	api, ok := errors.AsType[*vidgo.APIError](err)
	require.True(t, ok, "%v", err)
	require.ErrorContains(t, err, "vidgo_token=REDACTED")
	require.NotContains(t, err.Error()+string(api.Body)+api.Message, apiKey)
	require.NotContains(t, err.Error()+string(api.Body)+api.Message, "vidgo_token=1")
}

// zeros is a body without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestErrorsDoNotShowAKeyThatAnAnswerEchoes(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	cases := map[string]transport{
		"in the type":              answering(401, nil, `{"code":401,"error":{"message":"bad key","type":"bad_key_`+apiKey+`"}}`),
		"in the request id":        answering(401, http.Header{"X-Request-Id": {apiKey}}, `{"detail":"bad key"}`),
		"a message cut in the key": answering(401, nil, `{"detail":"`+long(500-len(apiKey)+1)+apiKey+long(100)+`"}`),
		"a body cut in the key":    answering(500, nil, long(8<<10-len(apiKey)+1)+apiKey+long(100)),
		"a text cut in the key":    answering(500, nil, long(200-len(apiKey)+1)+apiKey+long(100)),
		"escaped in JSON":          answering(401, nil, `{"detail":"`+strings.ReplaceAll(apiKey, "-", `\u002d`)+`"}`),
	}
	for name, rt := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := answeredBy(t, rt).Balance(t.Context())
			api, ok := errors.AsType[*vidgo.APIError](err)
			require.True(t, ok)
			all := err.Error() + api.Type + api.RequestID + api.Message + string(api.Body)
			require.NotContains(t, all, apiKey[:len(apiKey)-1], "neither the key nor all but its last letter")
		})
	}
}

// The error of a user's transport may quote the request.
func TestErrorsDoNotShowSecretsThatATransportQuotes(t *testing.T) {
	quoting := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		var sent []byte
		if r.Body != nil {
			sent, _ = io.ReadAll(r.Body)
		}
		return nil, fmt.Errorf("cannot send %s with %s", sent, r.Header.Get("Authorization"))
	})}
	var logged bytes.Buffer
	client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(quoting), vidgo.WithRetries(1, time.Nanosecond, time.Nanosecond),
		vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret),
		vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.NoError(t, err)
	_, submitErr := client.Submit(t.Context(), boat)
	_, balanceErr := client.Balance(t.Context())
	for what, shown := range map[string]string{"submit": submitErr.Error(), "balance": balanceErr.Error(), "log": logged.String()} {
		require.Contains(t, shown, "cannot send", what)
		require.NotContains(t, shown, apiKey, what)
		require.NotContains(t, shown, "vidgo_token=1", what)
	}
}

func TestUnreadableAnswersAreAPIErrors(t *testing.T) {
	answeringWith := func(body io.Reader) transport {
		return func(*http.Request) (*http.Response, error) { return reply(200, nil, -1, body), nil }
	}
	for name, c := range map[string]struct {
		host transport
		says string
	}{
		"an endless answer":    {answeringWith(zeros{}), "more than 8388608 bytes"},
		"an answer cut in two": {answeringWith(io.MultiReader(strings.NewReader(`{"code":200,`), iotest.ErrReader(io.ErrUnexpectedEOF))), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answeredBy(t, c.host).Balance(t.Context())
			api, ok := errors.AsType[*vidgo.APIError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, 200, api.StatusCode)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// A caller whose own context has no deadline would look for one in vain.
func TestARequestTimeoutSaysWhatItIs(t *testing.T) {
	for name, fault := range map[string]vidgotest.Fault{"no answer": {Hang: true}, "half an answer": {Hang: true, After: 20}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv, vidgo.WithRequestTimeout(5*time.Second), vidgo.WithoutRetries())
				srv.Inject(fault)
				_, err := client.Balance(t.Context())
				require.ErrorContains(t, err, "no whole answer within 5s")
				require.NotContains(t, err.Error(), "context")
				require.ErrorIs(t, err, context.DeadlineExceeded, "as of an http.Client's Timeout")
			})
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

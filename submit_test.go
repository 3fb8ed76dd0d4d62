package vidgo_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestSubmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Script("sora-2", vidgotest.Script{Duration: time.Minute})
		client := newClient(t, &srv)
		task, err := client.Submit(t.Context(), boat, vidgo.Reference("order-7"))
		require.NoError(t, err)
		require.Equal(t, srv.Tasks()[0].ID, task.ID)
		require.Equal(t, "sora-2", task.Model)
		require.Equal(t, vidgo.NotStarted, task.Status)
		require.Equal(t, "order-7", task.Reference)
		require.Equal(t, time.Now().UTC(), task.CreatedAt)
		id, err := uuid.Parse(task.SubmissionID)
		require.NoError(t, err)
		require.Equal(t, uuid.Version(7), id.Version())

		sent := srv.Requests(vidgotest.EndpointSubmit)[0]
		require.JSONEq(t, `{"model":"sora-2","input":{"prompt":"a paper boat in the rain","duration":10}}`, string(sent.Body))
		require.Empty(t, sent.Header.Get("Idempotency-Key"), "Vidgo does not know it, so it would only look safe")
	})
}

func TestSubmitWithoutStatusInTheAnswer(t *testing.T) {
	var srv vidgotest.Server
	srv.Default = vidgotest.Script{SubmitStatus: "-", Hold: true}
	require.Equal(t, vidgo.NotStarted, submit(t, newClient(t, &srv)).Status)
}

func TestSubmitCarriesTheCallbackURL(t *testing.T) {
	var srv vidgotest.Server
	srv.Route("app.example.com", http.NotFoundHandler())
	sent := func(opts []vidgo.Option, submits ...vidgo.SubmitOption) string {
		submit(t, newClient(t, &srv, opts...), submits...)
		tasks := srv.Tasks()
		return tasks[len(tasks)-1].CallbackURL
	}
	plain := []vidgo.Option{vidgo.WithCallbackURL(callbackURL)}
	signed := append(plain, vidgo.WithCallbackSecret(secret))

	require.Equal(t, callbackURL, sent(plain))
	require.Equal(t, "https://other.example.com/", sent(plain, vidgo.CallbackTo("https://other.example.com/")))
	require.Empty(t, sent(plain, vidgo.NoCallback()))
	require.Empty(t, sent(nil))
	require.Regexp(t, `^https://app\.example\.com/vidgo\?vidgo_token=1\.[-\w]{22}\.\.[-\w]{43}$`, sent(signed))
	require.Regexp(t, `^https://other\.example\.com/\?x=1&vidgo_token=1\.`, sent(signed, vidgo.CallbackTo("https://other.example.com/?x=1")))
}

// badInput is an input whose JSON is not an object.
type badInput struct{ model string }

func (b badInput) Model() string { return b.model }

func (b badInput) MarshalJSON() ([]byte, error) { return []byte(`"text"`), nil }

func TestSubmitRefusesBadInputBeforeItIsSent(t *testing.T) {
	tests := []struct {
		name string
		in   vidgo.Input
		opts []vidgo.SubmitOption
		says string
		is   error
	}{
		{"a nil input", nil, nil, "input is nil", vidgo.ErrInvalidInput},
		{"an empty model", vidgo.Untyped("", nil), nil, "model is empty", vidgo.ErrInvalidInput},
		{"a blank model", vidgo.Untyped(" ", nil), nil, "model is empty", vidgo.ErrInvalidInput},
		{"an input that is a string", badInput{"sora-2"}, nil, `sora-2: input is not a JSON object but "text"`, vidgo.ErrInvalidInput},
		{"an input that JSON cannot hold", vidgo.Untyped("sora-2", map[string]any{"x": math.NaN()}), nil, "cannot be written as JSON", vidgo.ErrInvalidInput},
		{"a long reference", boat, []vidgo.SubmitOption{vidgo.Reference(strings.Repeat("r", 257))}, "has 257 bytes; want at most 256", vidgo.ErrInvalidInput},
		{"a reference that is not UTF-8", boat, []vidgo.SubmitOption{vidgo.Reference("\xff")}, "want at most 256 bytes of UTF-8", vidgo.ErrInvalidInput},
		{"a nil option", boat, []vidgo.SubmitOption{nil}, "option 1 is nil", vidgo.ErrInvalidInput},
		{"a private callback URL", boat, []vidgo.SubmitOption{vidgo.CallbackTo("https://10.0.0.1/")}, "private", vidgo.ErrInvalidCallbackURL},
		{"an empty callback URL", boat, []vidgo.SubmitOption{vidgo.CallbackTo("")}, "empty", vidgo.ErrInvalidCallbackURL},
		{"a callback URL with a token", boat, []vidgo.SubmitOption{vidgo.CallbackTo(callbackURL + "?vidgo_token=1")}, "vidgo_token already", vidgo.ErrInvalidCallbackURL},
	}
	var srv vidgotest.Server
	client := newCallbackClient(t, &srv)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			task, err := client.Submit(t.Context(), test.in, test.opts...)
			require.Nil(t, task)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, test.says)
		})
	}
	_, err := client.Run(t.Context(), boat, vidgo.PollEvery(nil))
	require.ErrorIs(t, err, vidgo.ErrInvalidInput, "Run checks its wait options before it submits")
	_, err = client.Run(t.Context(), boat, nil)
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	require.Empty(t, srv.Requests())
}

func TestInputCheck(t *testing.T) {
	var srv vidgotest.Server
	why := errors.New("duration is 11; want 5 or 10")
	client := newClient(t, &srv, vidgo.WithInputCheck(func(model string, input []byte) error {
		require.Equal(t, "sora-2", model)
		require.JSONEq(t, `{"prompt":"a paper boat in the rain","duration":10}`, string(input))
		return why
	}))
	_, err := client.Submit(t.Context(), boat)
	require.ErrorIs(t, err, why)
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	fault, ok := errors.AsType[*vidgo.InputError](err)
	require.True(t, ok)
	require.Equal(t, "sora-2", fault.Model)
	require.Empty(t, srv.Requests())
}

// A submission that was certainly not accepted is sent again, and makes one task.
func TestSubmitIsRetriedWhenItCannotHaveBeenAccepted(t *testing.T) {
	tests := map[string]vidgotest.Fault{
		"a refused connection":   {Refuse: true, Times: 2},
		"429 twice":              {Status: 429, Times: 2},
		"429 of a gateway":       {Status: 429, Body: vidgotest.HTML(429)},
		"503 in Vidgo's shape":   {Status: 503},
		"503 behind a 200":       {Status: 200, Body: `{"code":503,"error":{"message":"busy","type":"service_error"}}`},
		"429 with half a body":   {Status: 429, Truncate: true},
		"429 with a Retry-After": {Status: 429, RetryAfter: "3"},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv)
				fault.Endpoint = vidgotest.EndpointSubmit
				srv.Inject(fault)
				task := submit(t, client)
				require.Len(t, srv.Tasks(), 1)
				require.Equal(t, srv.Tasks()[0].ID, task.ID)
			})
		})
	}
}

// What Vidgo refused is not sent again.
func TestSubmitRefused(t *testing.T) {
	for status, is := range map[int]error{400: vidgo.ErrInvalidInput, 401: vidgo.ErrUnauthorized, 402: vidgo.ErrInsufficientCredits,
		403: vidgo.ErrForbidden, 404: vidgo.ErrNotFound, 409: nil, 413: vidgo.ErrInvalidInput, 422: vidgo.ErrInvalidInput} {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Status: status})
		_, err := client.Submit(t.Context(), boat)
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, status, api.StatusCode)
		_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
		require.False(t, unsure, "%v", err)
		if is != nil {
			require.ErrorIs(t, err, is)
		}
		require.Len(t, srv.Requests(), 1)
	}
}

// What may have been accepted is never sent again, and the error says so.
func TestSubmitIsNeverSentTwiceWhenNobodyKnows(t *testing.T) {
	tests := map[string]vidgotest.Fault{
		"accepted, then reset":       {Accept: true, Reset: true},
		"accepted, then half a body": {Accept: true, Truncate: true},
		"accepted, then a timeout":   {Accept: true, Hang: true},
		"accepted, then nothing":     {Accept: true, Status: 200, NoBody: true},
		"accepted, then an odd body": {Accept: true, Status: 200, Body: `{"code":200,"data":{"task":"?"}}`},
		"accepted, then an odd id":   {Accept: true, Status: 200, Body: `{"code":200,"data":{"task_id":"a/b"}}`},
		"accepted, then a list":      {Accept: true, Status: 200, Body: `{"code":200,"data":[]}`},
		"reset":                      {Reset: true},
		"408":                        {Status: 408},
		"500":                        {Status: 500},
		"502 of a gateway":           {Status: 502, Body: vidgotest.HTML(502)},
		"503 of a gateway":           {Status: 503, Body: vidgotest.HTML(503)},
		// Some gateways answer in JSON, and may do so after a timeout behind them.
		"accepted, then a 503 of AWS":      {Accept: true, Status: 503, Body: `{"message":"Service Unavailable"}`},
		"accepted, then a 503 of Azure":    {Accept: true, Status: 503, Body: `{"statusCode":503,"message":"Service unavailable"}`},
		"accepted, then an RFC 9457 error": {Accept: true, Status: 503, Body: `{"type":"about:blank","title":"Error 503","status":503,"detail":"origin timed out"}`},
		"504":                              {Status: 504, NoBody: true},
		"200 of a gateway":                 {Status: 200, Body: "<html>"},
		"200 with code 500":                {Status: 200, Body: `{"code":500,"message":"?"}`},
		"a redirect":                       {Status: 303, Header: http.Header{"Location": {"/elsewhere"}}},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv)
				fault.Endpoint = vidgotest.EndpointSubmit
				srv.Inject(fault)
				task, err := client.Submit(t.Context(), boat)
				require.Nil(t, task)
				unsure, ok := errors.AsType[*vidgo.AmbiguousSubmitError](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, "sora-2", unsure.Model)
				require.NotEmpty(t, unsure.SubmissionID)
				require.Error(t, unsure.Err)
				require.Len(t, srv.Requests(), 1, "it is sent once")
			})
		})
	}
}

func TestSubmitWhoseContextEnds(t *testing.T) {
	t.Run("while it may be accepted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var srv vidgotest.Server
			client := newClient(t, &srv)
			srv.Inject(vidgotest.Fault{Accept: true, Hang: true})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client.Submit(ctx, boat)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
			require.True(t, unsure)
		})
	})
	t.Run("while it is certainly not accepted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var srv vidgotest.Server
			client := newClient(t, &srv)
			srv.Inject(vidgotest.Fault{Status: 429, RetryAfter: "30", Times: -1})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := client.Submit(ctx, boat)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, vidgo.ErrRateLimited)
			_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
			require.False(t, unsure)
		})
	})
}

// If several submissions share a context that ends with the first error of one, its
// cause is that error, which says nothing about the others.
func TestSubmitWhoseContextEndsWithAnotherSubmissionsError(t *testing.T) {
	for name, other := range map[string]transport{
		"the other was not sent": func(r *http.Request) (*http.Response, error) {
			httptrace.ContextClientTrace(r.Context()).GetConn("x")
			return nil, errDial
		},
		"the other was refused":       answering(400, nil, `{"code":400,"message":"a bad prompt"}`),
		"the other's answer was lost": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	} {
		t.Run(name, func(t *testing.T) {
			_, cause := answeredBy(t, other).Submit(t.Context(), boat)
			require.Error(t, cause)
			ctx, cancel := context.WithCancelCause(t.Context())
			client := answeredBy(t, transport(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body) // Vidgo has it
				cancel(cause)
				return nil, r.Context().Err()
			}))
			_, err := client.Submit(ctx, boat)
			require.ErrorIs(t, err, cause)
			own, unsure := err.(*vidgo.AmbiguousSubmitError)
			require.True(t, unsure, "%v", err)
			if another, ok := errors.AsType[*vidgo.AmbiguousSubmitError](cause); ok {
				require.NotEqual(t, another.SubmissionID, own.SubmissionID)
			}

			_, err = client.Submit(ctx, boat) // which is not sent
			require.ErrorIs(t, err, cause)
			_, unsure = errors.AsType[*vidgo.AmbiguousSubmitError](err)
			require.False(t, unsure, "%v", err)
			_, api := errors.AsType[*vidgo.APIError](err)
			require.Equal(t, name == "the other was refused", api, "the cause can be found in the error")
		})
	}
}

var errDial error = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// Only the hooks of net/http/httptrace can prove that nothing was sent. A transport
// that calls none proves nothing, whatever its error looks like.
func TestSubmitNeedsProofThatNothingWasSent(t *testing.T) {
	got := func(r *http.Request) *httptrace.ClientTrace { return httptrace.ContextClientTrace(r.Context()) }
	tests := []struct {
		name   string
		hooks  func(*http.Request)
		err    error
		unsure bool
	}{
		{"no hook is called", func(*http.Request) {}, errDial, true},
		{"no connection", func(r *http.Request) { got(r).GetConn("x") }, errDial, false},
		{"a connection, and nothing written", func(r *http.Request) {
			got(r).GetConn("x")
			got(r).GotConn(httptrace.GotConnInfo{})
		}, errors.New("broken"), false},
		{"a connection, and a timeout", func(r *http.Request) {
			got(r).GetConn("x")
			got(r).GotConn(httptrace.GotConnInfo{})
		}, context.DeadlineExceeded, true},
		{"a connection, and the body read", func(r *http.Request) { // the transport calls no hooks for what it writes
			got(r).GetConn("x")
			got(r).GotConn(httptrace.GotConnInfo{})
			_, _ = io.ReadAll(r.Body)
		}, errors.New("broken"), true},
		{"a header written", func(r *http.Request) {
			got(r).GetConn("x")
			got(r).GotConn(httptrace.GotConnInfo{})
			got(r).WroteHeaderField("Host", []string{"x"})
		}, errors.New("broken"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
					sent++
					test.hooks(r)
					return nil, test.err
				})}))
				require.NoError(t, err)
				_, err = client.Submit(t.Context(), boat)
				require.Error(t, err)
				_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
				require.Equal(t, test.unsure, unsure, "%v", err)
				if test.unsure {
					require.Equal(t, 1, sent)
				} else {
					require.Equal(t, 5, sent)
				}
			})
		})
	}
}

func TestSubmitResolvesTheCallbackHost(t *testing.T) {
	var srv vidgotest.Server
	broken := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errDial }}
	client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackResolution(broken))
	_, err := client.Submit(t.Context(), boat)
	require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
	require.Empty(t, srv.Requests())
	_, err = client.Submit(t.Context(), boat, vidgo.NoCallback())
	require.NoError(t, err)
}

func TestWaitSubmissionAfterALostAnswer(t *testing.T) {
	for name, fault := range map[string]vidgotest.Fault{
		"reset":     {Accept: true, Reset: true},
		"half body": {Accept: true, Truncate: true},
		"timeout":   {Accept: true, Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				srv.Default = vidgotest.Script{Duration: time.Minute}
				client := newCallbackClient(t, &srv)
				fault.Endpoint = vidgotest.EndpointSubmit
				srv.Inject(fault)
				_, err := client.Submit(t.Context(), boat, vidgo.Reference("order-7"))
				unsure, ok := errors.AsType[*vidgo.AmbiguousSubmitError](err)
				require.True(t, ok, "%v", err)

				task, err := client.WaitSubmission(t.Context(), unsure.SubmissionID)
				require.NoError(t, err)
				require.Equal(t, srv.Tasks()[0].ID, task.ID)
				require.Equal(t, vidgo.Finished, task.Status)
				require.Equal(t, "order-7", task.Reference)
				require.Equal(t, unsure.SubmissionID, task.SubmissionID)
				require.Len(t, srv.Requests(vidgotest.EndpointSubmit), 1)
				require.Empty(t, srv.Requests(vidgotest.EndpointStatus))
			})
		})
	}
}

func TestWaitSubmissionOfAnAnsweredSubmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Minute}}
		client := newCallbackClient(t, &srv)
		submitted := submit(t, client)
		task, err := client.WaitSubmission(t.Context(), submitted.SubmissionID)
		require.NoError(t, err)
		require.Equal(t, submitted.ID, task.ID)
	})
}

func TestWaitSubmissionOfAnUnknownSubmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		unknown := uuid.NewString()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		task, err := newCallbackClient(t, &srv).WaitSubmission(ctx, unknown)
		require.ErrorIs(t, err, context.DeadlineExceeded, "its callback may still come")
		require.Equal(t, unknown, task.SubmissionID)

		_, err = newClient(t, &srv).WaitSubmission(ctx, unknown)
		require.ErrorIs(t, err, vidgo.ErrInvalidInput, "without tokens, no callback could name the submission")
	})
}

func TestWaitSubmissionRefusesBadIDs(t *testing.T) {
	var srv vidgotest.Server
	client := newCallbackClient(t, &srv)
	for _, id := range []string{"", "order-7", uuid.Nil.String()} {
		_, err := client.WaitSubmission(t.Context(), id)
		require.ErrorIs(t, err, vidgo.ErrInvalidInput, "%q", id)
	}
}

// A callback that comes before the broken answer says which task it became.
func TestSubmitAnswerLostButCallbackCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Callback: vidgotest.Callback{BeforeAnswer: true}}
		client := newCallbackClient(t, &srv)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true})
		task, err := client.Submit(t.Context(), boat)
		require.NoError(t, err)
		require.Equal(t, srv.Tasks()[0].ID, task.ID)
		require.Equal(t, vidgo.Finished, task.Status)
	})
}

// A panic loses the answer, but the callback still says which task it became.
func TestSubmitThroughATransportThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		var handled []string
		client, err := vidgo.NewClient(apiKey, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret),
			vidgo.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				_, _ = srv.Client().Transport.RoundTrip(r)
				panic("broken")
			})}))
		require.NoError(t, err)
		srv.Route("app.example.com", client.CallbackHandler(func(_ context.Context, task *vidgo.Task) error {
			handled = append(handled, task.ID)
			return nil
		}))
		require.Panics(t, func() { _, _ = client.Submit(t.Context(), boat) })
		time.Sleep(time.Minute)
		require.Equal(t, []string{srv.Tasks()[0].ID}, handled)
	})
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: 90 * time.Second}
		client := newClient(t, &srv)
		task, err := client.Run(t.Context(), boat, vidgo.Reference("order-7"), vidgo.PollEvery(vidgo.Backoff(time.Second, time.Second)))
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		require.Equal(t, "order-7", task.Reference)
		require.Equal(t, "sora-2", task.Model)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		task, err = client.Run(ctx, boat)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, srv.Tasks()[1].ID, task.ID, "the id of a paid task is never lost")
	})
}

func TestUntypedIsReadWhenSubmitted(t *testing.T) {
	fields := map[string]any{"prompt": "<b> & \"c\""}
	in := vidgo.Untyped("m", fields)
	fields["n"] = 2
	blob, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"prompt":"<b> & \"c\"","n":2}`, string(blob))
	blob, err = json.Marshal(vidgo.Untyped("m", nil))
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(blob))
}

func TestWaitSubmissionOfASubmissionWithoutAToken(t *testing.T) {
	for name, opts := range map[string][]vidgo.Option{
		"NoCallback was given":    {vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret)},
		"no callback URL was set": {vidgo.WithCallbackSecret(secret)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv, opts...)
				srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true})
				_, err := client.Submit(t.Context(), boat, vidgo.NoCallback())
				lost, ok := errors.AsType[*vidgo.AmbiguousSubmitError](err)
				require.True(t, ok)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				_, err = client.WaitSubmission(ctx, lost.SubmissionID)
				require.ErrorIs(t, err, vidgo.ErrInvalidInput)
				require.Zero(t, time.Since(began))
			})
		})
	}
}

func TestWaitSubmissionErrorNamesTheSubmission(t *testing.T) {
	var srv vidgotest.Server
	client := newCallbackClient(t, &srv)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	_, err := client.WaitSubmission(ctx, id)
	require.ErrorContains(t, err, id)
}

func TestWaitSubmissionInManyOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Minute}}
		client := newCallbackClient(t, &srv)
		lose := func() string {
			srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true})
			_, err := client.Submit(t.Context(), boat)
			var lost *vidgo.AmbiguousSubmitError
			require.ErrorAs(t, err, &lost)
			return lost.SubmissionID
		}
		wait := func(sid string) {
			task, err := client.WaitSubmission(t.Context(), sid)
			require.NoError(t, err)
			require.Equal(t, sid, task.SubmissionID)
			require.Equal(t, "sora-2", task.Model)
		}
		first := lose()
		var wg sync.WaitGroup
		wg.Go(func() { wait(first) })
		wg.Go(func() { wait(first) })
		wg.Wait()
		second := lose()
		time.Sleep(time.Hour)
		wait(second)
		wait(second)
		wait(submit(t, client).SubmissionID)
		requireIdle(t, client)
	})
}

// failover is a transport as programs write it: if the first fails, the second is
// used, which calls no hooks.
type failover struct{ first, second http.RoundTripper }

func (f failover) RoundTrip(r *http.Request) (*http.Response, error) {
	if res, err := f.first.RoundTrip(r); err == nil {
		return res, nil
	}
	return f.second.RoundTrip(r)
}

func TestHooksOfATransportThatFailedAreNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errDial }}
		sent := 0
		second := transport(func(r *http.Request) (*http.Response, error) {
			var body io.Reader = r.Body
			if r.GetBody != nil {
				body, _ = r.GetBody()
			}
			_, _ = io.ReadAll(body)
			sent++ // Vidgo has it, and charges for it
			return nil, errors.New("connection reset by peer")
		})
		client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(&http.Client{Transport: failover{down, second}}))
		require.NoError(t, err)
		_, err = client.Submit(t.Context(), boat)
		_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
		require.True(t, unsure, "%v", err)
		require.Equal(t, 1, sent)
	})
}

// valueInput has its method on the value, so a nil pointer to it would panic.
type valueInput struct{ Prompt string }

func (valueInput) Model() string { return "sora-2" }

func TestSubmitRefusesANilPointer(t *testing.T) {
	var srv vidgotest.Server
	client := newClient(t, &srv)
	var in *valueInput
	_, err := client.Submit(t.Context(), in)
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
}

func TestACancelledLookupDoesNotCondemnTheURL(t *testing.T) {
	hang := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	var srv vidgotest.Server
	client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackResolution(hang))
	why := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := client.Submit(ctx, boat)
	require.ErrorIs(t, err, why, "%v", err)
	require.NotErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
}

func TestSubmitAnsweredWithoutAValidID(t *testing.T) {
	for _, data := range []string{`{}`, `{"task_id":""}`, `{"task_id":"a/b"}`, `{"task_id":{"id":"a"}}`} {
		task, err := answeredBy(t, answering(200, nil, `{"code":200,"data":`+data+`}`)).Submit(t.Context(), boat)
		_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
		require.True(t, unsure, "%s: %+v", data, task)
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok, "%s: %v", data, err)
		require.Equal(t, 200, api.StatusCode)
		require.Contains(t, string(api.Body), data, "the answer is kept, since it may be all that is left of a paid task")
	}
}

// What an AmbiguousSubmitError wraps is what anybody may look at, and no mark of ours,
// which as a context's cause would spoil the next submission.
func TestAnAmbiguousErrorHoldsTheBareError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Status: 502, Body: vidgotest.HTML(502)})
		_, err := client.Submit(t.Context(), boat)
		lost, _ := errors.AsType[*vidgo.AmbiguousSubmitError](err)
		require.IsType(t, (*vidgo.APIError)(nil), lost.Err)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(lost.Err)
		_, err = client.Submit(ctx, boat)
		_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
		require.False(t, unsure, "it was never sent")
	})
}

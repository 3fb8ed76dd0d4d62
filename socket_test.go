package vidgo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// These tests are about what net/http does with a connection: read deadlines,
// bodies that are cut off, connections that were never made, resets.
//
// Those of the callback handler run net/http's own server over a net.Pipe in a
// bubble, so that its deadlines are exact and take no time. The others use real
// sockets, and nothing in them is timed.

// pipes is a network in memory for http.Server and http.Transport.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error { close(p); return nil }

func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "in memory", Net: "pipe"} }

func (p pipes) DialContext(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p <- there
	return here, nil
}

// servePipes serves h in the test's bubble, until the test ends.
func servePipes(t *testing.T, h http.Handler) pipes {
	t.Helper()
	network, server := make(pipes), &http.Server{Handler: h}
	go func() { _ = server.Serve(network) }() // ends with Close
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		time.Sleep(2 * time.Second) // net/http lingers before it closes a connection whose request it has not read
	})
	return network
}

// send writes a request by hand and returns the status line of the answer. The
// body is written until the answer is there.
func send(t *testing.T, network pipes, header string, body io.Reader) string {
	t.Helper()
	conn, err := network.DialContext(t.Context(), "", "")
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /vidgo HTTP/1.1\r\nHost: app.example.com\r\n%s\r\n\r\n", header)
	require.NoError(t, err)
	go func() { _, _ = io.Copy(conn, body) }() // ends with the connection
	line := make([]byte, 12)
	_, err = io.ReadFull(conn, line)
	require.NoError(t, err)
	return string(line)
}

// The server has no timeouts, so the deadline must be the handler's own. And
// net/http would read the rest of a body before it sends the answer.
func TestABodyDoesNotHoldTheHandler(t *testing.T) {
	tests := map[string]struct {
		secret []vidgo.Option
		header string
		body   io.Reader
		want   string
		took   time.Duration
	}{
		"a body that drips":        {nil, "Content-Length: 1000000", &drip{left: 3600}, "HTTP/1.1 408", 5 * time.Second},
		"a body that never comes":  {nil, "Content-Length: 10", strings.NewReader(""), "HTTP/1.1 408", 5 * time.Second},
		"a body of 10 MiB":         {nil, "Content-Length: 10485760", io.LimitReader(zeros{}, 10<<20), "HTTP/1.1 413", 0},
		"no token, and no body":    {[]vidgo.Option{vidgo.WithCallbackSecret(secret)}, "Content-Length: 100", strings.NewReader(""), "HTTP/1.1 401", 0},
		"no token, and a huge one": {[]vidgo.Option{vidgo.WithCallbackSecret(secret)}, "Content-Length: 10485760", io.LimitReader(zeros{}, 10<<20), "HTTP/1.1 401", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newHintClient(t, &vidgotest.Server{}, nil, test.secret...)
				network := servePipes(t, client.CallbackHandler(nil))
				began := time.Now()
				require.Equal(t, test.want, send(t, network, test.header, test.body))
				require.Equal(t, test.took, time.Since(began))
			})
		})
	}
}

// The read deadline of the body must not cut off the handle function, nor the
// next request on the connection.
func TestTheDeadlineEndsWithTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newHintClient(t, &vidgotest.Server{}, nil, vidgo.WithCallbackSecret(secret))
		handled := 0
		network := servePipes(t, client.CallbackHandler(func(ctx context.Context, _ *vidgo.Task) error {
			time.Sleep(7 * time.Second) // longer than a body may take, shorter than the function may
			require.NoError(t, ctx.Err())
			handled++
			return nil
		}))
		dials := 0
		sender := &http.Transport{DialContext: func(ctx context.Context, where, address string) (net.Conn, error) {
			dials++
			return network.DialContext(ctx, where, address)
		}}
		defer sender.CloseIdleConnections()
		for _, id := range []string{"a", "b"} {
			signed, _, err := vidgo.NewSigner(time.Hour, secret).Sign(callbackURL, "", time.Now())
			require.NoError(t, err)
			_, query, _ := strings.Cut(signed, "?")
			res, err := (&http.Client{Transport: sender}).Post("http://app.example.com/vidgo?"+query, "application/json",
				strings.NewReader(`{"task_id":"`+id+`","status":"finished"}`))
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusOK, res.StatusCode)
		}
		require.Equal(t, 2, handled)
		require.Equal(t, 1, dials, "both requests went over one connection")
	})
}

// A refused connection proves that nothing was sent. The refusing port is the
// sender's end of another connection, so no other program can begin to listen on
// it meanwhile.
func TestSocketRefusedConnectionIsRetried(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	other, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer other.Close()
	dials := 0
	counting := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	client, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL("http://"+other.LocalAddr().String()),
		vidgo.WithHTTPClient(&http.Client{Transport: counting}), vidgo.WithRetries(2, time.Millisecond, time.Millisecond))
	require.NoError(t, err)
	_, err = client.Submit(t.Context(), boat)
	require.ErrorContains(t, err, "refused")
	_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
	require.False(t, unsure, "%v", err)
	require.Equal(t, 3, dials, "one try and two retries")
}

// A submission and a wait over real connections, with answers that break.
func TestSocketSubmitAndWait(t *testing.T) {
	var fake vidgotest.Server
	api := httptest.NewServer(&fake)
	defer api.Close()
	client, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL(api.URL), vidgo.WithHTTPClient(api.Client()),
		vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
	require.NoError(t, err)
	fake.Route("app.example.com", client.CallbackHandler(nil))

	fake.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Reset: true}, vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Truncate: true})
	task, err := client.Run(t.Context(), boat)
	require.NoError(t, err)
	require.Equal(t, vidgo.Finished, task.Status)

	for name, fault := range map[string]vidgotest.Fault{"reset": {Reset: true}, "half a body": {Truncate: true}} {
		t.Run(name, func(t *testing.T) {
			fault.Endpoint, fault.Accept = vidgotest.EndpointSubmit, true
			fake.Inject(fault)
			before := len(fake.Requests(vidgotest.EndpointSubmit))
			_, err := client.Submit(t.Context(), boat)
			require.Len(t, fake.Requests(vidgotest.EndpointSubmit), before+1, "%v", err)
			if err != nil { // there is none if the callback came first and named the task
				_, unsure := errors.AsType[*vidgo.AmbiguousSubmitError](err)
				require.True(t, unsure, "%v", err)
			}
		})
	}
}

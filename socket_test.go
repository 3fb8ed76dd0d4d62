package vidgo_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// These tests use real sockets, because they are about what net/http does
// with them: deadlines on connections, bodies that are cut, connections that
// were never made, resets. None depends on how fast the machine is: where one
// waits, it waits for something to happen.

// receiver serves the callback handler on a socket.
func receiver(t *testing.T, client *vidgo.Client) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(client.CallbackHandler(nil))
	t.Cleanup(server.Close)
	return server
}

// send writes a raw request and returns the status line of the answer.
func send(t *testing.T, address, header string, body func(io.Writer) error) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /vidgo HTTP/1.1\r\nHost: app.example.com\r\n%s\r\n\r\n", header)
	require.NoError(t, err)
	go func() { _ = body(conn) }() // ends with the connection
	line := make([]byte, 12)
	_, err = io.ReadFull(conn, line)
	require.NoError(t, err)
	return string(line)
}

func TestSocketDrippingBody(t *testing.T) {
	t.Parallel()
	client := newHintClient(t, &vidgotest.Server{}, nil)
	server := receiver(t, client)
	drip := func(w io.Writer) error {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for range ticker.C {
			if _, err := w.Write([]byte(" ")); err != nil {
				return err
			}
		}
		return nil
	}
	began := time.Now()
	require.Equal(t, "HTTP/1.1 408", send(t, server.Listener.Addr().String(), "Content-Length: 1000000", drip))
	require.GreaterOrEqual(t, time.Since(began), 5*time.Second, "it was the handler's own deadline: the server has none")
}

func TestSocketSenderThatHangs(t *testing.T) {
	t.Parallel()
	client := newHintClient(t, &vidgotest.Server{}, nil)
	server := receiver(t, client)
	require.Equal(t, "HTTP/1.1 408", send(t, server.Listener.Addr().String(), "Content-Length: 10", func(io.Writer) error { return nil }))
}

func TestSocketHugeBody(t *testing.T) {
	t.Parallel()
	client := newHintClient(t, &vidgotest.Server{}, nil)
	server := receiver(t, client)
	huge := func(w io.Writer) error {
		_, err := io.Copy(w, io.LimitReader(zeros{}, 10<<20))
		return err
	}
	require.Equal(t, "HTTP/1.1 413", send(t, server.Listener.Addr().String(), "Content-Length: 10485760", huge))
}

// The read deadline of the body must not cut off the handle function, nor the
// next request on the connection.
func TestSocketDeadlineEndsWithTheBody(t *testing.T) {
	t.Parallel()
	client := newHintClient(t, &vidgotest.Server{}, nil, vidgo.WithCallbackSecret(secret))
	var ctxErr error
	handle := client.CallbackHandler(func(ctx context.Context, _ *vidgo.Task) error {
		select {
		case <-ctx.Done(): // 8 s; with the body's deadline left on, the server would end it after 5
		case <-time.After(6 * time.Second):
		}
		ctxErr = ctx.Err()
		return nil
	})
	server := httptest.NewServer(handle)
	defer server.Close()
	signed, _, err := vidgo.NewSigner(time.Hour, secret).Sign(callbackURL, "", time.Now())
	require.NoError(t, err)
	_, query, _ := strings.Cut(signed, "?")
	for range 2 { // the second time, the task was handled before
		res, err := server.Client().Post(server.URL+"/vidgo?"+query, "application/json", strings.NewReader(`{"task_id":"a","status":"finished"}`))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.NoError(t, ctxErr)
	}
}

// A connection that nobody answers is proof that nothing was sent.
func TestSocketRefusedConnectionIsRetried(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	client, err := vidgo.NewClient(apiKey, vidgo.WithBaseURL("http://"+address), vidgo.WithRetries(2, time.Millisecond, time.Millisecond))
	require.NoError(t, err)
	_, err = client.Submit(t.Context(), boat)
	require.ErrorContains(t, err, "refused")
	require.NotContains(t, err.Error(), "unknown whether")
}

// The whole job over real connections, with every way for an answer to break.
func TestSocketSubmitAndWait(t *testing.T) {
	t.Parallel()
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
			if err != nil { // the callback may have told the task already
				require.ErrorContains(t, err, "unknown whether")
			}
		})
	}
}

// net/http would read the rest of the body before it sends the answer.
func TestSocketRefusalDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	client := newHintClient(t, &vidgotest.Server{}, nil, vidgo.WithCallbackSecret(secret))
	server := receiver(t, client)
	require.Equal(t, "HTTP/1.1 401", send(t, server.Listener.Addr().String(), "Content-Length: 100", func(io.Writer) error { return nil }))
}

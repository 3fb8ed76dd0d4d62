package vidgotest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// All other tests run in memory. These are about what only net/http and the kernel
// can show: that faults on a real connection look to a real client as they should.

func listen(t *testing.T, srv *vidgotest.Server) (url string, client *http.Client) {
	ts := httptest.NewServer(srv)
	t.Cleanup(ts.Close)
	return ts.URL, ts.Client()
}

// On a socket, because the reset needs Hijack and SO_LINGER.
func TestResetOnASocket(t *testing.T) {
	for _, f := range []vidgotest.Fault{{Reset: true, Accept: true}, {Refuse: true, Accept: true}} {
		var srv vidgotest.Server
		url, client := listen(t, &srv)
		srv.Inject(f)
		_, err := try(client, request(t, http.MethodPost, url+"/api/generate/submit", order("m", "")))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.Len(t, srv.Tasks(), 1)
		require.Zero(t, srv.Requests()[0].Status)
	}
}

// On a socket, because a TLS connection has a TCP connection inside, and HTTP/2 lets
// no handler take over the connection.
func TestResetOverTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		var srv vidgotest.Server
		ts := httptest.NewUnstartedServer(&srv)
		ts.EnableHTTP2 = http2
		ts.StartTLS()
		defer ts.Close()
		srv.Inject(vidgotest.Fault{Reset: true})
		_, err := try(ts.Client(), request(t, http.MethodPost, ts.URL+"/api/generate/submit", order("m", "")))
		require.Error(t, err)
		r, err := try(ts.Client(), request(t, http.MethodPost, ts.URL+"/api/generate/submit", order("m", "")))
		require.NoError(t, err)
		require.Equal(t, 200, r.status)
		require.Len(t, srv.Tasks(), 1)
	}
}

// On a socket, because the half must be flushed before the connection breaks.
func TestTruncateOnASocket(t *testing.T) {
	var srv vidgotest.Server
	url, client := listen(t, &srv)
	srv.Inject(vidgotest.Fault{Truncate: true, Status: 500, Body: "0123456789"})
	res, err := client.Do(request(t, http.MethodGet, url+"/api/user/balance", ""))
	require.NoError(t, err)
	defer res.Body.Close()
	require.EqualValues(t, 10, res.ContentLength)
	half, err := io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, "01234", string(half))
}

// On a socket, because the server only learns that a client has left if it has read
// the body. Otherwise Close would wait for ever at the end of this test.
func TestHangOnASocket(t *testing.T) {
	var srv vidgotest.Server
	url, client := listen(t, &srv)
	srv.Inject(vidgotest.Fault{Hang: true}, vidgotest.Fault{Delay: time.Hour})
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		leave := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }}
		_, err := try(client, request(t, http.MethodPost, url+"/api/generate/submit", order("m", "")).WithContext(httptrace.WithClientTrace(ctx, leave)))
		require.ErrorIs(t, err, context.Canceled)
	}
}

// On a socket, because net/http adds headers of its own, and the fake's must not be
// there twice.
func TestTheSameAnswersOnASocket(t *testing.T) {
	var srv vidgotest.Server
	url, client := listen(t, &srv)
	id := submit(t, &srv, "m", "")
	r, err := try(client, request(t, http.MethodGet, url+"/api/generate/status/"+strings.ReplaceAll(id, "-", "%2D"), ""))
	require.NoError(t, err)
	require.JSONEq(t, get(t, &srv, statusURL+id).body, r.body)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
	require.Len(t, r.header["Date"], 1)
	r, err = try(client, request(t, http.MethodGet, url+"/generated/"+id+"-1.png", ""))
	require.NoError(t, err)
	require.Equal(t, "image/png", r.header.Get("Content-Type"))
}

// On a socket, because net/http may set another length, or hold the file in memory.
func TestALargeFileOnASocket(t *testing.T) {
	const size = 32 << 20
	var srv vidgotest.Server
	url, client := listen(t, &srv)
	srv.Default = vidgotest.Script{FileSize: size, FileHost: url}
	at := fileURL(t, &srv)
	require.True(t, strings.HasPrefix(at, url+"/generated/"))
	before := heap()
	res, err := client.Do(fileRequest(t, http.MethodGet, at))
	require.NoError(t, err)
	defer res.Body.Close()
	require.EqualValues(t, size, res.ContentLength)
	n, err := io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	require.EqualValues(t, size, n)
	require.Less(t, heap()-before, int64(4<<20))
}

// On a socket, because a real client must see what the client in memory sees.
func TestFaultyFilesOnASocket(t *testing.T) {
	const size = 1 << 20
	var srv vidgotest.Server
	url, client := listen(t, &srv)
	srv.Default = vidgotest.Script{FileSize: size, FileHost: url}
	at := fileURL(t, &srv)
	whole := fetch(t, &srv, at).body
	for name, c := range map[string]struct {
		fault vidgotest.Fault
		bytes int
		err   error
	}{
		"cut off":                        {vidgotest.Fault{After: 1000}, 1000, io.ErrUnexpectedEOF},
		"reset":                          {vidgotest.Fault{After: 1000, Reset: true}, 1000, syscall.ECONNRESET},
		"cut in the middle":              {vidgotest.Fault{Truncate: true}, size / 2, io.ErrUnexpectedEOF},
		"a small Content-Length":         {vidgotest.Fault{Header: http.Header{"Content-Length": {"10"}}}, 10, nil},
		"a large Content-Length":         {vidgotest.Fault{Header: http.Header{"Content-Length": {"1048577"}}}, size, io.ErrUnexpectedEOF},
		"no Content-Length":              {vidgotest.Fault{Header: http.Header{"Content-Length": nil}}, size, nil},
		"no Content-Length, and cut off": {vidgotest.Fault{After: 1000, Header: http.Header{"Content-Length": nil}}, 1000, io.ErrUnexpectedEOF},
		"compressed":                     {vidgotest.Fault{Gzip: true}, size, nil}, // net/http decodes it
	} {
		t.Run(name, func(t *testing.T) {
			c.fault.Endpoint = vidgotest.EndpointFile
			srv.Inject(c.fault)
			r, err := try(client, fileRequest(t, http.MethodGet, at))
			if c.err == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.err)
			}
			if c.fault.Reset && len(r.body) < c.bytes {
				c.bytes = len(r.body) // a kernel may drop what it has not delivered when the reset comes
			}
			require.Len(t, r.body, c.bytes)
			require.True(t, whole[:c.bytes] == r.body)
		})
	}
}

// On a socket, because the handler must learn there, too, that its client has left.
// Otherwise Close would wait for ever at the end of this test.
func TestAFileStallsOnASocket(t *testing.T) {
	var srv vidgotest.Server
	url, client := listen(t, &srv)
	srv.Default = vidgotest.Script{FileSize: 1 << 20, FileHost: url}
	at := fileURL(t, &srv)
	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointFile, After: 1000, Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	res, err := client.Do(fileRequest(t, http.MethodGet, at).WithContext(ctx))
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.ReadFull(res.Body, make([]byte, 1000))
	require.NoError(t, err)
	cancel()
	_, err = res.Body.Read(make([]byte, 1))
	require.ErrorIs(t, err, context.Canceled)
}

// On a socket, because net/http chooses the pieces in which a body comes.
func TestALargeUploadOnASocket(t *testing.T) {
	srv := vidgotest.Server{MaxUpload: 20 << 20}
	url, client := listen(t, &srv)
	r, err := stream(t, t.Context(), client, url+"/api/common/upload/stream", zeros(20<<20))
	require.NoError(t, err)
	require.Equal(t, 200, r.status, r.body)
	require.EqualValues(t, 20<<20, srv.Uploads()[0].Size)
}

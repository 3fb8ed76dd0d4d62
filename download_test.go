package vidgo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"code.dny.dev/ssrf"
	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

const fileSize = 100_000

// newSavingClient returns a client that reaches the API and the files of srv in
// memory.
func newSavingClient(t testing.TB, srv *vidgotest.Server, opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client, err := vidgo.NewClient(apiKey, append([]vidgo.Option{vidgo.WithHTTPClient(srv.Client()), vidgo.WithDownloadClient(srv.Client())}, opts...)...)
	require.NoError(t, err)
	return client
}

// finished runs a task to its end.
func finished(t testing.TB, client *vidgo.Client) *vidgo.Task {
	t.Helper()
	task, err := client.Run(t.Context(), boat)
	require.NoError(t, err)
	return task
}

// truth returns the content of the file at a URL of srv.
func truth(t testing.TB, srv *vidgotest.Server, url string) []byte {
	t.Helper()
	r, err := srv.Content(url)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}

// file returns the fault for requests of files.
func file(fault vidgotest.Fault) vidgotest.Fault {
	fault.Endpoint = vidgotest.EndpointFile
	return fault
}

// noHeader returns a fault's header that removes these from the answer.
func noHeader(names ...string) http.Header {
	h := http.Header{}
	for _, name := range names {
		h[name] = nil
	}
	return h
}

func TestDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileHost: vidgotest.PickyHost, FileSize: fileSize}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		var b bytes.Buffer
		n, err := client.Download(t.Context(), task.Files[0], &b)
		require.NoError(t, err)
		require.EqualValues(t, fileSize, n)
		require.Equal(t, truth(t, &srv, task.Files[0].URL), b.Bytes())
		requests := srv.Requests(vidgotest.EndpointFile)
		require.Len(t, requests, 1)
		require.Equal(t, "GET", requests[0].Method, "no other request is made")
		require.Empty(t, requests[0].Header.Get("Authorization"))
		require.Contains(t, requests[0].Header.Get("User-Agent"), "vidgo-go/")
	})
}

// Whatever breaks, the bytes are right in the end. If the host supports ranges,
// none is requested twice.
func TestDownloadOutlastsTemporaryErrors(t *testing.T) {
	tests := map[string]struct {
		faults   []vidgotest.Fault
		requests int // 0 if the file is not the task's in the end
	}{
		"cut off twice":                     {[]vidgotest.Fault{{After: 30_000}, {After: 20_000, Reset: true}}, 3},
		"a standstill":                      {[]vidgotest.Fault{{After: 50_000, Hang: true}}, 2},
		"a reset, a hang and an outage":     {[]vidgotest.Fault{{Reset: true}, {Hang: true}, {Status: 503, Body: vidgotest.HTML(503)}}, 4},
		"an error page that says 200":       {[]vidgotest.Fault{{Status: 200, Body: vidgotest.HTML(503)}}, 2},
		"cut off in the first bytes":        {[]vidgotest.Fault{{After: 100}}, 2},
		"a 429 with Retry-After":            {[]vidgotest.Fault{{Status: 429, RetryAfter: "30"}}, 2},
		"ten cuts, each a bit further":      {[]vidgotest.Fault{{After: 9_000, Times: 10}}, 11},
		"a host without ranges":             {[]vidgotest.Fault{{After: 30_000}, {NoRange: true}}, 2},
		"no Content-Length":                 {[]vidgotest.Fault{{Header: noHeader("Content-Length")}}, 1},
		"a cut without Content-Length":      {[]vidgotest.Fault{{After: 30_000, Header: noHeader("Content-Length")}, {}}, 2},
		"Last-Modified, but no ETag":        {[]vidgotest.Fault{{After: 30_000, Header: noHeader("Etag")}, {Header: noHeader("Etag")}}, 2},
		"redirected to another public host": {[]vidgotest.Fault{{Status: 302, Header: http.Header{"Location": {"https://cdn.vidgo.ai/generated/moved.mp4"}}}}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
				client := newSavingClient(t, &srv)
				task := finished(t, client)
				for _, fault := range test.faults {
					srv.Inject(file(fault))
				}
				want := truth(t, &srv, task.Files[0].URL)
				var b bytes.Buffer
				_, err := client.Download(t.Context(), task.Files[0], &b)
				require.NoError(t, err)
				if test.requests == 0 {
					return // the other host has another file
				}
				require.True(t, bytes.Equal(want, b.Bytes()), "%d bytes", b.Len())
				require.Len(t, srv.Requests(vidgotest.EndpointFile), test.requests)
			})
		})
	}
}

func TestDownloadGivesUp(t *testing.T) {
	tests := map[string]struct {
		fault vidgotest.Fault
		says  string
		is    error
		took  time.Duration // at most
	}{
		"a file that is not there":     {vidgotest.Fault{Status: 404, Times: -1}, "404", vidgo.ErrNotFound, 20 * time.Second},
		"a file that is forbidden":     {vidgotest.Fault{Status: 403, Times: -1}, "403", vidgo.ErrForbidden, 20 * time.Second},
		"an outage":                    {vidgotest.Fault{Status: 500, Times: -1}, "500", nil, 20 * time.Second},
		"a Retry-After of an hour":     {vidgotest.Fault{Status: 503, RetryAfter: "3600", Times: -1}, "503", nil, 0},
		"a 400":                        {vidgotest.Fault{Status: 400, Times: -1}, "400", nil, 0},
		"a compressed file":            {vidgotest.Fault{Gzip: true, Times: -1}, "gzip", nil, 0},
		"an HTML page, every time":     {vidgotest.Fault{Status: 200, Body: "<html><title>Log in</title>", Times: -1}, "an HTML page: Log in", nil, 20 * time.Second},
		"an empty answer, every time":  {vidgotest.Fault{Status: 200, NoBody: true, Times: -1}, "empty", nil, 20 * time.Second},
		"redirected to a private host": {vidgotest.Fault{Status: 302, Header: http.Header{"Location": {"https://169.254.169.254/latest"}}}, "link-local", nil, 0},
		"redirected to plain http":     {vidgotest.Fault{Status: 302, Header: http.Header{"Location": {"http://storage.vidgo.ai/x"}}}, "https", nil, 0},
		"redirected to a file":         {vidgotest.Fault{Status: 302, Header: http.Header{"Location": {"file:///etc/passwd"}}}, "", nil, 0},
		"redirected in a circle":       {vidgotest.Fault{Status: 302, Header: http.Header{"Location": {"https://storage.vidgo.ai/generated/x.mp4"}}, Times: -1}, "redirects", nil, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
				client := newSavingClient(t, &srv)
				task := finished(t, client)
				srv.Inject(file(test.fault))
				began := time.Now()
				var b bytes.Buffer
				n, err := client.Download(t.Context(), task.Files[0], &b)
				failed, ok := errors.AsType[*vidgo.DownloadError](err)
				require.True(t, ok, "%v", err)
				require.Contains(t, failed.URL, "storage.vidgo.ai")
				require.ErrorContains(t, err, test.says)
				if test.is != nil {
					require.ErrorIs(t, err, test.is)
				}
				require.Zero(t, n)
				require.Zero(t, b.Len())
				require.LessOrEqual(t, time.Since(began), test.took)
			})
		})
	}
}

// A writer cannot take back what was written, so a download ends if the file has
// changed meanwhile, or if that cannot be known.
func TestDownloadThatCannotBeResumed(t *testing.T) {
	for name, faults := range map[string][]vidgotest.Fault{
		"the file has changed":         {{After: 30_000}, {Changed: true, Times: -1}},
		"no ETag and no Last-Modified": {{After: 30_000, Header: noHeader("Etag", "Last-Modified")}, {Header: noHeader("Etag", "Last-Modified"), Times: -1}},
		"another range than requested": {{After: 30_000}, {Header: http.Header{"Content-Range": {"bytes 0-9/100000"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
				client := newSavingClient(t, &srv)
				task := finished(t, client)
				for _, fault := range faults {
					srv.Inject(file(fault))
				}
				n, err := client.Download(t.Context(), task.Files[0], io.Discard)
				require.ErrorContains(t, err, "a part of it was written already")
				require.EqualValues(t, 30_000, n)
			})
		})
	}
}

func TestDownloadRefusesBadLinks(t *testing.T) {
	var srv vidgotest.Server
	client := newSavingClient(t, &srv)
	for _, link := range []string{"http://storage.vidgo.ai/x.mp4", "https://127.0.0.1/x.mp4", "https://[::1]/x.mp4", "https://localhost/x", "https://u:hidden@a.example.com/x",
		"file:///etc/passwd", "https://0x7f.1/x", "https:///x", "x.mp4", "https://metadata.internal/x"} {
		_, err := client.Download(t.Context(), vidgo.File{URL: link}, io.Discard)
		require.Error(t, err, link)
		require.NotContains(t, err.Error(), "hidden")
	}
	_, err := client.Download(t.Context(), vidgo.File{}, io.Discard)
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	require.Empty(t, srv.Requests())
}

func TestDownloadIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		why := errors.New("the shop closes")
		for name, fault := range map[string]vidgotest.Fault{
			"in the middle": {After: 50_000, Hang: true}, "in a pause": {Status: 503}, "before the answer": {Hang: true},
		} {
			srv.Inject(file(fault))
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(500*time.Millisecond, func() { cancel(why) })
			began := time.Now()
			_, err := client.Download(ctx, task.Files[0], io.Discard)
			require.ErrorIs(t, err, why, name)
			require.Equal(t, 500*time.Millisecond, time.Since(began), name)
		}
	})
}

// Not every transport heeds the context.
func TestNothingIsDownloadedAfterTheContextHasEnded(t *testing.T) {
	asked := 0
	deaf := transport(func(r *http.Request) (*http.Response, error) {
		asked++
		return answering(200, nil, "\x89PNG\r\n\x1a\n and so on")(r)
	})
	client, err := vidgo.NewClient(apiKey, vidgo.WithDownloadClient(&http.Client{Transport: deaf}))
	require.NoError(t, err)
	why := errors.New("the shop closes")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	made := vidgo.File{URL: "https://storage.vidgo.ai/a.png"}
	_, err = client.Download(ctx, made, io.Discard)
	require.ErrorIs(t, err, why)
	_, err = client.Save(ctx, &vidgo.Task{ID: "a", Status: vidgo.Finished, Files: []vidgo.File{made}}, t.TempDir())
	require.ErrorIs(t, err, why)
	require.Zero(t, asked)
}

func TestDownloadReturnsTheErrorOfTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
		client := newSavingClient(t, &srv)
		full := errors.New("no space left")
		_, err := client.Download(t.Context(), finished(t, client).Files[0], failingWriter{full})
		require.ErrorIs(t, err, full)
		require.Len(t, srv.Requests(vidgotest.EndpointFile), 1)

		// A writer may return the error of another download, if it is a pipe.
		srv.Inject(file(vidgotest.Fault{Reset: true, Times: -1}))
		_, other := client.Download(t.Context(), finished(t, client).Files[0], io.Discard)
		srv.Clear()
		before := len(srv.Requests(vidgotest.EndpointFile))
		_, err = client.Download(t.Context(), finished(t, client).Files[0], failingWriter{other})
		require.Equal(t, other, err)
		require.Len(t, srv.Requests(vidgotest.EndpointFile), before+1, "another try would meet the same error")
	})
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// The query of a link may be its signature: no error shows it, and no other host
// gets it.
func TestDownloadKeepsSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FreshLinks: time.Hour}}
		client := newSavingClient(t, &srv)
		f := finished(t, client).Files[0]
		require.Contains(t, f.URL, "Signature=")
		srv.Inject(file(vidgotest.Fault{Status: 302, Header: http.Header{"Location": {"https://cdn.vidgo.ai/generated/moved.mp4"}}}))
		_, err := client.Download(t.Context(), f, io.Discard)
		require.NoError(t, err)
		for _, r := range srv.Requests(vidgotest.EndpointFile) {
			for _, name := range []string{"Referer", "Authorization", "Cookie"} {
				require.Empty(t, r.Header.Get(name), name)
			}
		}
		srv.Inject(file(vidgotest.Fault{Refuse: true, Times: -1}))
		_, err = client.Download(t.Context(), f, io.Discard)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "Signature")
	})
}

// Over HTTP/2, a connection whose request has just been cancelled would outlive the
// call, because it is not idle yet when the idle ones are closed.
func TestSocketDownloadsSpeakHTTP1(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	own := vidgo.NewDownloadTransport()
	defer own.CloseIdleConnections()
	require.Zero(t, own.ResponseHeaderTimeout, "it would cut WithRequestTimeout short")
	own.DialContext = nil // which refuses this host
	own.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
	res, err := (&http.Client{Transport: own}).Get(srv.URL)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, 1, res.ProtoMajor)
}

// A client's own transport connects to no address that is not public, whatever
// a name resolves to.
func TestDownloadsDialNoPrivateAddress(t *testing.T) {
	_, err := vidgo.NewDownloadTransport().DialContext(t.Context(), "tcp", "127.0.0.1:443")
	require.ErrorIs(t, err, ssrf.ErrProhibitedIP)

	before := net.DefaultResolver
	net.DefaultResolver = newStubDNS().resolver()
	defer func() { net.DefaultResolver = before }()
	client, err := vidgo.NewClient(apiKey)
	require.NoError(t, err)
	for _, name := range []string{"localtest.me", "private.example.com", "local6.example.com", "nat64.example.com"} {
		_, err = client.Download(t.Context(), vidgo.File{URL: "https://" + name + "/x.mp4"}, io.Discard)
		require.ErrorIs(t, err, ssrf.ErrProhibitedIP, name)
		require.ErrorContains(t, err, "vidgo: download https://"+name+"/x.mp4")
	}
}

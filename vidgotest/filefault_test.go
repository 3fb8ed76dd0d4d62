package vidgotest_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// spoilt returns a server whose only file, of 10,000 bytes, has a fault until it is
// cleared, and the file's URL and content.
func spoilt(t *testing.T, f vidgotest.Fault) (srv *vidgotest.Server, url, whole string) {
	srv = &vidgotest.Server{Default: vidgotest.Script{FileSize: 10_000}}
	url = fileURL(t, srv)
	whole = fetch(t, srv, url).body
	f.Endpoint, f.Times = vidgotest.EndpointFile, -1
	srv.Inject(f)
	return srv, url, whole
}

func TestAFaultOfAnyEndpointSparesFiles(t *testing.T) {
	var srv vidgotest.Server
	one, two := submit(t, &srv, "nano-banana", ""), submit(t, &srv, "nano-banana", "")
	at := func(id string) string { return "https://storage.vidgo.ai/generated/" + id + "-1.png" }
	srv.Inject(vidgotest.Fault{Status: 500}, vidgotest.Fault{Endpoint: vidgotest.EndpointFile, TaskID: two, Status: 503, Times: -1})
	require.Equal(t, 200, fetch(t, &srv, at(one)).status)
	require.Equal(t, 503, fetch(t, &srv, at(two)).status)
	require.Equal(t, 500, get(t, &srv, balance).status)
}

func TestAFileBreaksAfterSomeBytes(t *testing.T) {
	for name, c := range map[string]struct {
		fault vidgotest.Fault
		bytes int
		err   error
	}{
		"after 100 bytes":         {vidgotest.Fault{After: 100}, 100, io.ErrUnexpectedEOF},
		"before the last byte":    {vidgotest.Fault{After: 9_999}, 9_999, io.ErrUnexpectedEOF},
		"in the middle":           {vidgotest.Fault{Truncate: true}, 5_000, io.ErrUnexpectedEOF},
		"earlier than the middle": {vidgotest.Fault{Truncate: true, After: 7}, 7, io.ErrUnexpectedEOF},
		"by a reset":              {vidgotest.Fault{Reset: true, After: 100}, 100, syscall.ECONNRESET},
		"never, as it is shorter": {vidgotest.Fault{Reset: true, After: 10_001}, 10_000, nil},
		"in the fault's own body": {vidgotest.Fault{After: 3, Body: "<html>"}, 3, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			srv, url, whole := spoilt(t, c.fault)
			if c.fault.Body != "" {
				whole = c.fault.Body
			}
			r, err := try(srv.Client(), fileRequest(t, http.MethodGet, url))
			if c.err == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.err)
			}
			require.Equal(t, whole[:c.bytes], r.body)
		})
	}
}

func TestABrokenFileCanBeResumed(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{Times: 1, After: 100})
	r, err := try(srv.Client(), fileRequest(t, http.MethodGet, url))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	srv.Clear()
	rest := fetch(t, srv, url, "Range", "bytes=100-", "If-Range", r.header.Get("ETag"))
	require.Equal(t, 206, rest.status)
	require.Equal(t, whole, r.body+rest.body)
}

func TestAFileStallsUntilItsClientGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, url, whole := spoilt(t, vidgotest.Fault{Hang: true, After: 1000})
		res, err := srv.Client().Do(fileRequest(t, http.MethodGet, url))
		require.NoError(t, err)
		require.EqualValues(t, 10_000, res.ContentLength)
		time.AfterFunc(time.Hour, func() { res.Body.Close() })
		start := time.Now()
		got, err := io.ReadAll(res.Body)
		require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
		require.Equal(t, whole[:1000], string(got))
		require.Equal(t, time.Hour, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = try(srv.Client(), fileRequest(t, http.MethodGet, url).WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestAFileDrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, url, whole := spoilt(t, vidgotest.Fault{Drip: time.Second})
		start := time.Now()
		res, err := srv.Client().Do(fileRequest(t, http.MethodGet, url))
		require.NoError(t, err)
		require.Zero(t, time.Since(start), "the header comes first")
		b := make([]byte, 4096)
		n, err := res.Body.Read(b)
		require.NoError(t, err)
		require.Equal(t, []any{1024, time.Second}, []any{n, time.Since(start)})
		rest, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, whole, string(b[:n])+string(rest))
		require.Equal(t, 10*time.Second, time.Since(start))

		res, err = srv.Client().Do(fileRequest(t, http.MethodGet, url))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close()) // the handler must end, or the bubble does not
	})
}

func TestAHostWithoutRanges(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{NoRange: true})
	r := fetch(t, srv, url, "Range", "bytes=100-")
	require.Equal(t, 200, r.status)
	require.Equal(t, whole, r.body)
	require.Empty(t, r.header.Get("Accept-Ranges"))
	require.NotEmpty(t, r.header.Get("ETag"))
}

func TestHeadersCanBeTakenAway(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{Header: http.Header{"ETag": nil, "Last-Modified": nil, "Content-Length": nil, "Content-Type": nil}})
	r := fetch(t, srv, url)
	require.Equal(t, whole, r.body)
	for _, name := range []string{"ETag", "Last-Modified", "Content-Length", "Content-Type"} {
		require.NotContains(t, r.header, http.CanonicalHeaderKey(name))
	}
	require.NotEmpty(t, r.header.Get("Accept-Ranges"))
}

func TestAChangedFile(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{Changed: true})
	changed := fetch(t, srv, url)
	require.Len(t, changed.body, 10_000)
	require.NotEqual(t, whole, changed.body)
	require.Equal(t, whole[:50], changed.body[:50], "still a real file")
	srv.Clear()
	first := fetch(t, srv, url)
	require.Equal(t, whole, first.body)
	require.NotEqual(t, first.header.Get("ETag"), changed.header.Get("ETag"))
	require.NotEqual(t, first.header.Get("Last-Modified"), changed.header.Get("Last-Modified"))

	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointFile, Changed: true})
	r := fetch(t, srv, url, "Range", "bytes=100-", "If-Range", first.header.Get("ETag"))
	require.Equal(t, []any{200, changed.body}, []any{r.status, r.body})
}

func TestAContentLengthThatIsWrong(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{Header: http.Header{"Content-Length": {"10"}}})
	require.Equal(t, whole[:10], fetch(t, srv, url).body)
	srv, url, whole = spoilt(t, vidgotest.Fault{Header: http.Header{"Content-Length": {"10001"}}})
	r, err := try(srv.Client(), fileRequest(t, http.MethodGet, url))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, whole, r.body)
}

func TestAContentRangeThatIsWrong(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{Header: http.Header{"Content-Range": {"bytes 0-9/10"}}})
	r := fetch(t, srv, url, "Range", "bytes=100-")
	require.Equal(t, []any{206, "bytes 0-9/10", whole[100:]}, []any{r.status, r.header.Get("Content-Range"), r.body})
}

func TestACompressedFile(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{Gzip: true})
	r := fetch(t, srv, url, "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", r.header.Get("Content-Encoding"))
	require.NotEqual(t, whole, r.body)
	z, err := gzip.NewReader(strings.NewReader(r.body))
	require.NoError(t, err)
	body, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, whole, string(body))
}

// As on a socket, a client that does not ask for an encoding gets the file itself.
func TestGzipIsDecodedAsByNetHTTP(t *testing.T) {
	srv, url, whole := spoilt(t, vidgotest.Fault{Gzip: true, Times: -1})
	ts := httptest.NewServer(srv)
	defer ts.Close()
	ask := func(client *http.Client, url, method string, header ...string) *http.Response {
		req := request(t, method, url, "")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	path := strings.TrimPrefix(url, "https://storage.vidgo.ai")
	for name, res := range map[string]*http.Response{
		"memory": ask(srv.Client(), url, http.MethodGet),
		"socket": ask(ts.Client(), ts.URL+path, http.MethodGet),
	} {
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err, name)
		require.Equal(t, whole, string(body), name)
		require.Equal(t, []any{true, int64(-1), "", ""}, []any{res.Uncompressed, res.ContentLength,
			res.Header.Get("Content-Encoding"), res.Header.Get("Content-Length")}, name)
	}
	for name, c := range map[string][]string{
		"an encoding is asked for": {http.MethodGet, "Accept-Encoding", "identity"},
		"a range is asked for":     {http.MethodGet, "Range", "bytes=0-"},
		"a HEAD request":           {http.MethodHead},
	} {
		memory := ask(srv.Client(), url, c[0], c[1:]...)
		socket := ask(ts.Client(), ts.URL+path, c[0], c[1:]...)
		require.Equal(t, socket.Header.Get("Content-Encoding"), memory.Header.Get("Content-Encoding"), name)
		require.Equal(t, []bool{false, false}, []bool{socket.Uncompressed, memory.Uncompressed}, name)
	}
	srv.Clear()
	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointFile, Body: "this is no gzip at all", Header: http.Header{"Content-Encoding": {"gzip"}}})
	_, err := io.ReadAll(ask(srv.Client(), url, http.MethodGet).Body)
	require.ErrorIs(t, err, gzip.ErrHeader)
}

func TestAnotherAnswerThanTheFile(t *testing.T) {
	srv, url, _ := spoilt(t, vidgotest.Fault{Status: 200, Body: vidgotest.HTML(503)})
	r := fetch(t, srv, url)
	require.Equal(t, []any{200, "text/html", vidgotest.HTML(503)}, []any{r.status, r.header.Get("Content-Type"), r.body})

	srv, url, whole := spoilt(t, vidgotest.Fault{})
	srv.Clear()
	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointFile, Status: 302, Header: http.Header{"Location": {url}}})
	require.Equal(t, whole, fetch(t, srv, url).body)
	require.Equal(t, 302, srv.Requests(vidgotest.EndpointFile)[1].Status)

	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointFile, Reset: true})
	_, err := try(srv.Client(), fileRequest(t, http.MethodGet, url))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// Faults of bodies are possible at the API's endpoints, too.
func TestABodyOfTheAPIThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Inject(vidgotest.Fault{Hang: true, After: 5})
		client := srv.Client()
		client.Timeout = time.Minute
		r, err := try(client, request(t, http.MethodGet, balance, ""))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, `{"cod`, r.body)
		require.Equal(t, 200, get(t, &srv, balance).status)
		require.Equal(t, 1, srv.Requests()[1].InFlight)
	})
}

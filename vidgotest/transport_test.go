package vidgotest_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// traced submits, and returns which hooks were called, some with an argument.
func traced(t *testing.T, srv *vidgotest.Server) (calls []string, err error) {
	note := func(call string) { calls = append(calls, call) }
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(addr string) { note("GetConn " + addr) },
		GotConn: func(info httptrace.GotConnInfo) { note("GotConn " + info.Conn.RemoteAddr().String()) },
		WroteHeaderField: func(name string, values []string) {
			if name == "Authorization" {
				note(name + " " + values[0])
			}
		},
		WroteHeaders:         func() { note("WroteHeaders") },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { note("WroteRequest") },
		GotFirstResponseByte: func() { note("GotFirstResponseByte") },
	})
	_, err = try(srv.Client(), request(t, http.MethodPost, submitURL, order("m", "")).WithContext(ctx))
	return calls, err
}

func TestTraceHooksAreCalledInOrder(t *testing.T) {
	var srv vidgotest.Server
	all := []string{"GetConn api.vidgo.ai:443", "GotConn api.vidgo.ai:443", "Authorization Bearer test-key",
		"WroteHeaders", "WroteRequest", "GotFirstResponseByte"}
	calls, err := traced(t, &srv)
	require.NoError(t, err)
	require.Equal(t, all, calls)

	srv.Inject(vidgotest.Fault{Refuse: true})
	calls, err = traced(t, &srv)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.Equal(t, all[:1], calls)

	srv.Inject(vidgotest.Fault{Reset: true})
	calls, err = traced(t, &srv)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Equal(t, all[:5], calls)

	srv.Inject(vidgotest.Fault{Truncate: true})
	calls, err = traced(t, &srv)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, all, calls)
}

func TestTraceWithFewHooks(t *testing.T) {
	var srv vidgotest.Server
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{})
	_, err := try(srv.Client(), request(t, http.MethodGet, balance, "").WithContext(ctx))
	require.NoError(t, err)
}

type key struct{}

func TestAServerSeesItsOwnSideOfARequest(t *testing.T) {
	var srv vidgotest.Server
	var got *http.Request
	srv.Route("files.example.com:8443", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ := io.ReadAll(r.Body)
		r.Header.Set("X-Client", "changed")
		w.Header().Set("X-Body", string(body))
	}))
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, 1), time.Hour)
	defer cancel()
	req := request(t, http.MethodPut, "https://files.example.com:8443/a%2Fb?c=d#e", "hello").WithContext(ctx)
	req.Header.Set("X-Client", "kept")
	r, err := try(srv.Client(), req)
	require.NoError(t, err)
	require.Equal(t, "hello", r.header.Get("X-Body"))
	require.Equal(t, "kept", req.Header.Get("X-Client"))
	require.Equal(t, "/a%2Fb?c=d", got.RequestURI)
	require.Equal(t, "/a/b", got.URL.Path)
	require.Empty(t, got.URL.Host)
	require.Equal(t, "files.example.com:8443", got.Host)
	require.Equal(t, "5", got.Header.Get("Content-Length"))
	require.Equal(t, "Go-http-client/1.1", got.Header.Get("User-Agent"))
	require.Nil(t, got.Context().Value(key{}), "a context's values do not cross the network")
	_, ok := got.Context().Deadline()
	require.False(t, ok, "nor does its deadline")
	require.ErrorIs(t, got.Context().Err(), context.Canceled)
}

func TestRoutePanicsOnWhatIsNotAHost(t *testing.T) {
	for _, host := range []string{"", "https://hooks.example.com", "hooks.example.com/vidgo", "hooks example.com", "u@hooks.example.com"} {
		require.Panics(t, func() { new(vidgotest.Server).Route(host, http.NotFoundHandler()) }, host)
	}
	require.PanicsWithValue(t, `vidgotest: Route: "a/b" is not a host; want a name such as hooks.example.com, with a port if it is not the usual one`,
		func() { new(vidgotest.Server).Route("a/b", nil) })
	new(vidgotest.Server).Route("[2606:4700::1111]:8443", http.NotFoundHandler())
}

// The transport in memory refuses the requests that net/http refuses, with the same
// error.
func TestWhatNetHTTPDoesNotSend(t *testing.T) {
	body := func(r *http.Request, length int64, text string) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), length
	}
	const large = 100_000 // bytes, too many to be read before they are sent
	for name, c := range map[string]struct {
		edit func(*http.Request)
		want string
	}{
		"a header value with a line end":          {func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret\n") }, `net/http: invalid header field value for "Authorization"`},
		"a header value with a control character": {func(r *http.Request) { r.Header.Set("X", "\x7f") }, `net/http: invalid header field value for "X"`},
		"a header name with a space":              {func(r *http.Request) { r.Header["X y"] = []string{"1"} }, `net/http: invalid header field name "X y"`},
		"an empty header name":                    {func(r *http.Request) { r.Header[""] = []string{"1"} }, `net/http: invalid header field name ""`},
		"a method with a space":                   {func(r *http.Request) { r.Method = "GE T" }, `net/http: invalid method "GE T"`},
		"an unknown scheme":                       {func(r *http.Request) { r.URL.Scheme = "ftp" }, `unsupported protocol scheme "ftp"`},
		"no scheme":                               {func(r *http.Request) { r.URL.Scheme = "" }, `unsupported protocol scheme ""`},
		"no host":                                 {func(r *http.Request) { r.URL.Host = "" }, `http: no Host in request URL`},
		"a length without a body":                 {func(r *http.Request) { r.Body, r.ContentLength = nil, 7 }, `http: Request.ContentLength=7 with nil Body`},
		"a body that is too short":                {func(r *http.Request) { body(r, 7, "sixsix") }, `http: ContentLength=7 with Body length 6`},
		"a body that is too long":                 {func(r *http.Request) { body(r, 5, "sixsix") }, `http: ContentLength=5 with Body length 6`},
		"a large body that is too short":          {func(r *http.Request) { body(r, large, "sixsix") }, `http: ContentLength=100000 with Body length 6`},
		"a large body that is too long":           {func(r *http.Request) { body(r, large, strings.Repeat("a", large+1)) }, `http: ContentLength=100000 with Body length 100001`},
	} {
		t.Run(name, func(t *testing.T) {
			var srv vidgotest.Server
			ts := httptest.NewServer(&srv)
			defer ts.Close()
			for network, client := range map[string]*http.Client{"memory": srv.Client(), "socket": ts.Client()} {
				if network == "socket" && name == "a large body that is too long" {
					continue // the server may answer once it has the announced length
				}
				req := request(t, http.MethodPost, ts.URL+"/api/generate/submit", order("m", ""))
				c.edit(req)
				_, err := client.Transport.RoundTrip(req)
				require.ErrorContains(t, err, c.want, network)
				require.NotContains(t, err.Error(), "secret")
			}
			require.Empty(t, srv.Tasks())
		})
	}
	var srv vidgotest.Server
	req := request(t, http.MethodGet, balance, "")
	req.Header.Set("X", "tab\tand ümlaut \xff")
	_, err := try(srv.Client(), req)
	require.NoError(t, err)
}

func TestABareRequestIsCompleted(t *testing.T) {
	var srv vidgotest.Server
	var got *http.Request
	srv.Route("example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		require.NoError(t, http.NewResponseController(w).SetReadDeadline(time.Now()))
		require.NoError(t, http.NewResponseController(w).SetWriteDeadline(time.Now()))
	}))
	u, err := url.Parse("http://example.com")
	require.NoError(t, err)
	_, err = srv.Client().Transport.RoundTrip(&http.Request{URL: u, Header: http.Header{"User-Agent": {""}}})
	require.NoError(t, err)
	require.Equal(t, []string{"GET", "example.com", "/", "/"}, []string{got.Method, got.Host, got.URL.Path, got.RequestURI})
	require.NotContains(t, got.Header, "User-Agent")
	require.Nil(t, got.TLS)

	_, err = srv.Client().Transport.RoundTrip(&http.Request{URL: u})
	require.NoError(t, err)
	require.NotNil(t, got.Header)
}

// over sends one request to a handler in memory, and returns its answer.
func over(t *testing.T, method string, h http.HandlerFunc) (*http.Response, string, error) {
	var srv vidgotest.Server
	srv.Route("example.com", h)
	res, err := srv.Client().Do(request(t, method, "https://example.com/", ""))
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func TestAnswersInMemoryAreLikeOnesFromASocket(t *testing.T) {
	res, body, err := over(t, http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html>hello")
		w.Header().Set("X-Late", "1")
		w.WriteHeader(500)
	})
	require.NoError(t, err)
	require.Equal(t, "200 OK", res.Status)
	require.Equal(t, "HTTP/1.1", res.Proto)
	require.Equal(t, "<html>hello", body)
	require.EqualValues(t, 11, res.ContentLength)
	require.Equal(t, "11", res.Header.Get("Content-Length"))
	require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	require.NotEmpty(t, res.Header.Get("Date"))
	require.Empty(t, res.Header.Get("X-Late"))
	require.Equal(t, "https://example.com/", res.Request.URL.String())
	_, err = res.Body.Read(make([]byte, 1))
	require.ErrorIs(t, err, http.ErrBodyReadAfterClose)

	res, body, err = over(t, http.MethodHead, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	require.NoError(t, err)
	require.Empty(t, body)
	require.EqualValues(t, 5, res.ContentLength)

	res, _, err = over(t, http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(204)
		_, err := w.Write([]byte("x"))
		require.ErrorIs(t, err, http.ErrBodyNotAllowed)
	})
	require.NoError(t, err)
	require.Zero(t, res.ContentLength)

	_, body, err = over(t, http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "3")
		_, err := w.Write([]byte("four"))
		require.ErrorIs(t, err, http.ErrContentLength)
		w.Write([]byte("tw"))
	})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, "tw", body)
}

func TestABrokenHandlerIsABrokenConnection(t *testing.T) {
	defer log.SetOutput(log.Writer())
	log.SetOutput(io.Discard) // the stack of the panic, as net/http prints one
	for name, h := range map[string]http.HandlerFunc{
		"it aborts":               func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"it panics":               func(http.ResponseWriter, *http.Request) { panic("oops") },
		"it exits":                func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
		"it panics after a write": func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("a")); panic("oops") },
	} {
		_, _, err := over(t, http.MethodGet, h)
		require.ErrorIs(t, err, syscall.ECONNRESET, name)
	}
	res, body, err := over(t, http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("a"))
		require.NoError(t, http.NewResponseController(w).Flush())
		panic(http.ErrAbortHandler)
	})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, "a", body)
	require.EqualValues(t, -1, res.ContentLength)
}

func TestAClientThatGaveUpSendsNothing(t *testing.T) {
	var srv vidgotest.Server
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := try(srv.Client(), request(t, http.MethodGet, balance, "").WithContext(ctx))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, srv.Requests())
}

// broken is a body that cannot be read. It notes that it was closed.
type broken struct{ closed bool }

func (b *broken) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }
func (b *broken) Close() error             { b.closed = true; return nil }

func TestRequestBodyIsAlwaysClosed(t *testing.T) {
	var srv vidgotest.Server
	body := &broken{}
	req := request(t, http.MethodPost, submitURL, "")
	req.Body = body
	_, err := try(srv.Client(), req)
	require.ErrorContains(t, err, "disk on fire")
	require.True(t, body.closed)

	srv.Inject(vidgotest.Fault{Refuse: true})
	body = &broken{}
	req.Body = body
	_, err = try(srv.Client(), req)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.True(t, body.closed)
}

func TestAHandlerLearnsThatItsClientHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		gone := make(chan struct{})
		srv.Route("example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(gone)
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := try(srv.Client(), request(t, http.MethodGet, "https://example.com/", "").WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		<-gone
	})
}

func TestAnyHostReachesTheServer(t *testing.T) {
	var srv vidgotest.Server
	for _, host := range []string{"https://api.vidgo.ai", "http://127.0.0.1:9", "https://proxy.test:8443"} {
		require.Equal(t, 200, get(t, &srv, strings.Replace(balance, base, host, 1)).status)
	}
	require.Equal(t, "/api/user/balance", srv.Requests()[2].Path)
}

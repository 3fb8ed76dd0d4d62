package vidgotest

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Client returns an HTTP client whose requests reach the server in memory,
// whatever host they name, except for hosts given to [Server.Route], which
// reach their handlers. It needs no closing. All clients of a server are alike.
//
// An answer begins when its handler flushes, has written more than 64 KiB, or
// returns; what follows is streamed. When the answer's body is closed or the
// request's context ends, the handler's context ends and its writes fail. If a
// handler panics, the connection is reset, or breaks off if the answer has
// begun.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: memory{s}}
}

// Route makes h the handler of a host, in the process: for callbacks, for
// requests of [Server.Client], and for uploads by URL. host may have a port
// ("hooks.example.com:8443"); the default is the scheme's. A later call for the
// same host replaces h; a nil h removes the route. Route panics if host is
// anything else, such as a URL.
func (s *Server) Route(host string, h http.Handler) {
	if host == "" || strings.ContainsAny(host, "/\\?#@ \t\r\n") {
		panic(fmt.Sprintf("vidgotest: Route: %q is not a host; want a name such as hooks.example.com, with a port if it is not the usual one", host))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.routes == nil {
		s.routes = make(map[string]http.Handler)
	}
	host = strings.ToLower(host)
	for _, port := range []string{":443", ":80"} {
		host = strings.TrimSuffix(host, port)
	}
	s.routes[host] = h
}

// routed returns the handler behind a URL, or nil.
func (s *Server) routed(u *url.URL) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.routes[strings.ToLower(bareHost(u))]
}

// bareHost is the host without the scheme's default port.
func bareHost(u *url.URL) string {
	return strings.TrimSuffix(u.Host, ":"+defaultPort(u))
}

func defaultPort(u *url.URL) string {
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

// memory is the network between a client and the server. It fails in the ways,
// and at the moments, that a network does.
type memory struct{ server *Server }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	if err := unsendable(req); err != nil {
		return nil, err
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	trace := traceOf(ctx)
	addr := hostPortOf(req.URL)
	trace.GetConn(string(addr))
	in := inbound(req, "198.51.100.23:50211")
	if unzips(req) {
		in.Header.Set("Accept-Encoding", "gzip")
	}
	if h := m.server.routed(req.URL); h != nil {
		return converse(req, in, trace, h, func() {})
	}
	v := m.server.arrive(in)
	// Not when the handler ends: the client may be gone before.
	over := func() { m.server.leave(v) }
	if v.fault != nil && v.fault.Refuse {
		defer over()
		return nil, refuse(ctx, v.fault, addr)
	}
	return converse(req, in, trace, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.server.serve(w, r, v)
	}), over)
}

func refuse(ctx context.Context, f *Fault, addr hostPort) error {
	if !pause(ctx, f.Delay) {
		return context.Cause(ctx)
	}
	return &net.OpError{
		Op: "dial", Net: "tcp", Addr: addr,
		Err: os.NewSyscallError("connect", syscall.ECONNREFUSED),
	}
}

// converse carries a request over an open connection, and its answer back. over
// is called once both are done.
func converse(req, in *http.Request, trace *httptrace.ClientTrace, h http.Handler, over func()) (*http.Response, error) {
	trace.GotConn(httptrace.GotConnInfo{Conn: wire{peer: hostPortOf(req.URL)}})
	writeHeader(in, trace)
	body, err := attach(req, in, trace)
	if err != nil {
		over()
		return nil, err
	}
	res, err := exchange(req.Context(), h, in, over)
	if err != nil {
		return nil, cmp.Or(body.failure(), err)
	}
	body.wrote(nil)
	trace.GotFirstResponseByte()
	if unzips(req) {
		unzip(res)
	}
	res.Request = req
	return res, nil
}

// writeHeader tells the trace what goes out.
func writeHeader(in *http.Request, trace *httptrace.ClientTrace) {
	trace.WroteHeaderField("Host", []string{in.Host})
	for name, values := range in.Header {
		trace.WroteHeaderField(name, values)
	}
	trace.WroteHeaders()
}

// inbound is a client's request as its server sees it, without the body: a
// copy, so that neither side can touch what is the other's.
func inbound(req *http.Request, remote string) *http.Request {
	in := &http.Request{
		Method:        req.Method,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		URL:           &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery},
		Header:        req.Header.Clone(),
		Body:          http.NoBody,
		ContentLength: req.ContentLength,
		Host:          req.Host,
		RemoteAddr:    remote,
		RequestURI:    req.URL.RequestURI(),
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.URL.Path == "" {
		in.URL.Path = "/"
	}
	if req.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: req.URL.Hostname()}
	}
	inboundHeader(in)
	return in
}

// inboundHeader does what net/http does to a header on its way out.
func inboundHeader(in *http.Request) {
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if agent, ok := in.Header["User-Agent"]; !ok {
		in.Header.Set("User-Agent", "Go-http-client/1.1")
	} else if len(agent) == 0 || agent[0] == "" {
		in.Header.Del("User-Agent")
	}
	if in.ContentLength > 0 {
		in.Header.Set("Content-Length", strconv.FormatInt(in.ContentLength, 10))
	}
}

// traceOf returns the context's trace with no hook missing.
func traceOf(ctx context.Context) *httptrace.ClientTrace {
	var trace httptrace.ClientTrace
	if t := httptrace.ContextClientTrace(ctx); t != nil {
		trace = *t
	}
	if trace.GetConn == nil {
		trace.GetConn = func(string) {}
	}
	if trace.GotConn == nil {
		trace.GotConn = func(httptrace.GotConnInfo) {}
	}
	if trace.WroteHeaderField == nil {
		trace.WroteHeaderField = func(string, []string) {}
	}
	if trace.WroteHeaders == nil {
		trace.WroteHeaders = func() {}
	}
	if trace.WroteRequest == nil {
		trace.WroteRequest = func(httptrace.WroteRequestInfo) {}
	}
	if trace.GotFirstResponseByte == nil {
		trace.GotFirstResponseByte = func() {}
	}
	return &trace
}

// hostPort is an address that leads nowhere.
type hostPort string

func hostPortOf(u *url.URL) hostPort {
	if u.Port() != "" {
		return hostPort(u.Host)
	}
	return hostPort(net.JoinHostPort(u.Hostname(), defaultPort(u)))
}

func (a hostPort) Network() string { return "tcp" }
func (a hostPort) String() string  { return string(a) }

// wire stands for a connection in a trace, where only its addresses may be
// asked for.
type wire struct {
	net.Conn
	peer hostPort
}

func (w wire) LocalAddr() net.Addr  { return hostPort("198.51.100.23:50211") }
func (w wire) RemoteAddr() net.Addr { return w.peer }

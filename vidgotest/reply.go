package vidgotest

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// send gives an answer, whole or as the visit's fault leaves it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, v *visit, a answer) {
	out := &reply{to: w, ctx: r.Context(), server: s, visit: v, fault: v.fault, left: -1}
	if out.fault == nil {
		out.fault = &Fault{}
	}
	for name, values := range a.header {
		out.Header()[http.CanonicalHeaderKey(name)] = values
	}
	switch {
	case a.content != nil:
		http.ServeContent(out, out.fault.ask(r), "", a.content.modified, a.content.open())
	default:
		if len(a.body) > 0 && bodyAllowed(a.status) {
			out.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		}
		out.WriteHeader(a.status)
		out.Write(a.body)
	}
	out.finish()
}

// reply is an answer on its way out, where a fault can do it harm. Its status
// goes into the log first, so that who has the answer finds it there.
type reply struct {
	to     http.ResponseWriter
	ctx    context.Context // of the request
	server *Server
	visit  *visit
	fault  *Fault // never nil

	wrote  bool         // the header
	strike int64        // bytes until the fault strikes; negative: never
	left   int64        // bytes until the Content-Length is reached; negative: none
	zip    *gzip.Writer // nil if the body goes out as it is
}

func (o *reply) Header() http.Header { return o.to.Header() }

func (o *reply) WriteHeader(status int) {
	if o.wrote {
		return
	}
	o.wrote = true
	h := o.Header()
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Request-Id", o.server.noteAnswer(o.visit, status))
	o.strike = o.fault.strikesAt(contentLength(h))
	o.fault.decorate(h)
	if o.fault.Gzip && bodyAllowed(status) {
		h.Set("Content-Encoding", "gzip")
		h["Content-Length"] = nil
		o.zip = gzip.NewWriter(o.to)
	}
	o.left = contentLength(h)
	o.to.WriteHeader(status)
	if o.fault.Drip > 0 {
		o.flush()
	}
}

// contentLength is what a header says; -1 if it says nothing.
func contentLength(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func (o *reply) Write(p []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	all := len(p)
	if o.left >= 0 {
		p = p[:min(int64(all), o.left)] // a length that is too small hides the rest
	}
	for len(p) > 0 {
		n, err := o.part(p)
		if err != nil {
			return 0, err
		}
		p = p[n:]
	}
	return all, nil
}

// part writes as much of p as goes at once.
func (o *reply) part(p []byte) (int, error) {
	if o.fault.Drip > 0 {
		if !pause(o.ctx, o.fault.Drip) {
			panic(http.ErrAbortHandler) // nobody is there any more
		}
		p = p[:min(len(p), 1024)]
	}
	if o.strike >= 0 {
		p = p[:min(int64(len(p)), o.strike)]
	}
	n, err := o.body().Write(p)
	o.left -= int64(n)
	o.strike -= int64(n)
	switch {
	case err != nil:
		return n, err
	case o.strike == 0:
		o.breakOff()
	case o.fault.Drip > 0:
		o.flush()
	}
	return n, nil
}

func (o *reply) body() io.Writer {
	if o.zip != nil {
		return o.zip
	}
	return o.to
}

func (o *reply) flush() {
	if o.zip != nil {
		o.zip.Flush()
	}
	http.NewResponseController(o.to).Flush()
}

// breakOff does not return: it ends as the connection does.
func (o *reply) breakOff() {
	o.flush() // or what was written would be lost with the connection
	switch {
	case o.fault.Reset:
		reset(o.to)
	case o.fault.Hang:
		<-o.ctx.Done()
	}
	panic(http.ErrAbortHandler)
}

func (o *reply) finish() {
	if o.zip != nil {
		o.zip.Close()
	}
}

// reset does not return: net/http, and the client in memory, take the panic
// for a broken connection. On a socket it sees to it that the client is told
// by a TCP reset, and not by an orderly end.
func reset(w http.ResponseWriter) {
	if m, ok := w.(*writer); ok {
		m.reset = true
		panic(http.ErrAbortHandler)
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2
		panic(http.ErrAbortHandler)
	}
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
	panic(http.ErrAbortHandler)
}

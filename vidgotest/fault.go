package vidgotest

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong with a request. The zero Fault changes
// nothing about one request of any kind, but is used up by it.
//
// A request that meets a fault is not carried out, unless Accept is set or the
// fault leaves the true answer to be sent (only Delay, Header, RetryAfter or
// Truncate). Of Refuse, Reset, Hang and the answer, the first that is set counts.
type Fault struct {
	// Endpoint limits the fault to requests to it. By default all count.
	Endpoint Endpoint

	// TaskID limits the fault to status and music requests about this task.
	// By default all count.
	TaskID string

	// Times is how many requests meet the fault: 0 means one, a negative
	// number all until [Server.Clear].
	Times int

	// Accept carries the request out before its answer is broken: a submission
	// is taken and paid for, its task goes its way. Refuse knows no Accept in
	// memory, since nothing arrives.
	Accept bool

	// Delay is the time that passes before the answer or the break.
	Delay time.Duration

	// Refuse refuses the connection, so nothing is sent. On a socket, where
	// the connection stands already, it is the same as Reset.
	Refuse bool

	// Reset resets the connection without an answer, once the request was read.
	Reset bool

	// Hang sends no answer until the client gives up.
	Hang bool

	// Truncate cuts the answer in half, be it the true one or this fault's,
	// and then the connection. Its Content-Length promises all.
	Truncate bool

	// Status is that of the answer. By default it is that of the true answer,
	// or 200 if there is a Body or NoBody is set.
	Status int

	// Header is added to the answer, and replaces what it has.
	Header http.Header

	// RetryAfter is the answer's Retry-After header, if not empty.
	RetryAfter string

	// Body is the answer's. By default it is the one that usually comes with
	// Status: the documented error, or a gateway's page for other errors.
	Body string

	// NoBody leaves the answer without a body.
	NoBody bool
}

// Inject adds faults. The first that matches a request, in the order they were
// added, is the one it meets.
func (s *Server) Inject(f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range f {
		one.Header = one.Header.Clone()
		left := one.Times
		if left == 0 {
			left = 1
		}
		s.faults = append(s.faults, &injected{fault: one, left: left})
	}
}

// Clear drops all faults, used up or not. Requests that met one already go on
// to suffer from it.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

type injected struct {
	fault Fault // not changed once made
	left  int   // negative: without end
}

func (f *Fault) matches(at target) bool {
	return (f.Endpoint == "" || f.Endpoint == at.endpoint) && (f.TaskID == "" || f.TaskID == at.taskID)
}

// takeFault returns the fault that a request meets, or nil. The caller holds s.mu.
func (s *Server) takeFault(at target) *Fault {
	for i, in := range s.faults {
		if !in.fault.matches(at) {
			continue
		}
		if in.left--; in.left == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return &in.fault
	}
	return nil
}

func (s *Server) serveFault(w http.ResponseWriter, r *http.Request, v *visit, body []byte) {
	f := v.fault
	var a answer
	if f.Accept {
		a = s.carryOut(r, v, body)
	}
	if !pause(r.Context(), f.Delay) {
		panic(http.ErrAbortHandler) // nobody is there to answer
	}
	switch {
	case f.Refuse || f.Reset:
		reset(w)
	case f.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.answers():
		a = f.answer()
	case !f.Accept:
		a = s.carryOut(r, v, body)
	}
	f.decorate(a.header)
	if f.Truncate {
		s.sendHalf(w, v, a)
	}
	s.send(w, v, a)
}

// answers tells whether the fault has an answer of its own.
func (f *Fault) answers() bool {
	return f.Status != 0 || f.Body != "" || f.NoBody
}

func (f *Fault) answer() answer {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch {
	case f.NoBody:
		return newAnswer(status, "", nil)
	case f.Body != "":
		return newAnswer(status, contentType(f.Body), []byte(f.Body))
	default:
		return usual(status)
	}
}

func contentType(body string) string {
	switch {
	case strings.HasPrefix(body, "{"), strings.HasPrefix(body, "["):
		return "application/json"
	case strings.HasPrefix(body, "<"):
		return "text/html"
	default:
		return "text/plain; charset=utf-8"
	}
}

func (f *Fault) decorate(h http.Header) {
	for name, values := range f.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if f.RetryAfter != "" {
		h.Set("Retry-After", f.RetryAfter)
	}
}

// sendHalf does not return: it ends as the connection does.
func (s *Server) sendHalf(w http.ResponseWriter, v *visit, a answer) {
	s.dress(w.Header(), v, a)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	w.Write(a.body[:len(a.body)/2])
	http.NewResponseController(w).Flush() // or the half would be lost with the connection
	panic(http.ErrAbortHandler)
}

// reset does not return: net/http, and the client in memory, take the panic
// for a broken connection. On a socket it sees to it that the client is told
// by a TCP reset, and not by an orderly end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // in memory, or HTTP/2
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

// pause waits for d, and reports whether ctx lasted as long.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

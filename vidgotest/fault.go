package vidgotest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Fault is something that goes wrong with a request. The zero Fault meets one
// API request, and changes nothing.
//
// A request that meets a fault is not carried out, unless Accept is set or the
// true answer is sent: if the fault has no Status, Body or NoBody, and none of
// Refuse, Reset and Hang that strikes before the answer. Of Refuse, Reset, Hang
// and the fault's own answer, the first that is set counts.
type Fault struct {
	// Endpoint limits the fault to requests to that endpoint. By default it
	// meets all API requests, but none for files: for them, set [EndpointFile].
	Endpoint Endpoint

	// TaskID limits the fault to status and music requests about this task, and
	// to requests for its files. By default it meets those of all tasks.
	TaskID string

	// Times is how many requests meet the fault: 0 means one, a negative number
	// all of them until [Server.Clear].
	Times int

	// Accept carries the request out before its answer is broken: a submission
	// is accepted and paid for, and its task runs. It has no effect with Refuse
	// in memory, since nothing arrives.
	Accept bool

	// Delay is the time that passes before the answer or the break.
	Delay time.Duration

	// Refuse refuses the connection, so nothing is sent. On a socket, where
	// there is a connection already, it is the same as Reset.
	Refuse bool

	// Reset resets the connection without an answer, once the request was read.
	Reset bool

	// Hang sends no answer until the client gives up.
	Hang bool

	// Truncate sends half of the answer, the true one or this fault's, and then
	// cuts the connection. The Content-Length is that of the whole.
	Truncate bool

	// After makes Reset, Hang or Truncate strike once that many bytes of the
	// answer's body were sent; without one of them it implies Truncate. A
	// shorter body gets through. On a socket a reset may overtake the last
	// bytes. By default (0) each strikes as described there.
	After int64

	// Drip is a pause before each KiB of the answer's body.
	Drip time.Duration

	// Gzip compresses the body, whether the client asked for that or not, and
	// removes the Content-Length. [http.Transport] and [Server.Client] undo
	// that for a request with neither Accept-Encoding nor Range.
	Gzip bool

	// NoRange makes the host of a file ignore ranges: it sends the whole file.
	NoRange bool

	// Changed serves another file of the same size in place of a file, with
	// another ETag and Last-Modified, as if it had been made again. A request
	// that does not meet the fault gets the first file again, so Times: -1
	// keeps it changed.
	Changed bool

	// Status is the status of the answer. The default is that of the true
	// answer, or 200 if Body or NoBody is set.
	Status int

	// Header replaces fields of the answer's header, or adds to them. A name
	// without values removes the field. The body does not change with it: if a
	// Content-Length is too small, the body ends there; if it is too large, the
	// connection breaks at the end.
	Header http.Header

	// RetryAfter, if not empty, is the answer's Retry-After header.
	RetryAfter string

	// Body is the body of the answer. The default is the usual one for Status:
	// the documented error, or a gateway's page for other errors.
	Body string

	// NoBody leaves the answer without a body.
	NoBody bool
}

// Inject adds faults. A request meets the first one that matches it, in the
// order they were added. Inject panics if a fault could never strike: if its
// Endpoint is unknown, if it has a TaskID and requests to its Endpoint name no
// task, or if its Status is not from 100 to 599.
func (s *Server) Inject(f ...Fault) {
	for _, one := range f {
		one.check()
	}
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

// check panics if the fault has a mistake in it: the test would pass without
// it.
func (f Fault) check() {
	_, known := endpointMethods[f.Endpoint]
	switch {
	case !known && f.Endpoint != "":
		panic(fmt.Sprintf("vidgotest: Inject: Endpoint is %q; want one of the Endpoint constants", f.Endpoint))
	case f.TaskID != "" && !f.Endpoint.namesTask():
		panic(fmt.Sprintf("vidgotest: Inject: a request to %q names no task; want TaskID left out, or EndpointStatus, EndpointMusic or EndpointFile", f.Endpoint))
	case f.Status != 0 && (f.Status < 100 || f.Status > 599):
		panic(fmt.Sprintf("vidgotest: Inject: Status is %d; want 100 to 599", f.Status))
	}
}

// Unused returns the faults that no request has met yet, in the order they were
// added, so that a test can check that its faults struck. Faults that
// [Server.Clear] dropped are not among them.
func (s *Server) Unused() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var unused []Fault
	for _, in := range s.faults {
		if !in.met {
			f := in.fault
			f.Header = f.Header.Clone()
			unused = append(unused, f)
		}
	}
	return unused
}

// Clear drops all faults. It does not affect requests that have already met
// one.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

type injected struct {
	fault Fault // not changed once made
	left  int   // negative: without end
	met   bool  // by a request
}

func (f *Fault) matches(at target) bool {
	if f.Endpoint != at.endpoint && (f.Endpoint != "" || at.endpoint == EndpointFile) {
		return false
	}
	return f.TaskID == "" || f.TaskID == at.taskID
}

// takeFault returns the fault that a request meets, or nil. The caller holds s.mu.
func (s *Server) takeFault(at target) *Fault {
	for i, in := range s.faults {
		if !in.fault.matches(at) {
			continue
		}
		in.met = true
		if in.left--; in.left == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return &in.fault
	}
	return nil
}

func (s *Server) serveFault(w http.ResponseWriter, r *http.Request, v *visit) {
	f := v.fault
	var a answer
	if f.Accept {
		a = s.carryOut(r, v)
	}
	if !pause(r.Context(), f.Delay) {
		panic(http.ErrAbortHandler) // nobody is there to answer
	}
	switch {
	case f.Refuse || (f.Reset && f.After <= 0):
		reset(w)
	case f.Hang && f.After <= 0:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.answers():
		a = f.answer()
	case !f.Accept:
		a = s.carryOut(r, v)
	}
	s.send(w, r, v, a)
}

// strikesAt is the number of bytes of a body after which the fault breaks it;
// -1 is never. The length is -1 if it is not known.
func (f *Fault) strikesAt(length int64) int64 {
	switch {
	case f.After > 0:
		return f.After
	case f.Truncate:
		return max(length, 0) / 2
	default:
		return -1
	}
}

// ask is the request for a file as its host understands it.
func (f *Fault) ask(r *http.Request) *http.Request {
	if !f.NoRange {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	return r
}

// answers reports whether the fault has an answer of its own.
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
	if f.NoRange {
		h.Del("Accept-Ranges")
	}
	for name, values := range f.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if f.RetryAfter != "" {
		h.Set("Retry-After", f.RetryAfter)
	}
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

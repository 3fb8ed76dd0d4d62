package vidgotest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Fault is something that goes wrong with a request. The zero Fault changes
// nothing about one request of the API of any kind, but is used up by it.
//
// A request that meets a fault is not carried out, unless Accept is set or the
// fault leaves the true answer to be sent (it has no Status, Body or NoBody,
// and none of Refuse, Reset and Hang before the answer). Of Refuse, Reset,
// Hang and the answer, the first that is set counts.
type Fault struct {
	// Endpoint limits the fault to requests to it. By default all of the API
	// count, and files do not: for them it is [EndpointFile].
	Endpoint Endpoint

	// TaskID limits the fault to status and music requests about this task,
	// and to requests for the files that it made. By default all count.
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

	// After lets Reset, Hang or Truncate strike only when so many bytes of the
	// answer's body were sent; without one of them it is a Truncate. A shorter
	// body gets through. On a socket a reset may overtake the last bytes. By
	// default (0) they strike as they say.
	After int64

	// Drip is a pause before each KiB of the answer's body.
	Drip time.Duration

	// Gzip compresses the body, whether the client asked for that or not, and
	// takes its Content-Length away. [http.Transport], and the client in memory
	// like it, undo that for a request with neither Accept-Encoding nor Range.
	Gzip bool

	// NoRange makes the host of a file one that knows no ranges: it sends all
	// of it.
	NoRange bool

	// Changed makes a file another one of the same size, with another ETag
	// and Last-Modified, as if it had been made again. It is the first one
	// again for a request that does not meet the fault, so Times: -1 keeps it
	// changed.
	Changed bool

	// Status is that of the answer. By default it is that of the true answer,
	// or 200 if there is a Body or NoBody is set.
	Status int

	// Header is added to the answer, and replaces what it has. A name without
	// values takes it away. The body does not follow what is said about it: if
	// a Content-Length is too small the body ends there, if it is too large
	// the connection breaks at the end.
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
// added, is the one it meets. It panics if a fault can never strike: an unknown
// Endpoint, a TaskID at one whose requests name no task, a Status that is none.
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

// check panics if the fault has a slip in it: the test would pass without it.
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
// added, so that a test can make sure that its faults struck. Those that
// [Server.Clear] dropped are not among them. The result is the caller's.
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

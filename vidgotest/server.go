package vidgotest

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is a fake Vidgo. The zero value is ready to use. A Server must not be
// copied after its first use. Its methods are safe for concurrent use; its
// exported fields are set before the first use and not changed after it.
type Server struct {
	// APIKey is the only key that is accepted. By default any key is, so long
	// as there is one.
	APIKey string

	// Contract is the set of rules for callbacks. The default is [Contract2025].
	Contract Contract

	// Models are the only models that the server knows: a submission for
	// another one is answered with 404. By default (nil) it knows every model.
	Models []string

	// Default is how tasks go that no other script covers. The zero Script
	// finishes a task at once, with one file of the model's kind.
	Default Script

	// Credits is the account's balance at the start. 0 means 17276; for an
	// account that is really empty use [Server.SetCredits].
	Credits float64

	mu sync.Mutex // guards all below; never held while blocking or calling out

	// Tasks.
	tasks   map[string]*task
	order   []*task // by submission
	scripts map[string]Script
	next    []Script

	// The account.
	opened    bool // balance holds; before, Credits does
	balance   float64
	unsettled []*task // paid for, and not known to have ended

	// The world around.
	faults []*injected
	routes map[string]http.Handler

	// Logs.
	inFlight   int // API requests
	requests   []*Request
	deliveries []Delivery
	answers    int // sent so far
}

// visit is one request on its way through the server.
type visit struct {
	target
	fault *Fault   // nil if nothing is to go wrong
	entry *Request // in the log; guarded by Server.mu
}

// ServeHTTP answers as the Vidgo API does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := s.arrive(r)
	defer s.leave(v)
	s.serve(w, r, v)
}

// arrive notes a request in the log and decides its fate.
func (s *Server) arrive(r *http.Request) *visit {
	v := &visit{target: locate(r.URL)}
	v.entry = &Request{
		Time:     time.Now(),
		Method:   r.Method,
		Path:     r.URL.EscapedPath(),
		Query:    r.URL.RawQuery,
		Endpoint: v.endpoint,
		TaskID:   v.taskID,
		Header:   r.Header.Clone(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, v.entry)
	if v.sample {
		return v // files lie on other hosts than the API: no fault, no flight
	}
	s.inFlight++
	v.entry.InFlight = s.inFlight
	v.fault = s.takeFault(v.target)
	return v
}

// leave ends a visit that arrive began.
func (s *Server) leave(v *visit) {
	if v.sample {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, v *visit) {
	// The body comes first whatever follows: a real server learns that its
	// client has gone only once the body was read.
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			panic(http.ErrAbortHandler) // half a request deserves no answer
		}
	}
	s.noteBody(v, body)
	switch {
	case v.sample:
		s.serveSample(w, r, v)
	case v.fault != nil:
		s.serveFault(w, r, v, body)
	default:
		s.send(w, v, s.carryOut(r, v, body))
	}
}

// carryOut does what the request asks, and returns the true answer to it.
func (s *Server) carryOut(r *http.Request, v *visit, body []byte) answer {
	switch {
	case v.endpoint == "":
		return detail(http.StatusNotFound, "Not Found")
	case r.Method != v.endpoint.method():
		a := detail(http.StatusMethodNotAllowed, "Method Not Allowed")
		a.header.Set("Allow", v.endpoint.method())
		return a
	case !s.authorized(r.Header.Get("Authorization")):
		return typed(http.StatusUnauthorized, "authentication_error", "Invalid or missing API key")
	}
	switch v.endpoint {
	case EndpointSubmit:
		return s.submit(v, body)
	case EndpointStatus:
		return s.look(v.taskID, false)
	case EndpointMusic:
		return s.look(v.taskID, true)
	default:
		return s.account()
	}
}

func (s *Server) authorized(header string) bool {
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return false
	}
	return s.APIKey == "" || key == s.APIKey
}

// send writes an answer and notes it in the log. The log comes first, so that
// who has the answer finds it there.
func (s *Server) send(w http.ResponseWriter, v *visit, a answer) {
	s.dress(w.Header(), v, a)
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// dress writes the header of an answer, and notes its status in the log.
func (s *Server) dress(h http.Header, v *visit, a answer) {
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Request-Id", s.noteAnswer(v, a.status))
	for name, values := range a.header {
		h[http.CanonicalHeaderKey(name)] = values
	}
}

package vidgotest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is a fake Vidgo. The zero value is ready to use. A Server must not be
// copied after its first use, and its exported fields must not be changed then.
// Its methods are safe for concurrent use, and return copies.
type Server struct {
	// APIKey is the only key that is accepted. By default any key is, but a
	// request must have one.
	APIKey string

	// Contract is the set of rules for callbacks. The default is [Contract2025].
	Contract Contract

	// Models are the models that the server knows: a submission for another one
	// is answered with 404. By default (nil) it knows every model.
	Models []string

	// Check checks the input object of a submission, as it was sent: if Check
	// returns an error, the answer is a 400 with its message. It may be called
	// by several goroutines at once. By default (nil) every input passes.
	Check func(model string, input []byte) error

	// Default is the script of tasks that have no other. The zero Script
	// finishes a task at once, with one file of the model's kind.
	Default Script

	// Credits is the initial balance of the account. 0 means 17276; to empty
	// the account use [Server.SetCredits].
	Credits float64

	// MaxUpload is the maximum size of an uploaded image in bytes; a larger one
	// is answered with 413. 0 means 10 MiB: Vidgo documents no limit for
	// uploads, but most models take no larger image. The body of a JSON request
	// may have four thirds of that, and 64 KiB.
	MaxUpload int64

	// UploadRate is how many uploads a minute each upload endpoint accepts for
	// each key; more are answered with 429. 0 means the documented 5, a
	// negative number no limit. The minute slides: a request counts for 60 s.
	UploadRate int

	mu sync.Mutex // guards all below; never held while blocking or calling out

	// Tasks.
	tasks   map[string]*task
	order   []*task // by submission
	scripts map[string]Script
	next    []Script

	derived map[string]*task // what can be made once, by what it was made from

	// Uploads.
	uploads []*upload              // by time
	files   map[string]*upload     // by the path of the URL
	arrived map[string][]time.Time // in the last minute, by endpoint and key

	// The account.
	opened    bool // balance holds; before, Credits does
	balance   float64
	unsettled []*task // paid for, and not known to have ended

	// The world around.
	faults []*injected
	routes map[string]http.Handler
	warned map[noRouteError]bool // hosts whose callbacks are known to be lost

	// Logs.
	inFlight   int // API requests
	requests   []*Request
	deliveries []Delivery
	answers    int // sent so far
}

// visit is one request on its way through the server.
type visit struct {
	target
	fault    *Fault   // nil if nothing is to go wrong
	entry    *Request // in the log; guarded by Server.mu
	body     []byte   // of requests with JSON
	form     *form    // of uploads as a stream
	tooLarge bool     // the body was not kept
}

// ServeHTTP answers a request as the Vidgo API does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := s.arrive(r)
	defer s.leave(v)
	s.serve(w, r, v)
}

// arrive logs a request, and decides which fault it meets.
func (s *Server) arrive(r *http.Request) *visit {
	v := &visit{target: locate(r.Host, r.URL)}
	if v.endpoint == EndpointSubmit {
		s.Default.check("Default") // here, because in memory the panic is then the client's
	}
	v.entry = &Request{
		Time:     time.Now(),
		Method:   r.Method,
		Host:     r.Host,
		Path:     r.URL.EscapedPath(),
		Query:    r.URL.RawQuery,
		Endpoint: v.endpoint,
		Header:   r.Header.Clone(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.endpoint == EndpointFile { // of another host than the API: not in flight there
		if t := s.owner(r.URL.Path); t != nil {
			v.taskID = t.id
		}
	} else {
		s.inFlight++
		v.entry.InFlight = s.inFlight
	}
	v.entry.TaskID = v.taskID
	v.fault = s.takeFault(v.target)
	s.requests = append(s.requests, v.entry)
	return v
}

// leave ends a visit that arrive began.
func (s *Server) leave(v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.endpoint != EndpointFile {
		s.inFlight--
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, v *visit) {
	s.receive(r, v)
	if v.fault != nil {
		s.serveFault(w, r, v)
		return
	}
	s.send(w, r, v, s.carryOut(r, v))
}

// carryOut does what the request asks for, and returns the true answer.
func (s *Server) carryOut(r *http.Request, v *visit) answer {
	switch {
	case v.endpoint == "":
		return detail(http.StatusNotFound, "Not Found")
	case v.endpoint == EndpointFile:
		return s.file(r, v)
	case r.Method != v.endpoint.method():
		a := detail(http.StatusMethodNotAllowed, "Method Not Allowed")
		a.header.Set("Allow", v.endpoint.method())
		return a
	case !s.authorized(r.Header.Get("Authorization")):
		return typed(http.StatusUnauthorized, "authentication_error", "Invalid or missing API key")
	case v.tooLarge:
		return usual(http.StatusRequestEntityTooLarge)
	}
	switch v.endpoint {
	case EndpointSubmit:
		return s.submit(v)
	case EndpointStatus:
		return s.look(v.taskID, false)
	case EndpointMusic:
		return s.look(v.taskID, true)
	case EndpointBalance:
		return s.account()
	default:
		return s.upload(r, v)
	}
}

func (s *Server) authorized(header string) bool {
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return false
	}
	return s.APIKey == "" || key == s.APIKey
}

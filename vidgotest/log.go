package vidgotest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Request is one request that reached the server, as the log keeps it.
type Request struct {
	Time     time.Time // of arrival
	Method   string
	Host     string // as the client named it, with a port if it named one
	Path     string // as sent, still escaped
	Query    string // as sent, still escaped
	Endpoint Endpoint
	TaskID   string // the task asked for, or whose file, or the one that the submission made
	Header   http.Header
	Body     []byte // the first 64 KiB of it; uploads have more
	Status   int    // of the answer; 0 if none was sent (yet)
	InFlight int    // API requests in flight when it arrived, itself included; 0 for files
}

// Requests returns what was asked so far, in order of arrival; with endpoints,
// only what was asked of them. Requests that a [Fault] refused are among them,
// and so are those for files ([EndpointFile]). The log keeps them all, about 700
// bytes for each. The result is the caller's.
func (s *Server) Requests(only ...Endpoint) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Request
	for _, entry := range s.requests {
		if !entry.isOf(only) {
			continue
		}
		r := *entry
		r.Header, r.Body = r.Header.Clone(), bytes.Clone(r.Body)
		found = append(found, r)
	}
	return found
}

// Count returns how many requests [Server.Requests] would, without copying them.
func (s *Server) Count(only ...Endpoint) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, entry := range s.requests {
		if entry.isOf(only) {
			n++
		}
	}
	return n
}

// isOf tells whether the request is for one of the endpoints; for any, if there
// are none.
func (r *Request) isOf(only []Endpoint) bool {
	return len(only) == 0 || slices.Contains(only, r.Endpoint)
}

// Delivery is one attempt to deliver a callback, as the log keeps it.
type Delivery struct {
	Time    time.Time // when it was sent
	TaskID  string    // empty for [Server.Post]
	URL     string
	Attempt int // from 1, repeats included; 0 for those sent by hand
	Body    []byte
	Status  int   // of the receiver's answer; 0 if there was none
	Err     error // why there was none
}

// Deliveries returns the attempts to deliver a callback that have ended so
// far, in the order they ended. The result is the caller's.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.Clone(s.deliveries)
	for i := range found {
		found[i].Body = bytes.Clone(found[i].Body)
	}
	return found
}

func (s *Server) noteBody(v *visit, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.entry.Body = body
}

func (s *Server) noteTask(v *visit, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.entry.TaskID = id
}

// noteAnswer returns the id of the answer.
func (s *Server) noteAnswer(v *visit, status int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.entry.Status = status
	s.answers++
	return fmt.Sprintf("req-%08d", s.answers)
}

func (s *Server) noteDelivery(d Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = append(s.deliveries, d)
}

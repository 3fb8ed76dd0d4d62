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
	TaskID   string // of the task asked for, whose file was asked for, or which was submitted
	Header   http.Header
	Body     []byte // at most its first 64 KiB
	Status   int    // of the answer; 0 if none has been sent
	InFlight int    // API requests in flight when it arrived, itself included; 0 for files
}

// Requests returns the requests so far, in order of arrival; if endpoints are
// given, only those to them. Requests that met a [Fault] are among them, and so
// are those for files ([EndpointFile]). The log keeps all requests, in about
// 700 bytes each.
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

// Count returns how many requests [Server.Requests] would return.
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

// isOf reports whether the request is for one of the endpoints; for any, if
// there are none.
func (r *Request) isOf(only []Endpoint) bool {
	return len(only) == 0 || slices.Contains(only, r.Endpoint)
}

// Delivery is one attempt to deliver a callback, as the log keeps it.
type Delivery struct {
	Time    time.Time // when it was sent
	TaskID  string    // empty for [Server.Post]
	URL     string
	Attempt int // from 1, counting repeats; 0 for those of SendCallback and Post
	Body    []byte
	Status  int   // of the receiver's answer; 0 if there was none
	Err     error // why there was no answer
}

// Deliveries returns the attempts to deliver a callback so far, in the order
// they ended.
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

// noteAnswer logs the status of an answer, and returns its request id.
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

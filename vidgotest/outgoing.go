package vidgotest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// outgoing is the body of a client's request. A small one is read before the
// handler starts. A large one, or one of unknown length, is read by the handler
// as it goes, so that nobody holds all of it; it is closed when the answer
// begins, as HTTP/1 servers have it.
type outgoing struct {
	rest  io.Reader   // nil if all was read before
	wrote func(error) // tells the trace that all is written; only the first call counts

	mu  sync.Mutex
	err error // of rest; nil if it ended well, or has not ended
}

// attach gives in the body of req.
func attach(req, in *http.Request, trace *httptrace.ClientTrace) (*outgoing, error) {
	var once sync.Once
	body := &outgoing{wrote: func(err error) {
		once.Do(func() { trace.WroteRequest(httptrace.WroteRequestInfo{Err: err}) })
	}}
	switch n := req.ContentLength; {
	case req.Body == nil || req.Body == http.NoBody:
		body.wrote(nil)
	case n > 0 && n <= window:
		small, err := io.ReadAll(&exact{body: req.Body, declared: n})
		body.wrote(err)
		if err != nil {
			return nil, err
		}
		fill(in, small)
	default:
		body.rest = req.Body
		in.Body = body
		if n > 0 {
			body.rest = &exact{body: req.Body, declared: n}
		} else {
			in.ContentLength = -1 // for a client, 0 with a body means unknown
		}
	}
	return body, nil
}

// exact is a body of a declared length. It breaks if that is not its length, in
// the words of net/http.
type exact struct {
	body          io.Reader
	declared, got int64
}

func (e *exact) Read(p []byte) (int, error) {
	if e.got == e.declared {
		more, err := io.Copy(io.Discard, e.body)
		return 0, cmp.Or(err, e.end(e.declared+more))
	}
	n, err := e.body.Read(p[:min(int64(len(p)), e.declared-e.got)])
	e.got += int64(n)
	if err == io.EOF {
		err = e.end(e.got)
	}
	return n, err
}

// end is the error of a body that ends after so many bytes.
func (e *exact) end(length int64) error {
	if length == e.declared {
		return io.EOF
	}
	return fmt.Errorf("http: ContentLength=%d with Body length %d", e.declared, length)
}

// fill gives a request a body that is in memory.
func fill(in *http.Request, body []byte) {
	in.ContentLength = int64(len(body))
	if len(body) > 0 {
		in.Body = io.NopCloser(bytes.NewReader(body))
	}
}

// Read is for the handler.
func (o *outgoing) Read(p []byte) (int, error) {
	n, err := o.rest.Read(p)
	switch err {
	case nil:
	case io.EOF:
		o.wrote(nil)
	default:
		o.wrote(err)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.err = err
	}
	return n, err
}

// Close is for the handler, whose side it ends and not the client's.
func (o *outgoing) Close() error { return nil }

// failure tells why the client could not send all of the body, if so.
func (o *outgoing) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

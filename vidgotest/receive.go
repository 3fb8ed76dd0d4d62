package vidgotest

import (
	"encoding/base64"
	"io"
	"net/http"
)

const (
	// maxLogged is how much of a request's body the log keeps.
	maxLogged = 64 << 10

	// defaultMaxUpload is what most models take as an image.
	defaultMaxUpload = 10 << 20
)

// receive reads the body of a request, whatever follows: a real server learns
// that its client has gone only once the body was read. Of an upload as a
// stream it keeps what has to be known, not the bytes.
func (s *Server) receive(r *http.Request, v *visit) {
	if r.Body == nil {
		return
	}
	start := &prefix{limit: maxLogged}
	body := io.TeeReader(r.Body, start)
	var err error
	switch v.endpoint {
	case EndpointUpload:
		v.form = readForm(r.Header.Get("Content-Type"), body)
	case EndpointFile:
	default:
		limit := s.maxJSON()
		v.body, err = io.ReadAll(io.LimitReader(body, limit+1))
		v.tooLarge = int64(len(v.body)) > limit
	}
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	s.noteBody(v, start.bytes)
	if err != nil {
		panic(http.ErrAbortHandler) // half a request deserves no answer
	}
}

// maxJSON leaves room for an image in base64, and for what is around it.
func (s *Server) maxJSON() int64 {
	return int64(base64.StdEncoding.EncodedLen(int(s.maxUpload()))) + 64<<10
}

func (s *Server) maxUpload() int64 {
	if s.MaxUpload == 0 {
		return defaultMaxUpload
	}
	return s.MaxUpload
}

// prefix keeps the first bytes that are written to it.
type prefix struct {
	bytes []byte
	limit int
}

func (p *prefix) Write(b []byte) (int, error) {
	p.bytes = append(p.bytes, b[:min(len(b), p.limit-len(p.bytes))]...)
	return len(b), nil
}

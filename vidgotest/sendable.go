package vidgotest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// unsendable tells why net/http would not send a request, in its words, or
// nil: what cannot leave a program must not arrive in memory either. A nil
// Header is let through, which [http.Client] never leaves nil.
func unsendable(req *http.Request) error {
	for name, values := range req.Header {
		if !isToken(name) {
			return fmt.Errorf("net/http: invalid header field name %q", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, isControl) {
				return fmt.Errorf("net/http: invalid header field value for %q", name) // the value may be a secret
			}
		}
	}
	switch {
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return fmt.Errorf("unsupported protocol scheme %q", req.URL.Scheme)
	case req.Method != "" && !isToken(req.Method):
		return fmt.Errorf("net/http: invalid method %q", req.Method)
	case req.URL.Host == "":
		return errors.New("http: no Host in request URL")
	case req.ContentLength != 0 && req.Body == nil:
		return fmt.Errorf("http: Request.ContentLength=%d with nil Body", req.ContentLength)
	}
	return nil
}

// isToken reports whether a header's name, or a method, is one.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

package vidgotest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// PickyHost is a file host that answers 403 to HEAD requests, and to the
// default user agents of HTTP libraries and tools, as one of the real hosts
// does. A file that does not exist is a 403 too, not a 404. Set
// [Script.FileHost] to put files there.
const PickyHost = "picky.vidgo.ai"

const (
	storageHost = "storage.vidgo.ai"
	fileLife    = 24 * time.Hour // after the end of the task
)

// unowned is the Last-Modified of files that no task made.
var unowned = time.Date(2025, 11, 12, 10, 30, 0, 0, time.UTC)

func picky(host string) bool {
	return strings.EqualFold(strings.TrimSuffix(host, ":443"), PickyHost)
}

// file answers a request for a file. It asks for no key, as the hosts of the
// real ones do not.
func (s *Server) file(r *http.Request, v *visit) answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return stored(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	}
	if picky(r.Host) && (r.Method == http.MethodHead || plainAgent(r.UserAgent())) {
		return newAnswer(http.StatusForbidden, "text/html", []byte(HTML(http.StatusForbidden)))
	}
	edition := uint64(0)
	if v.fault != nil && v.fault.Changed {
		edition = 1
	}
	c, refusal := s.find(r.URL, edition, time.Now())
	switch {
	case refusal == nil:
	case refusal.status == http.StatusNotFound && picky(r.Host):
		return denied("Access Denied")
	default:
		return *refusal
	}
	a := newAnswer(http.StatusOK, c.contentType, nil)
	a.header.Set("ETag", c.etag)
	a.content = &c
	return a
}

// plainAgent reports whether a user agent is one that nobody chose.
func plainAgent(agent string) bool {
	return agent == "" || slices.ContainsFunc([]string{"go-http-client/", "curl/", "wget/", "python-requests/", "axios/", "okhttp/"},
		func(prefix string) bool { return strings.HasPrefix(strings.ToLower(agent), prefix) })
}

// find returns what lies at a file's URL now, or the answer that there is
// nothing to be had.
func (s *Server) find(u *url.URL, edition uint64, now time.Time) (content, *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(u.Path, tempPath) {
		return s.uploaded(u.Path, now)
	}
	t := s.owner(u.Path)
	if t != nil {
		if refusal := t.refuses(u, now); refusal != nil {
			return content{}, refusal
		}
	}
	c, ok := t.content(u.Path, edition)
	if !ok {
		a := missing()
		return content{}, &a
	}
	return c, nil
}

// owner returns the task that a generated file is named after, or nil. The
// caller holds s.mu, here and below.
func (s *Server) owner(path string) *task {
	name := strings.TrimPrefix(path, generatedPath)
	for i, c := range name {
		if c == '-' && s.tasks[name[:i]] != nil {
			return s.tasks[name[:i]]
		}
	}
	return nil
}

// content is what a file holds, of a task or of none.
func (t *task) content(path string, edition uint64) (content, bool) {
	f, ok := formatOf(path)
	switch {
	case !ok || !strings.HasPrefix(path, generatedPath):
		return content{}, false
	case t == nil:
		return generated(f, path, 0, edition, unowned), true
	}
	return generated(f, path, t.script.FileSize, edition, t.ended()), true
}

// refuses returns the answer to a request for one of the task's files that
// comes too early, too late, or with the wrong link; or nil.
func (t *task) refuses(u *url.URL, now time.Time) *answer {
	a := missing()
	end := t.outcome(now)
	switch {
	case end == nil || end.failed || now.Sub(t.ended()) < t.script.FilesAfter:
	case t.script.FreshLinks > 0:
		why := checkLink(u, now)
		if why == "" {
			return nil
		}
		a = denied(why)
	case now.Sub(t.ended()) >= fileLife:
		a = denied("Access Denied")
	default:
		return nil
	}
	return &a
}

// stored is an error of an object store.
func stored(status int, code, message string) answer {
	return newAnswer(status, "application/xml", []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+
		"<Error><Code>"+code+"</Code><Message>"+message+"</Message></Error>"))
}

func missing() answer {
	return stored(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
}

func denied(message string) answer {
	return stored(http.StatusForbidden, "AccessDenied", message)
}

// Content returns the content of the generated or uploaded file at a URL, to
// compare with a download. It ignores the URL's host and query, expiry and
// faults, and is not logged. It is an error if there is no such file.
func (s *Server) Content(fileURL string) (*io.SectionReader, error) {
	u, err := url.Parse(fileURL)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(u.Path, tempPath) {
		f := s.files[u.Path]
		if f == nil || f.kept == nil {
			return nil, fmt.Errorf("vidgotest: no upload is kept at %q", u.Path)
		}
		return f.content().open(), nil
	}
	c, ok := s.owner(u.Path).content(u.Path, 0)
	if !ok {
		return nil, fmt.Errorf("vidgotest: no file at %q", u.Path)
	}
	return c.open(), nil
}

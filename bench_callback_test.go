package vidgo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// finishedAnswer is the documented answer about a finished task, which is also
// the body of its callback.
const finishedAnswer = `{"code":200,"data":{"task_id":"task-unified-1757165031-uyujaw3d","status":"finished",
	"files":[{"file_url":"https://storage.vidgo.ai/generated/image-abc123.jpg","file_type":"image"}],
	"created_time":"2025-11-12T10:30:00","progress":100,"error_message":null}}`

const (
	idPrefix   = "task-unified-1757165031-"
	finishedID = idPrefix + "uyujaw3d"
)

type vidgoTask struct {
	TaskID   string `json:"task_id"`
	Status   string
	Progress float64
	Files    []struct {
		FileURL  string `json:"file_url"`
		FileType string `json:"file_type"`
	}
	CreatedTime  string  `json:"created_time"`
	ErrorMessage *string `json:"error_message"`
}

// bareHandler only decodes the body, as the handler in Vidgo's documentation does. It
// authenticates nothing, has no bounds, finds no duplicates and tells nobody.
func bareHandler(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Code int
		Data vidgoTask
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Data.Status == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// BenchmarkCallbackHandler compares the SDK's handler with the bare one. The SDK
// checks tokens, finds duplicates, and has a wait for each task; a turn is over when
// the waits have returned. Each turn has a new client, because a client's memory
// grows with each.
func BenchmarkCallbackHandler(b *testing.B) {
	nothing := func(context.Context, *vidgo.Task) error { return nil }
	for _, c := range []callbackCase{
		{name: "plain", repeat: 1},
		{name: "handle function", repeat: 1, handle: nothing},
		{name: "each twice", repeat: 2, handle: nothing},
		{name: "restarted", repeat: 1, restarted: true},
	} {
		b.Run(c.name+"/called", func(b *testing.B) {
			sideBySide(b, 1000, c.bare(b, called), c.sdk(b, called))
		})
		b.Run(c.name+"/in memory", func(b *testing.B) {
			sideBySide(b, 1000, c.bare(b, inMemory), c.sdk(b, inMemory))
		})
		b.Run(c.name+"/loopback", func(b *testing.B) {
			sideBySide(b, 1000, c.bare(b, overLoopback(b)), c.sdk(b, overLoopback(b)))
		})
	}
}

type callbackCase struct {
	name      string
	repeat    int  // how often each callback comes
	restarted bool // the tasks were submitted by another process
	handle    func(context.Context, *vidgo.Task) error
}

// carrier prepares deliveries, and returns the function that delivers them to a
// handler.
type carrier func(b *testing.B, h http.Handler, all []delivered) (do func())

func (c callbackCase) bare(b *testing.B, carry carrier) round {
	return func(n int) func() {
		return carry(b, http.HandlerFunc(bareHandler), newTarget(b, nil).deliveries(n, c))
	}
}

func (c callbackCase) sdk(b *testing.B, carry carrier) round {
	return func(n int) func() {
		s := newTarget(b, c.handle)
		all := s.deliveries(n, c)
		return s.awaited(all[:n], carry(b, s.handler, all))
	}
}

// target is a client whose tasks are called back.
type target struct {
	b       *testing.B
	client  *vidgo.Client
	handler http.Handler
	signed  string // the callback URL of the last submission
	tasks   int
}

func newTarget(b *testing.B, handle func(context.Context, *vidgo.Task) error) *target {
	s := &target{b: b}
	var err error
	s.client, err = vidgo.NewClient(apiKey, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret),
		vidgo.WithFallbackPolling(every(time.Hour)), vidgo.WithHTTPClient(&http.Client{Transport: transport(s.submitted)}))
	require.NoError(b, err)
	s.handler = s.client.CallbackHandler(handle)
	return s
}

// submitted answers a submission as Vidgo does.
func (s *target) submitted(r *http.Request) (*http.Response, error) {
	var submission struct {
		CallbackURL string `json:"callback_url"`
	}
	if err := json.NewDecoder(r.Body).Decode(&submission); err != nil {
		return nil, err
	}
	s.signed = submission.CallbackURL
	s.tasks++
	return answering(200, nil, fmt.Sprintf(`{"code":200,"data":{"task_id":"%s%08d"}}`, idPrefix, s.tasks))(r)
}

type delivered struct{ id, url, body string }

// deliveries returns the callbacks of n new tasks.
func (s *target) deliveries(n int, c callbackCase) (all []delivered) {
	from := s
	if c.restarted {
		from = newTarget(s.b, nil)
	}
	for range n {
		task := submit(s.b, from.client)
		all = append(all, delivered{task.ID, from.signed, strings.Replace(finishedAnswer, finishedID, task.ID, 1)})
	}
	return slices.Repeat(all, c.repeat)
}

// awaited begins to wait for the tasks of the deliveries, and returns a function that
// calls do and returns once the waits have ended.
func (s *target) awaited(all []delivered, do func()) func() {
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = d.id
	}
	over := make(chan int)
	go func() {
		got := 0
		for _, err := range s.client.Completions(s.b.Context(), ids) {
			if err == nil {
				got++
			}
		}
		over <- got
	}()
	waitFor(s.client, len(ids))
	return func() {
		do()
		if got := <-over; got != len(ids) {
			s.b.Errorf("%d of %d tasks were yielded without an error", got, len(ids))
		}
	}
}

// answered is a ResponseWriter that does as little as possible.
type answered struct {
	header http.Header
	status int
}

func (a *answered) Header() http.Header               { return a.header }
func (a *answered) Write(b []byte) (int, error)       { return len(b), nil }
func (a *answered) WriteHeader(status int)            { a.status = status }
func (a *answered) SetReadDeadline(t time.Time) error { return nil } // like net/http's own

// called calls the handler and does nothing else.
func called(b *testing.B, h http.Handler, all []delivered) func() {
	requests := make([]*http.Request, len(all))
	for i, d := range all {
		requests[i] = httptest.NewRequest(http.MethodPost, d.url, strings.NewReader(d.body))
	}
	return func() {
		w := &answered{header: http.Header{}}
		for _, r := range requests {
			h.ServeHTTP(w, r)
			if w.status != http.StatusOK {
				b.Fatal(w.status)
			}
		}
	}
}

// inMemory delivers over the fake's network in memory.
func inMemory(b *testing.B, h http.Handler, all []delivered) func() {
	var srv vidgotest.Server
	srv.Route("app.example.com", h)
	bodies := make([][]byte, len(all))
	for i, d := range all {
		bodies[i] = []byte(d.body)
	}
	return func() {
		for i, d := range all {
			status, err := srv.Post(b.Context(), d.url, bodies[i])
			if err != nil || status != http.StatusOK {
				b.Fatal(status, err)
			}
		}
	}
}

// overLoopback connects to a server whose handler can be changed. The sender
// allocates nothing and does very little, so that the server's part can be seen.
func overLoopback(b *testing.B) carrier {
	var current http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.ServeHTTP(w, r) }))
	b.Cleanup(srv.Close)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(b, err)
	b.Cleanup(func() { conn.Close() })
	return func(b *testing.B, h http.Handler, all []delivered) func() {
		requests := make([][]byte, len(all))
		for i, d := range all {
			requests[i] = wireForm(b, d)
		}
		current = h
		return func() {
			answer := make([]byte, 4096)
			for _, r := range requests {
				_, _ = conn.Write(r)
				n, err := readHead(conn, answer)
				if err != nil || !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 200 ")) {
					b.Fatalf("%v: %s", err, answer[:n])
				}
			}
		}
	}
}

// wireForm returns a delivery as it is sent over a connection.
func wireForm(b *testing.B, d delivered) []byte {
	r, err := http.NewRequest(http.MethodPost, d.url, strings.NewReader(d.body))
	require.NoError(b, err)
	r.Header.Set("Content-Type", "application/json")
	var wire bytes.Buffer
	require.NoError(b, r.Write(&wire))
	return wire.Bytes()
}

// readHead reads up to the end of a header.
func readHead(conn net.Conn, b []byte) (n int, err error) {
	for !bytes.HasSuffix(b[:n], []byte("\r\n\r\n")) && err == nil {
		var more int
		more, err = conn.Read(b[n:])
		n += more
	}
	return n, err
}

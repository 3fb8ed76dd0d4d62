package vidgo_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// TestMain fails if a goroutine is left when all tests are over.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	fuzzing := flag.Lookup("test.fuzz").Value.String() != "" // which has goroutines of its own
	if code == 0 && !fuzzing && leaked(before) {
		fmt.Fprintln(os.Stderr, "goroutines are left:")
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		code = 1
	}
	os.Exit(code)
}

// leaked reports whether more than before goroutines run. It gives those that are
// about to end five seconds to do so.
func leaked(before int) bool {
	deadline := time.After(5 * time.Second)
	for runtime.NumGoroutine() > before {
		select {
		case <-deadline:
			return true
		default:
			runtime.Gosched()
		}
	}
	return false
}

const (
	apiKey      = "sk-test-0123456789"
	callbackURL = "https://app.example.com/vidgo"
)

var (
	secret    = bytes.Repeat([]byte("s"), 32)
	oldSecret = bytes.Repeat([]byte("o"), 32)
)

// newClient returns a client that reaches srv in memory.
func newClient(t *testing.T, srv *vidgotest.Server, opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client, err := vidgo.NewClient(apiKey, append([]vidgo.Option{vidgo.WithHTTPClient(srv.Client())}, opts...)...)
	require.NoError(t, err)
	return client
}

// newCallbackClient returns a client whose callbacks come to it from srv, with
// signed tokens.
func newCallbackClient(t *testing.T, srv *vidgotest.Server, opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client := newClient(t, srv, append([]vidgo.Option{
		vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret)}, opts...)...)
	srv.Route("app.example.com", client.CallbackHandler(nil))
	return client
}

// boat is the usual input of these tests.
var boat = vidgo.Untyped("sora-2", map[string]any{"prompt": "a paper boat in the rain", "duration": 10})

func submit(t testing.TB, client *vidgo.Client, opts ...vidgo.SubmitOption) *vidgo.Task {
	t.Helper()
	task, err := client.Submit(t.Context(), boat, opts...)
	require.NoError(t, err)
	return task
}

// transport is an http.RoundTripper of one function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering returns a transport that gives every request the same answer.
func answering(status int, header http.Header, body string) transport {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.ReadAll(r.Body)
		}
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// answeredBy returns a client without retries whose transport is rt.
func answeredBy(t *testing.T, rt http.RoundTripper, opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client, err := vidgo.NewClient(apiKey, append([]vidgo.Option{vidgo.WithHTTPClient(&http.Client{Transport: rt}), vidgo.WithoutRetries()}, opts...)...)
	require.NoError(t, err)
	return client
}

// every returns a schedule that always pauses for d, before the first poll too.
func every(d time.Duration) vidgo.Schedule {
	return func(int, *vidgo.Task) time.Duration { return d }
}

// hourly polls at once and then after 1, 2, 3 hours and so on, so a test sees
// no second poll that is not caused by something else.
func hourly(n int, _ *vidgo.Task) time.Duration { return time.Duration(n) * time.Hour }

// bubbleGoroutines returns how many goroutines the bubble of the test has.
// runtime.NumGoroutine would also count a finalizer that happens to run.
func bubbleGoroutines(t *testing.T) int {
	t.Helper()
	synctest.Wait()
	all := make([]byte, 1<<20)
	n := bytes.Count(all[:runtime.Stack(all, true)], []byte("synctest bubble"))
	require.NotZero(t, n, "stacks do not name bubbles, so this test needs another way to count")
	return n
}

// requireIdle checks that the client has no waits and that its scheduler has
// ended.
func requireIdle(t *testing.T, client *vidgo.Client) {
	t.Helper()
	synctest.Wait()
	waits, queued, running := client.Waits()
	require.Zero(t, waits)
	require.Zero(t, queued)
	require.False(t, running)
}

// The README promises what a user's program is linked with.
func TestDependencies(t *testing.T) {
	allowed := []string{
		"github.com/vidgo-go/vidgo",
		"github.com/hashicorp/go-retryablehttp",
		"github.com/hashicorp/go-cleanhttp", // go-retryablehttp's only dependency
		"github.com/google/uuid",
		"golang.org/x/time/rate",
		"golang.org/x/net/idna",
		"golang.org/x/text/", // idna's tables
		"code.dny.dev/ssrf",
	}
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for _, pkg := range strings.Fields(string(out)) {
		first, _, _ := strings.Cut(pkg, "/")
		if !strings.Contains(first, ".") {
			require.NotContains(t, []string{"testing", "net/http/httptest", "flag"}, pkg, "linked into every user's program")
			continue
		}
		require.True(t, anyPrefix(pkg, allowed), "%s is linked into every user's program", pkg)
		require.NotContains(t, pkg, "vidgotest")
	}
}

func anyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

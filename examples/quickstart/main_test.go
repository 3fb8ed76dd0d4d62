package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func noEnv(string) string { return "" }

func TestDemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		dir := t.TempDir()
		began := time.Now()
		require.NoError(t, run(t.Context(), nil, noEnv, dir, &out))
		require.Equal(t, 3500*time.Millisecond, time.Since(began))
		requireLines(t, out.String(),
			`^ 0\.00s submitted   paper boat  task-\S+$`,
			`^ 0\.00s submitted   tin train   task-\S+$`,
			`^ 0\.00s submitted   glass bird  task-\S+$`,
			`^ 0\.70s finished    paper boat  by callback  https://\S+\.mp4$`,
			`^ 0\.70s saved       paper boat  \S+-1\.mp4$`,
			`^ [23]\.\d\ds finished    tin train   by polling   https://\S+\.mp4$`,
			`^ [23]\.\d\ds saved       tin train   \S+-1\.mp4$`,
			`^ 3\.50s failed      glass bird  by callback  the prompt names a living person$`,
			// Each task is polled at once, and those that take longer twice more.
			`^3 tasks, none lost: 2 told by callback, 1 found by polling, 1 failed; 7 status requests$`)
	})
}

func TestDemoStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var out bytes.Buffer
		err := run(ctx, nil, noEnv, t.TempDir(), &out)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5, strings.Count(out.String(), "\n"), "three tasks are submitted, and one finishes and is saved:\n%s", &out)
	})
}

func TestAPromptNeedsAKey(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, run(t.Context(), []string{"a", "boat"}, noEnv, t.TempDir(), &out), vidgo.APIKeyEnv)
	require.Empty(t, out.String())
}

func TestRealTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{
			Queued: time.Minute, Duration: 4 * time.Minute, Progress: []float64{0, 0, 40, 80}, Credits: 12.5}}
		client, err := vidgo.NewClient("sk-test-0123456789", vidgo.WithHTTPClient(srv.Client()), vidgo.WithDownloadClient(srv.Client()))
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, realTask(t.Context(), client, "a paper boat", "", t.TempDir(), &out))
		requireLines(t, out.String(),
			`costs credits`,
			`^ 0\.00s submitted   a paper boat task-\S+$`,
			`^ 0\.00s not_started a paper boat 0 %$`,
			`^\d+\.\d\ds running     a paper boat 0 %$`,
			`^\d+\.\d\ds running     a paper boat 40 %$`,
			`^\d+\.\d\ds running     a paper boat 80 %$`,
			`^\d+\.\d\ds finished    a paper boat 12\.5 credits$`,
			`^\d+\.\d\ds saved       a paper boat \S+\.mp4$`)
		require.Empty(t, srv.Tasks()[0].CallbackURL)
	})
}

func TestRealTaskWithACallbackElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30 * time.Second}}
		client, err := vidgo.NewClient("sk-test-0123456789", vidgo.WithHTTPClient(srv.Client()), vidgo.WithDownloadClient(srv.Client()))
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, realTask(t.Context(), client, "a paper boat", "https://elsewhere.example.com/vidgo", t.TempDir(), new(bytes.Buffer)))
		require.Equal(t, "https://elsewhere.example.com/vidgo", srv.Tasks()[0].CallbackURL)
		require.Less(t, time.Since(began), 30*time.Second+18*time.Second, "it is polled as often as without a callback")
	})
}

func TestRealTaskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Error: "too dark"}}
		client, err := vidgo.NewClient("sk-test-0123456789", vidgo.WithHTTPClient(srv.Client()), vidgo.WithDownloadClient(srv.Client()))
		require.NoError(t, err)
		err = realTask(t.Context(), client, "a paper boat", "", t.TempDir(), new(bytes.Buffer))
		require.ErrorContains(t, err, "too dark")
		require.ErrorContains(t, err, srv.Tasks()[0].ID)
	})
}

// The same over a real connection. Nothing is timed, because the task is finished at
// once.
func TestRealTaskOnASocket(t *testing.T) {
	var srv vidgotest.Server
	api := httptest.NewServer(&srv)
	defer api.Close()
	client, err := vidgo.NewClient("sk-test-0123456789", vidgo.WithBaseURL(api.URL), vidgo.WithHTTPClient(api.Client()), vidgo.WithDownloadClient(srv.Client()))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, realTask(t.Context(), client, "a paper boat", "", t.TempDir(), &out))
	requireLines(t, out.String(), `costs credits`, `submitted   a paper boat task-`, `finished    a paper boat `, `saved       a paper boat \S+\.mp4$`)
}

// The program as the README says to run it, in real time. What is told by callback
// and what is found by polling depends on the machine, so only TestDemo counts it.
func TestTheProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "quickstart")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := exec.CommandContext(t.Context(), program)
	run.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, vidgo.APIKeyEnv+"=") })
	out, err = run.Output()
	require.NoError(t, err)
	require.Regexp(t, `3 tasks, none lost: \d told by callback, \d found by polling, 1 failed;`, string(out))
}

// requireLines checks each line of out against its pattern.
func requireLines(t *testing.T, out string, patterns ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	require.Len(t, lines, len(patterns), "%s", out)
	for i, pattern := range patterns {
		require.Regexp(t, pattern, lines[i])
	}
}

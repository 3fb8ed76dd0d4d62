package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

const home = "https://app.example.com"

var secret = []byte("thirty-two random bytes in truth")

// start returns a service that is called back by the fake, and that is reached by its
// public name in memory.
func start(t *testing.T, fake *vidgotest.Server) (svc *service, log *bytes.Buffer) {
	t.Helper()
	client, err := vidgo.NewClient("test-key", vidgo.WithHTTPClient(fake.Client()),
		vidgo.WithCallbackURL(home+"/vidgo"), vidgo.WithCallbackSecret(secret))
	require.NoError(t, err)
	log = new(bytes.Buffer)
	svc = newService(client, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(svc.stop)
	fake.Route("app.example.com", svc.handler())
	return svc, log
}

// ask sends a request to the service and returns its answer.
func ask(t *testing.T, fake *vidgotest.Server, method, path, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, home+path, strings.NewReader(body))
	require.NoError(t, err)
	res, err := fake.Client().Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(text)
}

// generate submits a prompt and returns the task's id.
func generate(t *testing.T, fake *vidgotest.Server) string {
	t.Helper()
	res, body := ask(t, fake, "POST", "/generate", `{"prompt": "a paper boat"}`)
	require.Equal(t, http.StatusAccepted, res.StatusCode, body)
	var out struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	require.Equal(t, "/tasks/"+out.ID, res.Header.Get("Location"))
	return out.ID
}

func show(t *testing.T, fake *vidgotest.Server, id string) state {
	t.Helper()
	res, body := ask(t, fake, "GET", "/tasks/"+id, "")
	require.Equal(t, http.StatusOK, res.StatusCode, body)
	var out state
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	return out
}

func TestATaskIsSubmittedAndCalledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second, Callback: vidgotest.Callback{Repeat: 2}}}
		start(t, fake)
		id := generate(t, fake)
		require.False(t, show(t, fake, id).Status.Done())
		require.JSONEq(t, `{"prompt": "a paper boat"}`, string(fake.Tasks()[0].Input))

		time.Sleep(5 * time.Second)
		synctest.Wait()
		got := show(t, fake, id)
		require.Equal(t, vidgo.Finished, got.Status)
		require.Len(t, got.Files, 1)
		require.Len(t, fake.Requests(vidgotest.EndpointStatus), 1, "only the first poll, at once")
		require.Len(t, fake.Deliveries(), 3)
		for _, d := range fake.Deliveries() {
			require.Equal(t, http.StatusOK, d.Status)
		}
	})
}

func TestALostCallbackIsFoundByPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second, Callback: vidgotest.Callback{Drop: true}}}
		start(t, fake)
		id := generate(t, fake)
		time.Sleep(30 * time.Second) // the second poll comes after about 20 s
		require.Equal(t, vidgo.Finished, show(t, fake, id).Status)
	})
}

func TestAFailedTaskTellsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second, Error: "too dark"}}
		start(t, fake)
		id := generate(t, fake)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Equal(t, state{ID: id, Status: vidgo.Failed, Error: "too dark"}, show(t, fake, id))
	})
}

func TestACallbackFindsTheServiceAfterItsRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second}}
		old, _ := start(t, fake)
		id := generate(t, fake)
		old.stop()

		start(t, fake) // it does not know the task
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Equal(t, vidgo.Finished, show(t, fake, id).Status)
	})
}

func TestARestartedServiceCanFollowItsTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second}}
		old, log := start(t, fake)
		id := generate(t, fake)
		old.stop()
		require.Empty(t, log.String(), "a stop logs no error")
		fake.Route("app.example.com", nil)
		time.Sleep(time.Minute) // the callback and its redeliveries are lost

		svc, _ := start(t, fake)
		svc.follow(id)
		synctest.Wait()
		require.Equal(t, vidgo.Finished, show(t, fake, id).Status)
	})
}

func TestAForgedCallbackIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		start(t, fake)
		id := generate(t, fake)
		status, err := fake.Post(t.Context(), home+"/vidgo", []byte(`{"task_id": "`+id+`", "status": "finished"}`))
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, status)
		require.False(t, show(t, fake, id).Status.Done())
	})
}

func TestACallerWhoHangsUpLosesNoTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second}}
		start(t, fake)
		fake.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Delay: 3 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "POST", home+"/generate", strings.NewReader(`{"prompt": "a paper boat"}`))
		require.NoError(t, err)
		_, err = fake.Client().Do(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		time.Sleep(10 * time.Second)
		require.Equal(t, vidgo.Finished, show(t, fake, fake.Tasks()[0].ID).Status)
	})
}

func TestAnUnknownSubmissionIsFoundByItsCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second}}
		_, log := start(t, fake)
		fake.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true})
		res, body := ask(t, fake, "POST", "/generate", `{"prompt": "a paper boat"}`)
		require.Equal(t, http.StatusBadGateway, res.StatusCode)
		require.Contains(t, body, "unknown")
		require.Regexp(t, `submission=[0-9a-f-]{36} `, log.String())
		require.Len(t, fake.Tasks(), 1, "it must not be submitted again")

		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Equal(t, vidgo.Finished, show(t, fake, fake.Tasks()[0].ID).Status)
	})
}

func TestRefusals(t *testing.T) {
	const good = `{"prompt": "a paper boat"}`
	tests := map[string]struct {
		body       string
		fault      *vidgotest.Fault // of every submission
		status     int
		text       string
		retryAfter string
	}{
		"not JSON":                       {body: "a paper boat", status: 400, text: "want"},
		"no prompt":                      {body: "{}", status: 400, text: "want"},
		"too large":                      {body: `{"prompt": "` + strings.Repeat("a", maxRequest) + `"}`, status: 413, text: "too large"},
		"refused by Vidgo":               {body: good, fault: &vidgotest.Fault{Status: 400}, status: 400, text: "invalid input: "},
		"rate limited":                   {body: good, fault: &vidgotest.Fault{Status: 429}, status: 503, text: "busy", retryAfter: "10"},
		"rate limited, with Retry-After": {body: good, fault: &vidgotest.Fault{Status: 429, RetryAfter: "42"}, status: 503, text: "busy", retryAfter: "42"},
		"no credits":                     {body: good, fault: &vidgotest.Fault{Status: 402}, status: 502, text: "does not answer"},
		"Vidgo is unreachable":           {body: good, fault: &vidgotest.Fault{Refuse: true}, status: 502, text: "does not answer"},
		"Vidgo hangs":                    {body: good, fault: &vidgotest.Fault{Hang: true}, status: 502, text: "unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fake vidgotest.Server
				start(t, &fake)
				if test.fault != nil {
					test.fault.Endpoint, test.fault.Times = vidgotest.EndpointSubmit, -1
					fake.Inject(*test.fault)
				}
				began := time.Now()
				res, body := ask(t, &fake, "POST", "/generate", test.body)
				require.Equal(t, test.status, res.StatusCode, body)
				require.Contains(t, body, test.text)
				require.Equal(t, test.retryAfter, res.Header.Get("Retry-After"))
				require.LessOrEqual(t, time.Since(began), submitTime, "the answer must be there before the server's write timeout")
				require.Empty(t, fake.Tasks())
			})
		})
	}
}

func TestAnUnknownTask(t *testing.T) {
	var fake vidgotest.Server
	start(t, &fake)
	res, _ := ask(t, &fake, "GET", "/tasks/task-of-somebody-else", "")
	require.Equal(t, http.StatusNotFound, res.StatusCode)
	require.Empty(t, fake.Requests(vidgotest.EndpointStatus), "a stranger cannot make the service poll")
}

// The whole program on a real socket. Nothing is timed: it starts, accepts a task, and
// stops.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, log := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, "127.0.0.1:0", func(string) string { return "" }, log)
		_ = log.Close()
		ended <- err
	}()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	var addr string
	for field := range strings.FieldsSeq(lines.Text()) {
		if value, ok := strings.CutPrefix(field, "addr="); ok {
			addr = value
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // so that the log never blocks; ends with the pipe

	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post("http://"+addr+"/generate", "application/json", strings.NewReader(`{"prompt": "a paper boat"}`))
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, res.StatusCode)
	require.NoError(t, res.Body.Close())
	res, err = client.Get("http://" + addr + res.Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, res.Body.Close())

	stop()
	require.NoError(t, <-ended)
}

func TestRunNeedsItsVariables(t *testing.T) {
	env := map[string]string{vidgo.APIKeyEnv: "sk-real-key-0123456789"}
	err := run(t.Context(), "127.0.0.1:0", func(name string) string { return env[name] }, io.Discard)
	require.ErrorContains(t, err, "VIDGO_CALLBACK_URL")
	require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
}

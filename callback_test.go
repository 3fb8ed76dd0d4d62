package vidgo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestParseCallback(t *testing.T) {
	const task = `{"task_id":"a","status":"finished","files":[{"file_url":"https://x.vidgo.ai/1.png","file_type":"image"}],"extra":{"x":1}}`
	for name, body := range map[string]string{
		"as in 2025, wrapped": `{"code":200,"data":` + task + `}`,
		"as in 2026, bare":    task,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := vidgo.ParseCallback([]byte(body))
			require.NoError(t, err)
			require.Equal(t, "a", got.ID)
			require.Equal(t, vidgo.Finished, got.Status)
			require.Equal(t, "https://x.vidgo.ai/1.png", got.Files[0].URL)
			require.JSONEq(t, task, string(got.Raw))
		})
	}
	got, err := vidgo.ParseCallback([]byte(`{"task_id":"a","reference":"forged","submission_id":"forged","model":"forged"}`))
	require.NoError(t, err)
	require.Empty(t, got.Reference+got.SubmissionID+got.Model, "a body cannot set what only this package knows")

	for _, body := range []string{"", "null", "[]", "7", "{}", `{"code":200}`, `{"code":200,"data":null}`, `{"code":200,"data":[]}`,
		`{"task_id":null}`, `{"task_id":"a/b"}`, `{"task_id":".."}`, `{"task_id":"a"} x`, `{"task_id":"a"`, "<html>"} {
		_, err := vidgo.ParseCallback([]byte(body))
		require.Error(t, err, body)
	}
	for body, want := range map[string]string{
		"":       "vidgo: callback: empty, not a JSON object",
		"[]":     "vidgo: callback: not a JSON object",
		"<html>": "vidgo: callback: invalid character '<'", // the rest is encoding/json's
	} {
		_, err := vidgo.ParseCallback([]byte(body))
		require.ErrorContains(t, err, want)
	}
}

// Where no token is required, anyone can send a body that would take a hundred
// times its size in memory.
func TestParseCallbackWithManyFiles(t *testing.T) {
	body := []byte(`{"task_id":"a","status":"finished","files":["x"` + strings.Repeat(`,""`, 340_000) + `]}`)
	task, err := vidgo.ParseCallback(body)
	require.NoError(t, err)
	require.Len(t, task.Files, 4096)
	require.Equal(t, "x", task.Files[0].URL)
	require.Len(t, task.Raw, len(body))
}

func FuzzParseCallback(f *testing.F) {
	for _, seed := range []string{`{"code":200,"data":{"task_id":"a","status":"finished","progress":100.0,"files":[{"file_url":"x"}]}}`,
		`{"task_id":"a","created_time":"2026-01-01T13:09:04.731057","files":["x",{"a":"[{\"b\":\"https://x\"}]"}]}`, `{"task_id":7,"progress":"NaN"}`, `{`,
		"{\"task_id\":\"a\",\"cre\x80ted\":\"\x84\",\"files\":[\"x\"]}", "{\"task_id\":\"a\",\"\xff\x7f\":2,\"<\x80\":1,\"model\":\"m\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		task, err := vidgo.ParseCallback(body)
		if err != nil {
			return
		}
		if vidgo.CheckTaskID(task.ID) != nil {
			t.Errorf("%q: the task's id %q is not a valid one", body, task.ID)
		}
		task.URLs()
		stored, err := task.MarshalJSON()
		if err != nil {
			t.Fatalf("%q cannot be stored: %v", body, err)
		}
		var back vidgo.Task
		if err := back.UnmarshalJSON(stored); err != nil {
			t.Fatalf("%q cannot be read back: %v", stored, err)
		}
		again, _ := back.MarshalJSON()
		if !bytes.Equal(stored, again) || back.ID != task.ID || back.Status != task.Status || len(back.Files) != len(task.Files) {
			t.Errorf("%q reads back as %q", stored, again)
		}
	})
}

func TestCallbackFirst(t *testing.T) {
	for name, contract := range map[string]vidgotest.Contract{"2025": vidgotest.Contract2025, "2026": vidgotest.Contract2026} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Contract: contract, Default: vidgotest.Script{Duration: 30 * time.Second}}
				client := newCallbackClient(t, &srv)
				submitted := submit(t, client, vidgo.Reference("order-7"))
				began := time.Now()
				task, err := client.Wait(t.Context(), submitted.ID)
				require.NoError(t, err)
				require.Equal(t, 30*time.Second, time.Since(began))
				require.Equal(t, vidgo.Finished, task.Status)
				require.Len(t, task.Files, 1)
				require.Equal(t, "sora-2", task.Model)
				require.Equal(t, "order-7", task.Reference)
				require.Equal(t, submitted.SubmissionID, task.SubmissionID)
				requireAnswers(t, &srv, http.StatusOK)
			})
		})
	}
}

// requireAnswers checks how the receiver answered all deliveries so far.
func requireAnswers(t *testing.T, srv *vidgotest.Server, want ...int) {
	t.Helper()
	synctest.Wait()
	var got []int
	for _, d := range srv.Deliveries() {
		got = append(got, d.Status)
	}
	require.Equal(t, want, got)
}

// A callback with a valid token needs no status request. Here the wait begins
// after it, so there is no first poll either.
func TestCallbackBeforeWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 10 * time.Second}}
		client := newCallbackClient(t, &srv)
		id := submit(t, client).ID
		time.Sleep(time.Hour)
		task, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus), "the callback was believed")
		task.Files[0].URL = "changed"
		again, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.NotEqual(t, "changed", again.Files[0].URL, "each call returns a copy of its own")
	})
}

func TestCallbackBeforeSubmitReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Callback: vidgotest.Callback{BeforeAnswer: true}}}
		client := newCallbackClient(t, &srv)
		task, err := client.Run(t.Context(), boat, vidgo.Reference("order-7"))
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		require.Equal(t, "order-7", task.Reference)
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus))
		requireAnswers(t, &srv, http.StatusOK)
	})
}

func TestCallbackBeforeAnAnswerThatNamesAnotherTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Callback: vidgotest.Callback{BeforeAnswer: true}}}
		client := newCallbackClient(t, &srv)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Status: 200,
			Body: `{"code":200,"data":{"task_id":"another","status":"not_started"}}`})
		task := submit(t, client)
		require.Equal(t, "another", task.ID)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.Wait(ctx, "another")
		require.ErrorIs(t, err, vidgo.ErrNotFound, "the callback that was kept is about another task, so it was dropped")
	})
}

func TestCallbackAndPollAtTheSameInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 10 * time.Second}}
		client := newCallbackClient(t, &srv)
		var wg sync.WaitGroup
		for range 50 {
			id := submit(t, client).ID
			wg.Go(func() {
				task, err := client.Wait(t.Context(), id, vidgo.PollEvery(every(5*time.Second)))
				require.NoError(t, err)
				require.Equal(t, vidgo.Finished, task.Status)
			})
		}
		wg.Wait()
		requireIdle(t, client)
	})
}

func TestLostCallbackIsFoundByPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Minute, Callback: vidgotest.Callback{Drop: true}}}
		client := newCallbackClient(t, &srv)
		id := submit(t, client).ID
		began := time.Now()
		_, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Less(t, time.Since(began), 3*time.Minute)
		require.Less(t, len(srv.Requests(vidgotest.EndpointStatus)), 6, "polls are rare while a callback is expected")
	})
}

func TestDuplicatesAreHandledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 10 * time.Second, Callback: vidgotest.Callback{Repeat: 9}}}
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
		handled := 0
		srv.Route("app.example.com", client.CallbackHandler(func(_ context.Context, task *vidgo.Task) error {
			handled++
			require.Equal(t, "sora-2", task.Model)
			require.Equal(t, "order-7", task.Reference)
			task.Status, task.Files[0].URL = vidgo.Failed, "changed" // the function may change its copy
			return nil
		}))
		task, err := client.Run(t.Context(), boat, vidgo.Reference("order-7"))
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		again, err := client.Wait(t.Context(), task.ID)
		require.NoError(t, err)
		require.Equal(t, task, again)
		requireAnswers(t, &srv, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)
		require.Equal(t, 1, handled)
	})
}

func TestFirstFinalStateStands(t *testing.T) {
	for first, second := range map[vidgo.Status]vidgo.Status{vidgo.Finished: vidgo.Failed, vidgo.Failed: vidgo.Finished} {
		t.Run(string(first), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
				client := newCallbackClient(t, &srv, vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
				id := submit(t, client).ID
				for _, status := range []vidgo.Status{first, second, "running"} {
					code, err := srv.SendCallback(t.Context(), id, func(task map[string]any) { task["status"] = string(status) })
					require.NoError(t, err)
					require.Equal(t, http.StatusOK, code)
				}
				task, _ := client.Wait(t.Context(), id)
				require.Equal(t, first, task.Status)
				require.Contains(t, logged.String(), "contradicts")
			})
		})
	}
}

func TestANonFinalCallbackIsAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		client := newCallbackClient(t, &srv)
		id := submit(t, client).ID
		time.AfterFunc(5*time.Second, func() {
			code, err := srv.SendCallback(t.Context(), id, func(task map[string]any) { task["progress"] = 55.5 })
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, code)
		})
		time.AfterFunc(6*time.Second, func() { require.NoError(t, srv.Finish(id)) })
		var progress []float64
		for task, err := range client.Updates(t.Context(), id) {
			require.NoError(t, err)
			progress = append(progress, task.Progress)
		}
		require.Equal(t, []float64{0, 55.5, 100}, progress)
	})
}

// A delivery whose token is not valid ends no wait, changes nothing, and tells its
// sender nothing, whatever is wrong with the token.
func TestForgedCallbacksWithASecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		var logged bytes.Buffer
		client := newCallbackClient(t, &srv, vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		mine, other := submit(t, client), submit(t, client)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		result := make(chan error, 1)
		go func() {
			_, err := client.Wait(ctx, mine.ID)
			result <- err
		}()
		synctest.Wait()

		mineURL, otherURL := srv.Tasks()[0].CallbackURL, srv.Tasks()[1].CallbackURL
		forged := forgeries(t, mine.ID, mineURL, otherURL)
		forged["another task's id"] = forgery{mineURL, other.ID, http.StatusUnauthorized}
		for name, f := range forged {
			code, err := srv.Post(t.Context(), f.url, fmt.Appendf(nil, `{"code":200,"data":{"task_id":%q,"status":"finished","files":[]}}`, f.id))
			require.NoError(t, err)
			require.Equal(t, f.want, code, name)
		}

		require.ErrorIs(t, <-result, context.DeadlineExceeded)
		_, token, _ := strings.Cut(mineURL, "vidgo_token=")
		require.NotContains(t, logged.String(), token[len(token)-20:])
		require.Equal(t, len(forged), strings.Count(logged.String(), "msg=callback "), "each delivery is logged once")
	})
}

type forgery struct {
	url, id string
	want    int
}

// forgeries returns deliveries about a task whose true callback URL is mine.
func forgeries(t *testing.T, id, mine, other string) map[string]forgery {
	t.Helper()
	sign := func(secret []byte, age time.Duration) string {
		signed, _, err := vidgo.NewSigner(time.Hour, secret).Sign(callbackURL, "", time.Now().Add(-age))
		require.NoError(t, err)
		return signed
	}
	const refused = http.StatusUnauthorized
	all := map[string]forgery{
		"no token":                   {callbackURL, id, refused},
		"a token of the wrong form":  {callbackURL + "?vidgo_token=1.2.3.4", id, refused},
		"another submission's token": {other, id, refused},
		"a token that has expired":   {sign(secret, 25*time.Hour), id, refused},
		"a token of another secret":  {sign(oldSecret, 0), id, refused},
		"a valid token of a submission unknown here, for a task whose submission is known": {sign(secret, 0), id, refused},
		"an unknown task's id": {mine, "nobody's", refused},
		// It may come from before this machine's clock was put back. A 401 would
		// end it for good.
		"a token from the future": {sign(secret, -6*time.Minute), id, http.StatusServiceUnavailable},
	}
	before, token, _ := strings.Cut(mine, "vidgo_token=")
	at, wrong := len(token)-20, "A" // in the signature
	if token[at] == 'A' {
		wrong = "B"
	}
	all["a token whose signature was changed"] = forgery{before + "vidgo_token=" + token[:at] + wrong + token[at+1:], id, refused}
	for n := range len(token) {
		all[fmt.Sprintf("a token cut off at %d", n)] = forgery{before + "vidgo_token=" + token[:n], id, refused}
	}
	return all
}

// The task may have been submitted by another process with the same secret.
func TestCallbackOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Minute}}
		elsewhere := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
		id := submit(t, elsewhere, vidgo.Reference("order-7")).ID
		here := newCallbackClient(t, &srv)
		time.Sleep(2 * time.Minute)
		task, err := here.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "order-7", task.Reference, "the reference comes from the token")
		require.NotEmpty(t, task.SubmissionID)
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus))

		code, err := srv.SendCallback(t.Context(), id, func(task map[string]any) { task["task_id"] = "another" })
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, code, "the first task that came with the token is bound to it")
	})
}

func TestSecretRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Minute}}
		before := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(oldSecret))
		id := submit(t, before).ID
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret, oldSecret))
		srv.Route("app.example.com", client.CallbackHandler(nil))
		_, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		requireAnswers(t, &srv, http.StatusOK)
	})
}

func TestHandleFailsThenSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 10 * time.Second}}
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
		calls := 0
		srv.Route("app.example.com", client.CallbackHandler(func(ctx context.Context, task *vidgo.Task) error {
			calls++
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, 8*time.Second, time.Until(deadline))
			switch calls {
			case 1:
				return errors.New("the database is down")
			case 2:
				panic("a bug")
			}
			return nil
		}))
		id := submit(t, client).ID
		_, err := client.Wait(t.Context(), id)
		require.NoError(t, err, "a wait does not depend on the handle function")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 3, calls)
		ds := srv.Deliveries()
		require.Equal(t, http.StatusServiceUnavailable, ds[0].Status)
		require.Error(t, ds[1].Err, "a panic closes the connection")
		require.Equal(t, http.StatusOK, ds[2].Status)
	})
}

func TestADuplicateWaitsForTheHandleFunction(t *testing.T) {
	for _, fails := range []bool{false, true} {
		t.Run(fmt.Sprintf("it fails: %t", fails), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
				client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
				calls := 0
				srv.Route("app.example.com", client.CallbackHandler(func(context.Context, *vidgo.Task) error {
					calls++
					time.Sleep(3 * time.Second)
					if fails {
						return errors.New("no")
					}
					return nil
				}))
				id := submit(t, client).ID
				began := time.Now()
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						code, err := srv.SendCallback(t.Context(), id, func(task map[string]any) { task["status"] = "finished" })
						require.NoError(t, err)
						require.Equal(t, fails, code == http.StatusServiceUnavailable)
						require.Equal(t, 3*time.Second, time.Since(began))
					})
				}
				wg.Wait()
				require.Equal(t, 1, calls)
			})
		})
	}
}

func TestHandleIsCalledAfterTheSubmissionIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
		var handled *vidgo.Task
		srv.Route("app.example.com", client.CallbackHandler(func(_ context.Context, task *vidgo.Task) error {
			handled = task
			return nil
		}))
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Delay: 5 * time.Second})
		task := submit(t, client, vidgo.Reference("order-7"))
		synctest.Wait()
		require.Equal(t, task.ID, handled.ID)
		require.Equal(t, "order-7", handled.Reference)
		require.Equal(t, "sora-2", handled.Model)
		requireAnswers(t, &srv, http.StatusOK)
	})
}

func TestAnswersOfTheHandler(t *testing.T) {
	var srv vidgotest.Server
	client := newHintClient(t, &srv, nil)
	handler := client.CallbackHandler(nil)
	tests := []struct {
		name, method string
		body         io.Reader
		want         int
	}{
		{"GET", http.MethodGet, nil, 405},
		{"an empty body", http.MethodPost, strings.NewReader(""), 400},
		{"not a task", http.MethodPost, strings.NewReader(`{"hello":"world"}`), 400},
		{"two JSON values", http.MethodPost, strings.NewReader(`{"task_id":"a"}{"task_id":"b"}`), 400},
		{"a body that breaks off", http.MethodPost, io.MultiReader(strings.NewReader(`{"task`), iotest.ErrReader(io.ErrUnexpectedEOF)), 400},
		{"a body of 10 MiB", http.MethodPost, io.LimitReader(zeros{}, 10<<20), 413},
		{"a task that is not final", http.MethodPost, strings.NewReader(`{"task_id":"a","status":"running"}`), 200},
		{"a status that is null", http.MethodPost, strings.NewReader(`{"task_id":"a","status":null,"files":null,"progress":null}`), 200},
		{"a final task that nobody waits for", http.MethodPost, strings.NewReader(`{"task_id":"a","status":"failed"}`), 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(test.method, "/vidgo", test.body))
			require.Equal(t, test.want, w.Code)
			if test.want == 405 {
				require.Equal(t, "POST", w.Header().Get("Allow"))
			}
		})
	}
}

func TestTheBodyIsNotReadWithoutAToken(t *testing.T) {
	var srv vidgotest.Server
	client := newCallbackClient(t, &srv)
	w := httptest.NewRecorder()
	client.CallbackHandler(nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/vidgo", untouchable{t}))
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

// untouchable fails the test if it is read.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestACallbackURLMayHaveAQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
		client := newClient(t, &srv, vidgo.WithCallbackSecret(secret))
		var got url.Values
		inner := client.CallbackHandler(nil)
		srv.Route("app.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.Query()
			inner.ServeHTTP(w, r)
		}))
		_, err := client.Run(t.Context(), boat, vidgo.CallbackTo("https://app.example.com?tenant=7"))
		require.NoError(t, err)
		require.Equal(t, "7", got.Get("tenant"))
		requireAnswers(t, &srv, http.StatusOK)
	})
}

func TestFirstFinalStateStandsForTasksSubmittedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
		elsewhere := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
		id := submit(t, elsewhere).ID // its callback is lost: no route yet
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
		task, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		var handled *vidgo.Task
		srv.Route("app.example.com", client.CallbackHandler(func(_ context.Context, task *vidgo.Task) error {
			handled = task
			return nil
		}))
		code, err := srv.SendCallback(t.Context(), id, func(task map[string]any) { task["status"] = "failed" })
		require.NoError(t, err)
		require.Equal(t, 200, code)
		require.Equal(t, vidgo.Finished, handled.Status, "handle is told the state that Wait returned")
		task, _ = client.Wait(t.Context(), id)
		require.Equal(t, vidgo.Finished, task.Status, "a second Wait returns the state that the first returned")
	})
}

// A callback with a final state is answered once its submission is, because the
// handle function is told of it. This one has nothing to tell.
func TestNonFinalCallbackBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret))
		srv.Route("app.example.com", client.CallbackHandler(func(context.Context, *vidgo.Task) error { return nil }))
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Delay: 20 * time.Second})
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { submit(t, client) })
		time.Sleep(time.Second)
		code, err := srv.SendCallback(t.Context(), srv.Tasks()[0].ID, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code)
	})
}

// No lock is held while user code runs, so it may call the client.
func TestUserCodeMayCallTheClient(t *testing.T) {
	for name, opts := range map[string][]vidgo.Option{"without a secret": nil, "with a secret": {vidgo.WithCallbackSecret(secret)}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
				client := newClient(t, &srv, append(opts, vidgo.WithCallbackURL(callbackURL))...)
				var got atomic.Int32
				srv.Route("app.example.com", client.CallbackHandler(func(ctx context.Context, task *vidgo.Task) error {
					again, err := client.Wait(ctx, task.ID)
					require.NoError(t, err)
					require.Equal(t, task.ID, again.ID)
					got.Add(1)
					return nil
				}))
				task, err := client.Run(t.Context(), boat)
				require.NoError(t, err)
				synctest.Wait()
				require.EqualValues(t, 1, got.Load())
				for task, err := range client.Completions(t.Context(), []string{task.ID, submit(t, client).ID}) {
					require.NoError(t, err)
					_, err = client.Wait(t.Context(), task.ID)
					require.NoError(t, err)
					_, err = client.Run(t.Context(), boat)
					require.NoError(t, err)
				}
				time.Sleep(time.Minute)
				requireIdle(t, client)
			})
		})
	}
}

func TestDrippingBodyBehindAMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newHintClient(t, &srv, nil)
		began := time.Now()
		w := httptest.NewRecorder()
		client.CallbackHandler(nil).ServeHTTP(plainWriter{w}, httptest.NewRequest(http.MethodPost, "/vidgo", &drip{left: 3600}))
		require.Less(t, time.Since(began), 10*time.Second, "a body that drips must not hold the handler")
	})
}

// plainWriter is what many a middleware makes of a ResponseWriter: it has no Unwrap.
type plainWriter struct{ http.ResponseWriter }

// drip is a body of spaces, one a second.
type drip struct{ left int }

func (d *drip) Read(p []byte) (int, error) {
	if d.left--; d.left < 0 {
		return 0, io.EOF
	}
	time.Sleep(time.Second)
	p[0] = ' '
	return 1, nil
}

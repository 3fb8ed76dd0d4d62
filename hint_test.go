package vidgo_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// newHintClient returns a client whose callbacks come to it from srv, without
// tokens unless opts say otherwise. A callback without one is only a hint.
func newHintClient(t *testing.T, srv *vidgotest.Server, handle func(context.Context, *vidgo.Task) error, opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client := newClient(t, srv, append([]vidgo.Option{vidgo.WithCallbackURL(callbackURL)}, opts...)...)
	srv.Route("app.example.com", client.CallbackHandler(handle))
	return client
}

func TestAHintMakesTheClientPollAtOnce(t *testing.T) {
	for name, opts := range map[string][]vidgo.Option{
		"without a secret":  nil,
		"with confirmation": {vidgo.WithCallbackSecret(secret), vidgo.WithCallbackConfirmation()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30 * time.Second}}
				client := newHintClient(t, &srv, nil, opts...)
				id := submit(t, client).ID
				began := time.Now()
				task, err := client.Wait(t.Context(), id, vidgo.PollEvery(hourly))
				require.NoError(t, err)
				require.Equal(t, 30*time.Second, time.Since(began))
				require.Equal(t, vidgo.Finished, task.Status)
				require.Len(t, srv.Requests(vidgotest.EndpointStatus), 2)
				requireAnswers(t, &srv, http.StatusOK)
				requireIdle(t, client)
			})
		})
	}
}

func TestAHintIsNotDelayedByAPollThatWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30*time.Second + 300*time.Millisecond}}
		client := newHintClient(t, &srv, nil)
		id := submit(t, client).ID
		began := time.Now()
		_, err := client.Wait(t.Context(), id, vidgo.PollEvery(every(30*time.Second)))
		require.NoError(t, err)
		require.Equal(t, 30*time.Second+300*time.Millisecond, time.Since(began))
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 2)
	})
}

// A wait that begins during the confirming poll of a hint is polled as rarely as
// any other for which a callback is expected.
func TestAWaitThatJoinsAConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 15 * time.Second}}
		id := submit(t, newClient(t, &srv)).ID
		client := newHintClient(t, &srv, func(context.Context, *vidgo.Task) error { return nil })
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Delay: 2 * time.Second})
		go func() {
			_, _ = srv.Post(t.Context(), callbackURL, fmt.Appendf(nil, `{"task_id":%q,"status":"finished","files":[]}`, id))
		}()
		time.Sleep(time.Second)
		_, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.LessOrEqual(t, len(srv.Requests(vidgotest.EndpointStatus)), 3)
	})
}

func TestForgedHintsChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		client := newHintClient(t, &srv, nil, vidgo.WithPollRate(5, 5))
		id := submit(t, client).ID
		result := make(chan *vidgo.Task, 1)
		go func() {
			task, _ := client.Wait(t.Context(), id)
			result <- task
		}()
		synctest.Wait()
		began := time.Now()
		var wg sync.WaitGroup
		var confirmed atomic.Int32
		for i := range 10000 {
			forged := id
			if i%2 == 0 {
				forged = fmt.Sprintf("task-%d", i)
			}
			wg.Go(func() {
				code, err := srv.Post(t.Context(), callbackURL, fmt.Appendf(nil, `{"task_id":%q,"status":"finished","files":[]}`, forged))
				require.NoError(t, err)
				if code == http.StatusOK && forged == id {
					confirmed.Add(1)
				}
			})
			if i%100 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		wg.Wait()
		polls := srv.Requests(vidgotest.EndpointStatus)
		require.LessOrEqual(t, float64(len(polls)), 5*time.Since(began).Seconds()+6, "forged hints cannot exceed the poll rate")
		require.Zero(t, confirmed.Load())
		select {
		case task := <-result:
			t.Fatalf("a forged callback ended the wait: %v", task.Status)
		default:
		}
		require.NoError(t, srv.Finish(id))
		require.Equal(t, vidgo.Finished, (<-result).Status)
		requireIdle(t, client)
	})
}

// A hint for a task that nobody waits for is confirmed if there is a handle
// function to tell.
func TestHintForNobodyIsConfirmedForHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		handled := 0
		client := newHintClient(t, &srv, func(context.Context, *vidgo.Task) error { handled++; return nil })
		id := submit(t, client, vidgo.NoCallback()).ID
		body := fmt.Appendf(nil, `{"task_id":%q,"status":"finished"}`, id)
		code, err := srv.Post(t.Context(), callbackURL, body)
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, code, "the task is running, so the callback must come again")
		require.Zero(t, handled)

		require.NoError(t, srv.Finish(id))
		time.Sleep(time.Second) // the pause between two polls for hints
		code, err = srv.Post(t.Context(), callbackURL, body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code)
		require.Equal(t, 1, handled)
		requireIdle(t, client)
	})
}

func TestEightHintsForNobodyAreConfirmedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newHintClient(t, &srv, func(context.Context, *vidgo.Task) error { return nil })
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Hang: true, Times: -1})
		var wg sync.WaitGroup
		var refusedAtOnce atomic.Int32
		began := time.Now()
		for i := range 50 {
			wg.Go(func() {
				code, err := srv.Post(t.Context(), callbackURL, fmt.Appendf(nil, `{"task_id":"stray-%d","status":"finished"}`, i))
				require.NoError(t, err)
				require.Equal(t, http.StatusServiceUnavailable, code)
				if time.Since(began) == 0 {
					refusedAtOnce.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 42, refusedAtOnce.Load())
		require.Equal(t, 8*time.Second, time.Since(began), "the eight are answered before Vidgo gives up")
		requireIdle(t, client)
	})
}

func TestHintForNobodyCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		newHintClient(t, &srv, nil)
		code, err := srv.Post(t.Context(), callbackURL, []byte(`{"task_id":"x","status":"finished"}`))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code)
		require.Empty(t, srv.Requests())
	})
}

func TestConfirmationBelievesNoBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		client := newHintClient(t, &srv, nil, vidgo.WithCallbackSecret(secret), vidgo.WithCallbackConfirmation())
		id := submit(t, client).ID
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		time.AfterFunc(10*time.Second, func() {
			code, err := srv.SendCallback(ctx, id, func(task map[string]any) { task["status"] = "finished" })
			require.NoError(t, err)
			require.Equal(t, http.StatusServiceUnavailable, code)
		})
		_, err := client.Wait(ctx, id)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		code, err := srv.Post(t.Context(), callbackURL, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, code, "the token is still required")
	})
}

func TestConfirmationBelievesNoBodyThatComesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Callback: vidgotest.Callback{BeforeAnswer: true}}}
		client := newHintClient(t, &srv, nil, vidgo.WithCallbackSecret(secret), vidgo.WithCallbackConfirmation())
		task, err := client.Run(t.Context(), boat)
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 1, "the state is the status endpoint's")
	})
}

func TestAHintIsPolledAheadOfABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		client := newHintClient(t, &srv, nil)
		var ids []string
		for range 3000 { // with 10 polls a second, and one for each task in 2 minutes, 1,200 could be polled in time
			ids = append(ids, submit(t, client).ID)
		}
		began := time.Now()
		last := ids[len(ids)-1]
		time.AfterFunc(5*time.Second, func() { _ = srv.Finish(last) }) // calls back at once
		for task, err := range client.Completions(t.Context(), ids) {
			require.NoError(t, err)
			require.Equal(t, last, task.ID)
			break
		}
		require.Less(t, time.Since(began), 10*time.Second)
	})
}

// After a restart the process does not know that the task is a music task.
func TestHintForAMusicTaskOfAnotherProcess(t *testing.T) {
	for name, opts := range map[string][]vidgo.Option{
		"without a secret":  nil,
		"with confirmation": {vidgo.WithCallbackSecret(secret), vidgo.WithCallbackConfirmation()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second}}
				all := append([]vidgo.Option{vidgo.WithCallbackURL(callbackURL)}, opts...)
				before := newClient(t, &srv, all...)
				_, err := before.Submit(t.Context(), vidgo.Untyped("generate-music", map[string]any{"prompt": "calm"}))
				require.NoError(t, err)
				handled := 0
				after := newClient(t, &srv, all...) // a restart
				srv.Route("app.example.com", after.CallbackHandler(func(context.Context, *vidgo.Task) error { handled++; return nil }))
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				require.Equal(t, 1, handled)
			})
		})
	}
}

package vidgo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// Forgetting a task costs requests, never its result.
func TestAForgottenMusicTaskIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		music, err := client.Submit(t.Context(), vidgo.Untyped("generate-music", map[string]any{"prompt": "calm"}))
		require.NoError(t, err)
		time.Sleep(25 * time.Hour)
		submit(t, client) // forgets what is old
		_, err = client.Wait(t.Context(), music.ID)
		require.NoError(t, err)
		require.Len(t, srv.Requests(vidgotest.EndpointStatus, vidgotest.EndpointMusic), 2)
		_, err = client.Task(t.Context(), music.ID)
		require.NoError(t, err, "the wait has found that it is a music task")
	})
}

func TestManyCallbacksMayComeBeforeTheirWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
		client := newCallbackClient(t, &srv)
		var ids []string
		for range 6000 {
			ids = append(ids, submit(t, client).ID)
		}
		time.Sleep(time.Minute)
		for _, err := range client.Completions(t.Context(), ids) {
			require.NoError(t, err)
		}
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus))
	})
}

// A service does not keep the memory that a large batch has needed.
func TestManyWaitsGiveTheirMemoryBack(t *testing.T) {
	client, err := vidgo.NewClient(apiKey, vidgo.WithPolling(every(time.Hour)), vidgo.WithHTTPClient(&http.Client{Transport: answering(500, nil, "")}))
	require.NoError(t, err)
	ids := pendingIDs(100_000)
	before := heap()
	pend(client, ids)()
	for _, _, running := client.Waits(); running; _, _, running = client.Waits() {
		runtime.Gosched()
	}
	require.Less(t, heap(), before+1<<20)
	runtime.KeepAlive(client)
	runtime.KeepAlive(ids)
}

func TestASubmissionThatIsWaitedForIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: time.Minute}
		client := newCallbackClient(t, &srv)
		client.Remember(2, 1<<20)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true})
		_, err := client.Submit(t.Context(), boat)
		lost, _ := errors.AsType[*vidgo.AmbiguousSubmitError](err)
		time.AfterFunc(time.Second, func() {
			for range 5 {
				submit(t, client, vidgo.NoCallback())
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		task, err := client.WaitSubmission(ctx, lost.SubmissionID)
		require.NoError(t, err)
		require.Equal(t, srv.Tasks()[0].ID, task.ID)
		requireRecords(t, client, 2)
	})
}

func TestASubmissionIsNotForgottenBeforeItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Callback: vidgotest.Callback{BeforeAnswer: true}}
		client := newCallbackClient(t, &srv)
		client.Remember(2, 1<<20)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Delay: 20 * time.Second})
		time.AfterFunc(time.Second, func() {
			for range 5 {
				submit(t, client, vidgo.NoCallback())
			}
		})
		id := submit(t, client, vidgo.Reference("order-7")).ID
		task, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "order-7", task.Reference)
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus))
		for range 2 {
			submit(t, client, vidgo.NoCallback()) // for which the first one is forgotten
		}
		requireRecords(t, client, 2)
	})
}

func TestATaskThatIsWaitedForKeepsItsLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: time.Minute}
		client := newClient(t, &srv)
		client.Remember(2, 1<<20)
		id := submit(t, client, vidgo.Reference("order-7")).ID
		time.AfterFunc(time.Second, func() {
			for range 5 {
				submit(t, client)
			}
		})
		task, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "sora-2", task.Model)
		require.Equal(t, "order-7", task.Reference)
		for range 2 {
			submit(t, client)
		}
		requireRecords(t, client, 2)
	})
}

// However little is remembered, each wait returns the true end of its task, and
// never another task's model or reference.
func TestATinyMemoryConfusesNothing(t *testing.T) {
	for records := range 5 {
		synctest.Test(t, func(t *testing.T) {
			var srv vidgotest.Server
			client := newCallbackClient(t, &srv, vidgo.WithPollRate(100, 100))
			client.Remember(records+1, 300*records)
			var wg sync.WaitGroup
			for i := range 100 {
				reference := fmt.Sprint("order-", i)
				wg.Go(func() {
					time.Sleep(time.Duration(i%7) * time.Second)
					srv.Script(reference, vidgotest.Script{Duration: time.Duration(i%60) * time.Second,
						Callback: vidgotest.Callback{BeforeAnswer: i%3 == 0, Drop: i%4 == 0}})
					if i%5 == 0 {
						srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Delay: time.Duration(i%20) * time.Second})
					}
					task, err := client.Run(t.Context(), vidgo.Untyped(reference, nil), vidgo.Reference(reference))
					require.NoError(t, err)
					require.Equal(t, vidgo.Finished, task.Status)
					require.Contains(t, []string{reference, ""}, task.Reference)
					require.Contains(t, []string{reference, ""}, task.Model)
				})
			}
			wg.Wait()
			requireIdle(t, client)
			submit(t, client)
			requireRecords(t, client, records+1)
		})
	}
}

// requireRecords checks that no more than most submissions and tasks are
// remembered.
func requireRecords(t *testing.T, client *vidgo.Client, most int) {
	t.Helper()
	bySubmission, byTask, ordered := client.Records()
	require.LessOrEqual(t, bySubmission, most)
	require.LessOrEqual(t, byTask, most)
	require.LessOrEqual(t, ordered, most)
}

// Each wait keeps the last state or error of its task, and there may be a million
// waits.
func TestWhatIsKeptOfAnAnswerDoesNotHoldAllOfIt(t *testing.T) {
	const size = 1 << 20
	const state = `"data":{"task_id":"task-1","status":"running"}`
	junk := `{"code":200,"junk":"` + strings.Repeat("x", size) + `",` + state + `}`
	kept := map[string]func(*testing.T) any{
		"a state": func(t *testing.T) any {
			task, err := answeredBy(t, answering(200, nil, junk)).Task(t.Context(), "task-1")
			require.NoError(t, err)
			return task
		},
		"a callback": func(t *testing.T) any {
			task, err := vidgo.ParseCallback([]byte(junk))
			require.NoError(t, err)
			return task
		},
		"an error": func(t *testing.T) any {
			_, err := answeredBy(t, answering(502, nil, junk)).Task(t.Context(), "task-1")
			require.Error(t, err)
			return err
		},
	}
	for name, get := range kept {
		t.Run(name, func(t *testing.T) {
			before := heap()
			one := get(t)
			require.Less(t, heap(), before+size/2)
			runtime.KeepAlive(one)
		})
	}
}

func TestPollErrorsTakeLittleMemory(t *testing.T) {
	const waits = 1000
	synctest.Test(t, func(t *testing.T) {
		page := "<html><title>502 Bad Gateway</title>" + strings.Repeat("<p>", 2500)
		client := answeredBy(t, answering(502, http.Header{}, page), vidgo.WithPollRate(waits, waits))
		var ids []string
		for i := range waits {
			ids = append(ids, fmt.Sprintf("task-%d", i))
		}
		before := heap()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		cut := &vidgo.WaitError{}
		for _, err := range client.Completions(ctx, ids, vidgo.PollEvery(hourly)) {
			require.ErrorAs(t, err, &cut)
			require.Less(t, heap(), before+waits*3000, "all waits hold what their polls met")
			break
		}
		require.ErrorContains(t, cut.PollErr, "502 Bad Gateway")
	})
}

// How old a token may be says nothing about how long a task is remembered.
func TestATinyMaxAgeForgetsNoTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithCallbackMaxAge(time.Nanosecond))
		id := submit(t, client, vidgo.Reference("order-7")).ID
		time.Sleep(time.Hour)
		submit(t, client) // forgets what is old
		task, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "order-7", task.Reference)
	})
}

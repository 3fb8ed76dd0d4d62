package vidgo_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestWaitOnAFinishedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Credits: 12.5}
		task := submit(t, newClient(t, &srv))
		client := newClient(t, &srv) // another process, which does not know the task
		began := time.Now()
		task, err := client.Wait(t.Context(), task.ID)
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		require.Equal(t, 100.0, task.Progress)
		require.Equal(t, 12.5, task.Credits)
		require.Len(t, task.Files, 1)
		require.Equal(t, []string{task.Files[0].URL}, task.URLs())
		require.Zero(t, time.Since(began), "no pause")
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 1)
		requireIdle(t, client)
	})
}

func TestWaitPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Queued: 10 * time.Second, Duration: time.Minute}
		client := newClient(t, &srv)
		began := time.Now()
		task, err := client.Wait(t.Context(), submit(t, client).ID)
		require.NoError(t, err)
		require.Equal(t, "sora-2", task.Model)
		took := time.Since(began)
		require.Greater(t, took, time.Minute)
		require.Less(t, took, time.Minute+18*time.Second, "the longest pause is 15 s and 20 %%")
		requireIdle(t, client)

		polls := srv.Requests(vidgotest.EndpointStatus)
		require.Equal(t, began, polls[0].Time, "the first poll is made at once, since the task may be finished")
		for i := 1; i < len(polls); i++ {
			want := min(time.Duration(2*math.Pow(1.5, float64(i-1))*float64(time.Second)), 15*time.Second)
			require.InDelta(t, want, polls[i].Time.Sub(polls[i-1].Time), 0.21*float64(want), "pause %d", i)
		}
	})
}

func TestWaitOnAFailedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: time.Minute, Error: "the prompt is not allowed"}
		client := newClient(t, &srv)
		task, err := client.Wait(t.Context(), submit(t, client).ID)
		failed, ok := errors.AsType[*vidgo.TaskError](err)
		require.True(t, ok, "%v", err)
		require.ErrorContains(t, err, "the prompt is not allowed")
		require.Equal(t, vidgo.Failed, task.Status)
		require.Equal(t, "the prompt is not allowed", task.ErrorMessage)
		require.Equal(t, task.ID, failed.Task.ID)

		task, err = client.Task(t.Context(), task.ID)
		require.NoError(t, err, "Task does not judge the state that it returns")
		require.Equal(t, vidgo.Failed, task.Status)
		require.Equal(t, "sora-2", task.Model)
	})
}

func TestWaitOutlastsTemporaryErrors(t *testing.T) {
	tests := map[string]struct {
		faults []vidgotest.Fault
		task   vidgotest.Script
	}{
		"a dropped connection, then five HTML 502s": {
			faults: []vidgotest.Fault{{Reset: true}, {Status: 502, Body: vidgotest.HTML(502), Times: 5}}},
		"an hour of outage": {faults: []vidgotest.Fault{{Status: 500, Times: 200}, {Refuse: true, Times: 100}}},
		"every temporary error": {faults: []vidgotest.Fault{{Status: 408}, {Status: 429}, {Status: 500}, {Status: 502},
			{Status: 503}, {Status: 504}, {Truncate: true}, {Hang: true}, {Status: 200, NoBody: true}, {Status: 200, Body: "<html>"},
			{Status: 200, Body: `{"code":500,"message":"busy"}`}, {Status: 200, Body: `{"code":200,"data":{"task_id":"another","status":"finished"}}`},
			{Status: 400, Body: vidgotest.HTML(400)}, {Status: 302, Header: http.Header{"Location": {"https://login.example.com/"}}}}},
		"an unknown status":   {task: vidgotest.Script{Pending: "reviewing", Duration: 100 * time.Second}},
		"404 for ten seconds": {task: vidgotest.Script{Hidden: 10 * time.Second, Duration: time.Minute}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				srv.Default = test.task
				client := newClient(t, &srv)
				task := submit(t, client)
				for i := range test.faults {
					test.faults[i].Endpoint = vidgotest.EndpointStatus
				}
				srv.Inject(test.faults...)
				task, err := client.Wait(t.Context(), task.ID)
				require.NoError(t, err)
				require.Equal(t, vidgo.Finished, task.Status)
				requireIdle(t, client)
			})
		})
	}
}

func TestWaitEndsWhenVidgoRefuses(t *testing.T) {
	tests := map[string]struct {
		fault vidgotest.Fault
		is    error
		took  time.Duration
	}{
		"401":                   {vidgotest.Fault{Status: 401}, vidgo.ErrUnauthorized, 0},
		"402":                   {vidgotest.Fault{Status: 402}, vidgo.ErrInsufficientCredits, 0},
		"403":                   {vidgotest.Fault{Status: 403}, vidgo.ErrForbidden, 0},
		"401 behind a 200":      {vidgotest.Fault{Status: 200, Body: `{"code":401,"message":"who are you"}`}, vidgo.ErrUnauthorized, 0},
		"400 in Vidgo's words":  {vidgotest.Fault{Status: 400}, vidgo.ErrInvalidInput, 0},
		"404 every time":        {vidgotest.Fault{Status: 404}, vidgo.ErrNotFound, 30 * time.Second},
		"404 of another server": {vidgotest.Fault{Status: 404, Body: "404 page not found"}, vidgo.ErrNotFound, 30 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv)
				test.fault.Times = -1
				srv.Inject(test.fault)
				began := time.Now()
				task, err := client.Wait(t.Context(), "some-task")
				require.ErrorIs(t, err, test.is)
				cut, ok := errors.AsType[*vidgo.WaitError](err)
				require.True(t, ok)
				require.Equal(t, "some-task", cut.ID)
				require.Equal(t, "some-task", task.ID)
				require.GreaterOrEqual(t, time.Since(began), test.took)
				require.LessOrEqual(t, time.Since(began), test.took+18*time.Second)
				requireIdle(t, client)
			})
		})
	}
}

func TestWaitRefusesBadIDs(t *testing.T) {
	var srv vidgotest.Server
	client := newClient(t, &srv)
	for _, id := range []string{"", ".", "..", "a/b", "../user/balance", "a\nb", "a\xff", strings.Repeat("x", 1025)} {
		_, err := client.Wait(t.Context(), id)
		require.ErrorIs(t, err, vidgo.ErrInvalidInput, "%q", id)
		_, err = client.Task(t.Context(), id)
		require.ErrorIs(t, err, vidgo.ErrInvalidInput, "%q", id)
	}
	require.Empty(t, srv.Requests())
}

func TestWaitTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Hold: true, Progress: []float64{42}}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		why := errors.New("the shop closes")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
		defer cancel()
		began := time.Now()
		task, err := client.Wait(ctx, id)
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, err, why, "the context's cause")
		require.ErrorContains(t, err, id)
		cut, ok := errors.AsType[*vidgo.WaitError](err)
		require.True(t, ok)
		require.Equal(t, id, cut.ID)
		require.NoError(t, cut.PollErr)
		require.Equal(t, vidgo.Running, task.Status)
		require.Equal(t, "sora-2", task.Model)
		polls := srv.Requests(vidgotest.EndpointStatus)
		require.InDelta(t, time.Minute-time.Second, polls[len(polls)-1].Time.Sub(began), float64(time.Second),
			"one more poll is made a second before the deadline")
		requireIdle(t, client)
	})
}

func TestTheLastPollBeforeTheDeadlineFindsTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: 58 * time.Second}
		client := newClient(t, &srv)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		task, err := client.Wait(ctx, submit(t, client).ID, vidgo.PollEvery(vidgo.Backoff(time.Hour, time.Hour)))
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 2)
	})
}

func TestWaitEndsWithADeadlineBeforeRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Status: 429, RetryAfter: "4", Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		task, err := client.Wait(ctx, "some-task")
		require.LessOrEqual(t, time.Since(began), 350*time.Millisecond)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, vidgo.ErrRateLimited, "the error of the last poll")
		require.ErrorContains(t, err, "some-task")
		require.Equal(t, "some-task", task.ID)
		require.Len(t, srv.Requests(), 1)
		requireIdle(t, client)
	})
}

// A pause that reaches beyond the deadline does not end a wait, since a callback
// may still come.
func TestACallbackEndsAWaitDuringAPauseBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: 10 * time.Second}
		client := newCallbackClient(t, &srv)
		id := submit(t, client).ID
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 429, RetryAfter: "600", Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := client.Wait(ctx, id)
		require.NoError(t, err)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestAbandonedWaitsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Hang: true, Times: -1}) // polls that only their context ends
		before := bubbleGoroutines(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() { _, _ = client.Wait(ctx, "task-"+strconv.Itoa(i)) })
		}
		time.Sleep(45 * time.Second)
		cancel()
		wg.Wait()
		requireIdle(t, client)
		require.Equal(t, before, bubbleGoroutines(t))
	})
}

func TestBreakingOutLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Hold: true}
		client := newClient(t, &srv)
		ids := []string{submit(t, client).ID, submit(t, client).ID, submit(t, client).ID}
		require.NoError(t, srv.Finish(ids[1]))
		before := bubbleGoroutines(t)
		for task := range client.Completions(t.Context(), ids) {
			require.Equal(t, ids[1], task.ID)
			break
		}
		requireIdle(t, client)
		for range client.Updates(t.Context(), ids[0]) {
			break
		}
		requireIdle(t, client)
		require.Panics(t, func() {
			for range client.Updates(t.Context(), ids[0]) {
				panic("in the loop")
			}
		})
		requireIdle(t, client)
		for range client.Completions(t.Context(), []string{"", "a", "b"}) {
			break // at the empty id, before anything is waited for
		}
		requireIdle(t, client)
		require.Equal(t, before, bubbleGoroutines(t))
	})
}

func TestUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Queued: 10 * time.Second, Duration: 50 * time.Second, Progress: []float64{10, 40, 70}}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		var seen []string
		for task, err := range client.Updates(t.Context(), id, vidgo.PollEvery(vidgo.Backoff(time.Second, time.Second))) {
			require.NoError(t, err)
			seen = append(seen, fmt.Sprintf("%s %g", task.Status, task.Progress))
			task.Status, task.Progress = "changed by the reader", -1 // each reader has a copy
		}
		require.Equal(t, "not_started 10", seen[0])
		require.Equal(t, "finished 100", seen[len(seen)-1])
		for i := 1; i < len(seen); i++ {
			require.NotEqual(t, seen[i-1], seen[i], "only changes are yielded")
		}
		require.Contains(t, seen, "running 40")
		requireIdle(t, client)
	})
}

func TestUpdatesEndWithTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Next(vidgotest.Script{Duration: time.Second, Error: "no"}, vidgotest.Script{Hold: true})
		var last error
		for _, err := range client.Updates(t.Context(), submit(t, client).ID) {
			require.NoError(t, last, "nothing is yielded after the error")
			last = err
		}
		_, failed := errors.AsType[*vidgo.TaskError](last)
		require.True(t, failed)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, last = range client.Updates(ctx, submit(t, client).ID) {
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
	})
}

func TestMusicTasksAreReadAtTheirEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: time.Minute}
		client := newClient(t, &srv)
		task, err := client.Run(t.Context(), vidgo.Untyped("generate-music", map[string]any{"prompt": "calm"}))
		require.NoError(t, err)
		var track struct {
			AudioURL string `json:"audio_url"`
			Duration float64
		}
		require.NoError(t, task.Files[0].Decode(&track))
		require.NotEmpty(t, track.AudioURL)
		require.Contains(t, task.URLs(), track.AudioURL)
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus))

		stranger := newClient(t, &srv)
		again, err := stranger.Wait(t.Context(), task.ID, vidgo.AsMusic())
		require.NoError(t, err)
		require.Equal(t, task.Files, again.Files)
		_, err = newClient(t, &srv).Task(t.Context(), task.ID, vidgo.AsMusic())
		require.NoError(t, err)
		_, err = newClient(t, &srv).Task(t.Context(), task.ID)
		require.ErrorIs(t, err, vidgo.ErrNotFound)
	})
}

func TestTheAnswerToASubmissionMayBeFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Next(vidgotest.Script{SubmitStatus: "failed", Error: "refused"}, vidgotest.Script{SubmitStatus: "finished"})
		client := newClient(t, &srv)
		task := submit(t, client)
		require.Equal(t, vidgo.Failed, task.Status)
		_, err := client.Wait(t.Context(), task.ID)
		require.ErrorContains(t, err, "refused", "the task is polled, since the answer had no error message")
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 1)

		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Body: `{"code":200,"data":{"task_id":"a","status":"failed","error_message":"too dark"}}`})
		_, err = client.Run(t.Context(), boat)
		require.ErrorContains(t, err, "too dark")
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 1)

		task = submit(t, client)
		require.Equal(t, vidgo.Finished, task.Status)
		task, err = client.Wait(t.Context(), task.ID)
		require.NoError(t, err)
		require.Len(t, task.Files, 1, "the task is polled, since the answer had no files")
	})
}

func TestAStateReadByTaskEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: 10 * time.Second}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		var wg sync.WaitGroup
		began := time.Now()
		wg.Go(func() {
			_, err := client.Wait(t.Context(), id, vidgo.PollEvery(vidgo.Backoff(time.Hour, time.Hour)))
			require.NoError(t, err)
			require.Equal(t, 11*time.Second, time.Since(began))
		})
		time.Sleep(11 * time.Second)
		_, err := client.Task(t.Context(), id)
		require.NoError(t, err)
		wg.Wait()
	})
}

// A gateway is out of order for a moment, minutes after the task was seen running.
func TestA404OfAGatewayEndsNoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 10 * time.Minute}}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		time.AfterFunc(5*time.Minute, func() {
			srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 404, Body: vidgotest.HTML(404)})
		})
		_, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

func TestAsMusicHelpsAWaitThatHasBegunWithoutIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		elsewhere := newClient(t, &srv)
		music, err := elsewhere.Submit(t.Context(), vidgo.Untyped("generate-music", map[string]any{"prompt": "calm"}))
		require.NoError(t, err)
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Delay: 20 * time.Second, Times: -1})
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { _, _ = client.Wait(t.Context(), music.ID) }) // without AsMusic
		time.Sleep(25 * time.Second)                                // its second poll is under way
		_, err = client.Wait(t.Context(), music.ID, vidgo.AsMusic())
		require.NoError(t, err)
	})
}

// A model may be newer than this package's list of music models.
func TestAsMusicOfATaskSubmittedHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		status := "not_started"
		client := answeredBy(t, transport(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Path)
			body := `{"code":200,"data":{"task_id":"a","status":"` + status + `"}}`
			status = "finished"
			return answering(200, nil, body)(r)
		}))
		_, err := client.Run(t.Context(), vidgo.Untyped("hum-a-tune", nil), vidgo.AsMusic())
		require.NoError(t, err)
		require.Equal(t, []string{"/api/generate/submit", "/api/generate/detail/music"}, asked)
	})
}

// A poll that was sent before a callback came, and answered after it, tells an
// older state.
func TestAnOvertakenAnswerIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		client := newCallbackClient(t, &srv)
		id := submit(t, client).ID
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Accept: true, Delay: 10 * time.Second}) // answers with the state that the task had when the poll arrived
		time.AfterFunc(5*time.Second, func() {
			_, err := srv.SendCallback(t.Context(), id, func(task map[string]any) { task["status"] = "running"; task["progress"] = 55.5 })
			require.NoError(t, err)
		})
		time.AfterFunc(20*time.Second, func() { require.NoError(t, srv.Finish(id)) })
		var progress []float64
		for task, err := range client.Updates(t.Context(), id) {
			require.NoError(t, err)
			progress = append(progress, task.Progress)
		}
		require.Equal(t, []float64{55.5, 100}, progress)
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 1)
	})
}

// A task that was submitted elsewhere is polled at the music endpoint, too. Its
// 404s do not count.
func TestNotFoundNeedsBothEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hidden: 25 * time.Second}}
		submitter := newClient(t, &srv)
		var wg sync.WaitGroup
		for range 50 { // since the pauses have jitter
			id := submit(t, submitter).ID
			wg.Go(func() {
				task, err := newClient(t, &srv).Wait(t.Context(), id, vidgo.PollEvery(hourly))
				require.NoError(t, err)
				require.Equal(t, vidgo.Finished, task.Status)
			})
		}
		wg.Wait()
	})
}

// What the music endpoint answers about a task of another kind is not documented.
func TestTheMusicEndpointMayRefuseOtherTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hidden: 10 * time.Second}}
		id := submit(t, newClient(t, &srv)).ID
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointMusic, Status: 400, Times: -1})
		task, err := newClient(t, &srv).Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, vidgo.Finished, task.Status)

		_, err = newClient(t, &srv).Wait(t.Context(), "some-task")
		require.ErrorIs(t, err, vidgo.ErrNotFound)
		require.ErrorContains(t, err, "/api/generate/status/some-task", "the error is the status endpoint's, since the music endpoint was a guess")
		require.NotErrorIs(t, err, vidgo.ErrInvalidInput)
		_, err = newClient(t, &srv).Wait(t.Context(), "some-task", vidgo.AsMusic())
		require.ErrorIs(t, err, vidgo.ErrInvalidInput, "with AsMusic it was not a guess")
	})
}

// An outage of the endpoint that was only a guess keeps nobody from the other.
func TestAnOutageOfTheMusicEndpointHoldsNoVideoUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30 * time.Second, Hidden: time.Second}}
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointMusic, Status: 502, Times: -1})
		id := submit(t, newClient(t, &srv)).ID
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		_, err := newClient(t, &srv).Wait(ctx, id)
		require.NoError(t, err)
		require.Less(t, time.Since(began), time.Minute)
	})
}

// Behind a backlog, two polls of a task may be half a minute apart. If both met a
// gateway that was out of order, that says nothing about the task.
func TestNotFoundBehindABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Hour}}
		client := newClient(t, &srv, vidgo.WithPollRate(1.0/40, 1))
		id := submit(t, client).ID
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 404, Body: vidgotest.HTML(404), Times: 3})
		_, err := client.Wait(t.Context(), id)
		require.NoError(t, err)
	})
}

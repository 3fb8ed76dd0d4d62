package vidgo_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestFailedPollsAreRepeatedSoonThenRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newCallbackClient(t, &srv) // whose schedule pauses for 20 s and more
		srv.Default = vidgotest.Script{Callback: vidgotest.Callback{Drop: true}}
		task := submit(t, client)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 500, Times: 8})
		_, err := client.Wait(t.Context(), task.ID)
		require.NoError(t, err)
		polls := srv.Requests(vidgotest.EndpointStatus)
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128} {
			pause := polls[i+1].Time.Sub(polls[i].Time)
			require.LessOrEqual(t, pause, want*time.Second*12/10, "pause %d", i)
			require.GreaterOrEqual(t, pause, min(want*time.Second*8/10, 90*time.Second), "pause %d", i)
		}
	})
}

func TestPollEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: time.Minute}
		client := newClient(t, &srv)
		var asked []string
		schedule := func(n int, last *vidgo.Task) time.Duration {
			status := "nothing"
			if last != nil {
				status = string(last.Status)
			}
			asked = append(asked, fmt.Sprintf("%d %s", n, status))
			return 25 * time.Second
		}
		began := time.Now()
		_, err := client.Wait(t.Context(), submit(t, client).ID, vidgo.PollEvery(schedule))
		require.NoError(t, err)
		require.Equal(t, 75*time.Second, time.Since(began), "the schedule also says when the first poll is made")
		require.Equal(t, []string{"0 nothing", "1 nothing", "0 nothing", "1 running", "2 running"}, asked, "the first two calls only check the schedule")
	})
}

func TestPollEveryRefusesWhatWouldSpin(t *testing.T) {
	var srv vidgotest.Server
	client := newClient(t, &srv)
	for want, schedule := range map[string]vidgo.Schedule{
		"vidgo: PollEvery's schedule is nil":                                             nil,
		"vidgo: PollEvery's schedule pauses 0s before the second poll; want more than 0": vidgo.Backoff(0, 0),
		"vidgo: PollEvery's schedule pauses -1s before the first poll; want 0 or more":   every(-time.Second),
	} {
		_, err := client.Wait(t.Context(), "a", vidgo.PollEvery(schedule))
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	}
	require.Empty(t, srv.Requests())
}

func TestAScheduleMayNeverPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 28 * 24 * time.Hour}}
		client := newCallbackClient(t, &srv, vidgo.WithCallbackMaxAge(29*24*time.Hour),
			vidgo.WithFallbackPolling(every(math.MaxInt64)))
		_, err := client.Wait(t.Context(), submit(t, client).ID)
		require.NoError(t, err)
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus))
	})
}

func TestATaskIsPolledByTheFastestScheduleOfItsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: 70 * time.Second}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		var wg sync.WaitGroup
		for _, d := range []time.Duration{time.Hour, 30 * time.Second} {
			wg.Go(func() {
				began := time.Now()
				_, err := client.Wait(t.Context(), id, vidgo.PollEvery(every(d)))
				require.NoError(t, err)
				require.LessOrEqual(t, time.Since(began), 91*time.Second)
			})
			synctest.Wait()
		}
		wg.Wait()
	})
}

func TestPauseAfter429IsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: 5 * time.Second}
		client := newClient(t, &srv, vidgo.WithMaxConcurrentPolls(1))
		var ids []string
		for range 5 {
			ids = append(ids, submit(t, client).ID)
		}
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 429, RetryAfter: "30"})
		began := time.Now()
		for _, err := range client.Completions(t.Context(), ids) {
			require.NoError(t, err)
		}
		polls := srv.Requests(vidgotest.EndpointStatus)
		require.Equal(t, 30*time.Second, polls[1].Time.Sub(began), "no other task is polled during the pause")
		require.Len(t, polls, 6)
	})
}

func TestPollsThatAreRefusedTogetherCauseOnePause(t *testing.T) {
	for name, delay := range map[string]time.Duration{"refused after 100 ms": 100 * time.Millisecond, "refused at once": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Millisecond}}
				client := newClient(t, &srv)
				var ids []string
				for range 8 {
					ids = append(ids, submit(t, client).ID)
				}
				srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 429, Delay: delay, Times: 8})
				began := time.Now()
				for _, err := range client.Completions(t.Context(), ids) {
					require.NoError(t, err)
				}
				require.Less(t, time.Since(began), 4*time.Second, "the first pause is 1 s")
			})
		})
	}
}

// A schedule that was checked may return something else later.
func TestAnEndlessPauseDoesNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Hold: true}
		calls := 0
		never := func(int, *vidgo.Task) time.Duration {
			if calls++; calls > 2 {
				return math.MaxInt64
			}
			return time.Second
		}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		time.Sleep(time.Second) // the client's clock is not at 0, so a sum may overflow
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(24*time.Hour, cancel)
		_, err := client.Wait(ctx, id, vidgo.PollEvery(never))
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, srv.Requests(vidgotest.EndpointStatus))
	})
}

func TestAWaitMayJoinWhileAScheduleIsCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30 * time.Second}}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		slow := func(n int, last *vidgo.Task) time.Duration {
			if last != nil {
				time.Sleep(100 * time.Millisecond) // asks a database, say
			}
			return time.Duration(n) * time.Hour
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go client.Wait(ctx, id, vidgo.PollEvery(slow))
		time.Sleep(50 * time.Millisecond)
		began := time.Now()
		_, err := client.Wait(t.Context(), id, vidgo.PollEvery(vidgo.Backoff(time.Second, 5*time.Second)))
		require.NoError(t, err)
		cancel()
		require.Less(t, time.Since(began), time.Minute)
	})
}

func TestBackoff(t *testing.T) {
	s := vidgo.Backoff(2*time.Second, 15*time.Second)
	require.Zero(t, s(0, nil))
	for n, want := range map[int]float64{1: 2, 2: 3, 3: 4.5, 4: 6.75, 5: 10.125, 6: 15, 7: 15, math.MaxInt: 15} {
		for range 20 {
			require.InDelta(t, want, s(n, nil).Seconds(), want*0.2+1e-6)
		}
	}
}

func TestBackoffKeepsItsBounds(t *testing.T) {
	for n := range 100 {
		require.GreaterOrEqual(t, vidgo.Backoff(time.Second, math.MaxInt64)(n, nil), time.Duration(0), "n %d", n)
		require.GreaterOrEqual(t, vidgo.Backoff(math.MaxInt64, math.MaxInt64)(n, nil), time.Duration(0), "n %d", n)
	}
}

func TestManyWaitsForOneTaskShareItsPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: time.Minute}
		client := newClient(t, &srv)
		id := submit(t, client).ID
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Delay: 500 * time.Millisecond, Times: -1})
		one, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[*vidgo.Task]bool{}
		began := time.Now()
		for i := range 100 {
			ctx := t.Context()
			if i == 7 {
				ctx = one
			}
			wg.Go(func() {
				task, err := client.Wait(ctx, id)
				mu.Lock()
				defer mu.Unlock()
				if i == 7 {
					require.ErrorIs(t, err, context.Canceled)
					require.Equal(t, 5*time.Second, time.Since(began), "the wait that is cancelled returns at once")
					return
				}
				require.NoError(t, err)
				require.Equal(t, vidgo.Finished, task.Status)
				seen[task] = true
				task.Files[0].URL = "changed" // each wait has a copy
			})
		}
		time.Sleep(5 * time.Second)
		cancel()
		wg.Wait()
		require.Len(t, seen, 99)
		polls := srv.Requests(vidgotest.EndpointStatus)
		require.Less(t, len(polls), 12, "no more polls than for one wait")
		for _, poll := range polls {
			require.Equal(t, 1, poll.InFlight, "one poll at a time")
		}
		requireIdle(t, client)
	})
}

func TestASchedulesLastStateIsLabelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 10 * time.Second}}
		client := newClient(t, &srv)
		id := submit(t, client, vidgo.Reference("order-7")).ID
		time.AfterFunc(3*time.Second, func() { srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 502}) })
		var labels []string
		_, err := client.Wait(t.Context(), id, vidgo.PollEvery(func(_ int, last *vidgo.Task) time.Duration {
			if last != nil {
				labels = append(labels, last.Model+" "+last.Reference)
			}
			return 2 * time.Second
		}))
		require.NoError(t, err)
		require.Equal(t, slices.Repeat([]string{"sora-2 order-7"}, 5), labels, "also after a failed poll")
	})
}

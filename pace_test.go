package vidgo_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// teach runs n tasks of boat's model by the script, one after the other, and polls
// them so often that the client learns their durations to a second.
func teach(t *testing.T, srv *vidgotest.Server, client *vidgo.Client, n int, sc vidgotest.Script) {
	t.Helper()
	for range n {
		srv.Next(sc)
		_, err := client.Run(t.Context(), boat, vidgo.PollEvery(loop(time.Second)))
		require.Equal(t, sc.Error == "", err == nil, "%v", err)
	}
}

// pauses runs one more task and returns the pauses before each of its polls.
func pauses(t *testing.T, srv *vidgotest.Server, client *vidgo.Client, sc vidgotest.Script, opts ...vidgo.RunOption) (all []time.Duration) {
	t.Helper()
	srv.Next(sc)
	last := time.Now()
	task, err := client.Run(t.Context(), boat, opts...)
	if sc.Error == "" {
		require.NoError(t, err)
	}
	for _, poll := range srv.Requests(vidgotest.EndpointStatus) {
		if poll.TaskID == task.ID {
			all = append(all, poll.Time.Sub(last))
			last = poll.Time
		}
	}
	return all
}

// requirePauses checks the first of the pauses, which may have 20 % jitter.
func requirePauses(t *testing.T, want, got []time.Duration) {
	t.Helper()
	require.GreaterOrEqual(t, len(got), len(want), "%v", got)
	for i := range want {
		require.InDelta(t, want[i], got[i], 0.2*float64(want[i])+1, "pause %d of %v", i, got)
	}
}

var (
	unlearned = []time.Duration{0, 2 * time.Second, 3 * time.Second, 4500 * time.Millisecond, 6750 * time.Millisecond}
	minute    = vidgotest.Script{Duration: time.Minute}
)

func TestLearnedPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithAdaptivePolling())
		teach(t, &srv, client, 4, minute)
		requirePauses(t, unlearned, pauses(t, &srv, client, minute))
		seen, _, usual, _ := client.Pace("sora-2")
		require.Equal(t, 5, seen)
		require.InDelta(t, time.Minute, usual, float64(time.Second))

		got := pauses(t, &srv, client, minute)
		requirePauses(t, []time.Duration{0, 5 * time.Second, 30 * time.Second}, got)
		require.LessOrEqual(t, len(got), 8, "the polls come at once, early, and then when the end is likely: %v", got)
		require.NotEqual(t, got[1], pauses(t, &srv, client, minute)[1], "jitter keeps tasks that were submitted together from being polled together")
	})
}

func TestAScheduleOfTheUsersStands(t *testing.T) {
	tests := map[string]struct {
		client []vidgo.Option
		call   []vidgo.RunOption
	}{
		"without WithAdaptivePolling": {},
		"with PollEvery":              {client: []vidgo.Option{vidgo.WithAdaptivePolling()}, call: []vidgo.RunOption{vidgo.PollEvery(vidgo.Backoff(2*time.Second, 15*time.Second))}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv, test.client...)
				teach(t, &srv, client, 10, minute)
				requirePauses(t, unlearned, pauses(t, &srv, client, minute, test.call...))
			})
		})
	}
}

// While callbacks come, polls are only the safety net. If they stop coming, polls
// use what was learned from them.
func TestCallbacksTeach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = minute
		client := newCallbackClient(t, &srv, vidgo.WithAdaptivePolling())
		for range 5 {
			_, err := client.Run(t.Context(), boat)
			require.NoError(t, err)
		}
		seen, fast, _, _ := client.Pace("sora-2")
		require.Equal(t, 5, seen)
		require.InDelta(t, time.Minute, fast, 1, "a callback tells the duration exactly")
		requirePauses(t, []time.Duration{0, 20 * time.Second, 30 * time.Second}, pauses(t, &srv, client, minute))

		lost := vidgotest.Script{Duration: time.Minute, Callback: vidgotest.Callback{Drop: true}}
		for range 3 {
			pauses(t, &srv, client, lost)
		}
		requirePauses(t, []time.Duration{0, 5 * time.Second, 30 * time.Second}, pauses(t, &srv, client, lost))
	})
}

func TestAChangeOfPaceIsLearned(t *testing.T) {
	const quick, slow = 20 * time.Second, 200 * time.Second
	tests := map[string]struct {
		was, is time.Duration
		tasks   int // until the polls fit the new pace
	}{
		"a model that gets faster": {slow, quick, 4},
		"a model that gets slower": {quick, slow, 63},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv, vidgo.WithAdaptivePolling())
				teach(t, &srv, client, 64, vidgotest.Script{Duration: test.was})
				is := vidgotest.Script{Duration: test.is}
				for range test.tasks {
					began := time.Now()
					pauses(t, &srv, client, is)
					require.Less(t, time.Since(began), test.is+36*time.Second)
				}
				const measured = 50 // tasks, so that the jitter hardly shows in the mean
				began, polls := time.Now(), 0
				for range measured {
					polls += len(pauses(t, &srv, client, is))
				}
				require.LessOrEqual(t, time.Since(began)/measured, test.is+10*time.Second)
				require.LessOrEqual(t, polls/measured, 14)
			})
		})
	}
}

func TestATaskThatTakesMuchLongerIsPolledOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithAdaptivePolling())
		teach(t, &srv, client, 10, minute)
		got := pauses(t, &srv, client, vidgotest.Script{Duration: 30 * time.Minute})
		for _, pause := range got[5:] {
			require.LessOrEqual(t, pause, 18*time.Second, "15 s and 20 %%")
		}
		require.Less(t, len(got), 190, "a loop of 5 s needs 360")
	})
}

func TestAnEarlyFailureIsNoticedSoon(t *testing.T) {
	tests := map[string]struct{ after, noticed time.Duration }{
		"after 3 s, as most":        {3 * time.Second, 6 * time.Second},
		"long before an end is due": {time.Minute, time.Minute + 36*time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv, vidgo.WithAdaptivePolling())
				teach(t, &srv, client, 10, vidgotest.Script{Duration: 5 * time.Minute})
				began := time.Now()
				pauses(t, &srv, client, vidgotest.Script{Duration: test.after, Error: "no"})
				require.LessOrEqual(t, time.Since(began), test.noticed)
			})
		})
	}
}

// Each pause is half of the time that seems to be left, which needs few polls and
// notices the end soon.
func TestProgressThatMovesIsFollowed(t *testing.T) {
	tests := map[string]struct {
		progress []float64
		polls    int
	}{
		"moving evenly":   {percents(), 24},
		"stuck near 0":    {[]float64{0.5, 1}, 60},
		"stuck near 100":  {[]float64{10, 99}, 60},
		"far behind":      {[]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 60},
		"going back":      {[]float64{90, 50, 10}, 60},
		"beyond 100":      {[]float64{0, 100, 120}, 60},
		"far below zero":  {[]float64{-1e300, -1, 1e-300}, 60},
		"never moving":    {nil, 60},
		"ahead of itself": {[]float64{60, 80, 90, 95, 97, 98, 99, 99.5}, 60},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				client := newClient(t, &srv, vidgo.WithAdaptivePolling())
				teach(t, &srv, client, 10, minute)
				const took = 4 * time.Minute // so that the learned pace alone is wrong
				began := time.Now()
				got := pauses(t, &srv, client, vidgotest.Script{Duration: took, Progress: test.progress})
				require.LessOrEqual(t, time.Since(began), took+18*time.Second)
				require.LessOrEqual(t, len(got), test.polls, "%v", got)
				for _, pause := range got[5:] { // those after the learned minute
					require.LessOrEqual(t, pause, 18*time.Second, "%v", got)
				}
			})
		})
	}
}

// What does not tell how long a model takes must not count.
func TestWhatTeachesNothing(t *testing.T) {
	tests := map[string]func(t *testing.T, srv *vidgotest.Server, client *vidgo.Client){
		"a failed task": func(t *testing.T, srv *vidgotest.Server, client *vidgo.Client) {
			teach(t, srv, client, 1, vidgotest.Script{Duration: 10 * time.Second, Error: "no"})
		},
		"a wait that began long after the end": func(t *testing.T, srv *vidgotest.Server, client *vidgo.Client) {
			task := submit(t, client)
			time.Sleep(time.Hour)
			_, err := client.Wait(t.Context(), task.ID)
			require.NoError(t, err)
		},
		"a call of Task long after the end": func(t *testing.T, srv *vidgotest.Server, client *vidgo.Client) {
			task := submit(t, client)
			time.Sleep(time.Hour)
			_, err := client.Task(t.Context(), task.ID)
			require.NoError(t, err)
		},
		"a task of another process": func(t *testing.T, srv *vidgotest.Server, client *vidgo.Client) {
			task := submit(t, newClient(t, srv, vidgo.WithAdaptivePolling()))
			_, err := client.Wait(t.Context(), task.ID)
			require.NoError(t, err)
		},
		"a submission whose answer was final": func(t *testing.T, srv *vidgotest.Server, client *vidgo.Client) {
			srv.Next(vidgotest.Script{SubmitStatus: "finished"})
			_, err := client.Run(t.Context(), boat)
			require.NoError(t, err)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				srv.Default = minute
				client := newClient(t, &srv, vidgo.WithAdaptivePolling())
				test(t, &srv, client)
				_, _, _, models := client.Pace("")
				require.Zero(t, models)
			})
		})
	}
}

func TestAQuickModelKeepsItsSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithAdaptivePolling())
		quick := vidgotest.Script{Duration: 10 * time.Second}
		teach(t, &srv, client, 10, quick)
		requirePauses(t, unlearned[:4], pauses(t, &srv, client, quick))
	})
}

func TestAFailedPollOfALearnedModelIsRepeatedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithAdaptivePolling())
		teach(t, &srv, client, 10, minute)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 502, Times: 2})
		requirePauses(t, []time.Duration{0, time.Second, 2 * time.Second}, pauses(t, &srv, client, minute))
	})
}

func TestWhatIsLearnedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithAdaptivePolling())
		for i := range 300 {
			for range 2 {
				srv.Next(vidgotest.Script{Duration: 3 * time.Second})
				_, err := client.Run(t.Context(), vidgo.Untyped(fmt.Sprint("model-", i), nil), vidgo.PollEvery(loop(time.Second)))
				require.NoError(t, err)
			}
		}
		seen, _, _, models := client.Pace("model-299")
		require.Equal(t, []int{2, 256}, []int{seen, models})
		seen, _, _, _ = client.Pace("model-44")
		require.Equal(t, 2, seen)
		seen, _, _, _ = client.Pace("model-43")
		require.Zero(t, seen, "the model that was seen the longest time ago is forgotten")
	})
}

func TestAPauseByThePaceNeedsNoAllocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithAdaptivePolling())
		teach(t, &srv, client, 10, minute)
		require.Zero(t, client.PauseAllocs(submit(t, client).ID))
	})
}

// For the race detector: tasks of few models end while others are polled.
func TestManyTasksTeachConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newCallbackClient(t, &srv, append(unlimited, vidgo.WithAdaptivePolling())...)
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				srv.Next(vidgotest.Script{Duration: time.Duration(20+i) * time.Second, Progress: percents(),
					Callback: vidgotest.Callback{Drop: i%2 == 0}})
				task, err := client.Submit(t.Context(), vidgo.Untyped(fmt.Sprint("model-", i%3), nil))
				if err == nil {
					_, err = client.Wait(t.Context(), task.ID)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		total := 0
		for i := range 3 {
			seen, _, _, _ := client.Pace(fmt.Sprint("model-", i))
			total += seen
		}
		require.GreaterOrEqual(t, total, 100, "all tasks that were called back count, and those whose end was polled in time")
		requireIdle(t, client)
	})
}

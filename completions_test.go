package vidgo_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestCompletions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Next(vidgotest.Script{Duration: time.Hour}, vidgotest.Script{Duration: time.Minute},
			vidgotest.Script{Duration: 20 * time.Minute, Error: "no"}, vidgotest.Script{Hold: true})
		client := newClient(t, &srv)
		var ids []string
		for range 4 {
			ids = append(ids, submit(t, client).ID)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		var order []string
		var errs []error
		for task, err := range client.Completions(ctx, []string{ids[0], ids[1], "", ids[2], ids[3], ids[1]}) {
			order, errs = append(order, task.ID), append(errs, err)
		}
		require.Equal(t, []string{"", ids[1], ids[2], ids[0], ids[3]}, order, "each is yielded once, in the order of their ends")
		require.ErrorIs(t, errs[0], vidgo.ErrInvalidInput)
		require.NoError(t, errs[1])
		_, failed := errors.AsType[*vidgo.TaskError](errs[2])
		require.True(t, failed)
		require.NoError(t, errs[3])
		require.ErrorIs(t, errs[4], context.DeadlineExceeded)
		requireIdle(t, client)

		for range client.Completions(t.Context(), nil) {
			t.Error("an empty list yields nothing")
		}
		for task, err := range client.Completions(ctx, ids) {
			require.ErrorIs(t, err, context.DeadlineExceeded, "%s: the context had ended before the call", task.ID)
		}
	})
}

func TestCompletionsOfTenThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, rate, burst, flights = 10000, 50, 10, 4
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithPollRate(rate, burst), vidgo.WithMaxConcurrentPolls(flights))
		random := rand.New(rand.NewPCG(1, 2))
		ids := make([]string, n)
		for i := range ids {
			srv.Next(vidgotest.Script{Duration: time.Duration(random.IntN(600)) * time.Second})
			ids[i] = submit(t, client).ID
		}
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Delay: 60 * time.Millisecond, Times: -1})
		most := 0
		found := map[string]bool{}
		for task, err := range client.Completions(t.Context(), ids) {
			require.NoError(t, err)
			require.False(t, found[task.ID])
			found[task.ID] = true
			most = max(most, runtime.NumGoroutine())
		}
		require.Len(t, found, n)
		require.Less(t, most, 100, "a waiting task needs no goroutine")

		polls := srv.Requests(vidgotest.EndpointStatus)
		first := map[string]int{}
		for i, poll := range polls {
			require.LessOrEqual(t, poll.InFlight, flights)
			if i >= rate+burst {
				require.GreaterOrEqual(t, poll.Time.Sub(polls[i-rate-burst].Time), time.Second-time.Millisecond,
					"the rate is never exceeded")
			}
			if _, ok := first[poll.TaskID]; !ok {
				first[poll.TaskID] = i
			}
		}
		for id, i := range first {
			require.Less(t, i, n+n/10, "task %s had its first poll after %d others", id, i)
		}
		requireIdle(t, client)
	})
}

// The body of the loop may be busy when the context ends.
func TestNothingIsPolledAfterTheContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Next(vidgotest.Script{Duration: time.Second})
		srv.Default = vidgotest.Script{Hold: true}
		client := newClient(t, &srv)
		ids := []string{submit(t, client).ID, submit(t, client).ID, submit(t, client).ID}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ended := time.Now().Add(time.Minute)
		for _, err := range client.Completions(ctx, ids) {
			if err == nil {
				time.Sleep(time.Hour)
			}
		}
		after := 0
		for _, r := range srv.Requests(vidgotest.EndpointStatus) {
			if r.Time.After(ended) {
				after++
			}
		}
		require.Zero(t, after, "status requests after the context had ended")
	})
}

func TestCompletionsInALoopWithASlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{}
		client := newCallbackClient(t, &srv)
		var ids []string
		for i := range 3000 {
			srv.Next(vidgotest.Script{Duration: time.Duration(i) * time.Second, Hold: i%2 == 1})
			ids = append(ids, submit(t, client).ID)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 45*time.Minute)
		defer cancel()
		seen := map[string]int{}
		ends, cut := 0, 0
		for task, err := range client.Completions(ctx, ids) {
			seen[task.ID]++
			if err != nil {
				cut++
			} else {
				ends++
			}
			if ends == 10 || cut == 1 {
				time.Sleep(time.Hour)
			}
		}
		require.Len(t, seen, 3000)
		for id, n := range seen {
			require.Equal(t, 1, n, id)
		}
		requireIdle(t, client)
	})
}

package vidgo_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestMissingCallbacksAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Minute, Callback: vidgotest.Callback{Drop: true}}}
		client := newCallbackClient(t, &srv, vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
		polls := func() int {
			before := len(srv.Requests(vidgotest.EndpointStatus))
			_, err := client.Run(t.Context(), boat)
			require.NoError(t, err)
			return len(srv.Requests(vidgotest.EndpointStatus)) - before
		}
		for range 3 {
			require.Less(t, polls(), 6)
		}
		for range 3 {
			require.GreaterOrEqual(t, polls(), 7, "polled as if no callbacks were expected")
		}
		require.Equal(t, 1, strings.Count(logged.String(), "callbacks are expected but do not come"), "the warning is logged once")

		srv.Script("sora-2", vidgotest.Script{Duration: time.Minute})
		_, err := client.Run(t.Context(), boat)
		require.NoError(t, err)
		srv.Script("sora-2", vidgotest.Script{Duration: time.Minute, Callback: vidgotest.Callback{Drop: true}})
		require.Less(t, polls(), 6, "one callback is enough to expect them again")
	})
}

func TestHintsThatAreConfirmedTogetherCountAsCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30 * time.Second}}
		client := newHintClient(t, &srv, nil, vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
		var ids []string
		for range 6 {
			ids = append(ids, submit(t, client).ID)
		}
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Delay: 50 * time.Millisecond, Times: -1})
		for _, err := range client.Completions(t.Context(), ids) {
			require.NoError(t, err)
		}
		synctest.Wait()
		require.NotContains(t, logged.String(), "callbacks are expected but do not come", "every callback came")
	})
}

func TestCallbacksToAnotherProcessCountThroughTheRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		srv := vidgotest.Server{}
		relay := &memoryRelay{}
		opts := []vidgo.Option{vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret), vidgo.WithRelay(relay),
			vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, nil)))}
		waiting, receiving := newClient(t, &srv, opts...), newClient(t, &srv, opts...)
		srv.Route("app.example.com", receiving.CallbackHandler(nil))
		for i := range 21 {
			srv.Next(vidgotest.Script{Duration: 30 * time.Second, Callback: vidgotest.Callback{Drop: i%10 == 0}})
			_, err := waiting.Run(t.Context(), boat)
			require.NoError(t, err)
		}
		require.NotContains(t, logged.String(), "callbacks are expected but do not come", "nine callbacks came between any two that were lost")
	})
}

// Waits that had begun before the client gave up on callbacks are polled more
// often, too.
func TestRunningWaitsArePolledMoreOftenWithoutCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drop := vidgotest.Callback{Drop: true}
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true, Callback: drop}}
		client := newCallbackClient(t, &srv, vidgo.WithFallbackPolling(hourly))
		long := submit(t, client).ID
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = client.Wait(t.Context(), long) })
		synctest.Wait()
		srv.Default = vidgotest.Script{Duration: 7 * time.Second, Callback: drop}
		for range 3 {
			_, err := client.Wait(t.Context(), submit(t, client).ID, vidgo.PollEvery(every(5*time.Second)))
			require.NoError(t, err)
		}
		began := time.Now()
		require.NoError(t, srv.Finish(long))
		wg.Wait()
		require.Less(t, time.Since(began), 18*time.Second, "polled as if no callbacks were expected")
	})
}

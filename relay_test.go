package vidgo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// memoryRelay connects clients of one process, as a broker connects processes.
type memoryRelay struct {
	mu        sync.Mutex
	listeners map[int]func(string)
	next      int
	listening atomic.Int32
	published []string
}

func (r *memoryRelay) Publish(_ context.Context, id string) error {
	r.mu.Lock()
	r.published = append(r.published, id)
	var all []func(string)
	for _, heard := range r.listeners {
		all = append(all, heard)
	}
	r.mu.Unlock()
	for _, heard := range all {
		heard(id)
	}
	return nil
}

func (r *memoryRelay) Listen(ctx context.Context, ready func(), heard func(string)) error {
	r.mu.Lock()
	if r.listeners == nil {
		r.listeners = map[int]func(string){}
	}
	n := r.next
	r.next++
	r.listeners[n] = heard
	r.mu.Unlock()
	r.listening.Add(1)
	defer r.listening.Add(-1)
	ready()
	<-ctx.Done()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.listeners, n)
	return ctx.Err()
}

// The callback reaches one process, the wait is in another.
func TestRelayWakesTheOtherProcess(t *testing.T) {
	for name, signed := range map[string]bool{"with a secret": true, "without a secret": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30 * time.Second}}
				relay := &memoryRelay{}
				opts := []vidgo.Option{vidgo.WithCallbackURL(callbackURL), vidgo.WithRelay(relay), vidgo.WithFallbackPolling(hourly)}
				if signed {
					opts = append(opts, vidgo.WithCallbackSecret(secret))
				}
				waiting, receiving := newClient(t, &srv, opts...), newClient(t, &srv, opts...)
				srv.Route("app.example.com", receiving.CallbackHandler(nil))
				began := time.Now()
				task, err := waiting.Run(t.Context(), boat)
				require.NoError(t, err)
				require.Equal(t, vidgo.Finished, task.Status)
				require.Equal(t, 30*time.Second, time.Since(began))
				requireAnswers(t, &srv, http.StatusOK)
				require.Equal(t, []string{task.ID}, relay.published)
				requireIdle(t, waiting)
				requireIdle(t, receiving)
				require.Zero(t, relay.listening.Load(), "nobody listens when nobody waits")
			})
		})
	}
}

// A relay may lose every message: polling finds the result.
func TestRelayThatIsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Minute}}
		relay := &brokenRelay{}
		opts := []vidgo.Option{vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret), vidgo.WithRelay(relay),
			vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, nil)))}
		waiting, receiving := newClient(t, &srv, opts...), newClient(t, &srv, opts...)
		srv.Route("app.example.com", receiving.CallbackHandler(nil))
		_, err := waiting.Run(t.Context(), boat)
		require.NoError(t, err)
		requireAnswers(t, &srv, http.StatusOK)
		requireIdle(t, waiting)
		require.Contains(t, logged.String(), "the relay did not publish")
		require.Contains(t, logged.String(), "the relay stopped listening")
		require.InDelta(t, 14, relay.listens.Load(), 6, "it is tried again after 1, 2, 4, 8, 16, 30, 30 s and so on")
	})
}

type brokenRelay struct{ listens atomic.Int32 }

func (*brokenRelay) Publish(context.Context, string) error { return errors.New("the broker is gone") }

func (r *brokenRelay) Listen(context.Context, func(), func(string)) error {
	r.listens.Add(1)
	return errors.New("the broker is gone")
}

// A relay that hangs must not use up the time that Vidgo gives to a delivery.
func TestRelayThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 30 * time.Second}}
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret), vidgo.WithRelay(hangingRelay{}))
		handled := false
		srv.Route("app.example.com", client.CallbackHandler(func(ctx context.Context, _ *vidgo.Task) error {
			handled = ctx.Err() == nil
			return nil
		}))
		began := time.Now()
		_, err := client.Run(t.Context(), boat)
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, time.Since(began))
		time.Sleep(10 * time.Second)
		requireAnswers(t, &srv, http.StatusOK)
		require.True(t, handled)
	})
}

type hangingRelay struct{}

func (hangingRelay) Publish(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }

func (hangingRelay) Listen(ctx context.Context, _ func(), _ func(string)) error {
	<-ctx.Done()
	return ctx.Err()
}

// A wake-up may have been missed before the relay listened, so what was polled
// before is polled once more.
func TestRelayThatIsSlowToListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 3 * time.Second}}
		relay := slowRelay{}
		client := newClient(t, &srv, vidgo.WithRelay(relay), vidgo.WithPolling(hourly))
		began := time.Now()
		_, err := client.Run(t.Context(), boat)
		require.NoError(t, err)
		require.Equal(t, 5*time.Second, time.Since(began))
		require.Len(t, srv.Requests(vidgotest.EndpointStatus), 2)
		requireIdle(t, client)
	})
}

type slowRelay struct{}

func (slowRelay) Publish(context.Context, string) error { return nil }

func (slowRelay) Listen(ctx context.Context, ready func(), _ func(string)) error {
	time.AfterFunc(5*time.Second, ready)
	<-ctx.Done()
	return ctx.Err()
}

// Whoever can publish can make the client poll, but only within its limits.
func TestForgedWakeUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		relay := &memoryRelay{}
		client := newClient(t, &srv, vidgo.WithRelay(relay), vidgo.WithPolling(hourly))
		id := submit(t, client).ID
		huge := strings.Repeat("x", 1<<20)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = relay.Publish(ctx, id)
				_ = relay.Publish(ctx, "the task of another client")
				_ = relay.Publish(ctx, huge)
				time.Sleep(10 * time.Millisecond)
			}
		})
		_, err := client.Wait(ctx, id)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, len(srv.Requests(vidgotest.EndpointStatus)), 13, "no more than one poll a second for each task")
		requireIdle(t, client)
	})
}

type flappingRelay struct{ listens atomic.Int32 }

func (*flappingRelay) Publish(context.Context, string) error { return nil }

func (r *flappingRelay) Listen(_ context.Context, ready func(), _ func(string)) error {
	r.listens.Add(1)
	ready()
	return errors.New("the broker hung up")
}

// The broker accepts each subscription and then hangs up.
func TestRelayThatHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		relay := &flappingRelay{}
		client := newClient(t, &srv, vidgo.WithRelay(relay), vidgo.WithPolling(hourly))
		id := submit(t, client).ID
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_, err := client.Wait(ctx, id)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, relay.listens.Load(), int32(40), "the pause grows to 30 s")
		require.LessOrEqual(t, len(srv.Requests(vidgotest.EndpointStatus)), 40)
	})
}

type asyncRelay struct{}

func (asyncRelay) Publish(context.Context, string) error { return nil }

func (asyncRelay) Listen(_ context.Context, ready func(), _ func(string)) error {
	go ready() // as a broker's client calls back from a goroutine of its own
	return errors.New("the broker hung up")
}

func TestRelayThatIsReadyOnAnotherGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: 20 * time.Second}}
		client := newClient(t, &srv, vidgo.WithRelay(asyncRelay{}), vidgo.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
		_, err := client.Run(t.Context(), boat)
		require.NoError(t, err)
	})
}

type panickingRelay struct{ hangingRelay }

func (panickingRelay) Publish(context.Context, string) error { panic("a bug of the relay's") }

func TestRelayThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
		client := newClient(t, &srv, vidgo.WithCallbackURL(callbackURL), vidgo.WithCallbackSecret(secret), vidgo.WithRelay(panickingRelay{}),
			vidgo.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
		handled := 0
		srv.Route("app.example.com", client.CallbackHandler(func(context.Context, *vidgo.Task) error { handled++; return nil }))
		submit(t, client)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Contains(t, logged.String(), "the relay panicked")
		require.Equal(t, 1, handled)
	})
}

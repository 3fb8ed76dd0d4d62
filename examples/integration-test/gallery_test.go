package gallery_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	gallery "github.com/vidgo-go/vidgo/examples/integration-test"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// Every test runs in a bubble of testing/synctest, where the fake's tasks seem to
// take as long as real ones, although no real time passes.

// open returns a gallery whose client reaches the fake in memory. No request can
// leave the process, whatever its URL.
func open(t *testing.T, fake *vidgotest.Server, opts ...vidgo.Option) *gallery.Gallery {
	t.Helper()
	client, err := vidgo.NewClient("test-key", append(opts, vidgo.WithHTTPClient(fake.Client()))...)
	require.NoError(t, err)
	return gallery.New(client, "nano-banana")
}

func TestImageIsMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vidgotest.Server{Default: vidgotest.Script{Duration: 40 * time.Second}}
		g := open(t, &fake)
		var wg sync.WaitGroup
		images := make([]string, 10)
		for i := range images {
			wg.Go(func() {
				var err error
				images[i], err = g.Image(t.Context(), "a teapot")
				require.NoError(t, err)
			})
		}
		wg.Wait()
		for _, image := range images {
			require.Equal(t, images[0], image)
		}
		// The fake logs what was sent as it was on the wire.
		require.Len(t, fake.Tasks(), 1)
		require.JSONEq(t, `{"prompt": "a studio photograph of a teapot"}`, string(fake.Tasks()[0].Input))
	})
}

// Users must not notice what goes wrong for a moment only.
func TestTemporaryErrorsAreNotSeen(t *testing.T) {
	tests := map[string]vidgotest.Fault{
		"Vidgo is busy when the task is submitted": {Endpoint: vidgotest.EndpointSubmit, Status: 429, RetryAfter: "3", Times: 2},
		"Vidgo cannot be reached":                  {Endpoint: vidgotest.EndpointSubmit, Refuse: true, Times: 2},
		"an outage while the task runs":            {Endpoint: vidgotest.EndpointStatus, Status: 502, Body: vidgotest.HTML(502), Times: 20},
		"connections break while the task runs":    {Endpoint: vidgotest.EndpointStatus, Reset: true, Times: 5},
		"the task is not known at first":           {Endpoint: vidgotest.EndpointStatus, Status: 404, Times: 1},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := vidgotest.Server{Default: vidgotest.Script{Duration: 40 * time.Second}}
				fake.Inject(fault)
				image, err := open(t, &fake).Image(t.Context(), "a teapot")
				require.NoError(t, err)
				require.NotEmpty(t, image)
				require.Len(t, fake.Tasks(), 1, "the task is paid for once")
			})
		})
	}
}

func TestATaskThatTakesTooLongIsWaitedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Minute}}
		g := open(t, &fake)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := g.Image(ctx, "a teapot")
		require.ErrorIs(t, err, gallery.ErrNotReady)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		image, err := g.Image(t.Context(), "a teapot")
		require.NoError(t, err)
		require.NotEmpty(t, image)
		require.Len(t, fake.Tasks(), 1, "the second call must not pay again")
	})
}

func TestAFailedTaskTellsWhyAndCanBeTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fake vidgotest.Server
		fake.Next(
			vidgotest.Script{Duration: 20 * time.Second, Error: "out of clay"},
			vidgotest.Script{Duration: 20 * time.Second},
		)
		g := open(t, &fake)
		_, err := g.Image(t.Context(), "a teapot")
		require.ErrorContains(t, err, "out of clay")
		_, err = g.Image(t.Context(), "a teapot")
		require.NoError(t, err)
	})
}

// Vidgo has accepted the submission, but its answer got lost. To submit again would be
// to pay twice.
func TestALostAnswerIsNotPaidForTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vidgotest.Server{Default: vidgotest.Script{Duration: 20 * time.Second}}
		fake.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true})
		g := open(t, &fake)
		for range 2 {
			_, err := g.Image(t.Context(), "a teapot")
			var unknown *vidgo.AmbiguousSubmitError
			require.ErrorAs(t, err, &unknown)
			require.NotEmpty(t, unknown.SubmissionID)
		}
		require.Len(t, fake.Requests(vidgotest.EndpointSubmit), 1)
	})
}

// For callbacks, Route connects the host of the callback URL with the handler. A
// forged callback changes nothing.
func TestCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vidgotest.Server{Default: vidgotest.Script{Duration: 40 * time.Second}}
		client, err := vidgo.NewClient("test-key",
			vidgo.WithHTTPClient(fake.Client()),
			vidgo.WithCallbackURL("https://shop.example.com/vidgo"),
			vidgo.WithCallbackSecret([]byte("thirty-two random bytes in truth")))
		require.NoError(t, err)
		fake.Route("shop.example.com", client.CallbackHandler(nil))
		time.AfterFunc(10*time.Second, func() {
			forged := fmt.Sprintf(`{"task_id": %q, "status": "failed"}`, fake.Tasks()[0].ID)
			status, err := fake.Post(t.Context(), "https://shop.example.com/vidgo", []byte(forged))
			require.NoError(t, err)
			require.Equal(t, 401, status)
		})
		began := time.Now()
		_, err = gallery.New(client, "nano-banana").Image(t.Context(), "a teapot")
		require.NoError(t, err)
		require.Equal(t, 40*time.Second, time.Since(began), "the image is there as soon as Vidgo calls back")
	})
}

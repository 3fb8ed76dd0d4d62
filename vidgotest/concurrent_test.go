package vidgotest_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// For the race detector: all methods are called at the same time.
func TestSafeForConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second, Credits: 1, Progress: []float64{1, 2}}}
		srv.Route("hooks.example.com", &receiver{statuses: []int{500, 200}})
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 500, Times: -1})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 20 {
					id := submit(t, &srv, "m", hook)
					get(t, &srv, statusURL+id)
					srv.Fail(id, "no")
					srv.Script("m", vidgotest.Script{Duration: time.Minute})
					srv.Next(vidgotest.Script{Hold: true})
					srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointBalance, Truncate: true})
					try(srv.Client(), request(t, http.MethodGet, balance, ""))
					srv.SendCallback(t.Context(), id, nil)
					srv.Requests(vidgotest.EndpointStatus)
					srv.Deliveries()
					srv.Tasks()
					srv.SetCredits(1000)
					srv.Route("other.example.com", nil)
					at := "https://storage.vidgo.ai/generated/" + id + "-1.png"
					fetch(t, &srv, at)
					srv.Content(at)
					uploadForm(t, &srv, "a.png", png1)
					uploadJSON(t, &srv, uploadURLURL, "file_url", at)
					srv.Uploads()
				}
			})
		}
		wg.Wait()
		srv.Clear()
		require.Len(t, srv.Tasks(), 400)
		ids := make(map[string]bool)
		for _, task := range srv.Tasks() {
			ids[task.ID] = true
		}
		require.Len(t, ids, 400)
		require.Len(t, srv.Requests(), 2400)
		require.Equal(t, 2400, srv.Count())
		require.Equal(t, 800, srv.Count(vidgotest.EndpointSubmit, vidgotest.EndpointBalance))
		require.Len(t, srv.Uploads(), 5)
		require.Len(t, srv.Requests(vidgotest.EndpointSubmit, vidgotest.EndpointBalance), 800)
	})
}

func TestInFlightIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Inject(vidgotest.Fault{Delay: time.Second, Times: 3})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { get(t, &srv, balance) })
		}
		wg.Wait()
		get(t, &srv, balance)
		var most []int
		for _, r := range srv.Requests() {
			most = append(most, r.InFlight)
		}
		require.Equal(t, []int{1, 2, 3, 1}, most)
	})
}

func TestLogsAreTheCallers(t *testing.T) {
	var srv vidgotest.Server
	srv.Route("hooks.example.com", http.NotFoundHandler())
	id := submit(t, &srv, "m", "")
	_, err := srv.Post(t.Context(), hook, []byte("abc"))
	require.NoError(t, err)
	r, d, task := srv.Requests()[0], srv.Deliveries()[0], srv.Tasks()[0]
	r.Header.Set("Authorization", "x")
	r.Body[0], d.Body[0], task.Input[0] = 'x', 'x', 'x'
	again := srv.Requests()[0]
	require.Equal(t, "Bearer test-key", again.Header.Get("Authorization"))
	require.Equal(t, order("m", ""), string(again.Body))
	require.Equal(t, []any{"POST", "/api/generate/submit", "", vidgotest.EndpointSubmit, id, 200},
		[]any{again.Method, again.Path, again.Query, again.Endpoint, again.TaskID, again.Status})
	require.Equal(t, "abc", string(srv.Deliveries()[0].Body))
	require.True(t, strings.HasPrefix(string(srv.Tasks()[0].Input), "{"))
}

func TestPostObeysItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Route("hooks.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := srv.Post(ctx, hook, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = srv.Post(ctx, hook, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, srv.Deliveries(), 2)
	})
}

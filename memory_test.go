package vidgo_test

import (
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// What is forgotten costs a request, never a result.
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
		require.NoError(t, err, "now it is known to be music")
	})
}

func TestManyEarlyCallbacks(t *testing.T) {
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

// A batch of a night does not stay in a service's memory.
func TestManyWaitsGiveTheirMemoryBack(t *testing.T) {
	client, err := vidgo.NewClient(apiKey, vidgo.WithPolling(rarely), vidgo.WithHTTPClient(&http.Client{Transport: answering(500, nil, "")}))
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

func TestTinyMaxAge(t *testing.T) {
	var srv vidgotest.Server
	client, err := vidgo.NewClient(apiKey, vidgo.WithHTTPClient(srv.Client()), vidgo.WithCallbackMaxAge(time.Nanosecond))
	require.NoError(t, err)
	for range 100 {
		submit(t, client)
	}
}

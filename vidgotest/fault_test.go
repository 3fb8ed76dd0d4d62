package vidgotest_test

import (
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestFaultsAreUsedUpInOrder(t *testing.T) {
	var srv vidgotest.Server
	srv.Inject(
		vidgotest.Fault{Endpoint: vidgotest.EndpointBalance, Status: 500, Times: 2},
		vidgotest.Fault{Status: 429, RetryAfter: "3"},
		vidgotest.Fault{Endpoint: vidgotest.EndpointBalance, Status: 503, Times: -1},
	)
	require.Equal(t, 500, get(t, &srv, balance).status)
	r := get(t, &srv, statusURL+"x") // skips the first, takes the second
	require.Equal(t, 429, r.status)
	require.Equal(t, "3", r.header.Get("Retry-After"))
	require.Equal(t, 500, get(t, &srv, balance).status)
	for range 5 {
		require.Equal(t, 503, get(t, &srv, balance).status)
	}
	require.Equal(t, 404, get(t, &srv, statusURL+"x").status)
	srv.Clear()
	require.Equal(t, 200, get(t, &srv, balance).status)
}

func TestFaultForOneTask(t *testing.T) {
	var srv vidgotest.Server
	one, tune := submit(t, &srv, "m", ""), submit(t, &srv, "generate-music", "")
	srv.Inject(vidgotest.Fault{TaskID: one, Status: 502, Times: -1}, vidgotest.Fault{TaskID: tune, Status: 500})
	require.Equal(t, "finished", look(t, &srv, submit(t, &srv, "m", "")).Status)
	require.Equal(t, 502, get(t, &srv, statusURL+one).status)
	require.Equal(t, 500, get(t, &srv, musicURL+tune).status)
}

func TestInjectPanicsOnAFaultThatCanNeverMatch(t *testing.T) {
	for want, f := range map[string]vidgotest.Fault{
		`Endpoint is "/api/user/balance"; want one of the Endpoint constants`: {Endpoint: "/api/user/balance", Status: 500},
		`a request to "submit" names no task; want TaskID left out, or EndpointStatus, EndpointMusic or EndpointFile`: {
			Endpoint: vidgotest.EndpointSubmit, TaskID: "x", Status: 500},
		`Status is 99; want 100 to 599`:   {Status: 99},
		`Status is 5000; want 100 to 599`: {Status: 5000},
	} {
		var srv vidgotest.Server
		require.PanicsWithValue(t, "vidgotest: Inject: "+want, func() { srv.Inject(vidgotest.Fault{}, f) })
		require.Empty(t, srv.Unused(), "none of the faults is kept")
	}
	for _, endpoint := range []vidgotest.Endpoint{"", vidgotest.EndpointStatus, vidgotest.EndpointMusic, vidgotest.EndpointFile} {
		new(vidgotest.Server).Inject(vidgotest.Fault{Endpoint: endpoint, TaskID: "x", Status: 599})
	}
}

func TestUnusedReturnsFaultsThatMatchedNoRequest(t *testing.T) {
	var srv vidgotest.Server
	require.Empty(t, srv.Unused())
	status := vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 502, Header: http.Header{"A": {"1"}}}
	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointBalance, Status: 500, Times: 2}, status, vidgotest.Fault{Status: 503, Times: -1})
	get(t, &srv, balance)
	unused := srv.Unused()
	require.Equal(t, []vidgotest.Fault{status, {Status: 503, Times: -1}}, unused)
	unused[0].Header.Set("A", "2")
	require.Equal(t, status, srv.Unused()[0])
	get(t, &srv, balance)
	get(t, &srv, balance)
	require.Equal(t, []vidgotest.Fault{status}, srv.Unused())
	srv.Clear()
	require.Empty(t, srv.Unused())
}

func TestFaultBodies(t *testing.T) {
	var srv vidgotest.Server
	srv.Inject(
		vidgotest.Fault{Body: `{"code":400,"message":"bad"}`, Header: http.Header{"X-One": {"1"}, "x-two": {"2"}}},
		vidgotest.Fault{Status: 503, NoBody: true},
		vidgotest.Fault{NoBody: true},
		vidgotest.Fault{Status: 400, Body: "plain"},
		vidgotest.Fault{Status: 204},
		vidgotest.Fault{Header: http.Header{"Content-Type": {"text/plain"}}},
	)
	r := get(t, &srv, balance)
	require.Equal(t, 200, r.status)
	require.Equal(t, `{"code":400,"message":"bad"}`, r.body)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
	require.Equal(t, "1", r.header.Get("X-One"))
	require.Equal(t, "2", r.header.Get("X-Two"))
	r = get(t, &srv, balance)
	require.Equal(t, 503, r.status)
	require.Empty(t, r.body)
	require.Empty(t, r.header.Get("Content-Type"))
	r = get(t, &srv, balance)
	require.Equal(t, 200, r.status)
	require.Empty(t, r.body)
	require.Equal(t, "plain", get(t, &srv, balance).body)
	require.Equal(t, 204, get(t, &srv, balance).status)
	r = get(t, &srv, balance) // the true answer with another header
	require.Contains(t, r.body, "17276")
	require.Equal(t, "text/plain", r.header.Get("Content-Type"))
}

func TestAcceptCarriesTheRequestOut(t *testing.T) {
	for name, c := range map[string]struct {
		fault vidgotest.Fault
		tasks int
	}{
		"the answer is lost":         {vidgotest.Fault{Accept: true, Reset: true}, 1},
		"a gateway answers":          {vidgotest.Fault{Accept: true, Status: 502}, 1},
		"not accepted, then a reset": {vidgotest.Fault{Reset: true}, 0},
		"not accepted, then a 502":   {vidgotest.Fault{Status: 502}, 0},
		"half of the true answer":    {vidgotest.Fault{Truncate: true}, 1},
		"half of another answer":     {vidgotest.Fault{Truncate: true, Status: 500}, 0},
		"no connection":              {vidgotest.Fault{Accept: true, Refuse: true}, 0},
		"a late answer":              {vidgotest.Fault{Accept: true, Delay: time.Nanosecond}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var srv vidgotest.Server
			srv.Default.Credits = 76
			srv.Inject(c.fault)
			r, err := try(srv.Client(), request(t, http.MethodPost, submitURL, order("m", "")))
			require.True(t, err != nil || r.status == 502 || name == "a late answer")
			require.Len(t, srv.Tasks(), c.tasks)
			require.Equal(t, 17276-76*float64(c.tasks), credits(t, &srv))
			if c.tasks > 0 {
				require.Equal(t, srv.Tasks()[0].ID, srv.Requests()[0].TaskID)
			}
		})
	}
}

func TestDelayPassesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		start := time.Now()
		srv.Inject(vidgotest.Fault{Delay: 5 * time.Second}, vidgotest.Fault{Delay: 5 * time.Second, Status: 500},
			vidgotest.Fault{Delay: 5 * time.Second, Refuse: true},
			vidgotest.Fault{Delay: time.Hour}, vidgotest.Fault{Delay: time.Hour, Refuse: true})
		require.Equal(t, 200, get(t, &srv, balance).status)
		require.Equal(t, 5*time.Second, time.Since(start))
		require.Equal(t, 500, get(t, &srv, balance).status)
		require.Equal(t, 10*time.Second, time.Since(start))
		_, err := try(srv.Client(), request(t, http.MethodGet, balance, ""))
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.Equal(t, 15*time.Second, time.Since(start))

		for i := range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = try(srv.Client(), request(t, http.MethodGet, balance, "").WithContext(ctx))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, time.Duration(16+i)*time.Second, time.Since(start))
		}
		require.Zero(t, srv.Requests()[3].Status)
	})
}

func TestHangLastsUntilTheClientGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		start := time.Now()
		srv.Inject(vidgotest.Fault{Hang: true, Times: 2})
		client := srv.Client()
		client.Timeout = 30 * time.Second
		_, err := try(client, request(t, http.MethodGet, balance, ""))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 30*time.Second, time.Since(start))

		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(io.ErrClosedPipe) })
		_, err = try(srv.Client(), request(t, http.MethodGet, balance, "").WithContext(ctx))
		require.ErrorIs(t, err, io.ErrClosedPipe) // net/http returns the cause, too
		require.Equal(t, 200, get(t, &srv, balance).status)
		require.Equal(t, 1, srv.Requests()[2].InFlight) // requests that were given up do not count
	})
}

func TestConnectionFaultsInMemory(t *testing.T) {
	var srv vidgotest.Server
	srv.Inject(vidgotest.Fault{Refuse: true}, vidgotest.Fault{Reset: true})
	_, err := try(srv.Client(), request(t, http.MethodGet, balance, ""))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorContains(t, err, "dial tcp api.vidgo.ai:443: connect: connection refused")
	_, err = try(srv.Client(), request(t, http.MethodGet, balance, ""))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Equal(t, []int{0, 0}, []int{srv.Requests()[0].Status, srv.Requests()[1].Status})
}

func TestTruncatedAnswerInMemory(t *testing.T) {
	var srv vidgotest.Server
	whole := get(t, &srv, balance).body
	srv.Inject(vidgotest.Fault{Truncate: true})
	res, err := srv.Client().Do(request(t, http.MethodGet, balance, ""))
	require.NoError(t, err)
	defer res.Body.Close()
	require.EqualValues(t, len(whole), res.ContentLength)
	half, err := io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, whole[:len(whole)/2], string(half))
}

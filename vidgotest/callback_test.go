package vidgotest_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// receiver answers each callback with the next of its statuses, and all further ones
// with the last. It keeps their bodies.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	bodies   []string
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bodies = append(h.bodies, string(body))
	status := h.statuses[0]
	if len(h.statuses) > 1 {
		h.statuses = h.statuses[1:]
	}
	if status == 302 {
		w.Header().Set("Location", "https://hooks.example.com/elsewhere")
	}
	w.WriteHeader(status)
}

func (h *receiver) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bodies)
}

// pace returns when each attempt was made, counted from the first.
func pace(srv *vidgotest.Server) []time.Duration {
	var at []time.Duration
	deliveries := srv.Deliveries()
	for _, d := range deliveries {
		at = append(at, d.Time.Sub(deliveries[0].Time))
	}
	return at
}

func TestCallbackOf2025(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		h := &receiver{statuses: []int{200}}
		srv.Route("hooks.example.com", h)
		srv.Default = vidgotest.Script{Duration: 20 * time.Second}
		start := time.Now()
		id := submit(t, &srv, "nano-banana", hook)
		time.Sleep(time.Hour)
		require.Len(t, h.got(), 1)
		require.JSONEq(t, `{"code":200,"data":{"task_id":"`+id+`","status":"finished","created_time":"`+bubbleTime+`",
			"files":[{"file_url":"https://storage.vidgo.ai/generated/`+id+`-1.png","file_type":"image"}],
			"progress":100,"error_message":null}}`, h.got()[0])
		d := srv.Deliveries()
		require.Len(t, d, 1)
		require.Equal(t, vidgotest.Delivery{Time: start.Add(20 * time.Second), TaskID: id, URL: hook,
			Attempt: 1, Body: []byte(h.got()[0]), Status: 200}, d[0])
	})
}

func TestCallbackOf2026(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Contract: vidgotest.Contract2026}
		h := &receiver{statuses: []int{204}}
		srv.Route("hooks.example.com", h)
		id := submit(t, &srv, "sora-2", "http://hooks.example.com/vidgo")
		synctest.Wait()
		srv.Next(vidgotest.Script{Error: "no"})
		tune := submit(t, &srv, "generate-lyrics", hook)
		synctest.Wait()
		require.Len(t, h.got(), 2)
		require.JSONEq(t, `{"task_id":"`+id+`","status":"finished","created_time":"`+bubbleTime+`",
			"files":[{"file_url":"https://storage.vidgo.ai/generated/`+id+`-1.mp4","file_type":"video"}],
			"error_message":null}`, h.got()[0])
		require.JSONEq(t, `{"code":200,"data":{"task_id":"`+tune+`","status":"failed","created_time":"`+bubbleTime+`",
			"files":[],"error_message":"no"}}`, h.got()[1])
	})
}

func TestRedeliveryOf2025(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		statuses []int
		want     []time.Duration
	}{
		"a 201 ends it":               {[]int{201}, []time.Duration{0}},
		"a 500 is repeated":           {[]int{500, 200}, []time.Duration{0, 1 * s}},
		"a 400 is repeated":           {[]int{400, 404, 200}, []time.Duration{0, 1 * s, 3 * s}},
		"a redirect is not followed":  {[]int{302, 200}, []time.Duration{0, 1 * s}},
		"three retries and no more":   {[]int{503}, []time.Duration{0, 1 * s, 3 * s, 7 * s}},
		"the third retry is accepted": {[]int{503, 503, 503, 200}, []time.Duration{0, 1 * s, 3 * s, 7 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				srv.Route("hooks.example.com", &receiver{statuses: c.statuses})
				submit(t, &srv, "m", hook)
				time.Sleep(time.Hour)
				require.Equal(t, c.want, pace(&srv))
				for i, d := range srv.Deliveries() {
					require.Equal(t, i+1, d.Attempt)
				}
			})
		})
	}
}

func TestASilentReceiverTimesOut(t *testing.T) {
	silent := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Route("hooks.example.com", silent)
		submit(t, &srv, "m", hook)
		time.Sleep(time.Hour)
		s := time.Second
		require.Equal(t, []time.Duration{0, 11 * s, 23 * s, 37 * s}, pace(&srv))
		require.ErrorIs(t, srv.Deliveries()[0].Err, context.DeadlineExceeded)
		require.Zero(t, srv.Deliveries()[0].Status)
	})
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Contract: vidgotest.Contract2026}
		srv.Route("hooks.example.com", silent)
		submit(t, &srv, "m", hook)
		time.Sleep(24 * time.Hour)
		require.Len(t, srv.Deliveries(), 6)
		require.GreaterOrEqual(t, pace(&srv)[1], 32500*time.Millisecond)
	})
}

func TestRedeliveryOf2026(t *testing.T) {
	run := func(t *testing.T, statuses ...int) (at []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			srv := vidgotest.Server{Contract: vidgotest.Contract2026}
			srv.Route("hooks.example.com", &receiver{statuses: statuses})
			submit(t, &srv, "m", hook)
			time.Sleep(24 * time.Hour)
			at = pace(&srv)
		})
		return at
	}
	require.Len(t, run(t, 400), 1)
	require.Len(t, run(t, 302), 1)
	require.Len(t, run(t, 500, 404), 2)
	at := run(t, 500)
	require.Len(t, at, 6)
	for i, most := range []time.Duration{5 * time.Second, 20 * time.Second, 80 * time.Second, 320 * time.Second, 10 * time.Minute} {
		pause := at[i+1] - at[i]
		require.LessOrEqual(t, pause, most)
		require.GreaterOrEqual(t, pause, most/2)
	}
	require.Equal(t, at, run(t, 500), "the jitter is the same in every run")
}

func TestUnroutedHostsAreNotReached(t *testing.T) {
	defer log.SetOutput(log.Writer())
	var told bytes.Buffer
	log.SetOutput(&told)
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		submit(t, &srv, "m", hook)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, srv.Deliveries(), 4)
		require.Equal(t, 1, strings.Count(told.String(), `vidgotest: no route to host "hooks.example.com": use Server.Route, or its callbacks are lost`))
		submit(t, &srv, "m", "https://other.example.com/")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 2, strings.Count(told.String(), "\n"), "each host is logged once")
		require.ErrorContains(t, srv.Deliveries()[0].Err, `no route to host "hooks.example.com": use Server.Route`)
	})
}

func TestFinishAndFailCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		h := &receiver{statuses: []int{200}}
		srv.Route("HOOKS.example.com:443", h)
		srv.Default = vidgotest.Script{Duration: time.Minute}
		srv.Next(vidgotest.Script{Hold: true, Callback: vidgotest.Callback{Delay: 3 * time.Second}})
		held, early := submit(t, &srv, "m", hook), submit(t, &srv, "m", hook)
		require.NoError(t, srv.Finish(held))
		require.NoError(t, srv.Fail(early, "no"))
		time.Sleep(time.Hour) // the script's own end, after a minute, calls nobody
		require.Len(t, h.got(), 2)
		require.Contains(t, h.got()[0], early)
		require.Contains(t, h.got()[0], `"failed"`)
		require.Contains(t, h.got()[1], held)
		require.Equal(t, []time.Duration{0, 3 * time.Second}, pace(&srv))
	})
}

func TestCallbackScripts(t *testing.T) {
	ran := func(t *testing.T, c vidgotest.Callback, statuses ...int) (at []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			var srv vidgotest.Server
			start := time.Now()
			srv.Route("hooks.example.com", &receiver{statuses: statuses})
			srv.Default = vidgotest.Script{Duration: 10 * time.Second, Callback: c}
			id := submit(t, &srv, "m", hook)
			time.Sleep(time.Hour)
			require.Equal(t, "finished", look(t, &srv, id).Status)
			for _, d := range srv.Deliveries() {
				at = append(at, d.Time.Sub(start))
			}
		})
		return at
	}
	s := time.Second
	require.Empty(t, ran(t, vidgotest.Callback{Drop: true}, 200))
	require.Equal(t, []time.Duration{15 * s}, ran(t, vidgotest.Callback{Delay: 5 * s}, 200))
	require.Equal(t, []time.Duration{10 * s, 10 * s, 10 * s}, ran(t, vidgotest.Callback{Repeat: 2}, 200))
	require.Equal(t, []time.Duration{10 * s, 11 * s, 11 * s}, ran(t, vidgotest.Callback{Repeat: 1}, 500, 200))
	require.Equal(t, []time.Duration{0}, ran(t, vidgotest.Callback{BeforeAnswer: true}, 200))
}

func TestBeforeAnswerIsBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		h := &receiver{statuses: []int{500, 200}}
		srv.Route("hooks.example.com", h)
		srv.Next(vidgotest.Script{Hold: true, Callback: vidgotest.Callback{BeforeAnswer: true}})
		id := submit(t, &srv, "m", hook)
		require.Len(t, h.got(), 1) // it came before the answer to the submission
		require.Contains(t, h.got()[0], id)
		require.Equal(t, "finished", look(t, &srv, id).Status)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, h.got(), 2)
	})
}

func TestCallbacksByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		h := &receiver{statuses: []int{200, 401, 503}}
		srv.Route("hooks.example.com", h)
		srv.Default.Hold = true
		id := submit(t, &srv, "m", hook)
		status, err := srv.SendCallback(t.Context(), id, nil)
		require.NoError(t, err)
		require.Equal(t, 200, status)
		require.Contains(t, h.got()[0], `"running"`)

		status, err = srv.SendCallback(t.Context(), id, func(task map[string]any) { task["status"] = "finished" })
		require.NoError(t, err)
		require.Equal(t, 401, status)
		require.Contains(t, h.got()[1], `{"code":200,"data":{`)
		require.Contains(t, h.got()[1], `"finished"`)
		require.Equal(t, "running", look(t, &srv, id).Status) // a forged callback does not change the task

		status, err = srv.Post(t.Context(), "https://hooks.example.com/other", []byte(`{"task_id":"x"}`))
		require.NoError(t, err)
		require.Equal(t, 503, status)
		require.Equal(t, `{"task_id":"x"}`, h.got()[2])

		_, err = srv.SendCallback(t.Context(), "nobody", nil)
		require.ErrorContains(t, err, `no task "nobody"`)
		_, err = srv.SendCallback(t.Context(), submit(t, &srv, "m", ""), nil)
		require.ErrorContains(t, err, "no callback URL")
		_, err = srv.Post(t.Context(), "https://elsewhere.test/", nil)
		require.ErrorContains(t, err, "no route")

		d := srv.Deliveries()
		require.Len(t, d, 4)
		require.Equal(t, []string{id, id, "", ""}, []string{d[0].TaskID, d[1].TaskID, d[2].TaskID, d[3].TaskID})
		require.Zero(t, d[0].Attempt)
	})
}

func TestAReceiverSeesARealRequest(t *testing.T) {
	var srv vidgotest.Server
	srv.Default.Callback.BeforeAnswer = true
	var got *http.Request
	mux := http.NewServeMux()
	mux.HandleFunc("POST hooks.example.com/vidgo/{who}", func(w http.ResponseWriter, r *http.Request) { got = r })
	srv.Route("hooks.example.com", mux)
	submit(t, &srv, "m", "https://hooks.example.com/vidgo/a%2Fb?token=1")
	require.NotNil(t, got)
	require.Equal(t, "/vidgo/a%2Fb?token=1", got.RequestURI)
	require.Equal(t, "a/b", got.PathValue("who"))
	require.Equal(t, "1", got.URL.Query().Get("token"))
	require.Empty(t, got.URL.Host)
	require.Equal(t, "hooks.example.com", got.Host)
	require.Equal(t, "203.0.113.7:41234", got.RemoteAddr)
	require.Equal(t, "application/json", got.Header.Get("Content-Type"))
	require.Equal(t, int64(len(srv.Deliveries()[0].Body)), got.ContentLength)
	require.NotNil(t, got.TLS)
	require.Error(t, got.Context().Err()) // it ends with the exchange
}

func TestAReceiverThatFlushesAndThenStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Route("hooks.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			flush(w)
			if len(srv.Deliveries()) == 0 {
				<-r.Context().Done()
			}
			panic(http.ErrAbortHandler)
		}))
		submit(t, &srv, "m", hook)
		time.Sleep(time.Minute)
		all := srv.Deliveries()
		require.Len(t, all, 2)
		require.ErrorIs(t, all[0].Err, context.DeadlineExceeded)
		require.Zero(t, all[0].Status)
		require.NoError(t, all[1].Err)
		require.Equal(t, 200, all[1].Status, "a status that was sent counts, however the connection ends")
	})
}

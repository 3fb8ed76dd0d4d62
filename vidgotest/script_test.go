package vidgotest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestTheNearestScriptCounts(t *testing.T) {
	srv := vidgotest.Server{Default: vidgotest.Script{Error: "default"}}
	srv.Script("a", vidgotest.Script{Error: "standing"})
	srv.Next(vidgotest.Script{Error: "first"}, vidgotest.Script{Error: "second"})
	why := func(model string) string { return *look(t, &srv, submit(t, &srv, model, "")).Error }
	require.Equal(t, "first", why("a"))
	require.Equal(t, "second", why("b"))
	require.Equal(t, "standing", why("a"))
	require.Equal(t, "default", why("b"))
}

func TestARefusedSubmissionUsesNoScriptUp(t *testing.T) {
	var srv vidgotest.Server
	srv.Next(vidgotest.Script{Error: "first"})
	do(t, &srv, http.MethodPost, submitURL, `{}`)
	srv.SetCredits(0)
	do(t, &srv, http.MethodPost, submitURL, order("m", ""))
	srv.SetCredits(1)
	require.Equal(t, "first", *look(t, &srv, submit(t, &srv, "m", "")).Error)
}

func TestALaterScriptDoesNotTouchATask(t *testing.T) {
	var srv vidgotest.Server
	inner := map[string]any{"k": "v"}
	files := []vidgotest.File{{"map": inner, "list": []any{inner}, "files": []vidgotest.File{inner}}}
	srv.Script("m", vidgotest.Script{Files: files})
	id := submit(t, &srv, "m", "")
	files[0]["new"] = true
	inner["k"] = "changed"
	srv.Script("m", vidgotest.Script{Error: "no"})
	got := look(t, &srv, id)
	require.Equal(t, "finished", got.Status)
	same := map[string]any{"k": "v"}
	require.Equal(t, []map[string]any{{"map": same, "list": []any{same}, "files": []any{same}}}, got.Files)
}

func TestFilesCanBeSeveralOrNone(t *testing.T) {
	var srv vidgotest.Server
	srv.Next(vidgotest.Script{N: 3}, vidgotest.Script{Files: []vidgotest.File{}})
	three := look(t, &srv, submit(t, &srv, "m", "")).Files
	require.Len(t, three, 3)
	require.NotEqual(t, three[0], three[1])
	require.Equal(t, []map[string]any{}, look(t, &srv, submit(t, &srv, "m", "")).Files)
}

func TestAFileThatJSONCannotHoldIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default.Files = []vidgotest.File{{"file_url": func() {}}}
		id := submit(t, &srv, "m", hook)
		r := get(t, &srv, statusURL+id)
		require.Equal(t, 500, r.status)
		require.Contains(t, r.body, "unsupported type: func()")
		synctest.Wait()
		require.ErrorContains(t, srv.Deliveries()[0].Err, "unsupported type: func()")
		_, err := srv.SendCallback(t.Context(), id, nil)
		require.ErrorContains(t, err, "unsupported type: func()")
	})
}

func TestProgressIsSpreadOverTheDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Next(vidgotest.Script{Duration: 40 * time.Second, Progress: []float64{0, 12.5, 50, 80}})
		id := submit(t, &srv, "m", "")
		for _, want := range []float64{0, 12.5, 50, 80, 100} {
			require.Equal(t, want, look(t, &srv, id).Progress)
			time.Sleep(9 * time.Second)
			if want != 100 {
				require.Equal(t, want, look(t, &srv, id).Progress)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestStatusWordAndHiddenTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Next(vidgotest.Script{Duration: 10 * time.Second, Pending: "reviewing", Hidden: 3 * time.Second})
		id := submit(t, &srv, "m", "")
		r := get(t, &srv, statusURL+id)
		require.Equal(t, 404, r.status)
		require.JSONEq(t, `{"detail":"Task not found"}`, r.body)
		time.Sleep(3 * time.Second)
		require.Equal(t, "reviewing", look(t, &srv, id).Status)
		require.Equal(t, "reviewing", srv.Tasks()[0].Status)
		time.Sleep(7 * time.Second)
		require.Equal(t, "finished", look(t, &srv, id).Status)
	})
}

func TestAHeldTaskWaitsForFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Hold: true, Duration: time.Minute, Progress: []float64{10, 90}}
		id := submit(t, &srv, "m", "")
		time.Sleep(time.Hour)
		require.Equal(t, task{Status: "running", Progress: 90, Files: []map[string]any{}}, look(t, &srv, id))
		require.NoError(t, srv.Finish(id, vidgotest.File{"file_url": "https://x.test/a.png"}))
		require.Equal(t, task{Status: "finished", Progress: 100, Files: []map[string]any{{"file_url": "https://x.test/a.png"}}}, look(t, &srv, id))
		require.ErrorContains(t, srv.Finish(id), "finished already")
		require.ErrorContains(t, srv.Fail(id, "late"), "finished already")
		require.ErrorContains(t, srv.Fail("nobody", "x"), `no task "nobody"`)
	})
}

func TestFailEndsATaskBeforeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Duration: time.Minute, Credits: 100}
		id := submit(t, &srv, "m", "")
		require.Equal(t, 17176.0, credits(t, &srv))
		require.NoError(t, srv.Fail(id, "out of memory"))
		got := look(t, &srv, id)
		require.Equal(t, "failed", got.Status)
		require.Equal(t, "out of memory", *got.Error)
		time.Sleep(time.Hour)
		require.Equal(t, "failed", look(t, &srv, id).Status)
		require.Equal(t, 17276.0, credits(t, &srv))
		require.Error(t, srv.Finish(id))
	})
}

func TestCreditsAreTakenAndGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Credits: 10}
		srv.Script("bad", vidgotest.Script{Duration: time.Minute, Credits: 6, Error: "no"})
		srv.Script("good", vidgotest.Script{Duration: time.Minute, Credits: 6})
		submit(t, &srv, "bad", "")
		require.Equal(t, 4.0, credits(t, &srv))
		require.Equal(t, 402, do(t, &srv, http.MethodPost, submitURL, order("good", "")).status)
		time.Sleep(time.Minute)
		require.Equal(t, 6.0, look(t, &srv, submit(t, &srv, "good", "")).Credits) // the refund pays for it
		time.Sleep(time.Minute)
		require.Equal(t, 4.0, credits(t, &srv))
		srv.SetCredits(100)
		require.Equal(t, 100.0, credits(t, &srv))
	})
}

func TestAScriptThatCannotBeFollowedPanics(t *testing.T) {
	for name, c := range map[string]struct {
		script vidgotest.Script
		want   string
	}{
		"Pending is failed": {vidgotest.Script{Pending: "failed"},
			`Pending is "failed", which is final; want Duration: 0 for a task that ends at once, and Error for one that fails`},
		"Pending is finished": {vidgotest.Script{Pending: "finished"}, `Pending is "finished", which is final; want Duration: 0 for a task that ends at once, and Error for one that fails`},
		"an unknown format":   {vidgotest.Script{Format: "svg"}, `Format is "svg"; want png, jpg, jpeg, gif, webp, mp4, mp3, wav or glb`},
		"a format with a dot": {vidgotest.Script{Format: ".png"}, `Format is ".png"; want png, jpg, jpeg, gif, webp, mp4, mp3, wav or glb`},
	} {
		t.Run(name, func(t *testing.T) {
			var srv vidgotest.Server
			require.PanicsWithValue(t, "vidgotest: Script: "+c.want, func() { srv.Script("m", c.script) })
			require.PanicsWithValue(t, "vidgotest: Next: "+c.want, func() { srv.Next(vidgotest.Script{}, c.script) })
			submit(t, &srv, "m", "")
			srv.Default = c.script
			require.PanicsWithValue(t, "vidgotest: Default: "+c.want, func() { submit(t, &srv, "m", "") }, "the panic is raised in the client's goroutine")
			require.Len(t, srv.Tasks(), 1)
		})
	}
}

// Edit can make the variants that Vidgo sends at times, in answers and in callbacks.
func TestATaskObjectCanBeEdited(t *testing.T) {
	for name, model := range map[string]string{"status": "m", "music": "generate-music"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				h := &receiver{statuses: []int{200}}
				srv.Route("hooks.example.com", h)
				srv.Default.Edit = func(task map[string]any) {
					require.Equal(t, "finished", task["status"])
					srv.Tasks() // the server is not locked meanwhile
					task["progress"] = json.RawMessage("100.0")
					task["files"] = nil
					task["created_time"] = "2026-01-01T13:09:04.731057"
					delete(task, "error_message")
				}
				id := submit(t, &srv, model, hook)
				want := `{"code":200,"data":{"created_time":"2026-01-01T13:09:04.731057","files":null,"progress":100.0,"status":"finished","task_id":"` + id + `"}}`
				at := map[string]string{"m": statusURL, "generate-music": musicURL}[model]
				require.Equal(t, want, get(t, &srv, at+id).body)
				synctest.Wait()
				_, err := srv.SendCallback(t.Context(), id, func(task map[string]any) { task["files"] = []any{} })
				require.NoError(t, err)
				require.Equal(t, []string{want, strings.Replace(want, "null", "[]", 1)}, h.got())
				require.Equal(t, "finished", srv.Tasks()[0].Status)
			})
		})
	}
}

func TestPendingTasksLeaveNothingBehind(t *testing.T) {
	// A goroutine that is still there when the bubble ends fails the test.
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Route("hooks.example.com", http.NotFoundHandler())
		srv.Default = vidgotest.Script{Duration: time.Hour}
		for range 100 {
			submit(t, &srv, "m", hook)
		}
		srv.Next(vidgotest.Script{}) // a task whose callback waits for its retry
		submit(t, &srv, "m", hook)
		synctest.Wait()
		require.Len(t, srv.Deliveries(), 1)
	})
}

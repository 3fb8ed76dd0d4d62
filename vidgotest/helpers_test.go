package vidgotest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

const (
	base      = "https://api.vidgo.ai"
	submitURL = base + "/api/generate/submit"
	statusURL = base + "/api/generate/status/"
	musicURL  = base + "/api/generate/detail/music?task_id="
	balance   = base + "/api/user/balance"
	hook      = "https://hooks.example.com/vidgo?token=1"
)

// reply is an answer whose body was read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer test-key")
	return req
}

func try(client *http.Client, req *http.Request) (reply, error) {
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(body)}, err
}

func do(t testing.TB, srv *vidgotest.Server, method, url, body string) reply {
	t.Helper()
	r, err := try(srv.Client(), request(t, method, url, body))
	require.NoError(t, err)
	return r
}

func get(t testing.TB, srv *vidgotest.Server, url string) reply {
	t.Helper()
	return do(t, srv, http.MethodGet, url, "")
}

func order(model, callbackURL string) string {
	body, _ := json.Marshal(map[string]any{
		"model": model, "callback_url": callbackURL, "input": map[string]any{"prompt": "a cat"},
	})
	return string(body)
}

// submit returns the id of a new task.
func submit(t testing.TB, srv *vidgotest.Server, model, callbackURL string) string {
	t.Helper()
	r := do(t, srv, http.MethodPost, submitURL, order(model, callbackURL))
	require.Equal(t, 200, r.status, r.body)
	var answer struct {
		Data struct {
			ID string `json:"task_id"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
	require.NotEmpty(t, answer.Data.ID)
	return answer.Data.ID
}

// task is what the status endpoint answers about a task.
type task struct {
	Status   string           `json:"status"`
	Progress float64          `json:"progress"`
	Error    *string          `json:"error_message"`
	Files    []map[string]any `json:"files"`
	Credits  float64          `json:"credits_amount"`
}

func look(t testing.TB, srv *vidgotest.Server, id string) task {
	t.Helper()
	r := get(t, srv, statusURL+id)
	require.Equal(t, 200, r.status, r.body)
	var answer struct{ Data task }
	require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
	return answer.Data
}

func credits(t testing.TB, srv *vidgotest.Server) float64 {
	t.Helper()
	var answer struct {
		Data struct {
			Credits float64 `json:"credits_amount"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(get(t, srv, balance).body), &answer))
	return answer.Data.Credits
}

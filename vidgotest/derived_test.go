package vidgotest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestDerivedMusicIsMadeOnce(t *testing.T) {
	for model, words := range map[string]string{
		"convert-to-wav":       "WAV record already exists for this audio",
		"create-music-video":   "Music video already exists for this audio",
		"generate-music-cover": "Cover already exists for this task",
		"generate-persona":     "Persona already exists for this audio",
		"separate-vocals":      "Separation already exists for this audio",
		"stem-split":           "Stem split already exists for this audio",
	} {
		t.Run(model, func(t *testing.T) {
			var srv vidgotest.Server
			derive := func(model, input string) reply {
				return do(t, &srv, http.MethodPost, submitURL, `{"model":"`+model+`","input":`+input+`}`)
			}
			source := `{"task_id":"a","audio_id":"b"}`
			require.Equal(t, 200, derive(model, source).status)
			r := derive(model, source)
			require.Equal(t, 409, r.status)
			require.JSONEq(t, `{"code":409,"error":{"message":"`+words+`","type":"conflict_error"}}`, r.body)
			require.NotContains(t, r.body, srv.Tasks()[0].ID)
			for _, other := range []string{`{"task_id":"a","audio_id":"c"}`, `{"task_id":"c","audio_id":"b"}`,
				`{"audio_id":"b"}`, `{"audio_id":"b"}`, `{}`, `{}`, `{"task_id":7}`, `{"task_id":7}`} {
				require.Equal(t, 200, derive(model, other).status, other)
			}
			for range 2 { // which may make another song each time
				require.Equal(t, 200, derive("extend-music", source).status)
			}
		})
	}
}

func TestDerivedMusicThatFailedCanBeMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Next(vidgotest.Script{Duration: time.Minute, Error: "no", Credits: 10})
		wav := func() int {
			return do(t, &srv, http.MethodPost, submitURL, `{"model":"convert-to-wav","input":{"task_id":"a","audio_id":"b"}}`).status
		}
		require.Equal(t, []int{200, 409}, []int{wav(), wav()})
		require.Equal(t, 17266.0, credits(t, &srv), "the refused submission costs nothing")
		time.Sleep(time.Minute)
		require.Equal(t, []int{200, 409}, []int{wav(), wav()})

		srv.SetCredits(0) // a submission that is not paid for makes nothing
		order := `{"model":"stem-split","input":{"task_id":"z","audio_id":"b"}}`
		require.Equal(t, 402, do(t, &srv, http.MethodPost, submitURL, order).status)
		srv.SetCredits(1)
		require.Equal(t, 200, do(t, &srv, http.MethodPost, submitURL, order).status)
	})
}

func TestCheckRefusesAnInput(t *testing.T) {
	var model string
	srv := vidgotest.Server{Models: []string{"m"}, Check: func(m string, input []byte) error {
		model = m
		if strings.Contains(string(input), "cat") {
			clear(input) // Check gets a copy
			return errors.New("no cats: want dogs")
		}
		clear(input)
		return nil
	}}
	r := do(t, &srv, http.MethodPost, submitURL, order("m", ""))
	require.Equal(t, 400, r.status)
	require.JSONEq(t, `{"code":400,"error":{"message":"no cats: want dogs","type":"validation_error"}}`, r.body)
	require.Equal(t, "m", model)
	require.Empty(t, srv.Tasks())
	require.Equal(t, 200, do(t, &srv, http.MethodPost, submitURL, `{"model":"m","input":{"a":1}}`).status)
	require.JSONEq(t, `{"a":1}`, string(srv.Tasks()[0].Input))
	require.Equal(t, 404, do(t, &srv, http.MethodPost, submitURL, order("other", "")).status)
	require.Equal(t, "m", model, "Check is not called for an unknown model")
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/models"
	"github.com/vidgo-go/vidgo/models/image"
	"github.com/vidgo-go/vidgo/models/music"
	"github.com/vidgo-go/vidgo/models/video"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestDemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second, N: 2}}
		var out bytes.Buffer
		require.NoError(t, demo(t.Context(), &srv, &out))
		require.Regexp(t, `^sora-2: aspect_ratio is "4:3"; want "16:9" or "9:16"
sora-2: duration is 12; want 10 or 15
0 requests were sent so far
video: https://\S+\.mp4 https://\S+\.mp4
track: City Lights, 183 s, https://\S+\.mp3
track: City Lights, 183 s, https://\S+\.mp3
$`, out.String())
	})
}

func TestTheJSONOfATypedInputIsSent(t *testing.T) {
	var srv vidgotest.Server
	client, err := vidgo.NewClient("any-key-will-do", vidgo.WithHTTPClient(srv.Client()), vidgo.WithInputCheck(models.Check))
	require.NoError(t, err)
	for _, in := range []vidgo.Input{
		image.NanoBanana2{Prompt: "a tin train", Size: image.Size16x9},
		&video.Kling21Pro{Prompt: "a glass bird", StartImageURL: "https://example.com/a.png"},
		music.GenerateLyrics{Prompt: "rain"},
	} {
		task, err := client.Submit(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, in.Model(), task.Model)
		sent, err := json.Marshal(in)
		require.NoError(t, err)
		tasks := srv.Tasks()
		got, err := json.Marshal(tasks[len(tasks)-1].Input)
		require.NoError(t, err)
		require.JSONEq(t, string(sent), string(got))
	}
}

func TestCheckComesBackFromSubmit(t *testing.T) {
	var srv vidgotest.Server
	client, err := vidgo.NewClient("any-key-will-do", vidgo.WithHTTPClient(srv.Client()), vidgo.WithInputCheck(models.Check))
	require.NoError(t, err)
	_, err = client.Submit(t.Context(), video.Sora2{Prompt: "a", Duration: 12})
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	require.EqualError(t, err, "vidgo: sora-2: duration is 12; want 10 or 15")
	wrong, ok := errors.AsType[*models.CheckError](err)
	require.True(t, ok)
	require.Equal(t, "sora-2", wrong.Model)
	require.Empty(t, srv.Requests())

	_, err = client.Submit(t.Context(), vidgo.Untyped("sora-99", map[string]any{"anything": true}))
	require.NotErrorIs(t, err, vidgo.ErrInvalidInput, "an unknown model is sent to Vidgo")
}

// The client and the catalogue must agree on which models are music models.
func TestMusicModels(t *testing.T) {
	for m := range models.All() {
		_, requests := run(t, m.ID)
		require.Equal(t, m.Endpoint == models.MusicEndpoint, requests[vidgotest.EndpointMusic] > 0, m.ID)
		require.Equal(t, m.Endpoint == models.StatusEndpoint, requests[vidgotest.EndpointStatus] > 0, m.ID)
	}
}

// The result type of a music model must read all that the fake makes for it.
func TestMusicResults(t *testing.T) {
	for model, read := range map[string]func([]vidgo.File) (any, error){
		"generate-music":             as[music.Track],
		"generate-lyrics":            as[music.Lyrics],
		"get-timestamped-lyrics":     as[music.TimestampedLyrics],
		"boost-music-style":          as[music.Style],
		"convert-to-wav":             as[music.WAV],
		"separate-vocals":            as[music.Vocals],
		"upload-and-separate-vocals": as[music.VocalRemoval],
		"stem-split":                 as[music.Stems],
		"generate-music-cover":       as[music.Cover],
		"generate-persona":           as[music.Persona],
		"create-music-video":         as[music.Video],
	} {
		task, _ := run(t, model)
		got, err := read(task.Files)
		require.NoError(t, err, model)
		raw, err := json.Marshal(got)
		require.NoError(t, err, model)
		for _, u := range task.URLs() {
			require.Contains(t, string(raw), u, model)
		}
		if len(task.URLs()) == 0 {
			require.NotContains(t, string(raw), `""`, model)
		}
	}
}

func as[T any](files []vidgo.File) (any, error) { return music.Results[T](files) }

// run runs a task of a model, and counts its requests by endpoint.
func run(t *testing.T, model string) (*vidgo.Task, map[vidgotest.Endpoint]int) {
	var srv vidgotest.Server
	client, err := vidgo.NewClient("any-key-will-do", vidgo.WithHTTPClient(srv.Client()))
	require.NoError(t, err)
	task, err := client.Run(t.Context(), vidgo.Untyped(model, nil))
	require.NoError(t, err, model)
	requests := make(map[vidgotest.Endpoint]int)
	for _, r := range srv.Requests() {
		requests[r.Endpoint]++
	}
	return task, requests
}

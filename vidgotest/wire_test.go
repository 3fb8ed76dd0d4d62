package vidgotest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// bubbleTime is when the clock of a bubble starts.
const bubbleTime = "2000-01-01T00:00:00"

func TestSubmitAnswersAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		r := do(t, &srv, http.MethodPost, submitURL, order("nano-banana", ""))
		id := srv.Tasks()[0].ID
		require.Regexp(t, `^task-unified-946684800-[0-9a-z]{8}$`, id)
		require.Equal(t, 200, r.status)
		require.JSONEq(t, `{"code":200,"data":{"task_id":"`+id+`","status":"not_started","created_time":"`+bubbleTime+`"}}`, r.body)
		require.Equal(t, "application/json", r.header.Get("Content-Type"))
		require.Equal(t, "Sat, 01 Jan 2000 00:00:00 GMT", r.header.Get("Date"))
		require.NotEmpty(t, r.header.Get("X-Request-Id"))
	})
}

func TestSubmitStatusIsTheScripts(t *testing.T) {
	var srv vidgotest.Server
	srv.Next(vidgotest.Script{SubmitStatus: "-"}, vidgotest.Script{SubmitStatus: "running"})
	require.NotContains(t, do(t, &srv, http.MethodPost, submitURL, order("seedream-5.0-lite", "")).body, `"status"`)
	require.Contains(t, do(t, &srv, http.MethodPost, submitURL, order("veo3.1-fast", "")).body, `"status":"running"`)
}

func TestStatusAnswersAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Script("nano-banana", vidgotest.Script{Queued: time.Second, Duration: 20 * time.Second, Files: []vidgotest.File{
			{"file_url": "https://storage.vidgo.ai/generated/image-abc123.jpg", "file_type": "image"},
		}})
		id := submit(t, &srv, "nano-banana", "")
		head := `{"code":200,"data":{"task_id":"` + id + `","created_time":"` + bubbleTime + `",`
		require.JSONEq(t, head+`"status":"not_started","files":[],"progress":0,"error_message":null}}`, get(t, &srv, statusURL+id).body)
		time.Sleep(time.Second)
		require.JSONEq(t, head+`"status":"running","files":[],"progress":0,"error_message":null}}`, get(t, &srv, statusURL+id).body)
		time.Sleep(19 * time.Second)
		require.JSONEq(t, head+`"status":"finished",
			"files":[{"file_url":"https://storage.vidgo.ai/generated/image-abc123.jpg","file_type":"image"}],
			"progress":100,"error_message":null}}`, get(t, &srv, statusURL+id).body)
	})
}

func TestFailedTaskAnswersAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Next(vidgotest.Script{Error: "blocked", Credits: 12.5})
		id := submit(t, &srv, "nano-banana", "")
		require.JSONEq(t, `{"code":200,"data":{"task_id":"`+id+`","created_time":"`+bubbleTime+`","status":"failed",
			"files":[],"progress":0,"error_message":"blocked","credits_amount":12.5}}`, get(t, &srv, statusURL+id).body)
	})
}

func TestMusicAnswersAtItsOwnEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		id := submit(t, &srv, "convert-to-wav", "")
		require.JSONEq(t, `{"code":200,"data":{"task_id":"`+id+`","created_time":"`+bubbleTime+`","status":"finished",
			"files":[{"wav_url":"https://storage.vidgo.ai/generated/`+id+`-1.wav"}],"error_message":null}}`,
			get(t, &srv, musicURL+id).body)
		require.Equal(t, 404, get(t, &srv, statusURL+id).status)
		require.Equal(t, 404, get(t, &srv, musicURL+submit(t, &srv, "nano-banana", "")).status)
	})
}

func TestMusicFilesHaveTheModelsShape(t *testing.T) {
	song := []string{"audio_id", "audio_url", "image_url", "title", "tags", "duration", "prompt"}
	for model, fields := range map[string][]string{
		"generate-music": song, "extend-music": song, "upload-and-cover-audio": song, "upload-and-extend-audio": song,
		"add-instrumental": song, "add-vocals": song, "replace-section": song,
		"get-timestamped-lyrics":     {"timestampe_lyrics"},
		"generate-lyrics":            {"title", "text"},
		"boost-music-style":          {"style"},
		"convert-to-wav":             {"wav_url"},
		"separate-vocals":            {"separate_vocals"},
		"upload-and-separate-vocals": {"vocal_removal"},
		"stem-split":                 {"stem_split"},
		"generate-music-cover":       {"generate_cover"},
		"generate-persona":           {"persona_id"},
		"create-music-video":         {"video_url"},
	} {
		t.Run(model, func(t *testing.T) {
			var srv vidgotest.Server
			var answer struct{ Data task }
			body := get(t, &srv, musicURL+submit(t, &srv, model, "")).body
			require.NoError(t, json.Unmarshal([]byte(body), &answer))
			require.Len(t, answer.Data.Files, 1)
			var got []string
			for name := range answer.Data.Files[0] {
				got = append(got, name)
			}
			require.ElementsMatch(t, fields, got)
		})
	}
}

func TestStemsAreJSONInAString(t *testing.T) {
	for model, want := range map[string]struct {
		field string
		names []string
	}{
		"separate-vocals":            {"separate_vocals", []string{"vocal_url", "instrumental_url"}},
		"upload-and-separate-vocals": {"vocal_removal", []string{"bass", "drums", "piano", "guitar", "vocals", "other"}},
		"stem-split": {"stem_split", []string{"backing_vocals_url", "bass_url", "brass_url", "drums_url", "fx_url",
			"guitar_url", "keyboard_url", "percussion_url", "strings_url", "synth_url", "vocal_url", "woodwinds_url"}},
	} {
		var srv vidgotest.Server
		var answer struct{ Data task }
		require.NoError(t, json.Unmarshal([]byte(get(t, &srv, musicURL+submit(t, &srv, model, "")).body), &answer))
		var urls map[string]string
		require.NoError(t, json.Unmarshal([]byte(answer.Data.Files[0][want.field].(string)), &urls))
		var got []string
		for name := range urls {
			got = append(got, name)
		}
		require.ElementsMatch(t, want.names, got, model)
	}
}

func TestBalanceAnswersAsDocumented(t *testing.T) {
	var srv vidgotest.Server
	require.JSONEq(t, `{"code":200,"data":{"email":"dev@example.com","credits_amount":17276}}`, get(t, &srv, balance).body)
}

func TestModelNameDecidesTheKind(t *testing.T) {
	for model, kind := range map[string]string{
		"nano-banana": "image", "seedream-4": "image", "alibaba/qwen-image-2.1/edit": "image",
		"alibaba/wan-2.7/text-to-image": "image", "kwaivgi/kling-image-o1": "image", "grok-imagine-image": "image",
		"sora-2": "video", "veo3.1-fast": "video", "minimax/h3/image-to-video": "video", "wan-animate-move": "video",
		"grok-imagine": "video", "kling-2.6-motion-control": "video", "hailuo-02": "video", "happy-horse": "video",
		"runway-gen-4.5": "video", "seedance-2": "video", "some-i2v": "video", "some-t2v": "video",
	} {
		var srv vidgotest.Server
		file := look(t, &srv, submit(t, &srv, model, "")).Files[0]
		require.Equal(t, kind, file["file_type"], model)
		extension := map[string]string{"image": ".png", "video": ".mp4"}[kind]
		require.Regexp(t, `^https://storage\.vidgo\.ai/generated/.+\`+extension+`$`, file["file_url"])
	}
}

func TestGeneratedFilesCanBeFetchedWithoutAKey(t *testing.T) {
	var srv vidgotest.Server
	srv.APIKey = "secret"
	const generated = "https://storage.vidgo.ai/generated/"
	picture := fetch(t, &srv, generated+"a.png")
	require.Equal(t, "image/png", picture.header.Get("Content-Type"))
	_, err := png.Decode(strings.NewReader(picture.body))
	require.NoError(t, err)
	for name, start := range map[string]string{"a.mp4": "\x00\x00\x00\x18ftypisom", "a.mp3": "\xff\xfb", "a.wav": "RIFF"} {
		r := fetch(t, &srv, generated+name)
		require.Equal(t, 200, r.status)
		require.True(t, strings.HasPrefix(r.body, start), "%s: %q", name, r.body)
	}
	require.Equal(t, 404, fetch(t, &srv, generated+"a.exe").status)
	require.Equal(t, vidgotest.EndpointFile, srv.Requests()[0].Endpoint)
	require.Zero(t, srv.Requests()[0].InFlight)
}

func TestUploadAnswersAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		r := uploadForm(t, &srv, "cat.PNG", png1, "upload_path", "cats", "file_name", "tom.png")
		require.Equal(t, 200, r.status, r.body)
		u := srv.Uploads()[0]
		require.NotEmpty(t, u.ID)
		require.JSONEq(t, `{"success":true,"code":200,"msg":"File uploaded successfully","data":{
			"file_id":"`+u.ID+`","file_name":"tom.png","original_name":"cat.PNG","file_size":9,"mime_type":"image/png",
			"upload_path":"temp/cats","file_url":"https://storage.vidgo.ai/temp/cats/tom.png",
			"download_url":"https://storage.vidgo.ai/temp/cats/tom.png?download=1",
			"upload_time":"2000-01-01T00:00:00","expires_at":"2000-01-04T00:00:00"}}`, r.body)
		sum := sha256.Sum256([]byte(png1))
		require.Equal(t, vidgotest.Upload{
			Endpoint: vidgotest.EndpointUpload, ID: u.ID, Name: "tom.png", OriginalName: "cat.PNG", Size: 9,
			MIMEType: "image/png", SHA256: hex.EncodeToString(sum[:]), Path: "temp/cats",
			URL: "https://storage.vidgo.ai/temp/cats/tom.png", Time: time.Now(),
		}, u)
	})
}

package vidgo_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

const finishedJSON = `{
  "task_id": "task-unified-1757165031-uyujaw3d", "status": "finished",
  "files": [{"file_url": "https://storage.vidgo.ai/generated/image-abc123.jpg?a=1&b=<2>", "file_type": "image", "width": 1024}],
  "created_time": "2025-11-12T10:30:00", "progress": 100.0, "error_message": null, "seed": 7}`

func parse(t *testing.T, body string) *vidgo.Task {
	t.Helper()
	var task vidgo.Task
	require.NoError(t, json.Unmarshal([]byte(body), &task))
	return &task
}

func TestTaskFromTheWire(t *testing.T) {
	task := parse(t, finishedJSON)
	require.Equal(t, "task-unified-1757165031-uyujaw3d", task.ID)
	require.Equal(t, vidgo.Finished, task.Status)
	require.Equal(t, 100.0, task.Progress)
	require.Equal(t, time.Date(2025, 11, 12, 10, 30, 0, 0, time.UTC), task.CreatedAt)
	require.Empty(t, task.ErrorMessage)
	require.Len(t, task.Files, 1)
	require.Equal(t, "https://storage.vidgo.ai/generated/image-abc123.jpg?a=1&b=<2>", task.Files[0].URL)
	require.Equal(t, "image", task.Files[0].Type)
	var more struct{ Width int }
	require.NoError(t, task.Files[0].Decode(&more))
	require.Equal(t, 1024, more.Width)
}

func TestATaskIsReadLeniently(t *testing.T) {
	tests := []struct {
		name, body string
		want       vidgo.Task
	}{
		{"every field is null", `{"task_id":"a","status":null,"files":null,"created_time":null,"progress":null,"error_message":null,"credits_amount":null}`,
			vidgo.Task{ID: "a"}},
		{"every field is missing", `{"task_id":"a"}`, vidgo.Task{ID: "a"}},
		{"numbers as strings", `{"task_id":7,"progress":"42.5","credits_amount":"3"}`,
			vidgo.Task{ID: "7", Progress: 42.5, Credits: 3}},
		{"values that are not numbers", `{"task_id":"a","progress":{"now":1},"credits_amount":"many"}`, vidgo.Task{ID: "a"}},
		{"an unknown status", `{"task_id":"a","status":"reviewing"}`, vidgo.Task{ID: "a", Status: "reviewing"}},
		{"a time with fractions of a second", `{"task_id":"a","created_time":"2026-01-01T13:09:04.731057"}`,
			vidgo.Task{ID: "a", CreatedAt: time.Date(2026, 1, 1, 13, 9, 4, 731057000, time.UTC)}},
		{"a time with a zone", `{"task_id":"a","created_time":"2026-01-01T13:09:04+01:00"}`,
			vidgo.Task{ID: "a", CreatedAt: time.Date(2026, 1, 1, 12, 9, 4, 0, time.UTC)}},
		{"a value that is not a time", `{"task_id":"a","created_time":"yesterday"}`, vidgo.Task{ID: "a"}},
		{"an error that is an object", `{"task_id":"a","error_message":{"reason":"x"}}`,
			vidgo.Task{ID: "a", ErrorMessage: `{"reason":"x"}`}},
		{"files that are not a list", `{"task_id":"a","files":"soon"}`, vidgo.Task{ID: "a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := parse(t, test.body)
			require.JSONEq(t, test.body, string(got.Raw))
			got.Raw = nil
			require.Equal(t, test.want, *got)
		})
	}
}

func TestTaskFilesOfEveryKind(t *testing.T) {
	task := parse(t, `{"task_id":"a","files":[
		{"file_url":"https://cdn.vidgo.ai/a.mp4","file_type":"video","label":"main","format":"mp4",
		 "content_type":"video/mp4","file_name":"a.mp4","file_size":1048576.0},
		"https://cdn.vidgo.ai/bare.png", 7, null]}`)
	require.Len(t, task.Files, 2, "what is not a file is left out")
	want := vidgo.File{URL: "https://cdn.vidgo.ai/a.mp4", Type: "video", Label: "main", Format: "mp4",
		ContentType: "video/mp4", Name: "a.mp4", Size: 1 << 20, Raw: task.Files[0].Raw}
	require.Equal(t, want, task.Files[0])
	require.Equal(t, "https://cdn.vidgo.ai/bare.png", task.Files[1].URL)
}

// A stored task keeps its JSON byte for byte, with the fields that only this
// package knows, and is read back the same.
func TestTaskMarshalsAndReadsBack(t *testing.T) {
	task := parse(t, finishedJSON)
	task.Model, task.Reference, task.SubmissionID = "sora-2", "order-7", "0192f0c1-0000-7000-8000-000000000000"

	stored, err := json.Marshal(task)
	require.NoError(t, err)
	require.JSONEq(t, `{
	  "task_id": "task-unified-1757165031-uyujaw3d", "status": "finished",
	  "files": [{"file_url": "https://storage.vidgo.ai/generated/image-abc123.jpg?a=1&b=<2>", "file_type": "image", "width": 1024}],
	  "created_time": "2025-11-12T10:30:00", "progress": 100.0, "error_message": null, "seed": 7,
	  "model": "sora-2", "reference": "order-7", "submission_id": "0192f0c1-0000-7000-8000-000000000000"}`, string(stored))
	require.Contains(t, string(stored), `"progress":100.0`, "what did not change stays as it came")

	back := parse(t, string(stored))
	require.Equal(t, task, back)
	again, err := json.Marshal(back)
	require.NoError(t, err)
	require.Equal(t, stored, again)
}

func TestTaskMarshalsChangedFields(t *testing.T) {
	task := parse(t, finishedJSON)
	task.Status, task.ErrorMessage, task.Progress = vidgo.Failed, "later found broken", 0
	task.Files[0].Label = "broken"
	stored, err := json.Marshal(task)
	require.NoError(t, err)
	back := parse(t, string(stored))
	require.Equal(t, vidgo.Failed, back.Status)
	require.Equal(t, "later found broken", back.ErrorMessage)
	require.Equal(t, "broken", back.Files[0].Label)
	require.Contains(t, string(back.Raw), `"seed":7`)
	require.Contains(t, string(back.Raw), `"width":1024`)
}

// Readers take the last of several members with one name.
func TestTaskMarshalsChangedFieldsThatWereThereTwice(t *testing.T) {
	var task, back vidgo.Task
	require.NoError(t, json.Unmarshal([]byte(`{"task_id":"a","status":"running","task_id":"b"}`), &task))
	require.Equal(t, "b", task.ID)
	task.ID = "c"
	blob, err := json.Marshal(task)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(blob, &back))
	require.Equal(t, "c", back.ID, "%s", blob)
}

func TestTaskMadeByHandMarshals(t *testing.T) {
	made := vidgo.Task{ID: "a", Status: vidgo.Finished, Progress: 100, Credits: 2.5, Reference: "r",
		CreatedAt: time.Date(2026, 1, 1, 0, 0, 0, 5e8, time.UTC),
		Files:     []vidgo.File{{URL: "https://cdn.vidgo.ai/a.png", Type: "image", Size: 3}}}
	stored, err := json.Marshal(made)
	require.NoError(t, err)
	require.JSONEq(t, `{"task_id":"a","status":"finished","progress":100,"credits_amount":2.5,"reference":"r",
		"created_time":"2026-01-01T00:00:00.5","files":[{"file_url":"https://cdn.vidgo.ai/a.png","file_type":"image","file_size":3}]}`,
		string(stored))
	back := parse(t, string(stored))
	back.Raw, back.Files[0].Raw = nil, nil
	require.Equal(t, made, *back)
}

func TestTaskURLs(t *testing.T) {
	tests := []struct {
		name, files string
		want        []string
	}{
		{"images", `[{"file_url":"https://x.vidgo.ai/1.png"},{"file_url":"https://x.vidgo.ai/2.png"},{"file_url":"https://x.vidgo.ai/1.png"}]`,
			[]string{"https://x.vidgo.ai/1.png", "https://x.vidgo.ai/2.png"}},
		{"a track", `[{"audio_id":"7","audio_url":"https://x.vidgo.ai/a.mp3","image_url":"https://x.vidgo.ai/a.jpg",
			"title":"https://not.a.file/","tags":"calm","duration":12.5,"prompt":"https://not.a.file/either"}]`,
			[]string{"https://x.vidgo.ai/a.mp3", "https://x.vidgo.ai/a.jpg"}},
		{"stems in a string", `[{"vocal_removal":" {\"bass\": \"https://x.vidgo.ai/bass.mp3\", \"drums\": \"\", \"vocals\": \"https://x.vidgo.ai/v.mp3 \"}"}]`,
			[]string{"https://x.vidgo.ai/bass.mp3", "https://x.vidgo.ai/v.mp3"}},
		{"a list in a string", `[{"generate_cover":"[{\"file_url\":\"https://x.vidgo.ai/c.jpg\",\"file_type\":\"image\"}]"}]`,
			[]string{"https://x.vidgo.ai/c.jpg"}},
		{"lyrics", `[{"title":"t","text":"[Verse]\nhttps://x"}]`, nil},
		{"no files", `[]`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, parse(t, `{"task_id":"a","files":`+test.files+`}`).URLs())
		})
	}
}

func TestATaskIsNotReadFromAnythingButAnObject(t *testing.T) {
	for _, body := range []string{`[]`, `"task"`, `7`, ``} {
		var task vidgo.Task
		require.Error(t, task.UnmarshalJSON([]byte(body)), body)
	}
}

// It is a convention of package json.
func TestNullLeavesATaskAsItWas(t *testing.T) {
	task, file := vidgo.Task{ID: "a"}, vidgo.File{URL: "x"}
	require.NoError(t, json.Unmarshal([]byte("null"), &task))
	require.NoError(t, json.Unmarshal([]byte("null"), &file))
	require.Equal(t, "a", task.ID)
	require.Equal(t, "x", file.URL)
}

func TestAnswersThatAreNotAboutTheTask(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":200,"data":{"task_id":"task-2","status":"finished"}}`: `it is about another task, "task-2"`,
		`{"code":200,"data":{"progress":7}}`:                           "it is not a task",
		`{"code":200,"data":["task-1"]}`:                               "not a JSON object",
	} {
		_, err := answeredBy(t, answering(200, nil, body)).Task(t.Context(), "task-1")
		require.ErrorContains(t, err, want)
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok)
		require.JSONEq(t, body, string(api.Body))
	}
}

package vidgo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Status is the state of a task. Vidgo may add to the four that it documents
// (GET /api/generate/status): an unknown Status is kept as it came, and means
// that the task is not done yet.
type Status string

// The documented statuses.
const (
	NotStarted Status = "not_started"
	Running    Status = "running"
	Finished   Status = "finished"
	Failed     Status = "failed"
)

// Done reports whether s is final: [Finished] or [Failed].
func (s Status) Done() bool { return s == Finished || s == Failed }

// Task is a snapshot of one generation. It marshals to the JSON object it came
// from with the model, the reference and the submission id added, and
// unmarshals to the same Task, so it can be stored.
type Task struct {
	ID           string
	Model        string // empty unless this client submitted the task
	Status       Status
	Progress     float64 // 0 to 100; often 0 until the end
	Files        []File  // the results, at most 4,096; empty until the task is finished
	CreatedAt    time.Time
	ErrorMessage string  // the provider's reason, if the task failed
	Credits      float64 // what the task cost; 0 if Vidgo did not say
	Reference    string  // the caller's own id; see [Reference]
	SubmissionID string  // a UUIDv7; empty unless this client submitted the task or got its signed callback

	// Raw is the task's JSON object as it came, for what has no field here. It
	// is compacted, escaped as by [json.Marshal], and without the model,
	// reference and submission_id that this package adds.
	Raw json.RawMessage
}

// File is one result of a task. Vidgo keeps it for 24 hours.
type File struct {
	URL         string // empty for music, and for results that are not files; see [File.Decode] and [Task.URLs]
	Type        string // "image", "video" or another
	Name        string
	Format      string
	ContentType string
	Size        int64 // bytes; 0 if unknown
	Label       string

	// Raw is the file's JSON object as it came, compacted.
	Raw json.RawMessage
}

// Decode unmarshals the file's JSON object into v. Music results have members
// of their own, such as audio_url, title and duration.
func (f File) Decode(v any) error {
	raw, err := f.MarshalJSON()
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// URLs returns every URL that can be downloaded, in the order they appear in
// the task, each once: file_url, audio_url, image_url and the like, and those
// inside music results that are JSON in a string.
func (t *Task) URLs() []string {
	var found []string
	for _, f := range t.Files {
		raw, err := f.MarshalJSON()
		if err != nil {
			continue
		}
		walkURLs(raw, "", 0, func(u string) {
			if !slices.Contains(found, u) {
				found = append(found, u)
			}
		})
	}
	return found
}

// clone makes a deep copy: each caller owns its task. All JSON goes into one
// allocation, in parts that cannot grow into one another.
func (t *Task) clone() *Task {
	own := *t
	own.Files = slices.Clone(t.Files)
	total := len(t.Raw)
	for _, f := range t.Files {
		total += len(f.Raw)
	}
	room := make([]byte, 0, total)
	room, own.Raw = appendPart(room, t.Raw)
	for i, f := range t.Files {
		room, own.Files[i].Raw = appendPart(room, f.Raw)
	}
	return &own
}

// appendPart appends part to room, and returns both room and the part in it.
func appendPart(room, part []byte) (longer, there []byte) {
	if part == nil {
		return room, nil
	}
	longer = append(room, part...)
	return longer, longer[len(room):len(longer):len(longer)]
}

// err is the error that a wait returns with the final state t.
func (t *Task) err() error {
	if t.Status == Failed {
		return &TaskError{Task: t}
	}
	return nil
}

// Input is the input of one model. Model returns the model's id. An Input
// marshals to the JSON object that is sent as the request's "input".
type Input interface{ Model() string }

// Untyped returns an Input with the given model id and fields. A nil map is an
// empty object. The map is read when the Input is submitted.
func Untyped(model string, input map[string]any) Input {
	return untyped{model: model, input: input}
}

type untyped struct {
	model string
	input map[string]any
}

func (u untyped) Model() string { return u.model }

func (u untyped) MarshalJSON() ([]byte, error) {
	if u.input == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(u.input)
}

// Task returns the current state of the task, from one status request. A failed
// task is no error here. If id cannot be one, the error is an [InputError]; if
// Vidgo refuses, or its answer is not a task, an [APIError]. Of the options
// only [AsMusic] has an effect.
func (c *Client) Task(ctx context.Context, id string, opts ...WaitOption) (*Task, error) {
	cfg, err := applyAll(callConfig{}, opts)
	if err == nil {
		err = checkTaskID(id)
	}
	if err != nil {
		return nil, err
	}
	asked, music := c.tracker.now(), cfg.music || c.tracker.isMusic(id)
	task, err := c.fetch(ctx, id, music, repeatFreely)
	if err != nil {
		return nil, fmt.Errorf("vidgo: task %s: %w", id, err)
	}
	standing := c.tracker.report(report{id: id, task: task.clone(), from: fromLook, asked: asked, music: music})
	// The caller gets what Vidgo says now, even if another final state stands.
	task.Model, task.Reference, task.SubmissionID = standing.Model, standing.Reference, standing.SubmissionID
	return task, nil
}

// fetch requests a task's state.
func (c *Client) fetch(ctx context.Context, id string, music bool, repeat repeatRule) (*Task, error) {
	r := request{method: http.MethodGet, path: "/api/generate/status/" + url.PathEscape(id), repeat: repeat}
	if music {
		r.path, r.query = "/api/generate/detail/music", url.Values{"task_id": {id}}
	}
	task, err := call(ctx, c, r, func(data []byte) (Task, error) { return decodeState(data, id) })
	if err != nil {
		return nil, err
	}
	return &task, nil
}

// Run submits in and waits for the result: it is [Client.Submit] followed by
// [Client.Wait], with the errors of both. Once the task exists, it is returned
// together with any error.
func (c *Client) Run(ctx context.Context, in Input, opts ...RunOption) (*Task, error) {
	var submit []SubmitOption
	var wait []WaitOption
	for i, opt := range opts {
		switch o := opt.(type) {
		case SubmitOption:
			submit = append(submit, o)
		case WaitOption:
			wait = append(wait, o)
		default:
			return nil, nilOption(i)
		}
	}
	if _, err := applyAll(callConfig{}, wait); err != nil {
		return nil, err // before anything is paid for
	}
	task, err := c.Submit(ctx, in, submit...)
	if err != nil {
		return task, err
	}
	return c.Wait(ctx, task.ID, wait...)
}

// checkTaskID refuses ids that would lead to another endpoint. It leaves their
// form open: Vidgo's ids have more than one.
func checkTaskID(id string) error {
	fault := ""
	switch {
	case id == "":
		fault = "is empty; want the ID of a submitted task"
	case id == "." || id == ".." || strings.ContainsRune(id, '/'):
		fault = fmt.Sprintf("is %q, which is a path; want the ID of a submitted task", clip(id, 100))
	case len(id) > 1024:
		fault = fmt.Sprintf("has %d bytes; want at most 1024", len(id))
	case !utf8.ValidString(id):
		fault = fmt.Sprintf("is %q, which is no UTF-8: no JSON can name it", clip(id, 100))
	case strings.ContainsFunc(id, unicode.IsControl):
		fault = fmt.Sprintf("is %q, with control characters in it", id)
	default:
		return nil
	}
	return &InputError{Field: "task id", Reason: fault}
}

// musicModels are the models whose tasks are read at the music endpoint
// (api-manual/music-series, as of August 2026).
var musicModels = []string{
	"add-instrumental", "add-vocals", "boost-music-style", "convert-to-wav",
	"create-music-video", "extend-music", "generate-lyrics", "generate-music",
	"generate-music-cover", "generate-persona", "get-timestamped-lyrics",
	"replace-section", "separate-vocals", "stem-split", "upload-and-cover-audio",
	"upload-and-extend-audio", "upload-and-separate-vocals",
}

// encodeInput returns the model and the JSON object of an Input.
func encodeInput(in Input) (model string, object json.RawMessage, err error) {
	if v := reflect.ValueOf(in); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", nil, &InputError{Field: "input", Reason: "is nil; want a typed input or Untyped"}
	}
	if model = in.Model(); strings.TrimSpace(model) == "" {
		return "", nil, &InputError{Field: "model", Reason: `is empty; want a model's id such as "sora-2"`}
	}
	object, err = json.Marshal(in)
	if err != nil {
		return model, nil, &InputError{Model: model, Field: "input", Reason: "cannot be written as JSON: " + err.Error()}
	}
	if object[0] != '{' {
		return model, nil, &InputError{Model: model, Field: "input", Reason: "is not a JSON object but " + clip(string(object), 40)}
	}
	return model, object, nil
}

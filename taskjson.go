package vidgo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// ours are the members that a Task adds to the object it came from. No answer
// of Vidgo is known to have them.
var ours = []string{"model", "reference", "submission_id"}

// decodeTask reads a compact task object. The Task keeps raw.
func decodeTask(raw []byte) (Task, error) {
	if !isObject(raw) {
		return Task{}, errNoObject
	}
	t := Task{Raw: raw}
	labelled := false
	for key, value := range members(raw) {
		switch string(key) {
		case "task_id":
			t.ID = idOf(value)
		case "status":
			t.Status = statusOf(value)
		case "progress":
			t.Progress = numberOf(value)
		case "files":
			t.Files = decodeFiles(value)
		case "created_time":
			t.CreatedAt = parseTime(textOf(value))
		case "error_message":
			t.ErrorMessage = textOf(value)
		case "credits_amount":
			t.Credits = numberOf(value)
		case "model":
			t.Model, labelled = textOf(value), true
		case "reference":
			t.Reference, labelled = textOf(value), true
		case "submission_id":
			t.SubmissionID, labelled = textOf(value), true
		}
	}
	if labelled {
		t.Raw = without(raw, ours)
	}
	return t, nil
}

// statusOf reads a status. The known ones are shared: a client may hold a
// million of them.
func statusOf(raw []byte) Status {
	switch string(raw) {
	case `"not_started"`:
		return NotStarted
	case `"running"`:
		return Running
	case `"finished"`:
		return Finished
	case `"failed"`:
		return Failed
	}
	return Status(textOf(raw))
}

// decodeState is decodeTask for the answer to a question about a task: it must
// hold that task's id, or at least a status.
func decodeState(raw []byte, id string) (Task, error) {
	t, err := decodeTask(raw)
	switch {
	case err != nil:
	case t.ID == "" && t.Status == "":
		err = errors.New("it is not a task")
	case t.ID != "" && t.ID != id:
		err = fmt.Errorf("it is about another task, %q", clip(t.ID, 100))
	}
	t.ID = id // the same string, so that a million waiting tasks do not hold it twice
	return t, err
}

// idOf reads an id, which is a string, or at most a number.
func idOf(raw []byte) string {
	if isObject(raw) || len(raw) > 0 && strings.IndexByte("[tf", raw[0]) >= 0 {
		return ""
	}
	return textOf(raw)
}

// maxFiles is how many files of a task are read. Vidgo makes some; anybody can
// send a callback with a third of a million, for each of which a File takes forty
// times its JSON.
const maxFiles = 4096

func decodeFiles(raw []byte) []File {
	var files []File
	for item := range elements(raw) {
		switch {
		case len(files) == maxFiles:
			return files
		case isObject(item):
			files = append(files, decodeFile(item))
		case present(item) && item[0] == '"':
			files = append(files, File{URL: textOf(item)})
		}
	}
	return files
}

// decodeFile reads a compact file object. The File keeps raw.
func decodeFile(raw []byte) File {
	f := File{Raw: raw}
	for key, value := range members(raw) {
		switch string(key) {
		case "file_url":
			f.URL = textOf(value)
		case "file_type":
			f.Type = textOf(value)
		case "file_name":
			f.Name = textOf(value)
		case "format":
			f.Format = textOf(value)
		case "content_type":
			f.ContentType = textOf(value)
		case "file_size":
			f.Size = int64(min(max(numberOf(value), 0), 1<<62))
		case "label":
			f.Label = textOf(value)
		}
	}
	return f
}

// UnmarshalJSON reads a task object as Vidgo sends it, or as MarshalJSON writes
// it.
func (t *Task) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil // by convention
	}
	raw, err := compactObject(b)
	if err != nil {
		return err
	}
	*t, err = decodeTask(raw)
	return err
}

// UnmarshalJSON reads a file object as Vidgo sends it, or as MarshalJSON writes
// it.
func (f *File) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil // by convention
	}
	raw, err := compactObject(b)
	if err != nil {
		return err
	}
	*f = decodeFile(raw)
	return nil
}

// MarshalJSON writes Raw, updated with every field that differs from it, and
// with the model, reference and submission_id if they are not empty.
func (t Task) MarshalJSON() ([]byte, error) {
	e := edit(t.Raw, `{"task_id":"","status":""}`)
	base, _ := decodeTask(e.raw)
	e.set("task_id", t.ID, base.ID)
	e.set("status", t.Status, base.Status)
	e.set("progress", t.Progress, base.Progress)
	e.set("files", t.Files, base.Files)
	if !t.CreatedAt.Equal(base.CreatedAt) {
		e.set("created_time", t.CreatedAt.UTC().Format("2006-01-02T15:04:05.999999999"), "")
	}
	e.set("error_message", t.ErrorMessage, base.ErrorMessage)
	e.set("credits_amount", t.Credits, base.Credits)
	e.set("model", t.Model, "")
	e.set("reference", t.Reference, "")
	e.set("submission_id", t.SubmissionID, "")
	return e.object.bytes(), e.object.err
}

// MarshalJSON writes Raw, updated with every field that differs from it.
func (f File) MarshalJSON() ([]byte, error) {
	e := edit(f.Raw, `{}`)
	base := decodeFile(e.raw)
	e.set("file_url", f.URL, base.URL)
	e.set("file_type", f.Type, base.Type)
	e.set("file_name", f.Name, base.Name)
	e.set("format", f.Format, base.Format)
	e.set("content_type", f.ContentType, base.ContentType)
	e.set("file_size", f.Size, base.Size)
	e.set("label", f.Label, base.Label)
	return e.object.bytes(), e.object.err
}

// editing is an object that is being edited, and the one it was before.
type editing struct {
	raw    []byte
	object object
}

// edit begins with raw, or with blank if raw is not an object: a user may have
// set it.
func edit(raw []byte, blank string) editing {
	compact, err := compactObject(raw)
	if err != nil {
		compact = []byte(blank)
	}
	e := editing{raw: compact}
	for key, value := range members(compact) {
		e.object.members = append(e.object.members, member{string(key), value})
	}
	return e
}

// set writes value unless it equals the one before: what did not change stays
// as it came.
func (e *editing) set(key string, value, before any) {
	if !reflect.DeepEqual(value, before) {
		e.object.set(key, value)
	}
}

// without copies an object without some of its members.
func without(raw []byte, keys []string) []byte {
	var o object
	for key, value := range members(raw) {
		if !slices.Contains(keys, string(key)) {
			o.members = append(o.members, member{string(key), value})
		}
	}
	return o.bytes()
}

// timeForms are the forms in which created_time was seen. Go accepts fractional
// seconds in all of them.
var timeForms = []string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05"}

// parseTime reads a time of Vidgo's, which is UTC unless it names a zone.
func parseTime(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// prose are members that hold people's words, which may look like a URL.
var prose = []string{"prompt", "title", "tags", "text", "style", "lyrics", "label"}

// walkURLs finds the http and https URLs among the strings of a compact JSON
// value, and inside strings that are JSON themselves.
func walkURLs(raw []byte, key string, depth int, found func(string)) {
	if len(raw) == 0 || depth > 8 || slices.Contains(prose, key) {
		return
	}
	switch raw[0] {
	case '{':
		for key, value := range members(raw) {
			walkURLs(value, string(key), depth+1, found)
		}
	case '[':
		for value := range elements(raw) {
			walkURLs(value, key, depth+1, found)
		}
	case '"':
		s := strings.TrimSpace(textOf(raw))
		if isURL(s) {
			found(s)
		} else if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
			var inner bytes.Buffer
			if json.Compact(&inner, []byte(s)) == nil {
				walkURLs(inner.Bytes(), key, depth+1, found)
			}
		}
	}
}

func isURL(s string) bool {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || strings.ContainsAny(s, " \t\r\n") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.Host != ""
}

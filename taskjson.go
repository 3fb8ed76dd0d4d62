package vidgo

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// The wire is read leniently: a field of an unexpected type costs that field,
// never the task. A generation is paid for by the time we read it.

type taskWire struct {
	ID           text     `json:"task_id"`
	Status       text     `json:"status"`
	Progress     number   `json:"progress"`
	Files        fileList `json:"files"`
	CreatedAt    text     `json:"created_time"`
	ErrorMessage text     `json:"error_message"`
	Credits      number   `json:"credits_amount"`

	// Ours: no answer of Vidgo is known to have them.
	Model        text `json:"model"`
	Reference    text `json:"reference"`
	SubmissionID text `json:"submission_id"`
}

// ours are the members that MarshalJSON adds to the task's own object.
var ours = []string{"model", "reference", "submission_id"}

// UnmarshalJSON reads a task object of Vidgo's, or what MarshalJSON wrote.
func (t *Task) UnmarshalJSON(b []byte) error {
	raw, err := compactObject(b)
	if err != nil {
		return err
	}
	var w taskWire
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	*t = Task{
		ID:           string(w.ID),
		Model:        string(w.Model),
		Status:       Status(w.Status),
		Progress:     float64(w.Progress),
		Files:        w.Files,
		CreatedAt:    parseTime(string(w.CreatedAt)),
		ErrorMessage: string(w.ErrorMessage),
		Credits:      float64(w.Credits),
		Reference:    string(w.Reference),
		SubmissionID: string(w.SubmissionID),
		Raw:          raw,
	}
	if w.Model != "" || w.Reference != "" || w.SubmissionID != "" {
		o, err := parseObject(raw)
		if err != nil {
			return err
		}
		t.Raw = o.without(ours...).bytes()
	}
	return nil
}

// MarshalJSON writes Raw, with every field that differs from it put in its
// place, and ours added.
func (t Task) MarshalJSON() ([]byte, error) {
	var base Task
	raw := t.Raw
	if base.UnmarshalJSON(raw) != nil {
		base, raw = Task{}, []byte(`{"task_id":"","status":""}`)
	}
	o, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	o.set("task_id", t.ID, base.ID)
	o.set("status", t.Status, base.Status)
	o.set("progress", t.Progress, base.Progress)
	o.set("files", t.Files, base.Files)
	if !t.CreatedAt.Equal(base.CreatedAt) {
		o.set("created_time", formatTime(t.CreatedAt), "")
	}
	o.set("error_message", t.ErrorMessage, base.ErrorMessage)
	o.set("credits_amount", t.Credits, base.Credits)
	o.set("model", t.Model, "")
	o.set("reference", t.Reference, "")
	o.set("submission_id", t.SubmissionID, "")
	return o.bytes(), o.err
}

type fileWire struct {
	URL         text   `json:"file_url"`
	Type        text   `json:"file_type"`
	Name        text   `json:"file_name"`
	Format      text   `json:"format"`
	ContentType text   `json:"content_type"`
	Size        number `json:"file_size"`
	Label       text   `json:"label"`
}

// UnmarshalJSON reads a file object of Vidgo's, or what MarshalJSON wrote.
func (f *File) UnmarshalJSON(b []byte) error {
	raw, err := compactObject(b)
	if err != nil {
		return err
	}
	var w fileWire
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	*f = File{
		URL:         string(w.URL),
		Type:        string(w.Type),
		Name:        string(w.Name),
		Format:      string(w.Format),
		ContentType: string(w.ContentType),
		Size:        int64(w.Size),
		Label:       string(w.Label),
		Raw:         raw,
	}
	return nil
}

// MarshalJSON writes Raw, with every field that differs from it put in its place.
func (f File) MarshalJSON() ([]byte, error) {
	var base File
	raw := f.Raw
	if base.UnmarshalJSON(raw) != nil {
		base, raw = File{}, []byte("{}")
	}
	o, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	o.set("file_url", f.URL, base.URL)
	o.set("file_type", f.Type, base.Type)
	o.set("file_name", f.Name, base.Name)
	o.set("format", f.Format, base.Format)
	o.set("content_type", f.ContentType, base.ContentType)
	o.set("file_size", f.Size, base.Size)
	o.set("label", f.Label, base.Label)
	return o.bytes(), o.err
}

// fileList reads the files of a task: null, a list, or something else, which
// is none.
type fileList []File

func (l *fileList) UnmarshalJSON(b []byte) error {
	*l = nil
	var items []json.RawMessage
	if json.Unmarshal(b, &items) != nil {
		return nil
	}
	for _, item := range items {
		var f File
		var bare string
		switch {
		case json.Unmarshal(item, &f) == nil:
		case json.Unmarshal(item, &bare) == nil && bare != "":
			f = File{URL: bare}
		default:
			continue
		}
		*l = append(*l, f)
	}
	return nil
}

// timeForms are how created_time was seen; Go reads fractions in all of them.
var timeForms = []string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05"}

// parseTime reads a time of Vidgo's: UTC unless it names a zone.
func parseTime(s string) time.Time {
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999") }

// object is a JSON object whose members keep their order.
type object struct {
	members []member
	err     error // the first value that could not be written
}

type member struct {
	key   string
	value json.RawMessage
}

var errNoObject = errors.New("not a JSON object")

// compactObject gives b without white space, in the one form that
// [json.Marshal] writes, so that a stored task is read back byte for byte.
func compactObject(b []byte) (json.RawMessage, error) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] != '{' {
		return nil, errNoObject
	}
	return json.Marshal(json.RawMessage(b))
}

func parseObject(b []byte) (*object, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errNoObject
	}
	o := &object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		o.members = append(o.members, member{key.(string), value})
	}
	return o, nil
}

// set puts value in its place, or at the end, unless it is the one that is
// there.
func (o *object) set(key string, value, there any) {
	if reflect.DeepEqual(value, there) {
		return
	}
	raw, err := json.Marshal(value)
	if err != nil {
		o.err = errors.Join(o.err, err)
		return
	}
	for i := range o.members {
		if o.members[i].key == key {
			o.members[i].value = raw
			return
		}
	}
	o.members = append(o.members, member{key, raw})
}

func (o *object) without(keys ...string) *object {
	kept := &object{}
	for _, m := range o.members {
		if !slices.Contains(keys, m.key) {
			kept.members = append(kept.members, m)
		}
	}
	return kept
}

func (o *object) bytes() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(m.key) // a string always can be
		b.Write(key)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// prose are members that hold people's words, which may begin like a URL.
var prose = []string{"prompt", "title", "tags", "text", "style", "lyrics", "label"}

// walkURLs finds the http URLs among the strings of a JSON value, also in
// strings that are JSON themselves.
func walkURLs(raw json.RawMessage, key string, depth int, found func(string)) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || depth > 8 || slices.Contains(prose, key) {
		return
	}
	switch raw[0] {
	case '{':
		if o, err := parseObject(raw); err == nil {
			for _, m := range o.members {
				walkURLs(m.value, m.key, depth+1, found)
			}
		}
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) == nil {
			for _, item := range items {
				walkURLs(item, key, depth+1, found)
			}
		}
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		s = strings.TrimSpace(s)
		if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
			walkURLs(json.RawMessage(s), key, depth+1, found)
		} else if isURL(s) {
			found(s)
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

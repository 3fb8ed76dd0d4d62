package vidgotest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Script tells how a task goes. The zero Script finishes it at once, with one
// file of the kind that its model makes. A task follows the script it was
// submitted under; a script given later does not touch it.
type Script struct {
	// Queued is how long the task stays not_started. It is a part of Duration.
	Queued time.Duration

	// Duration is the time from the submission to the final state. 0 is at once.
	Duration time.Duration

	// Hold keeps the task from ending by itself: [Server.Finish] or
	// [Server.Fail] ends it.
	Hold bool

	// Pending is the status of the task while it is not final, instead of
	// not_started and running ("reviewing", say).
	Pending string

	// Progress is spread evenly over Duration, and its last value stays until
	// the end. By default (nil) it is 0 all the time, as it often is at the
	// real service. A finished task is at 100, a failed one at 0.
	Progress []float64

	// Files are what a finished task holds, as on the wire; an empty list is
	// no file at all. By default (nil) they are of the model's kind, N of them,
	// and made and served by the fake.
	//
	// Files that are named here are not its own: it serves what lies below
	// /generated/ and has one of the extensions that Format knows, at any time,
	// and the fields below do not touch it.
	Files []File

	// N is the number of files if Files is nil. 0 means 1.
	N int

	// Format is the extension of the files of an image or a video model: png,
	// jpg, jpeg, gif, webp, mp4, mp3, wav or glb. The file_type goes with it.
	// By default they are png or mp4.
	Format string

	// FileSize is the size of each file in bytes. What a real file of the
	// format leaves is filled with noise while it is sent, so that a large one
	// costs no memory. By default, and if the format has none so small, it is
	// the smallest, below 1 KiB.
	FileSize int64

	// FileHost is where the files lie. The default is storage.vidgo.ai; see
	// also [PickyHost]. A host on a socket has to come with its scheme:
	// "http://127.0.0.1:8080".
	FileHost string

	// FilesAfter is how long after the end of the task its files can be
	// fetched first. Until then they are announced, and a 404 (on [PickyHost]
	// a 403).
	FilesAfter time.Duration

	// FreshLinks makes the links to the files expire, so long after the look
	// at the task that told them; another look tells fresh ones. They carry
	// Expires and Signature, and are a 403 when these are over, changed or
	// missing. By default (0) links do not expire, and the files are gone (a
	// 403) 24 hours after the end of the task. With FreshLinks they stay.
	FreshLinks time.Duration

	// Error lets the task fail, with this error_message.
	Error string

	// Credits is what the task costs: taken at the submission and given back
	// if the task fails. A submission is refused with 402 if the account has
	// less, or nothing at all. If not 0, the task shows it.
	Credits float64

	// SubmitStatus is the status in the answer to the submission, and touches
	// nothing else: the rest of the script decides how the task really goes.
	// The default is not_started; "-" leaves the field out.
	SubmitStatus string

	// Hidden is how long after the submission the task is not found.
	Hidden time.Duration

	// Callback tells what becomes of the task's callback, if it has one.
	Callback Callback

	// Edit may change the task object before it is sent, by an endpoint or as
	// a callback; the fake itself goes by what was there before. It sends what
	// Vidgo does at times: progress as 100.0 (json.RawMessage("100.0")), null
	// or missing, no files, a created_time with fractions of a second. It is
	// called by several goroutines at once. By default (nil) nothing changes.
	Edit func(task map[string]any)
}

// File is one file of a finished task, as on the wire.
type File = map[string]any

// Callback tells what becomes of a callback. The zero Callback is delivered
// when the task becomes final, and redelivered as the [Contract] has it. A
// task that is final at once may call back before its submitter has read the
// answer; BeforeAnswer or Delay makes the order certain.
type Callback struct {
	// Drop keeps it from ever being delivered.
	Drop bool

	// Delay is the time from the final state to the first delivery.
	Delay time.Duration

	// Repeat is the number of deliveries more, one right after the other, once
	// one was accepted.
	Repeat int

	// BeforeAnswer makes the task final at once and delivers its callback
	// before the submission is answered. Duration, Hold and Delay do not count
	// then. A redelivery, should it be needed, does not hold up the answer.
	BeforeAnswer bool
}

// Script gives the tasks of a model a script from now on. It replaces the
// model's script before, and stands behind [Server.Next]. It panics if the
// script cannot be followed: a Pending that is final, an unknown Format. So
// does Next, and so does the submission that finds such a [Server.Default].
func (s *Server) Script(model string, sc Script) {
	sc.check("Script")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scripts == nil {
		s.scripts = make(map[string]Script)
	}
	s.scripts[model] = sc.clone()
}

// Next gives the next accepted submissions, whatever their model, one script
// each, in order. They come before the model's script. Further calls append.
func (s *Server) Next(sc ...Script) {
	for _, one := range sc {
		one.check("Next")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range sc {
		s.next = append(s.next, one.clone())
	}
}

// scriptFor returns the script for a submission, and whether it is a one-shot.
// The caller holds s.mu.
func (s *Server) scriptFor(model string) (sc Script, once bool) {
	if len(s.next) > 0 {
		return s.next[0], true
	}
	if sc, ok := s.scripts[model]; ok {
		return sc, false
	}
	return s.Default.clone(), false
}

// check panics if the script has a slip in it: a test that goes on with it
// would fail somewhere else, or pass.
func (sc Script) check(where string) {
	switch sc.Pending {
	case finished, failed:
		panic(fmt.Sprintf("vidgotest: %s: Pending is %q, which is final; want Duration: 0 for a task that ends at once, and Error for one that fails", where, sc.Pending))
	}
	if _, ok := formats["."+strings.ToLower(sc.Format)]; !ok && sc.Format != "" {
		panic(fmt.Sprintf("vidgotest: %s: Format is %q; want png, jpg, jpeg, gif, webp, mp4, mp3, wav or glb", where, sc.Format))
	}
}

// edit lets the script change a task object.
func (sc Script) edit(object map[string]any) {
	if sc.Edit != nil {
		sc.Edit(object)
	}
}

// clone copies what the caller of Script or Next may go on to change.
func (sc Script) clone() Script {
	sc.Progress = slices.Clone(sc.Progress)
	sc.Files = cloneFiles(sc.Files)
	return sc
}

func cloneFiles(files []File) []File {
	if files == nil {
		return nil
	}
	c := make([]File, len(files))
	for i, f := range files {
		c[i] = cloneJSON(f).(File)
	}
	return c
}

// cloneJSON copies the containers that a JSON value is made of.
func cloneJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, value := range v {
			c[key] = cloneJSON(value)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, value := range v {
			c[i] = cloneJSON(value)
		}
		return c
	case []File:
		return cloneFiles(v)
	default:
		return v
	}
}

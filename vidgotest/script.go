package vidgotest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Script says what happens to a task. The zero Script finishes it at once, with
// one file of the kind that its model makes. A task follows the script that was
// set when it was submitted; later ones do not affect it.
type Script struct {
	// Queued is how long the task is not_started. It is a part of Duration.
	Queued time.Duration

	// Duration is the time from the submission to the final state, 0 by
	// default.
	Duration time.Duration

	// Hold keeps the task from ending until [Server.Finish] or [Server.Fail].
	Hold bool

	// Pending replaces the statuses not_started and running, for example by
	// "reviewing".
	Pending string

	// Progress are the values of the task's progress, spread evenly over
	// Duration; the last one stays until the end. By default (nil) it is 0, as
	// it often is at the real service. A finished task is at 100, a failed one
	// at 0.
	Progress []float64

	// Files are the files of the finished task, as on the wire; an empty list
	// means none. By default (nil) the fake makes and serves N files of the
	// model's kind.
	//
	// The fields below do not affect Files that are set here. The fake serves
	// those whose path is below /generated/ and has an extension that Format
	// knows, at any time.
	Files []File

	// N is the number of files if Files is nil. 0 means 1.
	N int

	// Format is the extension of the files of an image or a video model: png,
	// jpg, jpeg, gif, webp, mp4, mp3, wav or glb. The file_type goes with it.
	// By default they are png or mp4.
	Format string

	// FileSize is the size of each file in bytes. A small real file of the
	// format is filled up with noise while it is sent, so a large one costs no
	// memory. The minimum, which is the default, depends on the format and is
	// below 1 KiB.
	FileSize int64

	// FileHost is the host of the files. The default is storage.vidgo.ai; see
	// also [PickyHost]. A server on a socket needs its scheme as well:
	// "http://127.0.0.1:8080".
	FileHost string

	// FilesAfter is how long after the end of the task its files appear. Until
	// then the task names them, and they are a 404 (on [PickyHost] a 403).
	FilesAfter time.Duration

	// FreshLinks is how long the links to the files are good; every answer
	// about the task has fresh ones. They have an Expires and a Signature
	// parameter, and are a 403 once these have expired, or if they were
	// changed. By default (0) links do not expire, and the files are gone (a
	// 403) 24 hours after the end of the task. With FreshLinks they stay.
	FreshLinks time.Duration

	// Error makes the task fail with this error_message.
	Error string

	// Credits is what the task costs. It is charged at the submission, and
	// refunded if the task fails. A submission is refused with 402 if the
	// account has less, or nothing at all. If not 0, the task object shows it.
	Credits float64

	// SubmitStatus is the status in the answer to the submission, and nowhere
	// else: what really happens is up to the other fields. The default is
	// not_started; "-" leaves the member out.
	SubmitStatus string

	// Hidden is how long after the submission the task is a 404.
	Hidden time.Duration

	// Callback says what becomes of the task's callback, if it has one.
	Callback Callback

	// Edit, if not nil, may change the task object before it is sent, in an
	// answer or a callback, to imitate what Vidgo does at times: progress as
	// 100.0 (json.RawMessage("100.0")), null or missing, no files, a
	// created_time with fractions of a second. It does not change the task
	// itself. It may be called by several goroutines at once.
	Edit func(task map[string]any)
}

// File is one file of a finished task, as on the wire.
type File = map[string]any

// Callback says what becomes of a task's callback. The zero Callback is
// delivered when the task becomes final, and redelivered by the rules of the
// [Contract]. The callback of a task that is final at once may come before the
// answer to its submission; BeforeAnswer or Delay makes the order certain.
type Callback struct {
	// Drop suppresses the callback.
	Drop bool

	// Delay is the time from the final state to the first delivery.
	Delay time.Duration

	// Repeat is the number of further deliveries, one right after the other,
	// once one was accepted.
	Repeat int

	// BeforeAnswer makes the task final at once, and delivers its callback
	// before the submission is answered. Duration, Hold and Delay have no
	// effect then. The answer does not wait for a redelivery.
	BeforeAnswer bool
}

// Script sets the script for the tasks of a model from now on. Scripts given to
// [Server.Next] come first. Script panics if the script has a Pending that is
// final or an unknown Format. So does Next, and so does a submission that finds
// such a [Server.Default].
func (s *Server) Script(model string, sc Script) {
	sc.check("Script")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scripts == nil {
		s.scripts = make(map[string]Script)
	}
	s.scripts[model] = sc.clone()
}

// Next sets the scripts for the next accepted submissions of any model, one
// each, in order. They take precedence over the model's script. Further calls
// append.
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

// check panics if the script has a mistake in it: the test would fail somewhere
// else, or pass.
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

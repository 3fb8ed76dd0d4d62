package vidgotest

import (
	"encoding/json"
	"fmt"
	"time"
)

// The statuses of a task.
const (
	notStarted = "not_started"
	running    = "running"
	finished   = "finished"
	failed     = "failed"
)

// timeLayout is how the API writes a time: without a zone.
const timeLayout = "2006-01-02T15:04:05"

// task computes its state from the clock whenever it is asked, so that a
// pending task costs neither a goroutine nor, without a callback, a timer.
type task struct {
	// Written once, before anyone can find the task.
	id          string
	serial      uint64 // from 1
	model       string
	kind        kind
	callbackURL string // empty if there is none
	input       json.RawMessage
	created     time.Time
	script      Script

	// Guarded by Server.mu.
	end   *ending     // what ended the task before its script did; or nil
	timer *time.Timer // the first delivery of the callback; or nil
}

// ending is how a task came out. It is not changed once made.
type ending struct {
	at      time.Time
	failed  bool
	message string
	files   []File // nil: those that the fake makes
}

// outcome returns how the task came out, or nil while it is not final.
// The caller holds Server.mu, here and below.
func (t *task) outcome(now time.Time) *ending {
	switch {
	case t.end != nil:
		return t.end
	case t.script.Hold || now.Sub(t.created) < t.script.Duration:
		return nil
	default:
		return t.scripted(t.ended())
	}
}

// scripted is the ending that the script has in mind.
func (t *task) scripted(at time.Time) *ending {
	if t.script.Error != "" {
		return &ending{at: at, failed: true, message: t.script.Error}
	}
	return &ending{at: at, files: t.script.Files}
}

// ended is when a final task became so.
func (t *task) ended() time.Time {
	if t.end != nil {
		return t.end.at
	}
	return t.created.Add(t.script.Duration)
}

func (t *task) status(now time.Time) string {
	end := t.outcome(now)
	switch {
	case end != nil && end.failed:
		return failed
	case end != nil:
		return finished
	case t.script.Pending != "":
		return t.script.Pending
	case now.Sub(t.created) < t.script.Queued:
		return notStarted
	default:
		return running
	}
}

func (t *task) progress(now time.Time) float64 {
	if end := t.outcome(now); end != nil {
		if end.failed {
			return 0
		}
		return 100
	}
	steps := len(t.script.Progress)
	if steps == 0 {
		return 0
	}
	i := steps - 1 // where it stays if held for longer than Duration
	if total := t.script.Duration; total > 0 {
		i = min(i, int(float64(now.Sub(t.created))/float64(total)*float64(steps)))
	}
	return t.script.Progress[i]
}

// object is the task as the wire has it. It is the caller's.
func (t *task) object(now time.Time) map[string]any {
	o := map[string]any{
		"task_id":       t.id,
		"status":        t.status(now),
		"files":         []File{},
		"created_time":  t.created.UTC().Format(timeLayout),
		"progress":      t.progress(now),
		"error_message": nil,
	}
	if t.kind == music {
		delete(o, "progress")
	}
	if t.script.Credits != 0 {
		o["credits_amount"] = t.script.Credits
	}
	switch end := t.outcome(now); {
	case end == nil:
	case end.failed:
		o["error_message"] = end.message
	case end.files != nil:
		o["files"] = cloneFiles(end.files)
	default:
		o["files"] = t.made(now)
	}
	return o
}

// look answers the status and the music endpoint, each of which knows its own
// tasks only.
func (s *Server) look(id string, isMusic bool) answer {
	if id == "" {
		return badRequest("task_id is required")
	}
	t, o := s.lookUp(id, isMusic, time.Now())
	if t == nil {
		return notFound()
	}
	t.script.edit(o)
	return success(o)
}

// lookUp returns a task and its object, or nil.
func (s *Server) lookUp(id string, isMusic bool, now time.Time) (*task, map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[id]
	if t == nil || (t.kind == music) != isMusic || now.Sub(t.created) < t.script.Hidden {
		return nil, nil
	}
	return t, t.object(now)
}

// Task is a snapshot of a task of the server.
type Task struct {
	ID          string
	Model       string
	Status      string
	CallbackURL string // empty if there is none
	Input       json.RawMessage
	Created     time.Time
}

// Tasks returns all tasks, as they are now, in the order of their submission.
func (s *Server) Tasks() []Task {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var tasks []Task
	for _, t := range s.order {
		tasks = append(tasks, Task{
			ID:          t.id,
			Model:       t.model,
			Status:      t.status(now),
			CallbackURL: t.callbackURL,
			Input:       append(json.RawMessage(nil), t.input...),
			Created:     t.created,
		})
	}
	return tasks
}

// Finish finishes a task now, whether it is held or not. Without files, it has
// those of its script. It is an error if the task is unknown or already final.
func (s *Server) Finish(id string, files ...File) error {
	return s.finalize(id, func(t *task, at time.Time) *ending {
		if len(files) > 0 {
			return &ending{at: at, files: cloneFiles(files)}
		}
		return &ending{at: at, files: t.script.Files}
	})
}

// Fail makes a task fail now, whether it is held or not, with message as its
// error_message. It is an error if the task is unknown or already final.
func (s *Server) Fail(id, message string) error {
	return s.finalize(id, func(_ *task, at time.Time) *ending {
		return &ending{at: at, failed: true, message: message}
	})
}

func (s *Server) finalize(id string, end func(*task, time.Time) *ending) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[id]
	if t == nil {
		return fmt.Errorf("vidgotest: no task %q", id)
	}
	if t.outcome(now) != nil {
		return fmt.Errorf("vidgotest: task %q is %s already", id, t.status(now))
	}
	t.end = end(t, now)
	s.schedule(t, 0)
	return nil
}

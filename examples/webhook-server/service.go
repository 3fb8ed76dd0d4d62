package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/vidgo-go/vidgo"
)

const (
	maxRequest = 64 << 10 // bytes of a POST /generate
	submitTime = 15 * time.Second
)

// service answers the requests.
type service struct {
	vidgo *vidgo.Client
	log   *slog.Logger

	// The waits outlive the requests that begin them, so their context is not
	// a request's.
	waits  context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup

	// A database goes here: a map forgets all when the process ends, and
	// grows until then.
	mu    sync.Mutex
	tasks map[string]*vidgo.Task // never changed once they are in
}

func newService(client *vidgo.Client, log *slog.Logger) *service {
	s := &service{vidgo: client, log: log, tasks: make(map[string]*vidgo.Task)}
	s.waits, s.cancel = context.WithCancelCause(context.Background())
	return s
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /generate", s.generate)
	mux.HandleFunc("GET /tasks/{id}", s.show)
	mux.Handle("/vidgo", s.vidgo.CallbackHandler(s.store)) // it answers anything but a POST itself
	return mux
}

// stop ends the waits and returns when none is left. Their tasks go on at
// Vidgo, and can be waited for again after a restart.
func (s *service) stop() {
	s.cancel(errStopping)
	s.wg.Wait()
}

// generate submits a prompt and answers with the task's id.
func (s *service) generate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	var in struct {
		Prompt string `json:"prompt"`
	}
	if err != nil || json.Unmarshal(body, &in) != nil || in.Prompt == "" {
		http.Error(w, `want {"prompt": "..."}`, http.StatusBadRequest)
		return
	}
	// The submission goes on if the caller hangs up: one that is cut off in the
	// middle may have been accepted, and paid for, without anybody knowing its id.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), submitTime)
	defer cancel()
	task, err := s.vidgo.Submit(ctx, vidgo.Untyped("sora-2", map[string]any{"prompt": in.Prompt}))
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.keep(task)
	s.follow(task.ID)
	w.Header().Set("Location", "/tasks/"+task.ID)
	answer(w, http.StatusAccepted, map[string]string{"id": task.ID})
}

// refuse tells the caller what a failed submission means for them, and the
// log what it means for us.
func (s *service) refuse(w http.ResponseWriter, err error) {
	status, text := http.StatusBadGateway, "the generator does not answer"
	refused, _ := errors.AsType[*vidgo.APIError](err)
	unknown, ambiguous := errors.AsType[*vidgo.AmbiguousSubmitError](err)
	switch {
	case ambiguous:
		// There may be a task. Its callback will be stored like any other; who
		// has to know can ask for it by the submission id with
		// Client.WaitSubmission. Submitting again could pay twice.
		text = "it is unknown whether this was accepted"
		s.log.Error("submission unknown", slog.String("submission", unknown.SubmissionID), slog.Any("error", err))
		http.Error(w, text, status)
		return
	case errors.Is(err, vidgo.ErrInvalidInput):
		status, text = http.StatusBadRequest, "invalid input"
		if refused != nil {
			text += ": " + refused.Message
		}
	case errors.Is(err, vidgo.ErrRateLimited):
		status, text = http.StatusServiceUnavailable, "busy"
		w.Header().Set("Retry-After", retryAfter(refused))
	}
	s.log.Warn("submission refused", slog.Int("answer", status), slog.Any("error", err))
	http.Error(w, text, status)
}

// retryAfter is in whole seconds: what Vidgo asks for, or a guess.
func retryAfter(refused *vidgo.APIError) string {
	pause := 10 * time.Second
	if refused != nil && refused.RetryAfter > 0 {
		pause = refused.RetryAfter
	}
	return strconv.Itoa(int(math.Ceil(pause.Seconds())))
}

// show tells how a task stands, as far as this service knows: it asks Vidgo
// nothing, so nobody can make it ask often. Tasks of others are not here.
func (s *service) show(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	task := s.tasks[r.PathValue("id")]
	s.mu.Unlock()
	if task == nil {
		http.Error(w, "no such task", http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, state{task.ID, task.Status, task.Progress, task.URLs(), task.ErrorMessage})
}

// state is a task as this service shows it.
type state struct {
	ID       string       `json:"id"`
	Status   vidgo.Status `json:"status"`
	Progress float64      `json:"progress"`
	Files    []string     `json:"files,omitempty"`
	Error    string       `json:"error,omitempty"`
}

// store is called with the final state of each task whose callback comes. If
// it returned an error, Vidgo would deliver again. It is idempotent, as it
// must be: a task may come twice, above all after a restart.
func (s *service) store(_ context.Context, task *vidgo.Task) error {
	s.keep(task)
	return nil
}

// keep takes a task's state in. The first final state stays: a callback may
// be here before the answer to the submission.
func (s *service) keep(task *vidgo.Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.tasks[task.ID]; old == nil || !old.Status.Done() {
		s.tasks[task.ID] = task
	}
}

// follow waits for a task in the background, for the case that its callback
// is lost: then a poll finds the result. If the callback comes, it ends the
// wait, whose result is kept already.
func (s *service) follow(id string) {
	s.wg.Go(func() {
		for task, err := range s.vidgo.Updates(s.waits, id) {
			switch {
			case err == nil, task.Status.Done(): // a failed task has an error, and is a result as well
				s.keep(task)
			case errors.Is(err, errStopping): // the next start takes it up
			default:
				s.log.Error("task out of sight", slog.String("id", id), slog.Any("error", err))
			}
		}
	})
}

var errStopping = errors.New("the service is stopping")

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that nobody listens any more
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/vidgo-go/vidgo"
)

const (
	submitTime = time.Minute      // for one try at a submission
	breather   = 15 * time.Second // before the next, if Vidgo names no time
)

// batch submits prompts and writes results.
type batch struct {
	client   *vidgo.Client
	model    string
	workers  int
	results  io.Writer
	progress io.Writer

	mu       sync.Mutex // guards both writers and all below
	missing  int        // prompts without a result
	writeErr error      // the first of results
}

// result is one line of the output.
type result struct {
	Line   int          `json:"line"`
	Prompt string       `json:"prompt"`
	ID     string       `json:"id,omitempty"` // empty if there is no task, or none that is known
	Status vidgo.Status `json:"status,omitempty"`
	Files  []string     `json:"files,omitempty"`
	Error  string       `json:"error,omitempty"`
}

func (b *batch) run(ctx context.Context, prompts []prompt) error {
	ids, byID := b.submitAll(ctx, prompts)
	// If ctx ends, the tasks that are left come too, each with its WaitError.
	for task, err := range b.client.Completions(ctx, ids) {
		b.write(byID[task.ID], task, err)
	}
	if b.writeErr != nil {
		return fmt.Errorf("writing results: %w", b.writeErr)
	}
	if b.missing > 0 {
		return fmt.Errorf("%d of %d prompts have no result", b.missing, len(prompts))
	}
	return nil
}

// submitAll submits the prompts, a few at once, and gives the ids of their
// tasks. Those that could not be submitted have their results written.
func (b *batch) submitAll(ctx context.Context, prompts []prompt) (ids []string, byID map[string]prompt) {
	byID = make(map[string]prompt, len(prompts))
	queue := make(chan prompt)
	var wg sync.WaitGroup
	for range max(b.workers, 1) {
		wg.Go(func() {
			for p := range queue {
				task, err := b.submit(ctx, p)
				if err != nil {
					b.write(p, &vidgo.Task{}, err)
					continue
				}
				b.tell(p, "submitted as "+task.ID)
				b.mu.Lock()
				ids = append(ids, task.ID)
				byID[task.ID] = p
				b.mu.Unlock()
			}
		})
	}
	for _, p := range prompts {
		queue <- p // the workers take all of them, whatever happens to ctx
	}
	close(queue)
	wg.Wait()
	return ids, byID
}

var errNotSubmitted = errors.New("not submitted")

// submit submits a prompt, again and again as long as that cannot pay twice.
func (b *batch) submit(ctx context.Context, p prompt) (*vidgo.Task, error) {
	for {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", errNotSubmitted, context.Cause(ctx))
		}
		task, err := b.submitOnce(ctx, p)
		if err == nil || !passing(err) {
			return task, err
		}
		b.tell(p, fmt.Sprintf("not accepted yet: %v", err))
		select {
		case <-time.After(pauseAfter(err)):
		case <-ctx.Done():
		}
	}
}

// submitOnce does not end with ctx: a submission that is cut off in the middle
// may have been accepted, and paid for, without anybody knowing its id.
func (b *batch) submitOnce(ctx context.Context, p prompt) (*vidgo.Task, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), submitTime)
	defer cancel()
	return b.client.Submit(ctx,
		vidgo.Untyped(b.model, map[string]any{"prompt": p.text}),
		vidgo.Reference(strconv.Itoa(p.line))) // stays with the task, in its JSON and in callbacks
}

// passing reports whether a submission was certainly not accepted, for a reason
// that may pass: Vidgo is busy, or cannot be reached.
func passing(err error) bool {
	if _, unknown := errors.AsType[*vidgo.AmbiguousSubmitError](err); unknown {
		return false
	}
	if api, ok := errors.AsType[*vidgo.APIError](err); ok {
		return errors.Is(err, vidgo.ErrRateLimited) || api.StatusCode == http.StatusServiceUnavailable
	}
	return !errors.Is(err, vidgo.ErrInvalidInput) // what is left is the network
}

func pauseAfter(err error) time.Duration {
	if api, ok := errors.AsType[*vidgo.APIError](err); ok && api.RetryAfter > 0 {
		return api.RetryAfter
	}
	return breather
}

// write writes a result line. A failed task comes with an error, and so does
// one that is not done.
func (b *batch) write(p prompt, task *vidgo.Task, err error) {
	r := result{Line: p.line, Prompt: p.text, ID: task.ID, Status: task.Status, Files: task.URLs()}
	said := string(task.Status)
	if err != nil {
		r.Error = err.Error()
		said = r.Error
	}
	b.tell(p, said)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.missing++
	}
	line := json.NewEncoder(b.results) // one Write for each line
	line.SetEscapeHTML(false)
	if err := line.Encode(r); err != nil && b.writeErr == nil {
		b.writeErr = err // the ids are on standard error as well
	}
}

// tell tells what becomes of a prompt.
func (b *batch) tell(p prompt, what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(b.progress, "line %d: %s\n", p.line, what)
}

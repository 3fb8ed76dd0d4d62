// Quickstart shows what this client is for: a wait ends with Vidgo's callback
// or with a poll, whichever comes first. Without an account,
//
//	go run ./examples/quickstart
//
// it runs on a fake Vidgo inside the process, takes four seconds and shows
// three tasks at once: one whose callback comes, one whose callback is lost,
// so that a poll finds the result, and one that fails. What was made is saved
// to a folder for temporary files.
//
// With an API key it makes one real video instead, which costs credits:
//
//	VIDGO_API_KEY=... go run ./examples/quickstart a paper boat in the rain
//
// Vidgo calls nobody then, unless VIDGO_CALLBACK_URL names who is to be called.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir := filepath.Join(os.TempDir(), "vidgo-quickstart")
	if err := run(ctx, os.Args[1:], os.Getenv, dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, dir string, stdout io.Writer) error {
	key, prompt := getenv(vidgo.APIKeyEnv), strings.Join(args, " ")
	switch {
	case key != "":
		client, err := vidgo.NewClient(key)
		if err != nil {
			return err
		}
		return realTask(ctx, client, cmp.Or(prompt, "a paper boat in the rain"), getenv("VIDGO_CALLBACK_URL"), dir, stdout)
	case prompt != "":
		return errors.New("a prompt is for the real Vidgo: set " + vidgo.APIKeyEnv)
	}
	return demo(ctx, dir, stdout)
}

// demo makes three tasks on the fake.
func demo(ctx context.Context, dir string, stdout io.Writer) error {
	out := startClock(stdout)
	var srv vidgotest.Server
	var calls callLog
	client, err := fakeClient(&srv, &calls)
	if err != nil {
		return err
	}
	ids, err := submitAll(ctx, client, out)
	if err != nil {
		return err
	}
	byCallback, failures := 0, 0
	for task, err := range client.Completions(ctx, ids) { // in the order they complete
		how := "by polling"
		if calls.came(task.ID) {
			how = "by callback"
			byCallback++
		}
		failure, failed := errors.AsType[*vidgo.TaskError](err)
		switch {
		case failed:
			failures++
			out.line("failed", task.Reference, fmt.Sprintf("%-12s %s", how, failure.Task.ErrorMessage))
		case err != nil:
			return err // the wait was cut short, by Ctrl-C
		default:
			out.line("finished", task.Reference, fmt.Sprintf("%-12s %s", how, strings.Join(task.URLs(), " ")))
			if err := save(ctx, client, task, dir, out); err != nil {
				return err
			}
		}
	}
	polls := len(srv.Requests(vidgotest.EndpointStatus))
	fmt.Fprintf(stdout, "%d tasks, none lost: %d told by callback, %d found by polling, %d failed; %d status requests\n",
		len(ids), byCallback, len(ids)-byCallback, failures, polls)
	return nil
}

// fakeClient makes a client of the fake, whose next three tasks go as a real one
// may: one has a callback, one loses it, one fails.
func fakeClient(srv *vidgotest.Server, calls *callLog) (*vidgo.Client, error) {
	srv.Next(
		vidgotest.Script{Duration: 700 * time.Millisecond},
		vidgotest.Script{Duration: 1500 * time.Millisecond, Callback: vidgotest.Callback{Drop: true}},
		vidgotest.Script{Duration: 3500 * time.Millisecond, Error: "the prompt names a living person"},
	)
	client, err := vidgo.NewClient("any-key-will-do",
		vidgo.WithHTTPClient(srv.Client()),
		vidgo.WithDownloadClient(srv.Client()),
		vidgo.WithCallbackURL("https://app.example.com/vidgo"),
		vidgo.WithCallbackSecret([]byte(rand.Text())),
		// Polls are only for lost callbacks, so they are rare: the default
		// begins with 20 seconds, which would be long here.
		vidgo.WithFallbackPolling(vidgo.Backoff(time.Second, 2*time.Second)))
	if err != nil {
		return nil, err
	}
	srv.Route("app.example.com", calls.wrap(client.CallbackHandler(nil)))
	return client, nil
}

func submitAll(ctx context.Context, client *vidgo.Client, out clock) ([]string, error) {
	var ids []string
	for _, prompt := range []string{"paper boat", "tin train", "glass bird"} {
		task, err := client.Submit(ctx, vidgo.Untyped("sora-2", map[string]any{"prompt": prompt}), vidgo.Reference(prompt))
		if err != nil {
			return nil, err
		}
		out.line("submitted", prompt, task.ID)
		ids = append(ids, task.ID)
	}
	return ids, nil
}

func save(ctx context.Context, client *vidgo.Client, task *vidgo.Task, dir string, out clock) error {
	paths, err := client.Save(ctx, task, dir)
	for _, path := range paths {
		out.line("saved", task.Reference, path)
	}
	return err
}

// realTask makes one video on Vidgo itself.
func realTask(ctx context.Context, client *vidgo.Client, prompt, callbackURL, dir string, stdout io.Writer) error {
	fmt.Fprintln(stdout, "This is the real Vidgo: the task costs credits. Without "+vidgo.APIKeyEnv+" it would be a fake one.")
	out := startClock(stdout)
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	opts := []vidgo.SubmitOption{vidgo.Reference(clip(prompt))}
	if callbackURL != "" {
		opts = append(opts, vidgo.CallbackTo(callbackURL))
	}
	task, err := client.Submit(ctx, vidgo.Untyped("sora-2", map[string]any{"prompt": prompt}), opts...)
	if err != nil {
		return err
	}
	out.line("submitted", prompt, task.ID)
	// Whoever is called, it is not this program: it serves nothing. So it
	// polls as if there were no callback.
	for task, err := range client.Updates(ctx, task.ID, vidgo.PollEvery(vidgo.Backoff(2*time.Second, 15*time.Second))) {
		if err != nil {
			return err // it tells the id, and why: the task failed, or the time is over
		}
		if !task.Status.Done() {
			out.line(string(task.Status), prompt, fmt.Sprintf("%.0f %%", task.Progress))
			continue
		}
		out.line("finished", prompt, fmt.Sprintf("%g credits", task.Credits))
		return save(ctx, client, task, dir, out) // Vidgo keeps the files for 24 hours
	}
	return nil
}

// clip fits a prompt into a reference.
func clip(prompt string) string {
	const most = 100 // bytes; a reference takes 256
	if len(prompt) > most {
		prompt = strings.ToValidUTF8(prompt[:most], "")
	}
	return prompt
}

// clock prints lines with the time since its start.
type clock struct {
	w     io.Writer
	start time.Time
}

func startClock(w io.Writer) clock { return clock{w, time.Now()} }

func (c clock) line(step, name, what string) {
	fmt.Fprintf(c.w, "%5.2fs %-11s %-11s %s\n", time.Since(c.start).Seconds(), step, name, what)
}

// callLog knows which tasks Vidgo has called back about: a program that uses
// the client has no need to know.
type callLog struct {
	mu  sync.Mutex
	ids map[string]bool
}

// wrap notes a task before its callback is handed on, because the handler
// ends the wait.
func (l *callLog) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		if task, err := vidgo.ParseCallback(body); err == nil {
			l.note(task.ID)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	})
}

func (l *callLog) note(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = make(map[string]bool)
	}
	l.ids[id] = true
}

func (l *callLog) came(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[id]
}

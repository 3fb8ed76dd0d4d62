// Batch turns a list of prompts into a list of results: one prompt on each
// line in, one JSON object on each line out, in the order they complete.
//
//	go run ./examples/batch -in prompts.txt > results.jsonl
//	printf 'a paper boat\na tin train\n' | go run ./examples/batch
//
// Blank lines and lines that begin with # are skipped. What happens is told on
// standard error, with each task's id as soon as there is one. Every prompt
// gets its result line, also when the timeout or Ctrl-C ends the batch: tasks
// that are not done then come with their ids, so that nothing paid for is lost.
// The exit code is 1 if any prompt has no result.
//
// Without an account it runs on a fake Vidgo inside the process. With
// VIDGO_API_KEY set it runs on the real one, where each prompt costs credits.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func main() {
	in := flag.String("in", "", "file with the prompts (default standard input)")
	var b batch
	flag.StringVar(&b.model, "model", "sora-2", "model that makes them")
	flag.IntVar(&b.workers, "workers", 4, "how many submissions are under way at once")
	timeout := flag.Duration("timeout", time.Hour, "when to stop waiting")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	ctx, cancel := context.WithTimeoutCause(ctx, *timeout, fmt.Errorf("-timeout %s is over", *timeout))
	defer cancel()
	b.results, b.progress = os.Stdout, os.Stderr
	if err := run(ctx, *in, os.Stdin, os.Getenv, &b); err != nil {
		fmt.Fprintln(os.Stderr, "batch:", err)
		os.Exit(1)
	}
}

// run reads all prompts before the first is paid for: a list that is wrong at
// its end should cost nothing.
func run(ctx context.Context, in string, stdin io.Reader, getenv func(string) string, b *batch) error {
	prompts, err := readFile(in, stdin)
	if err != nil {
		return err
	}
	if b.client, err = connect(getenv, b.progress); err != nil {
		return err
	}
	return b.run(ctx, prompts)
}

func readFile(name string, stdin io.Reader) ([]prompt, error) {
	if name == "" {
		return readPrompts(stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	prompts, err := readPrompts(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return prompts, nil
}

// connect makes a client of the real Vidgo, or of a fake one if there is no key.
func connect(getenv func(string) string, progress io.Writer) (*vidgo.Client, error) {
	if key := getenv(vidgo.APIKeyEnv); key != "" {
		fmt.Fprintln(progress, "on the real Vidgo: each prompt costs credits")
		return vidgo.NewClient(key)
	}
	fmt.Fprintln(progress, "on a fake Vidgo: set "+vidgo.APIKeyEnv+" for the real one")
	fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 3 * time.Second}}
	return vidgo.NewClient("any-key-will-do", vidgo.WithHTTPClient(fake.Client()))
}

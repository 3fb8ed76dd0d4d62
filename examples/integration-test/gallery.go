// Package gallery is the kind of code that users of the SDK write: it keeps one
// picture for each product, and pays for it once. Its test is the point: it
// shows how to test such code against the fake Vidgo of package vidgotest.
//
//	go test -v ./examples/integration-test
//
// Three things make code like this easy to test: it takes its client from
// outside, it gives every call a context, and it keeps the ids of its tasks.
package gallery

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/vidgo-go/vidgo"
)

// ErrNotReady says that a picture is still being made: ask again.
var ErrNotReady = errors.New("the picture is not ready yet")

// Gallery keeps a picture for each product. It is safe for concurrent use.
type Gallery struct {
	client *vidgo.Client
	model  string

	mu       sync.Mutex
	products map[string]*product // a database, in a real program
}

// product belongs to whoever has taken its turn, for as long as its picture is
// being made: two who ask for the same one must not both pay. A channel and no
// mutex, because who waits for a turn must be able to give up.
type product struct {
	turn  chan struct{} // holds a token while nobody has it
	task  string        // paid for, and not seen to end
	lost  error         // perhaps paid for: somebody has to look before there is another
	image string
}

// New makes a gallery whose pictures are made by model.
func New(client *vidgo.Client, model string) *Gallery {
	return &Gallery{client: client, model: model, products: make(map[string]*product)}
}

// Image returns the address of a product's picture, and has it made if there
// is none. If ctx ends first, the error is [ErrNotReady], and the next call goes
// on with the same task.
func (g *Gallery) Image(ctx context.Context, name string) (string, error) {
	p := g.product(name)
	select {
	case <-p.turn:
		defer func() { p.turn <- struct{}{} }()
	case <-ctx.Done():
		return "", fmt.Errorf("%s: %w: %w", name, ErrNotReady, context.Cause(ctx))
	}
	if p.image != "" {
		return p.image, nil
	}
	if err := g.order(ctx, name, p); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if err := g.await(ctx, p); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return p.image, nil
}

func (g *Gallery) product(name string) *product {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.products[name]
	if p == nil {
		p = &product{turn: make(chan struct{}, 1)}
		p.turn <- struct{}{} // there is room for one
		g.products[name] = p
	}
	return p
}

// order submits a task unless there is one, or may be one.
func (g *Gallery) order(ctx context.Context, name string, p *product) error {
	if p.task != "" || p.lost != nil {
		return p.lost
	}
	task, err := g.client.Submit(ctx, vidgo.Untyped(g.model, map[string]any{"prompt": "a studio photograph of " + name}), vidgo.Reference(name))
	if _, unknown := errors.AsType[*vidgo.AmbiguousSubmitError](err); unknown {
		p.lost = err
	}
	if err != nil {
		return err
	}
	p.task = task.ID
	return nil
}

// await keeps the task's id until its end is known: a wait that was cut short
// costs nothing but time.
func (g *Gallery) await(ctx context.Context, p *product) error {
	task, err := g.client.Wait(ctx, p.task)
	_, failed := errors.AsType[*vidgo.TaskError](err)
	_, cut := errors.AsType[*vidgo.WaitError](err)
	switch {
	case failed:
		p.task = "" // Vidgo gives the credits back: the next call may try again
		return err
	case cut:
		return fmt.Errorf("%w: %w", ErrNotReady, err)
	case err != nil:
		return err
	}
	urls := task.URLs()
	if len(urls) == 0 {
		p.task = ""
		return fmt.Errorf("task %s finished without a picture", task.ID)
	}
	p.task, p.image = "", urls[0]
	return nil
}

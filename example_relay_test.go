package vidgo_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// broker stands for a real message broker. It sends each id to all listeners.
type broker struct {
	mu        sync.Mutex
	listeners map[chan string]bool
}

func (b *broker) Publish(ctx context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for listener := range b.listeners {
		select {
		case listener <- id:
		default: // the listener is too slow, and its client will find the result by polling
		}
	}
	return nil
}

func (b *broker) Listen(ctx context.Context, ready func(), heard func(id string)) error {
	ids := make(chan string, 100)
	b.mu.Lock()
	b.listeners[ids] = true
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners, ids)
	}()
	ready()
	for {
		select {
		case id := <-ids:
			heard(id)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Vidgo calls back one process, and another waits for the task.
func ExampleRelay() {
	var srv vidgotest.Server
	shared := &broker{listeners: map[chan string]bool{}}
	process := func() *vidgo.Client {
		client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()), vidgo.WithRelay(shared),
			vidgo.WithCallbackURL("https://app.example.com/vidgo"), vidgo.WithCallbackSecret([]byte("thirty-two random bytes in truth")))
		return client
	}
	waiting, receiving := process(), process()
	srv.Route("app.example.com", receiving.CallbackHandler(nil))

	task, err := waiting.Run(context.Background(), vidgo.Untyped("sora-2", map[string]any{"prompt": "a paper boat"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(task.Status)
	// Output: finished
}

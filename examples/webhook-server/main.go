// Webhook-server is a small service around Vidgo: it submits what it is asked
// for, answers at once, and hears of the results by callback.
//
//	go run ./examples/webhook-server
//	curl -d '{"prompt": "a paper boat in the rain"}' http://127.0.0.1:8080/generate
//	curl http://127.0.0.1:8080/tasks/{id}
//
// Without an account it runs on a fake Vidgo inside the process, whose tasks
// take five seconds. On the real one it needs three variables, and every
// POST /generate costs credits, so put your own authentication before it:
//
//	VIDGO_API_KEY=...          the key
//	VIDGO_CALLBACK_URL=...     the public HTTPS URL that leads to /vidgo here
//	VIDGO_CALLBACK_SECRET=...  32 random bytes, the same in all processes
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, os.Getenv, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "webhook-server:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then lets the requests in flight end.
func run(ctx context.Context, addr string, getenv func(string) string, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	client, fake, err := connect(getenv, log)
	if err != nil {
		return err
	}
	svc := newService(client, log)
	handler := svc.handler()
	if fake != nil {
		fake.Route("app.example.com", handler)
	}

	// After a restart, this is where the service takes up what its database
	// holds as unfinished. Callbacks that came while nobody listened are lost,
	// the results are not:
	//
	//	for _, id := range db.UnfinishedTasks() {
	//		svc.follow(id)
	//	}

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Info("listening", slog.String("addr", listener.Addr().String()), slog.Bool("fake", fake != nil))
	return serve(ctx, listener, handler, svc)
}

// serve ends in the order that loses nothing: no new requests, then those in
// flight, then the waits.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, svc *service) error {
	server := newServer(handler)
	failed := make(chan error, 1) // room for one, so that the goroutine ends even if nobody reads
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	svc.log.Info("stopping", slog.Any("cause", context.Cause(ctx)))
	// Not from ctx, which has ended; as long as the slowest answer may take.
	grace, cancel := context.WithTimeout(context.Background(), server.WriteTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return err // requests still run, so svc cannot be stopped
	}
	svc.stop()
	return nil
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,  // who sends slower holds connections on purpose
		ReadTimeout:       15 * time.Second, // small bodies only; a callback's is bounded by its handler, too
		WriteTimeout:      20 * time.Second, // longer than submitTime and than the 8 seconds of a callback
		IdleTimeout:       60 * time.Second, // keeps connections that are used again
		MaxHeaderBytes:    16 << 10,         // a callback URL has 2 KiB at most
	}
}

// connect makes a client of the real Vidgo, or of a fake one if there is no key.
func connect(getenv func(string) string, log *slog.Logger) (*vidgo.Client, *vidgotest.Server, error) {
	if key := getenv(vidgo.APIKeyEnv); key != "" {
		client, err := vidgo.NewClient(key, vidgo.WithLogger(log),
			vidgo.WithCallbackURL(getenv("VIDGO_CALLBACK_URL")),
			vidgo.WithCallbackSecret([]byte(getenv("VIDGO_CALLBACK_SECRET"))))
		if err != nil {
			return nil, nil, fmt.Errorf("VIDGO_API_KEY, VIDGO_CALLBACK_URL, VIDGO_CALLBACK_SECRET: %w", err)
		}
		return client, nil, nil
	}
	fake := &vidgotest.Server{Default: vidgotest.Script{Duration: 5 * time.Second}}
	client, err := vidgo.NewClient("any-key-will-do", vidgo.WithLogger(log),
		vidgo.WithHTTPClient(fake.Client()),
		vidgo.WithCallbackURL("https://app.example.com/vidgo"),
		vidgo.WithCallbackSecret([]byte(rand.Text())))
	return client, fake, err
}

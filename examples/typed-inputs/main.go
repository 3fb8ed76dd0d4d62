// Typed-inputs shows what the module models adds: a struct for the input of
// each model, faults found before anything is sent, and music results as
// structs.
//
//	go run ./examples/typed-inputs
//
// It runs on a fake Vidgo inside the process, needs no account and takes two
// seconds.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/models"
	"github.com/vidgo-go/vidgo/models/music"
	"github.com/vidgo-go/vidgo/models/video"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Second, N: 2}}
	if err := demo(ctx, &srv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "typed-inputs:", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context, srv *vidgotest.Server, out io.Writer) error {
	client, err := vidgo.NewClient("any-key-will-do",
		vidgo.WithHTTPClient(srv.Client()),
		vidgo.WithInputCheck(models.Check)) // the catalogue looks at every input first
	if err != nil {
		return err
	}
	boat := video.Sora2{Prompt: "a paper boat in the rain", Duration: 12, AspectRatio: "4:3"}
	if err := refused(ctx, client, boat, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d requests were sent so far\n", len(srv.Requests()))

	boat.Duration, boat.AspectRatio = 10, video.AspectRatio16x9
	task, err := client.Run(ctx, boat)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "video:", strings.Join(task.URLs(), " "))
	return tracks(ctx, client, out)
}

// refused shows what is wrong with an input that must not be sent.
func refused(ctx context.Context, client *vidgo.Client, in vidgo.Input, out io.Writer) error {
	_, err := client.Submit(ctx, in)
	wrong, ok := errors.AsType[*models.CheckError](err)
	if !ok {
		return fmt.Errorf("the input passed, and should not: %w", err)
	}
	for _, fault := range wrong.Faults {
		fmt.Fprintf(out, "%s: %s\n", wrong.Model, fault)
	}
	return nil
}

// tracks makes a song. The results of music models have fields of their own,
// some of them JSON in a string: package music has a struct for each.
func tracks(ctx context.Context, client *vidgo.Client, out io.Writer) error {
	task, err := client.Run(ctx, music.GenerateMusic{
		Prompt: "rain on a tin roof, slow", Instrumental: true, MV: music.MVV5})
	if err != nil {
		return err
	}
	tracks, err := music.Results[music.Track](task.Files)
	if err != nil {
		return err
	}
	for _, track := range tracks {
		fmt.Fprintf(out, "track: %s, %.0f s, %s\n", track.Title, track.Duration, track.AudioURL)
	}
	return nil
}

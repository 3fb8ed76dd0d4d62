// Music makes a song, tells what Vidgo says of it, takes it apart into stems,
// and saves everything.
//
//	go run ./examples/music
//	go run ./examples/music -out songs rain on a tin roof, slow
//
// Without an account it runs on a fake Vidgo inside the process, whose songs are
// a few bytes long. With VIDGO_API_KEY set it runs on the real one, and both
// tasks cost credits.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/models/music"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func main() {
	dir := flag.String("out", "out", "folder for the files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := connect(os.Getenv)
	if err == nil {
		err = compose(ctx, client, cmp.Or(strings.Join(flag.Args(), " "), "rain on a tin roof, slow"), *dir, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "music:", err)
		os.Exit(1)
	}
}

// connect makes a client of the real Vidgo, or of a fake one if there is no key.
func connect(getenv func(string) string) (*vidgo.Client, error) {
	if key := getenv(vidgo.APIKeyEnv); key != "" {
		return vidgo.NewClient(key)
	}
	fake := &vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
	return vidgo.NewClient("any-key-will-do", vidgo.WithHTTPClient(fake.Client()), vidgo.WithDownloadClient(fake.Client()))
}

func compose(ctx context.Context, client *vidgo.Client, prompt, dir string, out io.Writer) error {
	song, err := client.Run(ctx, music.GenerateMusic{Prompt: prompt, MV: music.MVV5})
	if err != nil {
		return err
	}
	tracks, err := music.Results[music.Track](song.Files)
	if err != nil {
		return err
	}
	if len(tracks) == 0 {
		return errors.New("the task has no tracks")
	}
	for _, track := range tracks {
		fmt.Fprintf(out, "track: %q, %s, %.0f s\n", track.Title, track.Tags, track.Duration)
	}
	if err := save(ctx, client, song, filepath.Join(dir, "song"), out); err != nil {
		return err
	}
	return split(ctx, client, song.ID, tracks[0].AudioID, filepath.Join(dir, "stems"), out)
}

// split takes a track apart. Vidgo does that once for each track, and does not
// tell the earlier task to who asks again: keep the id of this one.
func split(ctx context.Context, client *vidgo.Client, songID, audioID, dir string, out io.Writer) error {
	task, err := client.Run(ctx, music.StemSplit{TaskID: songID, AudioID: audioID})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "stems:", task.ID)
	return save(ctx, client, task, dir, out)
}

func save(ctx context.Context, client *vidgo.Client, task *vidgo.Task, dir string, out io.Writer) error {
	paths, err := client.Save(ctx, task, dir)
	for _, path := range paths {
		fmt.Fprintln(out, "saved:", path)
	}
	return err
}

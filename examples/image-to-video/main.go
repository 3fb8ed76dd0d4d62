// Image-to-video brings a picture to life: it uploads the picture, has a video
// made from it, and saves the video.
//
//	go run ./examples/image-to-video                      # a picture of its own, on a fake Vidgo
//	go run ./examples/image-to-video -out videos boat.png # yours
//
// Without an account it runs on a fake Vidgo inside the process, whose videos
// are a few bytes long. With VIDGO_API_KEY set it runs on the real one, and the
// video costs credits.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/models"
	"github.com/vidgo-go/vidgo/models/video"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func main() {
	out := flag.String("out", "out", "folder for the video")
	prompt := flag.String("prompt", "the picture comes to life", "what is to happen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := connect(os.Getenv)
	if err == nil {
		err = animate(ctx, client, flag.Arg(0), *prompt, *out, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "image-to-video:", err)
		os.Exit(1)
	}
}

// connect makes a client of the real Vidgo, or of a fake one if there is no key.
func connect(getenv func(string) string) (*vidgo.Client, error) {
	if key := getenv(vidgo.APIKeyEnv); key != "" {
		return vidgo.NewClient(key, vidgo.WithInputCheck(models.Check))
	}
	fake := &vidgotest.Server{Default: vidgotest.Script{Duration: time.Second}}
	return vidgo.NewClient("any-key-will-do", vidgo.WithInputCheck(models.Check),
		vidgo.WithHTTPClient(fake.Client()), vidgo.WithDownloadClient(fake.Client()))
}

func animate(ctx context.Context, client *vidgo.Client, picture, prompt, dir string, out io.Writer) error {
	up, err := upload(ctx, client, picture)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "uploaded: %s (%s, %d bytes)\n", up.URL, up.ContentType, up.Size)

	task, err := client.Run(ctx, video.Sora2{Prompt: prompt, ImageURLs: []string{up.URL}, Duration: 10})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "finished:", task.ID)

	// Vidgo keeps the video for 24 hours. If this is cut short, the next Save of
	// the task goes on where it ended.
	paths, err := client.Save(ctx, task, dir)
	if err != nil {
		return err
	}
	for _, path := range paths {
		fmt.Fprintln(out, "saved:", path)
	}
	return nil
}

func upload(ctx context.Context, client *vidgo.Client, picture string) (*vidgo.Upload, error) {
	if picture != "" {
		// The same picture is not sent again by this process while Vidgo has it.
		return client.UploadFile(ctx, picture, vidgo.ReuseUpload())
	}
	own, err := sunset()
	if err != nil {
		return nil, err
	}
	return client.Upload(ctx, "sunset.png", bytes.NewReader(own))
}

// sunset is a picture for those who have none at hand.
func sunset() ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, 320, 180))
	for y := range 180 {
		for x := range 320 {
			m.Set(x, y, color.RGBA{R: 255, G: uint8(200 - y), B: uint8(y / 2), A: 255})
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, m)
	return b.Bytes(), err
}

package vidgo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func ExampleClient_Save() {
	srv := vidgotest.Server{Default: vidgotest.Script{N: 2, Format: "png"}}
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()), vidgo.WithDownloadClient(srv.Client()))
	task, err := client.Run(context.Background(), vidgo.Untyped("nano-banana", map[string]any{"prompt": "a paper boat"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, _ := os.MkdirTemp("", "vidgo")
	defer os.RemoveAll(dir)
	paths, err := client.Save(context.Background(), task, dir, vidgo.SaveNames(func(_ vidgo.File, n int, ext string) string {
		return fmt.Sprintf("boat %d%s", n, ext)
	}))
	for _, path := range paths {
		fmt.Println(filepath.Base(path))
	}
	fmt.Println(err)
	// Output:
	// boat 1.png
	// boat 2.png
	// <nil>
}

func ExampleClient_Download() {
	var srv vidgotest.Server
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()), vidgo.WithDownloadClient(srv.Client()))
	task, err := client.Run(context.Background(), vidgo.Untyped("sora-2", map[string]any{"prompt": "a paper boat"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	var video bytes.Buffer // or a file, a hash, a request to a store
	n, err := client.Download(context.Background(), task.Files[0], &video)
	fmt.Println(n > 0, int(n) == video.Len(), err)
	// Output: true true <nil>
}

func ExampleDownloadError() {
	var srv vidgotest.Server
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithDownloadClient(srv.Client()))
	_, err := client.Download(context.Background(), vidgo.File{URL: "http://storage.vidgo.ai/boat.mp4"}, io.Discard)
	failed, _ := errors.AsType[*vidgo.DownloadError](err)
	fmt.Println(failed.Reason)
	// Output: the link is not to a public https host
}

// The image is checked before anything is sent.
func ExampleClient_Upload() {
	var srv vidgotest.Server
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	_, err := client.Upload(context.Background(), "boat.png", bytes.NewReader([]byte("a boat")))
	fmt.Println(err)

	var boat bytes.Buffer
	_ = png.Encode(&boat, image.NewGray(image.Rect(0, 0, 8, 8)))
	up, err := client.Upload(context.Background(), "boat.png", bytes.NewReader(boat.Bytes()))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(up.OriginalName, up.ContentType, up.ExpiresAt.Sub(up.UploadedAt))
	// Output:
	// vidgo: image is text/plain by its content; want a JPEG, PNG, GIF or WebP image
	// boat.png image/png 72h0m0s
}

// The same picture for many tasks is sent once.
func ExampleReuseUpload() {
	var srv vidgotest.Server
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	var boat bytes.Buffer
	_ = png.Encode(&boat, image.NewGray(image.Rect(0, 0, 8, 8)))
	for _, name := range []string{"boat.png", "copy-of-boat.png"} {
		up, err := client.Upload(context.Background(), name, bytes.NewReader(boat.Bytes()), vidgo.ReuseUpload())
		fmt.Println(up.OriginalName, err)
	}
	fmt.Println(len(srv.Uploads()), "sent")
	// Output:
	// boat.png <nil>
	// boat.png <nil>
	// 1 sent
}

func ExampleClient_Balance() {
	srv := vidgotest.Server{Credits: 120}
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	balance, err := client.Balance(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(balance.Credits)
	// Output: 120
}

package vidgo_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// picture returns a small image of the kind.
func picture(t testing.TB, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 128, 128))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i * 7 >> 3)
	}
	switch kind {
	case "png":
		require.NoError(t, png.Encode(&b, m))
	case "jpeg":
		require.NoError(t, jpeg.Encode(&b, m, nil))
	case "gif":
		require.NoError(t, gif.Encode(&b, m, nil))
	case "webp": // the standard library cannot write one: this is a container of the right size
		b.WriteString("RIFF\x16\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	}
	return b.Bytes()
}

// stream returns a reader of b that can only be read once.
func stream(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }

func TestUpload(t *testing.T) {
	for _, kind := range []string{"png", "jpeg", "gif", "webp"} {
		for how, open := range map[string]func([]byte) io.Reader{
			"a file":   func(b []byte) io.Reader { return bytes.NewReader(b) },
			"a stream": stream,
			"a stream of single bytes": func(b []byte) io.Reader {
				return struct{ io.Reader }{iotest.OneByteReader(bytes.NewReader(b))}
			},
		} {
			t.Run(kind+" from "+how, func(t *testing.T) {
				var srv vidgotest.Server
				content := picture(t, kind)
				up, err := newClient(t, &srv).Upload(t.Context(), "folder/é \"1\"."+kind, open(content), vidgo.UploadPath("products/chairs"))
				require.NoError(t, err)
				require.Equal(t, "image/"+kind, up.ContentType)
				require.EqualValues(t, len(content), up.Size)
				require.Equal(t, `é "1".`+kind, up.OriginalName)
				require.Equal(t, "temp/products/chairs", up.Path)
				require.Equal(t, 72*time.Hour, up.ExpiresAt.Sub(up.UploadedAt))
				require.NotEmpty(t, up.ID)
				got, err := srv.Content(up.URL)
				require.NoError(t, err)
				kept, err := io.ReadAll(got)
				require.NoError(t, err)
				require.Equal(t, content, kept)
			})
		}
	}
}

func TestUploadFile(t *testing.T) {
	var srv vidgotest.Server
	client := newClient(t, &srv)
	dir := t.TempDir()
	name := filepath.Join(dir, "chair.png")
	require.NoError(t, os.WriteFile(name, picture(t, "png"), 0o600))
	up, err := client.UploadFile(t.Context(), name)
	require.NoError(t, err)
	require.Equal(t, "chair.png", up.OriginalName)

	_, err = client.UploadFile(t.Context(), name+".not")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = client.UploadFile(t.Context(), dir)
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
}

// A bad image is refused before anything is sent. Of a stream, the end is only seen
// while it is sent, and then the request is not completed.
func TestUploadRefusesBadImages(t *testing.T) {
	good := picture(t, "png")
	tests := map[string]struct {
		content []byte
		says    string
	}{
		"an empty file":     {nil, "empty"},
		"text":              {[]byte("hello"), "text/plain"},
		"HTML":              {[]byte("<html><body>"), "text/html"},
		"SVG":               {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "want a JPEG"},
		"a PDF":             {[]byte("%PDF-1.7"), "application/pdf"},
		"a cut PNG":         {good[:len(good)-1], "cut off"},
		"a cut JPEG":        {picture(t, "jpeg")[:300], "cut off"},
		"a cut GIF":         {picture(t, "gif")[:300], "cut off"},
		"a cut WebP":        {picture(t, "webp")[:20], "cut off"},
		"a PNG's head only": {good[:8], "cut off"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var srv vidgotest.Server
			client := newClient(t, &srv)
			_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(test.content))
			require.ErrorIs(t, err, vidgo.ErrInvalidInput)
			require.ErrorContains(t, err, test.says)
			_, err = client.UploadBase64(t.Context(), base64.StdEncoding.EncodeToString(test.content))
			require.ErrorIs(t, err, vidgo.ErrInvalidInput)
			require.Empty(t, srv.Requests())
			_, err = client.Upload(t.Context(), "x.png", stream(test.content))
			require.ErrorIs(t, err, vidgo.ErrInvalidInput)
			require.ErrorContains(t, err, test.says)
			require.Empty(t, srv.Uploads())
		})
	}
}

func TestUploadRefusesBadArguments(t *testing.T) {
	var srv vidgotest.Server
	client := newClient(t, &srv)
	good := picture(t, "png")
	for name, call := range map[string]func() error{
		"a nil reader":        func() error { _, err := client.Upload(t.Context(), "x", nil); return err },
		"a name of two lines": func() error { _, err := client.Upload(t.Context(), "a\nb", bytes.NewReader(good)); return err },
		"a path that leaves": func() error {
			_, err := client.Upload(t.Context(), "x", bytes.NewReader(good), vidgo.UploadPath("../x"))
			return err
		},
		"an absolute path": func() error {
			_, err := client.Upload(t.Context(), "x", bytes.NewReader(good), vidgo.UploadPath("/x"))
			return err
		},
		"a nil option":   func() error { _, err := client.Upload(t.Context(), "x", bytes.NewReader(good), nil); return err },
		"a relative URL": func() error { _, err := client.UploadURL(t.Context(), "chair.png"); return err },
		"a file URL":     func() error { _, err := client.UploadURL(t.Context(), "file:///etc/passwd"); return err },
		"a private URL":  func() error { _, err := client.UploadURL(t.Context(), "https://10.0.0.1/x.png"); return err },
		"a URL with a user": func() error {
			_, err := client.UploadURL(t.Context(), "https://u:hidden@a.example.com/x.png")
			return err
		},
		"base64 with white space":   func() error { _, err := client.UploadBase64(t.Context(), "iVBO\nRw0K"); return err },
		"a data URL without base64": func() error { _, err := client.UploadBase64(t.Context(), "data:image/png,abc"); return err },
		"base64 for URLs":           func() error { _, err := client.UploadBase64(t.Context(), "iVBORw0K-_=="); return err },
		"a data URL with a quote":   func() error { _, err := client.UploadBase64(t.Context(), `data:"x";base64,iVBORw0K`); return err },
		"base64 without padding": func() error {
			_, err := client.UploadBase64(t.Context(), base64.RawStdEncoding.EncodeToString(good[:len(good)-(len(good)+2)%3]))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call()
			require.ErrorIs(t, err, vidgo.ErrInvalidInput, "%v", err)
			require.NotContains(t, err.Error(), "hidden")
			require.Equal(t, 1, strings.Count(err.Error(), "vidgo:"), "%v", err)
		})
	}
	require.Empty(t, srv.Requests())
}

func TestUploadBase64AndURL(t *testing.T) {
	var srv vidgotest.Server
	client := newClient(t, &srv)
	content := picture(t, "png")
	bare := base64.StdEncoding.EncodeToString(content)
	for _, data := range []string{bare, "data:image/png;base64," + bare} {
		up, err := client.UploadBase64(t.Context(), data, vidgo.UploadPath("a"))
		require.NoError(t, err)
		require.EqualValues(t, len(content), up.Size)
		require.Equal(t, "temp/a", up.Path)
	}
	first := srv.Uploads()[0]
	up, err := client.UploadURL(t.Context(), first.URL)
	require.NoError(t, err)
	require.EqualValues(t, len(content), up.Size)

	_, err = client.UploadURL(t.Context(), "https://nobody.example.com/x.png")
	api, ok := errors.AsType[*vidgo.APIError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 400, api.StatusCode)
}

func TestUploadIsRetriedIfItsSourceCanBeReadAgain(t *testing.T) {
	for name, fault := range map[string]vidgotest.Fault{
		"500": {Status: 500}, "429": {Status: 429, RetryAfter: "20"}, "a reset": {Reset: true}, "a hang": {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var srv vidgotest.Server
				fault.Endpoint, fault.Times = vidgotest.EndpointUpload, 2
				client := newClient(t, &srv)
				srv.Inject(fault)
				_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
				require.NoError(t, err)
				require.Len(t, srv.Requests(), 3)

				srv.Clear()
				srv.Inject(fault)
				_, err = client.Upload(t.Context(), "x.png", stream(picture(t, "png")))
				require.Error(t, err, "a stream can be read once")
				require.Len(t, srv.Requests(), 4)
			})
		})
	}
}

// Whichever moment of an upload the server counts, no minute has more than five.
func TestUploadsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointUpload, Delay: 7 * time.Second, Times: -1})
		content := picture(t, "png")
		began := time.Now()
		for range 12 {
			_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(content))
			require.NoError(t, err)
		}
		require.Greater(t, time.Since(began), 2*time.Minute)
		require.Less(t, time.Since(began), 3*time.Minute)
		_, err := client.UploadBase64(t.Context(), base64.StdEncoding.EncodeToString(content))
		require.NoError(t, err, "the other endpoint has a limit of its own")
		require.Len(t, srv.Requests(), 13, "no request was refused and repeated")

		for range 6 { // the places of the minute are taken, one by one
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err = client.Upload(ctx, "x.png", bytes.NewReader(content))
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "5 uploads a minute")
	})
}

func TestRetriesOfUploadsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		upload := func(ctx context.Context) error {
			_, err := client.Upload(ctx, "x.png", bytes.NewReader(picture(t, "png")))
			return err
		}
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointUpload, Status: 500, Times: 3})
		require.NoError(t, upload(t.Context()))
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointUpload, Status: 500, Times: 2})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		err := upload(ctx)
		require.ErrorContains(t, err, "5 uploads a minute", "the retry would be the sixth request of the minute")
		api, ok := errors.AsType[*vidgo.APIError](err)
		require.True(t, ok, "the error of the last try is in it")
		require.Equal(t, 500, api.StatusCode)
		require.Zero(t, time.Since(began), "it does not wait for a turn that comes too late")
		require.NoError(t, upload(t.Context()))
		tries := srv.Requests()
		require.Len(t, tries, 7)
		for i := range 2 {
			require.GreaterOrEqual(t, tries[i+5].Time.Sub(tries[i].Time), time.Minute)
		}
	})
}

func TestUploadRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{UploadRate: -1}
		client := newClient(t, &srv, vidgo.WithUploadRate(100))
		began := time.Now()
		for range 50 {
			_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
			require.NoError(t, err)
		}
		require.Zero(t, time.Since(began))
	})
}

func TestAnUploadIsReusedForTheSameImage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		upload := func(kind string, opts ...vidgo.UploadOption) *vidgo.Upload {
			up, err := client.Upload(t.Context(), "x", bytes.NewReader(picture(t, kind)), append(opts, vidgo.ReuseUpload())...)
			require.NoError(t, err)
			return up
		}
		first := upload("png")
		require.Equal(t, first, upload("png"))
		require.NotEqual(t, first, upload("gif"))
		require.NotEqual(t, first, upload("png", vidgo.UploadPath("elsewhere")))
		again, err := client.UploadBase64(t.Context(), base64.StdEncoding.EncodeToString(picture(t, "png")), vidgo.ReuseUpload())
		require.NoError(t, err)
		require.Equal(t, first, again, "only the content and the path count")
		require.Len(t, srv.Uploads(), 3)
		time.Sleep(72 * time.Hour)
		require.NotEqual(t, first, upload("png"), "Vidgo does not keep it any longer")
	})
}

func TestUploadRefusedByVidgo(t *testing.T) {
	srv := vidgotest.Server{MaxUpload: 100}
	client := newClient(t, &srv)
	_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	api, ok := errors.AsType[*vidgo.APIError](err)
	require.True(t, ok)
	require.Equal(t, 413, api.StatusCode)

	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointUpload, Status: 200, Body: `{"success":false,"code":200,"msg":"storage is full"}`})
	_, err = client.Upload(t.Context(), "x.png", stream(picture(t, "png")))
	require.ErrorContains(t, err, "storage is full")
}

// The error of the caller's reader is returned.
func TestUploadFromAReaderThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		broken := errors.New("the disk is gone")
		content := picture(t, "png")
		for _, after := range []int{0, 10, 600, len(content) - 1} {
			r := io.MultiReader(bytes.NewReader(content[:after]), iotest.ErrReader(broken))
			_, err := client.Upload(t.Context(), "x.png", r)
			require.ErrorIs(t, err, broken, "after %d bytes", after)
		}
		require.Empty(t, srv.Uploads())
	})
}

func TestUploadThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv, vidgo.WithoutRetries())
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointUpload, Hang: true})
		began := time.Now()
		_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
		require.ErrorContains(t, err, "nothing moved for 30s")
		require.NotErrorIs(t, err, context.Canceled, "nothing was cancelled by the caller")
		require.Equal(t, 30*time.Second, time.Since(began))

		// A slow source must not be taken for a standstill.
		slow, w := io.Pipe()
		go func() {
			for part := range bytes.SplitAfterSeq(picture(t, "png"), []byte{0}) {
				time.Sleep(40 * time.Second)
				_, _ = w.Write(part)
			}
			_ = w.Close()
		}()
		_, err = client.Upload(t.Context(), "x.png", slow)
		require.NoError(t, err)
	})
}

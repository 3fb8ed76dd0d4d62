package vidgo_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

const uploaded = `{"success":true,"code":200,"msg":"ok","data":{"file_id":"f","file_url":"https://storage.vidgo.ai/temp/f.png","upload_time":"2025-11-12T10:30:00","expires_at":"2099-11-12T10:30:00"}}`

// uploadClient returns a client of an API that is made by hand.
func uploadClient(t testing.TB, api func(*http.Request) (*http.Response, error), opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client, err := vidgo.NewClient(apiKey, append([]vidgo.Option{vidgo.WithHTTPClient(&http.Client{Transport: transport(api)})}, opts...)...)
	require.NoError(t, err)
	return client
}

// takeUpload reads an upload and answers as Vidgo does.
func takeUpload(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return nil, err
	}
	return reply(200, nil, -1, strings.NewReader(uploaded)), nil
}

// The server may count an upload by the moment when it ends.
func TestSlowUploadsKeepTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var ends []time.Time
		n := 0
		client := uploadClient(t, func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			n++
			d := 100 * time.Second // the first five are large
			if n > 5 {
				d = 40 * time.Second
			}
			mu.Unlock()
			for range int(d / (10 * time.Second)) { // slow, but it moves
				time.Sleep(10 * time.Second)
				_, _ = r.Body.Read(make([]byte, 20))
			}
			_, err := io.Copy(io.Discard, r.Body)
			mu.Lock()
			ends = append(ends, time.Now())
			mu.Unlock()
			return reply(200, nil, -1, strings.NewReader(uploaded)), err
		})
		var wg sync.WaitGroup
		content := picture(t, "png")
		for range 10 {
			wg.Go(func() {
				_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(content))
				require.NoError(t, err)
			})
		}
		wg.Wait()
		most := 0
		for _, from := range ends {
			in := 0
			for _, e := range ends {
				if !e.Before(from) && e.Sub(from) < time.Minute {
					in++
				}
			}
			most = max(most, in)
		}
		require.LessOrEqual(t, most, 5, "uploads that ended within one minute")
	})
}

func TestCallsThatAreOverTakeNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		client := uploadClient(t, func(r *http.Request) (*http.Response, error) { n++; return takeUpload(r) })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 5 {
			_, err := client.Upload(ctx, "x.png", bytes.NewReader(picture(t, "png")))
			require.ErrorIs(t, err, context.Canceled)
		}
		require.Zero(t, n)
		began := time.Now()
		_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
	})
}

func TestUploadsAreServedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := uploadClient(t, takeUpload)
		up := func() {
			_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
			require.NoError(t, err)
		}
		for range 5 {
			up()
		}
		began := time.Now()
		var wg sync.WaitGroup
		var first time.Duration
		for i := range 40 {
			time.Sleep(time.Second)
			wg.Go(func() {
				up()
				if i == 0 {
					first = time.Since(began)
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, first, 2*time.Minute, "it was the first that waited")
	})
}

func TestReuseOfAFileThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		a, b := picture(t, "png"), picture(t, "png")
		b[200] ^= 0x55 // another image of the same size
		file := &changing{now: a}
		// The file changes while the upload waits for its turn.
		for range 5 {
			_, _ = client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "gif")))
		}
		time.AfterFunc(10*time.Second, func() { file.mu.Lock(); file.now = b; file.mu.Unlock() })
		_, err := client.Upload(t.Context(), "x.png", io.NewSectionReader(file, 0, int64(len(a))), vidgo.ReuseUpload())
		require.NoError(t, err)
		up, err := client.Upload(t.Context(), "x.png", bytes.NewReader(a), vidgo.ReuseUpload())
		require.NoError(t, err)
		r, err := srv.Content(up.URL)
		require.NoError(t, err)
		got, _ := io.ReadAll(r)
		require.True(t, bytes.Equal(a, got), "the URL must be of this image")
	})
}

// changing is a file whose content may change while it is open.
type changing struct {
	mu  sync.Mutex
	now []byte
}

func (c *changing) ReadAt(p []byte, off int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.NewReader(c.now).ReadAt(p, off)
}

func TestUploadOfAFileThatShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newClient(t, &srv)
		a := picture(t, "png")
		file := &changing{now: a}
		for range 5 {
			_, _ = client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "gif")))
		}
		time.AfterFunc(10*time.Second, func() { file.mu.Lock(); file.now = a[:600]; file.mu.Unlock() })
		_, err := client.Upload(t.Context(), "x.png", io.NewSectionReader(file, 0, int64(len(a))))
		require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	})
}

// jpegOf returns a JPEG of noise.
func jpegOf(t testing.TB, w, h int) []byte {
	var b bytes.Buffer
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	require.NoError(t, jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}))
	return b.Bytes()
}

// Phones append a video to a picture.
func TestUploadOfAMotionPhoto(t *testing.T) {
	photo := append(jpegOf(t, 200, 200), mp4(3<<20)...)
	// The mark that ends a JPEG, ff d9, must not be found in the video's end.
	tail := photo[len(photo)-64<<10:]
	for i := range tail[:len(tail)-1] {
		if tail[i] == 0xff && tail[i+1] == 0xd9 {
			tail[i] = 0
		}
	}
	client := uploadClient(t, takeUpload)
	_, err := client.Upload(t.Context(), "x.jpg", bytes.NewReader(photo))
	require.NoError(t, err)
}

func TestUploadOfImagesWithATrailer(t *testing.T) {
	client := uploadClient(t, takeUpload, vidgo.WithUploadRate(1000))
	var anim bytes.Buffer
	g := &gif.GIF{}
	for i := range 3 {
		p := image.NewPaletted(image.Rect(0, 0, 1+i, 1), color.Palette{color.Black, color.White})
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 1)
	}
	g.Config = image.Config{Width: 3, Height: 1}
	require.NoError(t, gif.EncodeAll(&anim, g))
	for name, b := range map[string][]byte{
		"an animated GIF":       anim.Bytes(),
		"a GIF with a trailer":  append(bytes.Clone(anim.Bytes()), make([]byte, 1024)...),
		"a PNG with a trailer":  append(picture(t, "png"), make([]byte, 100<<10)...),
		"a WebP with a trailer": append(picture(t, "webp"), 0, 0, 0),
		"a JPEG with a trailer": append(picture(t, "jpeg"), make([]byte, 128<<10)...),
		"a JPEG of one pixel":   jpegOf(t, 1, 1),
	} {
		for how, r := range map[string]io.Reader{"file": bytes.NewReader(b), "stream": stream(b)} {
			if _, err := client.Upload(t.Context(), "x", r); err != nil {
				t.Errorf("%s from %s: %v", name, how, err)
			}
		}
	}
}

func TestUploadAnsweredWithoutABody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := uploadClient(t, func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 401, Header: http.Header{}}, nil
		})
		_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
		require.Error(t, err)
	})
}

// Five of the twenty are sent. The others wait for their turn, and then need not
// be, so that they take no place from each other.
func TestReuseOfUploadsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		client := uploadClient(t, func(r *http.Request) (*http.Response, error) { n.Add(1); time.Sleep(time.Second); return takeUpload(r) })
		began := time.Now()
		done := make(chan error)
		for range 20 {
			go func() {
				_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")), vidgo.ReuseUpload())
				done <- err
			}()
		}
		for range 20 {
			require.NoError(t, <-done)
		}
		require.LessOrEqual(t, n.Load(), int32(5), "uploads, in %s", time.Since(began))
		require.LessOrEqual(t, time.Since(began), time.Second+time.Minute)
	})
}

// net/http asks for a body again when its connection has gone stale.
func TestUploadWhoseBodyIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := uploadClient(t, func(r *http.Request) (*http.Response, error) {
			_ = r.Body.Close()
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			b := make([]byte, 100)
			for {
				if r.Context().Err() != nil {
					return nil, context.Cause(r.Context())
				}
				if _, err := body.Read(b); err == io.EOF {
					return reply(200, nil, -1, strings.NewReader(uploaded)), nil
				}
				time.Sleep(5 * time.Second) // slow, but it moves
			}
		}, vidgo.WithoutRetries())
		_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")))
		require.NoError(t, err)
	})
}

func TestUploadWhoseAnswerAndSourceStandStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := uploadClient(t, func(r *http.Request) (*http.Response, error) {
			go func() { _, _ = io.Copy(io.Discard, r.Body) }() // which blocks in the source
			time.Sleep(time.Second)
			return reply(200, nil, -1, stalled{r.Context()}), nil
		}, vidgo.WithoutRetries())
		pr, pw := io.Pipe()
		defer pw.Close()
		go func() {
			_, _ = pw.Write(picture(t, "png")[:1000])
			time.Sleep(2 * time.Second)
			_, _ = pw.Write([]byte{1}) // the last byte, after the answer's header
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		_, err := client.Upload(ctx, "x.png", pr)
		require.Error(t, err)
		require.Less(t, time.Since(began), time.Minute, "%v", err)
		_ = pr.Close()
	})
}

// A reader may have been read before: the image is what is left of it.
func TestUploadBeginsWhereTheReaderIs(t *testing.T) {
	content := picture(t, "png")
	r := bytes.NewReader(append([]byte("before"), content...))
	_, err := r.Seek(6, io.SeekStart)
	require.NoError(t, err)
	var srv vidgotest.Server
	up, err := newClient(t, &srv).Upload(t.Context(), "x.png", r)
	require.NoError(t, err)
	require.EqualValues(t, len(content), up.Size)
}

// Our clock is years from Vidgo's, by which the image is kept for three days.
func TestReuseGoesByVidgosClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client := uploadClient(t, func(r *http.Request) (*http.Response, error) {
			sent++
			_, _ = io.Copy(io.Discard, r.Body)
			return reply(200, nil, -1, strings.NewReader(strings.ReplaceAll(uploaded, "2099-11-12", "2025-11-15"))), nil
		})
		up := func() {
			_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")), vidgo.ReuseUpload())
			require.NoError(t, err)
		}
		up()
		time.Sleep(70 * time.Hour)
		up()
		require.Equal(t, 1, sent)
		time.Sleep(time.Hour)
		up()
		require.Equal(t, 2, sent)
	})
}

// An upload without a time at which it expires may be gone at any time.
func TestReuseNeedsATimeOfExpiry(t *testing.T) {
	n := 0
	client := uploadClient(t, func(r *http.Request) (*http.Response, error) {
		n++
		_, _ = io.Copy(io.Discard, r.Body)
		return reply(200, nil, -1, strings.NewReader(`{"success":true,"code":200,"data":{"file_id":"f","file_url":"https://storage.vidgo.ai/temp/f.png"}}`)), nil
	})
	for range 2 {
		_, err := client.Upload(t.Context(), "x.png", bytes.NewReader(picture(t, "png")), vidgo.ReuseUpload())
		require.NoError(t, err)
	}
	require.Equal(t, 2, n)
}

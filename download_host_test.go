package vidgo_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// reply returns an answer that is made by hand.
func reply(status int, header map[string]string, length int64, body io.Reader) *http.Response {
	h := http.Header{}
	for k, v := range header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: status, Header: h, ContentLength: length, Body: io.NopCloser(body), ProtoMajor: 1, ProtoMinor: 0}
}

// mp4 returns n bytes that begin as a video does.
func mp4(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*i>>7 ^ i)
	}
	copy(b, "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")
	return b
}

// brokenAfter returns a reader that yields b and then an error.
func brokenAfter(b []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(b), iotest.ErrReader(errors.New("connection reset")))
}

// hostClient returns a client whose files come from host.
func hostClient(t testing.TB, host func(*http.Request) (*http.Response, error), opts ...vidgo.Option) *vidgo.Client {
	t.Helper()
	client, err := vidgo.NewClient(apiKey, append([]vidgo.Option{vidgo.WithDownloadClient(&http.Client{Transport: transport(host)})}, opts...)...)
	require.NoError(t, err)
	return client
}

const link = "https://storage.vidgo.ai/generated/x.mp4"

// doneTask returns a finished task with these files, as a program may have stored
// it.
func doneTask(urls ...string) *vidgo.Task {
	t := &vidgo.Task{ID: "task-1", Status: vidgo.Finished}
	for _, u := range urls {
		t.Files = append(t.Files, vidgo.File{URL: u, Type: "video"})
	}
	return t
}

// offset returns where the range of a request begins, or 0 if it has none.
func offset(r *http.Request) int {
	var n int
	fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &n)
	return n
}

// whole is a host that sends all n bytes of a file.
func whole(n int) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return reply(200, map[string]string{"Etag": `"a"`}, int64(n), bytes.NewReader(mp4(n))), nil
	}
}

func TestDownloadOfARangeThatIsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := mp4(100_000)
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			if at := offset(r); at > 0 {
				return reply(206, map[string]string{"Etag": `"a"`, "Content-Range": fmt.Sprintf("bytes %d-99999/100000", at)}, -1,
					io.MultiReader(bytes.NewReader(content[at:]), strings.NewReader(strings.Repeat("junk", 1000)))), nil
			}
			return reply(200, map[string]string{"Etag": `"a"`}, 100_000, brokenAfter(content[:40_000])), nil
		})
		dir := t.TempDir()
		_, err := client.Save(t.Context(), doneTask(link), dir)
		require.Error(t, err, "every answer is longer than the range it names")
		require.NotContains(t, namesIn(t, dir), "task-1-1.mp4")
	})
}

func TestDownloadOfARangeWithoutATotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := mp4(100_000)
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			if at := offset(r); at > 0 {
				return reply(206, map[string]string{"Etag": `"a"`, "Content-Range": fmt.Sprintf("bytes %d-99999/*", at)}, -1, bytes.NewReader(content[at:at+10_000])), nil // cut off
			}
			return reply(200, map[string]string{"Etag": `"a"`}, -1, brokenAfter(content[:40_000])), nil
		})
		dir := t.TempDir()
		paths, err := client.Save(t.Context(), doneTask(link), dir)
		require.NoError(t, err)
		b, err := os.ReadFile(paths[0])
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, b), "%d bytes", len(b))
	})
}

// Only the size that Vidgo told shows that this answer was cut off.
func TestDownloadWhoseSizeVidgoTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := mp4(100_000)
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(200, nil, -1, bytes.NewReader(content[:40_000])), nil
		})
		_, err := client.Download(t.Context(), vidgo.File{URL: link, Type: "video", Size: 100_000}, io.Discard)
		require.Error(t, err, "60,000 bytes are missing")
	})
}

// A slow writer must not be taken for a standstill of the network.
func TestDownloadToASlowWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		srv.Inject(file(vidgotest.Fault{Header: noHeader("Etag", "Last-Modified"), Times: -1}))
		_, err := client.Download(t.Context(), task.Files[0], slowWriter{})
		require.NoError(t, err)
	})
}

type slowWriter struct{}

func (slowWriter) Write(p []byte) (int, error) { time.Sleep(40 * time.Second); return len(p), nil }

func TestDownloadFromAHostThatRefusesRanges(t *testing.T) {
	for name, part := range map[string]func(at int) *http.Response{
		"it answers 416": func(int) *http.Response { return reply(416, nil, 0, http.NoBody) },
		"it sends another range": func(int) *http.Response {
			return reply(206, map[string]string{"Content-Range": "bytes 0-9/10"}, -1, http.NoBody)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				content, n := mp4(100_000), 0
				client := hostClient(t, func(r *http.Request) (*http.Response, error) {
					n++
					if at := offset(r); at > 0 {
						return part(at), nil
					}
					return reply(200, map[string]string{"Etag": `"a"`}, 100_000, brokenAfter(content[:40_000])), nil
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				_, err := client.Save(ctx, doneTask(link), t.TempDir())
				require.Error(t, err)
				require.Less(t, time.Since(began), 10*time.Minute, "%d requests", n)
			})
		})
	}
}

func TestDownloadWaitsForAFileWhoseLinkIsSignedAnewEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, looks, tries := time.Now(), 0, 0
		api := transport(func(r *http.Request) (*http.Response, error) {
			looks++
			return reply(200, nil, -1, strings.NewReader(fmt.Sprintf(
				`{"code":200,"data":{"task_id":"task-1","status":"finished","files":[{"file_url":"%s?X-Signature=%d","file_type":"video"}]}}`, link, looks))), nil
		})
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			tries++
			if time.Since(began) < 3*time.Second {
				return reply(404, nil, 0, http.NoBody), nil
			}
			return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
		}, vidgo.WithHTTPClient(&http.Client{Transport: api}))
		task, err := client.Task(t.Context(), "task-1")
		require.NoError(t, err)
		_, err = client.Save(t.Context(), task, t.TempDir())
		require.NoError(t, err, "given up after %s, %d tries", time.Since(began), tries)
	})
}

func TestSaveOfA3DModelInText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			s := "# made by Vidgo\nv 0.0 0.0 0.0\nv 1.0 0.0 0.0\nf 1 2 3\n"
			return reply(200, map[string]string{"Content-Type": "model/obj"}, int64(len(s)), strings.NewReader(s)), nil
		})
		task := &vidgo.Task{ID: "task-1", Status: vidgo.Finished, Files: []vidgo.File{{URL: "https://storage.vidgo.ai/x.obj", Type: "3d", Format: "obj"}}}
		paths, err := client.Save(t.Context(), task, t.TempDir())
		require.NoError(t, err)
		require.Equal(t, ".obj", filepath.Ext(paths[0]))
	})
}

func TestSaveTakesTheExtensionOfAContainerFromItsFormat(t *testing.T) {
	for want, head := range map[string]string{
		".usdz": "PK\x03\x04\x0a\x00\x00\x00", ".mkv": "\x1a\x45\xdf\xa3\x00\x00", ".opus": "OggS\x00\x02\x00\x00",
	} {
		t.Run(want, func(t *testing.T) {
			client := hostClient(t, func(r *http.Request) (*http.Response, error) {
				s := head + strings.Repeat("\x00", 600)
				return reply(200, nil, int64(len(s)), strings.NewReader(s)), nil
			})
			task := &vidgo.Task{ID: "task-1", Status: vidgo.Finished, Files: []vidgo.File{{URL: "https://storage.vidgo.ai/x" + want, Type: "other", Format: want[1:]}}}
			paths, err := client.Save(t.Context(), task, t.TempDir())
			require.NoError(t, err)
			require.Equal(t, want, filepath.Ext(paths[0]))
		})
	}
}

func TestDownloadSendsNoCookies(t *testing.T) {
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(link)
	jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: "secret"}})
	var got string
	hc := &http.Client{Jar: jar, Transport: transport(func(r *http.Request) (*http.Response, error) {
		got = r.Header.Get("Cookie")
		return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
	})}
	client, err := vidgo.NewClient(apiKey, vidgo.WithDownloadClient(hc))
	require.NoError(t, err)
	_, err = client.Download(t.Context(), vidgo.File{URL: link}, io.Discard)
	require.NoError(t, err)
	require.Empty(t, got, "the request carries no cookies of the user's client")
}

// A transport must not return such answers, but a user's may.
func TestDownloadFromABrokenTransport(t *testing.T) {
	for name, res := range map[string]*http.Response{
		"no answer": nil, "an answer without a body": {StatusCode: 400, Header: http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := hostClient(t, func(*http.Request) (*http.Response, error) { return res, nil })
				_, err := client.Download(t.Context(), vidgo.File{URL: link}, io.Discard)
				require.Error(t, err)
			})
		})
	}
}

func TestDownloadRefusesANilWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
		})
		_, err := client.Download(t.Context(), vidgo.File{URL: link}, nil)
		require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	})
}

func TestDownloadErrorsHideABadLocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(302, map[string]string{"Location": "https://cdn.vidgo.ai:x/a.mp4?Signature=hidden"}, 0, http.NoBody), nil
		})
		_, err := client.Download(t.Context(), vidgo.File{URL: link}, io.Discard)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hidden")
	})
}

func TestDownloadErrorHasTheWholeURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) { return reply(400, nil, 0, http.NoBody), nil })
		long := "https://storage.vidgo.ai/" + strings.Repeat("generated/", 12) + "x.mp4"
		_, err := client.Download(t.Context(), vidgo.File{URL: long + "?sig=1"}, io.Discard)
		failed, _ := errors.AsType[*vidgo.DownloadError](err)
		require.Equal(t, long, failed.URL)
	})
}

// The file changes, then the host ignores a range, and then it supports ranges
// again.
func TestHashAfterAChangeAndASkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := mp4(100_000)
		n := 0
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			n++
			switch n {
			case 1:
				return reply(200, map[string]string{"Etag": `"a"`}, 100_000, brokenAfter(content[:40_000])), nil
			case 2: // the file has changed
				return reply(200, map[string]string{"Etag": `"b"`}, 100_000, brokenAfter(content[:50_000])), nil
			case 3: // no range: what is there already is skipped
				return reply(200, map[string]string{"Etag": `"b"`}, 100_000, brokenAfter(content[:60_000])), nil
			}
			at := offset(r)
			return reply(206, map[string]string{"Etag": `"b"`, "Content-Range": "bytes 60000-99999/100000"}, 40_000, bytes.NewReader(content[at:])), nil
		})
		var sum [32]byte
		paths, err := client.Save(t.Context(), doneTask(link), t.TempDir(), vidgo.OnSaved(func(f vidgo.SavedFile) { sum = f.SHA256 }))
		require.NoError(t, err)
		b, _ := os.ReadFile(paths[0])
		require.True(t, bytes.Equal(content, b))
		require.Equal(t, sha256.Sum256(content), sum)
	})
}

func TestDownloadToAWriterThatTakesTooLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		client := hostClient(t, func(r *http.Request) (*http.Response, error) { n++; return whole(100_000)(r) })
		_, err := client.Download(t.Context(), vidgo.File{URL: link}, shortWriter{})
		require.ErrorIs(t, err, io.ErrShortWrite)
		require.Equal(t, 1, n, "another request cannot help the writer")
	})
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestDownloadErrorsAreOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(400, nil, -1, strings.NewReader("\x1b[2Jnope\rvidgo: all is well\x00")), nil
		})
		_, err := client.Download(t.Context(), vidgo.File{URL: link}, io.Discard)
		require.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%q", err.Error())
	})
}

// A weak ETag does not promise the same bytes, so the file is requested from its
// beginning.
func TestDownloadTrustsNoWeakETag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content, ranges := mp4(100_000), 0
		tries := 0
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Range") != "" {
				ranges++
			}
			if tries++; tries == 1 {
				return reply(200, map[string]string{"Etag": `W/"a"`}, 100_000, brokenAfter(content[:40_000])), nil
			}
			return reply(200, map[string]string{"Etag": `W/"a"`}, 100_000, bytes.NewReader(content)), nil
		})
		paths, err := client.Save(t.Context(), doneTask(link), t.TempDir())
		require.NoError(t, err)
		got, err := os.ReadFile(paths[0])
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
		require.Zero(t, ranges)
	})
}

func TestDownloadFollowsFiveRedirects(t *testing.T) {
	for hops, good := range map[int]bool{5: true, 6: false} {
		asked := 0 // how often the user's CheckRedirect was called
		hc := &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { asked++; return nil },
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				var n int
				_, _ = fmt.Sscanf(r.URL.RawQuery, "n=%d", &n)
				if n < hops {
					return reply(302, map[string]string{"Location": fmt.Sprintf("%s?n=%d", link, n+1)}, 0, http.NoBody), nil
				}
				return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
			}),
		}
		client, err := vidgo.NewClient(apiKey, vidgo.WithDownloadClient(hc))
		require.NoError(t, err)
		_, err = client.Download(t.Context(), vidgo.File{URL: link}, io.Discard)
		require.Equal(t, good, err == nil, "%d redirects: %v", hops, err)
		require.Equal(t, 5, asked)
	}
}

func TestA410IsErrNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(*http.Request) (*http.Response, error) { return reply(410, nil, 0, http.NoBody), nil })
		_, err := client.Download(t.Context(), vidgo.File{URL: link}, io.Discard)
		require.ErrorIs(t, err, vidgo.ErrNotFound)
	})
}

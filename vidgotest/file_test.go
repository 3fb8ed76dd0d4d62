package vidgotest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

const agent = "vidgo-test/1"

func fileRequest(t testing.TB, method, url string, header ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	req.Header.Set("User-Agent", agent)
	for ; len(header) > 0; header = header[2:] {
		req.Header.Set(header[0], header[1])
	}
	return req
}

// fetch downloads a file, without an API key.
func fetch(t testing.TB, srv *vidgotest.Server, url string, header ...string) reply {
	t.Helper()
	r, err := try(srv.Client(), fileRequest(t, http.MethodGet, url, header...))
	require.NoError(t, err)
	return r
}

// fileURL returns the URL of the only file of a new task.
func fileURL(t testing.TB, srv *vidgotest.Server) string {
	t.Helper()
	return look(t, srv, submit(t, srv, "nano-banana", "")).Files[0]["file_url"].(string)
}

func TestFilesAreRealOnesOfTheirFormat(t *testing.T) {
	for format, want := range map[string]struct{ contentType, fileType, sniffed string }{
		"png":  {"image/png", "image", "image/png"},
		"jpg":  {"image/jpeg", "image", "image/jpeg"},
		"jpeg": {"image/jpeg", "image", "image/jpeg"},
		"gif":  {"image/gif", "image", "image/gif"},
		"webp": {"image/webp", "image", "image/webp"},
		"mp4":  {"video/mp4", "video", "video/mp4"},
		"mp3":  {"audio/mpeg", "audio", "application/octet-stream"}, // Go recognises an MP3 only by a tag
		"wav":  {"audio/wav", "audio", "audio/wave"},
		"glb":  {"model/gltf-binary", "3d", "application/octet-stream"},
	} {
		for _, size := range []int64{0, 1, 1000, 100_001} {
			t.Run(fmt.Sprintf("%s of %d bytes", format, size), func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{Format: format, FileSize: size}}
				file := look(t, &srv, submit(t, &srv, "m", "")).Files[0]
				require.Equal(t, want.fileType, file["file_type"])
				r := fetch(t, &srv, file["file_url"].(string))
				require.Equal(t, want.contentType, r.header.Get("Content-Type"))
				require.Equal(t, want.sniffed, http.DetectContentType([]byte(r.body)))
				if size < 1000 {
					require.Less(t, len(r.body), 1024)
				} else {
					require.Len(t, r.body, int(size))
				}
				require.NoError(t, wellFormed(format, r.body))
			})
		}
	}
}

// wellFormed checks what a reader of the format checks.
func wellFormed(format, body string) error {
	total := len(body)
	switch format {
	case "png", "jpg", "jpeg", "gif":
		_, _, err := image.Decode(strings.NewReader(body))
		return err
	case "wav":
		riff, data := binary.LittleEndian.Uint32([]byte(body[4:])), binary.LittleEndian.Uint32([]byte(body[40:]))
		if int(riff) != total-8 || int(data) != total-44 || body[36:40] != "data" {
			return fmt.Errorf("the RIFF chunk has %d bytes and data has %d, in a file of %d", riff, data, total)
		}
	case "glb":
		length, scene := binary.LittleEndian.Uint32([]byte(body[8:])), binary.LittleEndian.Uint32([]byte(body[12:]))
		chunk := 20 + int(scene)
		bin := binary.LittleEndian.Uint32([]byte(body[chunk:]))
		if int(length) != total || scene%4 != 0 || chunk+8+int(bin) != total {
			return fmt.Errorf("the length is %d, the scene has %d bytes and the binary part %d, in a file of %d", length, scene, bin, total)
		}
	case "mp4":
		at := 0
		for at < total {
			size := int(binary.BigEndian.Uint32([]byte(body[at:])))
			if size == 1 {
				size = int(binary.BigEndian.Uint64([]byte(body[at+8:])))
			}
			at += size
		}
		if at != total {
			return fmt.Errorf("the boxes have %d bytes, in a file of %d", at, total)
		}
	}
	return nil
}

func TestFilesDifferAndStayTheSame(t *testing.T) {
	srv := vidgotest.Server{Default: vidgotest.Script{N: 2, FileSize: 5000}}
	one, two := look(t, &srv, submit(t, &srv, "sora-2", "")), look(t, &srv, submit(t, &srv, "sora-2", ""))
	seen := make(map[string]bool)
	for _, file := range append(one.Files, two.Files...) {
		at := file["file_url"].(string)
		r := fetch(t, &srv, at)
		require.Equal(t, r.body, fetch(t, &srv, at).body)
		content, err := srv.Content(at)
		require.NoError(t, err)
		all, err := io.ReadAll(content)
		require.NoError(t, err)
		require.Equal(t, r.body, string(all))
		seen[r.body] = true
		seen[r.header.Get("ETag")] = true
	}
	require.Len(t, seen, 8)
}

func TestRangesOfAFile(t *testing.T) {
	srv := vidgotest.Server{Default: vidgotest.Script{FileSize: 1000}}
	at := fileURL(t, &srv)
	whole := fetch(t, &srv, at)
	etag, date := whole.header.Get("ETag"), whole.header.Get("Last-Modified")
	require.Regexp(t, `^"[^"]+"$`, etag)
	require.Equal(t, "bytes", whole.header.Get("Accept-Ranges"))
	require.Equal(t, "1000", whole.header.Get("Content-Length"))
	for _, c := range []struct {
		header       []string
		status       int
		contentRange string
		body         string
	}{
		{[]string{"Range", "bytes=0-"}, 206, "bytes 0-999/1000", whole.body},
		{[]string{"Range", "bytes=13-"}, 206, "bytes 13-999/1000", whole.body[13:]},
		{[]string{"Range", "bytes=13-16"}, 206, "bytes 13-16/1000", whole.body[13:17]},
		{[]string{"Range", "bytes=-3"}, 206, "bytes 997-999/1000", whole.body[997:]},
		{[]string{"Range", "bytes=13-", "If-Range", etag}, 206, "bytes 13-999/1000", whole.body[13:]},
		{[]string{"Range", "bytes=13-", "If-Range", date}, 206, "bytes 13-999/1000", whole.body[13:]},
		{[]string{"Range", "bytes=13-", "If-Range", `"other"`}, 200, "", whole.body},
		{[]string{"Range", "bytes=13-", "If-Range", "W/" + etag}, 200, "", whole.body},
		{[]string{"Range", "bytes=1000-"}, 416, "bytes */1000", "invalid range: failed to overlap\n"},
		{[]string{"If-None-Match", etag}, 304, "", ""},
	} {
		r := fetch(t, &srv, at, c.header...)
		require.Equal(t, c.status, r.status, c.header)
		require.Equal(t, c.contentRange, r.header.Get("Content-Range"), c.header)
		require.Equal(t, c.body, r.body, c.header)
		requests := srv.Requests(vidgotest.EndpointFile)
		require.Equal(t, c.status, requests[len(requests)-1].Status)
	}
	r, err := try(srv.Client(), fileRequest(t, http.MethodHead, at))
	require.NoError(t, err)
	require.Equal(t, []any{200, "1000", ""}, []any{r.status, r.header.Get("Content-Length"), r.body})
	r, err = try(srv.Client(), fileRequest(t, http.MethodPost, at))
	require.NoError(t, err)
	require.Equal(t, 405, r.status)
}

func TestFilesLiveForADayFromTheEndOfTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Duration: time.Minute, FilesAfter: 5 * time.Second}}
		id := submit(t, &srv, "nano-banana", "")
		at := "https://storage.vidgo.ai/generated/" + id + "-1.png"
		expect := func(status int, code string) {
			t.Helper()
			r := fetch(t, &srv, at)
			require.Equal(t, status, r.status)
			require.Contains(t, r.body, code)
			if code != "" {
				require.Equal(t, "application/xml", r.header.Get("Content-Type"))
			}
		}
		expect(404, "<Code>NoSuchKey</Code>")
		time.Sleep(time.Minute)
		require.Equal(t, at, look(t, &srv, id).Files[0]["file_url"])
		expect(404, "<Code>NoSuchKey</Code>") // its link is known, but it is not there yet
		time.Sleep(5 * time.Second)
		expect(200, "")
		require.Equal(t, "Sat, 01 Jan 2000 00:01:00 GMT", fetch(t, &srv, at).header.Get("Last-Modified"))
		time.Sleep(24*time.Hour - 5*time.Second - time.Nanosecond)
		expect(200, "")
		time.Sleep(time.Nanosecond)
		expect(403, "<Code>AccessDenied</Code>")
		require.Equal(t, at, look(t, &srv, id).Files[0]["file_url"])
		require.Equal(t, id, srv.Requests(vidgotest.EndpointFile)[0].TaskID)
	})
}

func TestAnEndByHandStartsTheFilesDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}}
		id := submit(t, &srv, "nano-banana", "")
		bad := submit(t, &srv, "nano-banana", "")
		at := "https://storage.vidgo.ai/generated/" + id + "-1.png"
		time.Sleep(time.Hour)
		require.Equal(t, 404, fetch(t, &srv, at).status)
		require.NoError(t, srv.Finish(id))
		require.NoError(t, srv.Fail(bad, "no"))
		time.Sleep(24*time.Hour - time.Nanosecond)
		require.Equal(t, 200, fetch(t, &srv, at).status)
		require.Equal(t, 404, fetch(t, &srv, strings.ReplaceAll(at, id, bad)).status, "a failed task has no files")
		time.Sleep(time.Nanosecond)
		require.Equal(t, 403, fetch(t, &srv, at).status)
	})
}

func TestFreshLinksExpireAndAreMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FreshLinks: time.Hour}}
		id := submit(t, &srv, "nano-banana", "")
		link := func() string { return look(t, &srv, id).Files[0]["file_url"].(string) }
		time.Sleep(time.Second / 2)
		first := link()
		require.Regexp(t, `^https://storage\.vidgo\.ai/generated/[^?]+\.png\?Expires=\d+&Signature=[0-9a-f]{32}$`, first)
		bare, _, _ := strings.Cut(first, "?")
		require.Equal(t, 403, fetch(t, &srv, bare).status)
		require.Equal(t, 403, fetch(t, &srv, strings.Replace(first, "Expires=9", "Expires=99", 1)).status)
		require.Equal(t, 403, fetch(t, &srv, first+"0").status)
		time.Sleep(time.Hour - time.Nanosecond)
		require.Equal(t, 200, fetch(t, &srv, first).status)
		time.Sleep(time.Second)
		r := fetch(t, &srv, first)
		require.Equal(t, 403, r.status)
		require.Contains(t, r.body, "Request has expired")
		second := link()
		require.NotEqual(t, first, second)
		require.Equal(t, 200, fetch(t, &srv, second).status)
		time.Sleep(48 * time.Hour)
		require.Equal(t, 200, fetch(t, &srv, link()).status, "only the links expire")
	})
}

func TestFreshLinksInsideStrings(t *testing.T) {
	srv := vidgotest.Server{Default: vidgotest.Script{FreshLinks: time.Hour, FileHost: "cdn.vidgo.ai"}}
	body := get(t, &srv, musicURL+submit(t, &srv, "stem-split", "")).body
	require.Contains(t, body, `\"bass_url\":\"https://cdn.vidgo.ai/generated/`)
	require.NotContains(t, body, `\\u0026`, "the string inside is as the service writes it")
}

func TestThePickyHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileHost: vidgotest.PickyHost, FilesAfter: time.Second}}
		at := fileURL(t, &srv)
		require.Equal(t, 403, fetch(t, &srv, at).status, "a file that is not there yet")
		time.Sleep(time.Second)
		require.Equal(t, 200, fetch(t, &srv, at).status)
		for _, bad := range []string{"", "Go-http-client/1.1", "Go-http-client/2.0", "curl/8.5.0", "python-requests/2.32", "Wget/1.21"} {
			require.Equal(t, 403, fetch(t, &srv, at, "User-Agent", bad).status, bad)
		}
		r, err := try(srv.Client(), fileRequest(t, http.MethodHead, at))
		require.NoError(t, err)
		require.Equal(t, 403, r.status)
		require.Equal(t, 403, fetch(t, &srv, "https://picky.vidgo.ai/nothing").status)
		require.Equal(t, 200, fetch(t, &srv, strings.Replace(at, "picky", "storage", 1), "User-Agent", "curl/8.5.0").status)
	})
}

func TestFilesNamedByHandAreAlwaysThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		srv.Default = vidgotest.Script{Hold: true, FilesAfter: time.Hour, Files: []vidgotest.File{{"file_url": "https://cdn.vidgo.ai/generated/cat.JPG"}}}
		submit(t, &srv, "m", "")
		for range 2 {
			r := fetch(t, &srv, "https://cdn.vidgo.ai/generated/cat.JPG")
			require.Equal(t, []any{200, "image/jpeg"}, []any{r.status, r.header.Get("Content-Type")})
			time.Sleep(100 * time.Hour)
		}
		require.Equal(t, 404, fetch(t, &srv, "https://cdn.vidgo.ai/generated/cat.exe").status)
		_, err := srv.Content("https://cdn.vidgo.ai/generated/cat.exe")
		require.ErrorContains(t, err, "no file")
	})
}

func TestRequestsHasWhatAFileHostSees(t *testing.T) {
	var srv vidgotest.Server
	at := fileURL(t, &srv)
	fetch(t, &srv, at+"?a=b", "Cookie", "c=1")
	seen := srv.Requests(vidgotest.EndpointFile)[0]
	require.Equal(t, []any{"storage.vidgo.ai", "a=b", 0, 200, srv.Tasks()[0].ID},
		[]any{seen.Host, seen.Query, seen.InFlight, seen.Status, seen.TaskID})
	require.Equal(t, "c=1", seen.Header.Get("Cookie"))
	require.Equal(t, "api.vidgo.ai", srv.Requests()[0].Host)
}

func TestALargeFileTakesNoMemory(t *testing.T) {
	const size = 100 << 20
	srv := vidgotest.Server{Default: vidgotest.Script{FileSize: size}}
	res, err := srv.Client().Do(fileRequest(t, http.MethodGet, fileURL(t, &srv)))
	require.NoError(t, err)
	defer res.Body.Close()
	before := heap()
	n, err := io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	require.EqualValues(t, size, n)
	require.Less(t, heap()-before, int64(1<<20))
}

func TestContentReadsAnywhere(t *testing.T) {
	srv := vidgotest.Server{Default: vidgotest.Script{FileSize: 3000}}
	content, err := srv.Content(fileURL(t, &srv))
	require.NoError(t, err)
	all, err := io.ReadAll(content)
	require.NoError(t, err)
	for _, off := range []int64{0, 1, 66, 70, 71, 72, 1001, 2999} {
		part := make([]byte, min(17, 3000-off))
		_, err := content.ReadAt(part, off)
		require.NoError(t, err)
		require.True(t, bytes.Equal(all[off:off+int64(len(part))], part), off)
	}
	for _, b := range all[100:] {
		require.Less(t, b, byte(0x80), "a decoder could read it as a marker")
	}
	_, err = content.ReadAt(make([]byte, 1), 3000)
	require.Equal(t, io.EOF, err)
}

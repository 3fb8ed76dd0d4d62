package vidgotest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

const (
	uploadURL       = base + "/api/common/upload/stream"
	uploadBase64URL = base + "/api/common/upload/base64"
	uploadURLURL    = base + "/api/common/upload/url"
)

const png1 = "\x89PNG\r\n\x1a\n1"

// multi returns a form with a file, unless its name is empty, and with fields, which
// are names and values in turn.
func multi(t testing.TB, name, content string, fields ...string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		require.NoError(t, err)
		io.WriteString(part, content)
	}
	for ; len(fields) > 0; fields = fields[2:] {
		require.NoError(t, w.WriteField(fields[0], fields[1]))
	}
	require.NoError(t, w.Close())
	return w.FormDataContentType(), b.String()
}

func uploadForm(t testing.TB, srv *vidgotest.Server, name, content string, fields ...string) reply {
	t.Helper()
	contentType, body := multi(t, name, content, fields...)
	req := request(t, http.MethodPost, uploadURL, body)
	req.Header.Set("Content-Type", contentType)
	r, err := try(srv.Client(), req)
	require.NoError(t, err)
	return r
}

// uploadJSON uploads by a JSON object of fields, which are names and values in turn.
func uploadJSON(t testing.TB, srv *vidgotest.Server, url string, fields ...string) reply {
	t.Helper()
	o := make(map[string]string)
	for ; len(fields) > 0; fields = fields[2:] {
		o[fields[0]] = fields[1]
	}
	body, err := json.Marshal(o)
	require.NoError(t, err)
	return do(t, srv, http.MethodPost, url, string(body))
}

func TestEveryWayToUploadTheSame(t *testing.T) {
	var srv vidgotest.Server
	srv.Route("pictures.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, png1) }))
	bare := base64.StdEncoding.EncodeToString([]byte(png1))
	for _, r := range []reply{
		uploadForm(t, &srv, "cat.png", png1),
		uploadJSON(t, &srv, uploadBase64URL, "base64_data", bare),
		uploadJSON(t, &srv, uploadBase64URL, "base64_data", "data:image/png;base64,"+bare, "file_name", "tom.png"),
		uploadJSON(t, &srv, uploadURLURL, "file_url", "https://pictures.example.com/a/cat.png?x=1", "upload_path", "a/b"),
	} {
		require.Equal(t, 200, r.status, r.body)
	}
	all := srv.Uploads()
	require.Len(t, all, 4)
	for _, u := range all {
		require.Equal(t, all[0].SHA256, u.SHA256)
		require.Equal(t, png1, fetch(t, &srv, u.URL).body)
	}
	require.Equal(t, []any{all[1].ID + ".png", all[1].ID + ".png", "temp"}, []any{all[1].Name, all[1].OriginalName, all[1].Path})
	require.Equal(t, []any{"tom.png", "tom.png", vidgotest.EndpointUploadBase64}, []any{all[2].Name, all[2].OriginalName, all[2].Endpoint})
	require.Equal(t, []any{all[3].ID + ".png", "cat.png", "temp/a/b"}, []any{all[3].Name, all[3].OriginalName, all[3].Path})
	require.Len(t, srv.Requests(vidgotest.EndpointUpload, vidgotest.EndpointUploadBase64, vidgotest.EndpointUploadURL), 4)
	require.Len(t, srv.Requests(), 8, "what the fake fetches itself is not a request of a client")
}

func TestTheKindOfAnUploadIsReadFromItsBytes(t *testing.T) {
	srv := vidgotest.Server{UploadRate: -1}
	for want, content := range map[string]string{
		"image/png": png1, "image/gif": "GIF89a;", "image/webp": "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/jpeg": "\xff\xd8\xff\xe0",
	} {
		require.Contains(t, uploadForm(t, &srv, "cat.png", content).body, `"mime_type":"`+want+`"`)
	}
	for _, content := range []string{"<svg/>", "%PDF-1.4", "BM bitmap", "plain"} {
		r := uploadForm(t, &srv, "cat.png", content)
		require.Equal(t, 400, r.status, content)
		require.Contains(t, r.body, `"type":"file_format_error"`, content)
	}
	require.Len(t, srv.Uploads(), 4)
}

func TestBadUploadsAreRefused(t *testing.T) {
	const missing = `{"detail":[{"loc":["body","file"],"msg":"field required","type":"value_error.missing"}]}`
	srv := vidgotest.Server{UploadRate: -1, MaxUpload: 100, APIKey: "test-key"}
	large := png1 + strings.Repeat("x", 92)
	for name, c := range map[string]struct {
		got    reply
		status int
		want   string
	}{
		"no file":         {uploadForm(t, &srv, "", "", "file_name", "a.png"), 422, missing},
		"not a form":      {do(t, &srv, http.MethodPost, uploadURL, "{}"), 422, missing},
		"an empty file":   {uploadForm(t, &srv, "a.png", ""), 400, "validation_error"},
		"a large file":    {uploadForm(t, &srv, "a.png", large), 413, "payload_too_large_error"},
		"a path upwards":  {uploadForm(t, &srv, "a.png", png1, "upload_path", "../etc"), 400, "invalid upload_path"},
		"a rooted path":   {uploadForm(t, &srv, "a.png", png1, "upload_path", "/etc"), 400, "invalid upload_path"},
		"a name upwards":  {uploadForm(t, &srv, "a.png", png1, "file_name", ".."), 400, "invalid file_name"},
		"a name with a /": {uploadForm(t, &srv, "a.png", png1, "file_name", "a/b.png"), 400, "invalid file_name"},
		"a long field":    {uploadForm(t, &srv, "a.png", png1, "file_name", strings.Repeat("a", 5000)), 400, "too long"},

		"no base64":                 {uploadJSON(t, &srv, uploadBase64URL), 422, `["body","base64_data"]`},
		"not JSON":                  {do(t, &srv, http.MethodPost, uploadBase64URL, "{"), 400, "validation_error"},
		"not base64":                {uploadJSON(t, &srv, uploadBase64URL, "base64_data", "!!"), 400, "validation_error"},
		"base64 with a space":       {uploadJSON(t, &srv, uploadBase64URL, "base64_data", "iVBO RwA="), 400, "validation_error"},
		"base64 with a line":        {uploadJSON(t, &srv, uploadBase64URL, "base64_data", "iVBO\nRwA="), 400, "validation_error"},
		"a data URL without base64": {uploadJSON(t, &srv, uploadBase64URL, "base64_data", "data:image/png,abc"), 400, "validation_error"},
		"a large file in base64": {uploadJSON(t, &srv, uploadBase64URL, "base64_data", base64.StdEncoding.EncodeToString([]byte(large))),
			413, "payload_too_large_error"},
		"a body that is too large": {uploadJSON(t, &srv, uploadBase64URL, "base64_data", strings.Repeat("A", 100_000)), 413, "payload_too_large_error"},

		"no URL":             {uploadJSON(t, &srv, uploadURLURL), 422, `["body","file_url"]`},
		"an FTP URL":         {uploadJSON(t, &srv, uploadURLURL, "file_url", "ftp://example.com/a.png"), 400, "validation_error"},
		"an internal URL":    {uploadJSON(t, &srv, uploadURLURL, "file_url", "https://10.0.0.1/a.png"), 400, "private"},
		"an unreachable URL": {uploadJSON(t, &srv, uploadURLURL, "file_url", "https://example.com/a.png"), 400, "could not be fetched"},
		"a URL that is gone": {uploadJSON(t, &srv, uploadURLURL, "file_url", "https://storage.vidgo.ai/temp/a.png"), 400, "status 404"},
		"a URL to a film":    {uploadJSON(t, &srv, uploadURLURL, "file_url", "https://storage.vidgo.ai/generated/a.mp4"), 413, "too_large"},
		"the wrong method":   {get(t, &srv, uploadURL), 405, "Method Not Allowed"},
		"a form cut off":     {halfForm(t, &srv), 400, "could not be parsed"},
	} {
		require.Equal(t, c.status, c.got.status, "%s: %s", name, c.got.body)
		require.Contains(t, c.got.body, c.want, name)
	}
	require.Empty(t, srv.Uploads())
	require.Equal(t, 200, uploadForm(t, &srv, "a.png", large[:100]).status, "a file as large as the limit")

	srv = vidgotest.Server{APIKey: "another"}
	require.Equal(t, 401, uploadForm(t, &srv, "a.png", png1).status)
}

func halfForm(t *testing.T, srv *vidgotest.Server) reply {
	contentType, body := multi(t, "a.png", png1)
	req := request(t, http.MethodPost, uploadURL, body[:len(body)-20])
	req.Header.Set("Content-Type", contentType)
	r, err := try(srv.Client(), req)
	require.NoError(t, err)
	return r
}

func TestTwoFilesAreOneTooMany(t *testing.T) {
	var srv vidgotest.Server
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for range 2 {
		part, err := w.CreateFormFile("file", "a.png")
		require.NoError(t, err)
		io.WriteString(part, png1)
	}
	require.NoError(t, w.Close())
	req := request(t, http.MethodPost, uploadURL, b.String())
	req.Header.Set("Content-Type", w.FormDataContentType())
	r, err := try(srv.Client(), req)
	require.NoError(t, err)
	require.Equal(t, 400, r.status)
	require.Contains(t, r.body, "more than one file")
}

func TestFiveUploadsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		for range 5 {
			require.Equal(t, 200, uploadForm(t, &srv, "a.png", png1).status)
			time.Sleep(7500 * time.Millisecond)
		}
		// 37.5 s have passed: the first leaves the window in 22.5 s.
		r := uploadForm(t, &srv, "a.png", png1)
		require.Equal(t, 429, r.status)
		require.Equal(t, "23", r.header.Get("Retry-After"))
		require.Contains(t, r.body, `"type":"rate_limit_error"`)
		require.Equal(t, 200, uploadJSON(t, &srv, uploadBase64URL, "base64_data", "iVBORw0KGgo=").status, "another endpoint")
		req := request(t, http.MethodPost, uploadURL, "")
		req.Header.Set("Authorization", "Bearer another-key")
		other, err := try(srv.Client(), req)
		require.NoError(t, err)
		require.Equal(t, 422, other.status, "another key")

		time.Sleep(22500 * time.Millisecond)
		require.Equal(t, 200, uploadForm(t, &srv, "a.png", png1).status, "refused uploads do not count")
		r = uploadForm(t, &srv, "a.png", png1)
		require.Equal(t, 429, r.status, "the window slides")
		require.Equal(t, "8", r.header.Get("Retry-After"))
	})
}

func TestTheUploadRateCanBeSet(t *testing.T) {
	var one, any vidgotest.Server
	one.UploadRate, any.UploadRate = 1, -1
	require.Equal(t, 200, uploadForm(t, &one, "a.png", png1).status)
	require.Equal(t, 429, uploadForm(t, &one, "a.png", png1).status)
	for range 20 {
		require.Equal(t, 200, uploadForm(t, &any, "a.png", png1).status)
	}
}

func TestUploadsAreGoneAfter72Hours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		uploadForm(t, &srv, "a.png", png1)
		at := srv.Uploads()[0].URL
		time.Sleep(72*time.Hour - time.Second)
		r := fetch(t, &srv, at, "Range", "bytes=1-3")
		require.Equal(t, []any{206, "PNG", "image/png"}, []any{r.status, r.body, r.header.Get("Content-Type")})
		time.Sleep(time.Second)
		r = fetch(t, &srv, at)
		require.Equal(t, 403, r.status)
		require.Contains(t, r.body, "<Code>AccessDenied</Code>")
		require.Len(t, srv.Uploads(), 1)
		content, err := srv.Content(at)
		require.NoError(t, err)
		require.EqualValues(t, 9, content.Size())
	})
}

func TestAnUploadReplacesItsNamesake(t *testing.T) {
	var srv vidgotest.Server
	uploadForm(t, &srv, "a.png", png1, "file_name", "a b?.png")
	uploadForm(t, &srv, "a.png", png1+"2", "file_name", "a b?.png")
	all := srv.Uploads()
	require.Equal(t, "https://storage.vidgo.ai/temp/a%20b%3F.png", all[0].URL)
	require.Equal(t, all[0].URL, all[1].URL)
	require.Equal(t, png1+"2", fetch(t, &srv, all[0].URL).body)
}

// zeros returns an image of any size, which is never in memory as a whole.
func zeros(size int64) io.Reader {
	return io.MultiReader(strings.NewReader(png1), io.LimitReader(zero{}, size-int64(len(png1))))
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// stream uploads what is read from r, without a Content-Length.
func stream(t *testing.T, ctx context.Context, client *http.Client, url string, r io.Reader) (reply, error) {
	pr, pw := io.Pipe()
	w := multipart.NewWriter(pw)
	go func() {
		part, err := w.CreateFormFile("file", "large.png")
		if err == nil {
			_, err = io.Copy(part, r)
		}
		if err == nil {
			err = w.Close()
		}
		pw.CloseWithError(err)
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, pr)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer test-key")
	req.Header.Set("Content-Type", w.FormDataContentType())
	return try(client, req)
}

func TestTheContentOfALargeUploadIsNotKept(t *testing.T) {
	const size = 50 << 20
	srv := vidgotest.Server{MaxUpload: size}
	before := heap()
	r, err := stream(t, t.Context(), srv.Client(), uploadURL, zeros(size))
	require.NoError(t, err)
	require.Equal(t, 200, r.status, r.body)
	require.Less(t, heap()-before, int64(8<<20))
	require.EqualValues(t, size, srv.Uploads()[0].Size)
	require.Len(t, srv.Requests()[0].Body, 64<<10)
	r = fetch(t, &srv, srv.Uploads()[0].URL)
	require.Equal(t, 501, r.status)
	require.Contains(t, r.body, "not kept")
	_, err = srv.Content(srv.Uploads()[0].URL)
	require.ErrorContains(t, err, "no upload is kept")

	r, err = stream(t, t.Context(), srv.Client(), uploadURL, zeros(size+1))
	require.NoError(t, err)
	require.Equal(t, 413, r.status)
}

// heap returns how many bytes are alive.
func heap() int64 {
	runtime.GC()
	runtime.GC() // a sync.Pool gives up what it holds in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAnUploadThatStallsOrBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		pr, pw := io.Pipe()
		defer pw.Close()
		_, err := stream(t, ctx, srv.Client(), uploadURL, io.MultiReader(strings.NewReader(png1), pr))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, srv.Uploads())
	})
}

func TestFaultsOnUploads(t *testing.T) {
	var srv vidgotest.Server
	srv.Inject(
		vidgotest.Fault{Endpoint: vidgotest.EndpointUpload, Accept: true, Status: 502},
		vidgotest.Fault{Endpoint: vidgotest.EndpointUpload, Status: 500},
		vidgotest.Fault{Status: 503},
	)
	require.Equal(t, 502, uploadForm(t, &srv, "a.png", png1).status)
	require.Equal(t, 500, uploadForm(t, &srv, "a.png", png1).status)
	require.Equal(t, 503, uploadForm(t, &srv, "a.png", png1).status)
	require.Len(t, srv.Uploads(), 1)
}

func TestUploadByURLFetchesTheFakesOwnFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FilesAfter: time.Minute}}
		at := look(t, &srv, submit(t, &srv, "nano-banana", "")).Files[0]["file_url"].(string)
		require.Equal(t, 400, uploadJSON(t, &srv, uploadURLURL, "file_url", at).status)
		time.Sleep(time.Minute)
		require.Equal(t, 200, uploadJSON(t, &srv, uploadURLURL, "file_url", at).status)
		require.Equal(t, fetch(t, &srv, at).body, fetch(t, &srv, srv.Uploads()[0].URL).body)
		require.Equal(t, 200, uploadJSON(t, &srv, uploadURLURL, "file_url", srv.Uploads()[0].URL).status)

		srv.Route("slow.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		start := time.Now()
		r := uploadJSON(t, &srv, uploadURLURL, "file_url", "https://slow.example.com/a.png")
		require.Equal(t, []any{400, 30 * time.Second}, []any{r.status, time.Since(start)})

		srv.Route("large.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := io.WriteString(w, png1+strings.Repeat("x", 10_000)); err != nil {
					return
				}
			}
		}))
		require.Equal(t, 413, uploadJSON(t, &srv, uploadURLURL, "file_url", "https://large.example.com/a.png").status)
	})
}

// counting counts how much of a body was read.
type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestARequestIsAlwaysReadToItsEnd(t *testing.T) {
	const size = 1 << 20
	contentType, form := multi(t, "a.png", png1)
	for name, c := range map[string]struct {
		method, url, contentType, start string
	}{
		"a text where a form is wanted":  {http.MethodPost, uploadURL, "text/plain", ""},
		"more after a form":              {http.MethodPost, uploadURL, contentType, form},
		"a form that is broken":          {http.MethodPost, uploadURL, contentType, form[:80] + "\r\n\r\n--"},
		"an object that is too large":    {http.MethodPost, submitURL, "application/json", "{"},
		"a GET of a file with a body":    {http.MethodGet, "https://storage.vidgo.ai/generated/a.png", "", ""},
		"a path that is not an endpoint": {http.MethodPost, base + "/nothing", "", ""},
	} {
		srv := vidgotest.Server{MaxUpload: 1000}
		body := &counting{Reader: io.MultiReader(strings.NewReader(c.start), io.LimitReader(zero{}, size))}
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, body)
		require.NoError(t, err)
		req.Header.Set("Content-Type", c.contentType)
		_, err = try(srv.Client(), req)
		require.NoError(t, err)
		require.Equal(t, size+len(c.start), body.n, name)
	}
}

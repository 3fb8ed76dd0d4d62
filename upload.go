package vidgo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Upload is an image that was uploaded to Vidgo, which keeps it for 72 hours.
type Upload struct {
	ID           string // file_id
	URL          string // file_url: the one for a task's input
	DownloadURL  string
	Name         string // file_name: the name that Vidgo gave it
	OriginalName string
	Path         string // upload_path
	ContentType  string // mime_type
	Size         int64  // bytes
	UploadedAt   time.Time
	ExpiresAt    time.Time

	// Raw is the JSON object as it came, compacted.
	Raw json.RawMessage
}

// The upload endpoints. Each has its own rate limit.
const (
	uploadStream = "/api/common/upload/stream"
	uploadBase64 = "/api/common/upload/base64"
	uploadURL    = "/api/common/upload/url"
)

// UploadOption configures one upload.
type UploadOption func(*uploadConfig) error

type uploadConfig struct {
	path  string
	reuse bool
}

// UploadPath sets the folder at Vidgo, such as "products/chairs". By default
// Vidgo chooses one.
func UploadPath(path string) UploadOption {
	return func(c *uploadConfig) error {
		c.path = path
		for part := range strings.SplitSeq(path, "/") {
			if part == "" || part == "." || part == ".." {
				return &InputError{Field: "upload path", Reason: fmt.Sprintf("is %q; want folders joined by single slashes, such as products/chairs", clip(path, 100))}
			}
		}
		return checkText("upload path", path)
	}
}

// ReuseUpload returns an earlier upload of the same content by this client,
// with the same [UploadPath], and sends nothing, until an hour before Vidgo
// drops it. It needs a source that can be read twice, such as a file; others
// are uploaded. The default is to upload every time.
func ReuseUpload() UploadOption {
	return func(c *uploadConfig) error {
		c.reuse = true
		return nil
	}
}

// Upload sends the image that r has left to Vidgo (POST
// /api/common/upload/stream). The name is sent without its folders; if it is
// empty, the image is named after its kind. The memory that Upload uses does
// not grow with the image.
//
// The image must be a JPEG, PNG, GIF or WebP, by its content. If it is not, or
// is empty or cut off, the error is an [InputError]. If r is both an
// [io.ReaderAt] and an [io.Seeker], as a file is, the image is checked before
// anything is sent, and a failed request is retried like others. Any other r is
// read once: its faults may show only on the way, and a failed request is not
// retried. ctx does not interrupt a Read of r that blocks, so Upload may return
// late, and after an error the transport may still be in its last Read.
//
// An upload as a whole has no timeout, but one in which no data moves does
// ([WithRequestTimeout]). More than five uploads a minute, retries included,
// wait for their turn ([WithUploadRate]). If Vidgo refuses the image, the error
// is an [APIError].
func (c *Client) Upload(ctx context.Context, name string, r io.Reader, opts ...UploadOption) (*Upload, error) {
	cfg, err := applyFuncs(uploadConfig{}, opts)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, &InputError{Field: "image", Reason: "is nil; want a reader"}
	}
	s, err := newSource(r)
	if err != nil {
		return nil, uploadFault(err)
	}
	if name, err = uploadName(name, s.kind); err != nil {
		return nil, err
	}
	p, err := formPayload(name, s, cfg)
	if err != nil {
		return nil, uploadFault(err)
	}
	return c.upload(ctx, uploadStream, p, cfg)
}

// UploadFile is [Client.Upload] of the file at path, which must be a regular
// file.
func (c *Client) UploadFile(ctx context.Context, path string, opts ...UploadOption) (*Upload, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, uploadFault(err)
	}
	if !info.Mode().IsRegular() { // to open a pipe may take for ever
		return nil, &InputError{Field: "image", Reason: fmt.Sprintf("%q is not a regular file", path)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, uploadFault(err)
	}
	defer f.Close()
	return c.Upload(ctx, filepath.Base(path), f, opts...)
}

// UploadURL makes Vidgo download an image from a public http or https URL (POST
// /api/common/upload/url). If the URL is not public, the error is an
// [InputError]; if Vidgo cannot use it, an [APIError]. [ReuseUpload] has no
// effect.
func (c *Client) UploadURL(ctx context.Context, fileURL string, opts ...UploadOption) (*Upload, error) {
	cfg, err := applyFuncs(uploadConfig{}, opts)
	if err == nil {
		err = checkPublicURL(fileURL, "http", "https")
	}
	if err != nil {
		return nil, err
	}
	body, err := encodeJSON(struct {
		FileURL string `json:"file_url"`
		Path    string `json:"upload_path,omitempty"`
	}{fileURL, cfg.path})
	if err != nil {
		return nil, uploadFault(err)
	}
	return c.upload(ctx, uploadURL, wholePayload(body), cfg)
}

// UploadBase64 sends an image that is a data URL or bare base64 without white
// space (POST /api/common/upload/base64). The image is checked as by
// [Client.Upload]; data is not copied. If there is a choice, prefer Upload,
// which sends a quarter less.
func (c *Client) UploadBase64(ctx context.Context, data string, opts ...UploadOption) (*Upload, error) {
	cfg, err := applyFuncs(uploadConfig{}, opts)
	if err != nil {
		return nil, err
	}
	sum, err := checkBase64(data)
	if err != nil {
		return nil, err
	}
	path, err := json.Marshal(cfg.path)
	if err != nil {
		return nil, uploadFault(err)
	}
	p := &payload{
		contentType: "application/json",
		before:      `{"base64_data":"`,
		file:        func() (io.Reader, error) { return strings.NewReader(data), nil }, // base64 needs no escapes
		size:        int64(len(data)),
		behind:      `"}`,
		sum:         func() ([sha256.Size]byte, bool, error) { return sum, true, nil },
	}
	if cfg.path != "" {
		p.behind = `","upload_path":` + string(path) + `}`
	}
	return c.upload(ctx, uploadBase64, p, cfg)
}

// upload sends p, unless it may reuse an earlier upload of the same content.
func (c *Client) upload(ctx context.Context, endpoint string, p *payload, cfg uploadConfig) (*Upload, error) {
	key, err := cfg.key(p)
	if err != nil {
		return nil, uploadFault(err)
	}
	if earlier := c.uploads.find(key, time.Now()); earlier != nil {
		return earlier, nil
	}
	turn := place{throttle: c.uploads.throttles[endpoint]}
	if err := turn.acquire(ctx); err != nil {
		return nil, uploadFault(err)
	}
	defer turn.release()
	if earlier := c.uploads.find(key, time.Now()); earlier != nil {
		turn.forgo()
		return earlier, nil // it was under way when this one came
	}
	r := request{method: http.MethodPost, path: endpoint, payload: p, repeat: p.repeatRule(), again: turn.acquire}
	u, err := call(ctx, c, r, decodeUpload)
	p.source.end()
	if fault := p.source.failed(); fault != nil {
		err = fault // rather than what the transport makes of it
	}
	if err != nil {
		return nil, uploadFault(err)
	}
	if again, err := cfg.key(p); err == nil && again == key { // otherwise the image has changed meanwhile
		c.uploads.keep(key, u)
	}
	return u, nil
}

// key returns what a later upload can find that of p by, or the zero key.
func (cfg uploadConfig) key(p *payload) (uploadKey, error) {
	if !cfg.reuse || p.sum == nil {
		return uploadKey{}, nil
	}
	hash, ok, err := p.sum()
	if err != nil || !ok {
		return uploadKey{}, err
	}
	return uploadKey{sum: hash, path: cfg.path}, nil
}

// uploadFault adds the step to err, unless err is an InputError, which says
// enough.
func uploadFault(err error) error {
	if _, ok := errors.AsType[*InputError](err); ok {
		return err
	}
	return fmt.Errorf("vidgo: upload: %w", err)
}

func (p *payload) repeatRule() repeatRule {
	if p.source != nil && p.source.section == nil {
		return repeatNever
	}
	return repeatFreely
}

// wholePayload is a payload that is in memory.
func wholePayload(body []byte) *payload {
	return &payload{contentType: "application/json", size: int64(len(body)),
		file: func() (io.Reader, error) { return bytes.NewReader(body), nil }}
}

func decodeUpload(raw []byte) (*Upload, error) {
	u := &Upload{Raw: raw}
	for key, value := range members(raw) {
		switch string(key) {
		case "file_id":
			u.ID = idOf(value)
		case "file_url":
			u.URL = textOf(value)
		case "download_url":
			u.DownloadURL = textOf(value)
		case "file_name":
			u.Name = textOf(value)
		case "original_name":
			u.OriginalName = textOf(value)
		case "upload_path":
			u.Path = textOf(value)
		case "mime_type":
			u.ContentType = textOf(value)
		case "file_size":
			u.Size = int64(min(max(numberOf(value), 0), 1<<62))
		case "upload_time":
			u.UploadedAt = parseTime(textOf(value))
		case "expires_at":
			u.ExpiresAt = parseTime(textOf(value))
		}
	}
	if u.URL == "" {
		return nil, errors.New("it has no file_url")
	}
	return u, nil
}

// uploadName drops the folders of name, and replaces an empty one.
func uploadName(name, kind string) (string, error) {
	if name = name[strings.LastIndexAny(name, `/\`)+1:]; name == "" || name == "." || name == ".." {
		name = "image" + extensionOf(kind)
	}
	return name, checkText("name", name)
}

func checkText(field, s string) error {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || len(s) > 255 {
		return &InputError{Field: field, Reason: fmt.Sprintf("is %q; want at most 255 bytes of UTF-8 without control characters", clip(s, 100))}
	}
	return nil
}

// checkBase64 checks the image in data, and returns its hash.
func checkBase64(data string) (sum [sha256.Size]byte, err error) {
	payload := data
	if len(data) >= 5 && strings.EqualFold(data[:5], "data:") {
		meta, encoded, found := strings.Cut(data[5:], ",")
		if !found || !strings.HasSuffix(strings.ToLower(meta), ";base64") || strings.ContainsAny(meta, `"\`) ||
			strings.ContainsFunc(meta, unicode.IsControl) || !utf8.ValidString(meta) {
			return sum, &InputError{Field: "image", Reason: "is a data URL without base64; want data:image/png;base64,... or bare base64"}
		}
		payload = encoded
	}
	if strings.ContainsAny(payload, " \t\r\n") {
		return sum, &InputError{Field: "image", Reason: "has white space in its base64; remove it"}
	}
	hash := sha256.New()
	image := base64.NewDecoder(base64.StdEncoding, strings.NewReader(payload))
	head, err := io.ReadAll(io.LimitReader(image, sniffLength))
	var ends endFinder
	if err == nil {
		ends.kind, err = imageKind(head)
	}
	if err == nil {
		_, err = io.Copy(io.MultiWriter(hash, &ends), io.MultiReader(bytes.NewReader(head), image))
	}
	if err == nil {
		err = ends.check()
	}
	if _, corrupt := err.(base64.CorruptInputError); corrupt || err == io.ErrUnexpectedEOF {
		return sum, &InputError{Field: "image", Reason: "is not base64 of the standard alphabet with padding: " + err.Error()}
	}
	hash.Sum(sum[:0])
	return sum, err
}

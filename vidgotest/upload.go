package vidgotest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// uploadLife is how long an uploaded file can be fetched.
const uploadLife = 72 * time.Hour

// Upload is an image that was uploaded.
type Upload struct {
	Endpoint     Endpoint // to which it was uploaded
	ID           string
	Name         string // as requested, or made from the ID
	OriginalName string // as in the request, or else Name
	Size         int64  // in bytes
	MIMEType     string // as detected from its bytes
	SHA256       string // of its bytes, in hex
	Path         string // the folder; it begins with temp
	URL          string // see [Server.Uploads]
	Time         time.Time
}

// Uploads returns the images that were uploaded so far, oldest first, including
// those that have expired. An image can be downloaded from its URL for 72
// hours, unless it is larger than 1 MiB: then its bytes are not kept, and its
// URL answers 501.
func (s *Server) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Upload
	for _, f := range s.uploads {
		found = append(found, f.Upload)
	}
	return found
}

// upload is an upload with its bytes. It is not changed once made.
type upload struct {
	Upload
	kept []byte // nil if too many
}

func (f *upload) content() content {
	return content{
		ReaderAt:    bytes.NewReader(f.kept),
		size:        f.Size,
		contentType: f.MIMEType,
		etag:        `"` + f.SHA256[:32] + `"`,
		modified:    f.Time,
	}
}

// parcel is what a request brings to one of the upload endpoints.
type parcel struct {
	*image
	uploadPath string
	fileName   string
}

// upload answers the upload endpoints.
func (s *Server) upload(r *http.Request, v *visit) answer {
	now := time.Now()
	if wait := s.throttle(v.endpoint, r.Header.Get("Authorization"), now); wait > 0 {
		a := usual(http.StatusTooManyRequests)
		a.header.Set("Retry-After", fmt.Sprint(int64((wait+time.Second-1)/time.Second)))
		return a
	}
	p, refusal := s.unpack(r, v)
	if refusal == nil {
		refusal = s.inspect(p)
	}
	if refusal != nil {
		return *refusal
	}
	return s.store(v.endpoint, p, time.Now()).answer()
}

// inspect returns the answer that refuses a parcel, or nil.
func (s *Server) inspect(p parcel) *answer {
	var a answer
	switch {
	case p.size > s.maxUpload():
		a = usual(http.StatusRequestEntityTooLarge)
	case p.size == 0:
		a = badRequest("file is empty")
	case imageTypes[p.contentType()] == "":
		a = typed(http.StatusBadRequest, "file_format_error",
			"Unsupported file format: "+p.contentType()+". Supported: JPEG, PNG, GIF, WebP")
	case !plainPath(p.uploadPath):
		a = badRequest("invalid upload_path")
	case !plainPath(p.fileName) || strings.Contains(p.fileName, "/"):
		a = badRequest("invalid file_name")
	default:
		return nil
	}
	return &a
}

// plainPath reports whether a path stays where it is put. The empty one does.
func plainPath(p string) bool {
	return p == "" || !strings.ContainsAny(p, "\\\x00\r\n") && path.Clean("/"+p) == "/"+strings.TrimSuffix(p, "/")
}

// store keeps what passed. A file of the same path and name is replaced.
func (s *Server) store(at Endpoint, p parcel, now time.Time) *upload {
	f := &upload{kept: p.kept(), Upload: Upload{
		Endpoint: at,
		Name:     p.fileName,
		Size:     p.size,
		MIMEType: p.contentType(),
		SHA256:   p.sum(),
		Path:     path.Join(tempPath[1:], p.uploadPath),
		Time:     now,
	}}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.ID = "file-" + scattered(uint64(len(s.uploads)+1))
	if f.Name == "" {
		f.Name = f.ID + imageTypes[f.MIMEType]
	}
	if f.OriginalName = p.name; f.OriginalName == "" {
		f.OriginalName = f.Name
	}
	where := "/" + f.Path + "/" + f.Name
	f.URL = (&url.URL{Scheme: "https", Host: storageHost, Path: where}).String()
	if s.files == nil {
		s.files = make(map[string]*upload)
	}
	s.files[where] = f
	s.uploads = append(s.uploads, f)
	return f
}

func (f *upload) answer() answer {
	return object(http.StatusOK, map[string]any{
		"success": true,
		"code":    200,
		"msg":     "File uploaded successfully",
		"data": map[string]any{
			"file_id":       f.ID,
			"file_name":     f.Name,
			"original_name": f.OriginalName,
			"file_size":     f.Size,
			"mime_type":     f.MIMEType,
			"upload_path":   f.Path,
			"file_url":      f.URL,
			"download_url":  f.URL + "?download=1",
			"upload_time":   f.Time.UTC().Format(timeLayout),
			"expires_at":    f.Time.Add(uploadLife).UTC().Format(timeLayout),
		},
	})
}

// uploaded returns what lies at the path of an upload now, or the answer that
// there is nothing to be had. The caller holds s.mu.
func (s *Server) uploaded(path string, now time.Time) (content, *answer) {
	f := s.files[path]
	var a answer
	switch {
	case f == nil:
		a = missing()
	case now.Sub(f.Time) >= uploadLife:
		a = denied("Access Denied")
	case f.kept == nil:
		a = newAnswer(http.StatusNotImplemented, "text/plain; charset=utf-8",
			[]byte("vidgotest: the bytes of an upload of more than 1 MiB are not kept"))
	default:
		return f.content(), nil
	}
	return content{}, &a
}

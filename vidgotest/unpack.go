package vidgotest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// unpack takes an image out of a request, or returns the answer that there is none.
func (s *Server) unpack(r *http.Request, v *visit) (parcel, *answer) {
	if v.endpoint == EndpointUpload {
		return v.form.unpack()
	}
	var o struct {
		Data       string `json:"base64_data"`
		URL        string `json:"file_url"`
		UploadPath string `json:"upload_path"`
		FileName   string `json:"file_name"`
	}
	if err := json.Unmarshal(v.body, &o); err != nil {
		return noParcel(badRequest("request body must be a JSON object of strings"))
	}
	var found *image
	var err error
	switch {
	case v.endpoint == EndpointUploadBase64 && o.Data == "":
		return noParcel(lacks("base64_data"))
	case v.endpoint == EndpointUploadBase64:
		found, err = decodeImage(o.Data)
	case o.URL == "":
		return noParcel(lacks("file_url"))
	default:
		found, err = s.fetch(r.Context(), o.URL)
	}
	if err != nil {
		return noParcel(badRequest(err.Error()))
	}
	return parcel{found, o.UploadPath, o.FileName}, nil
}

func (f *form) unpack() (parcel, *answer) {
	switch {
	case f == nil || (f.file == nil && f.err == nil): // nil: no body at all
		return noParcel(lacks("file"))
	case f.err != nil:
		return noParcel(badRequest("request body could not be parsed: " + f.err.Error()))
	default:
		return parcel{f.file, f.uploadPath, f.fileName}, nil
	}
}

func noParcel(a answer) (parcel, *answer) { return parcel{}, &a }

// decodeImage reads a data URL or bare base64. The decoder of the standard
// library skips line ends, which Vidgo does not.
func decodeImage(data string) (*image, error) {
	if head, rest, ok := strings.Cut(data, ","); ok {
		if !strings.HasPrefix(head, "data:") || !strings.HasSuffix(head, ";base64") {
			return nil, fmt.Errorf("base64_data is not a data URL in base64")
		}
		data = rest
	}
	b, err := base64.StdEncoding.DecodeString(data)
	if err != nil || strings.ContainsAny(data, "\r\n") {
		return nil, fmt.Errorf("base64_data is not valid base64")
	}
	return imageFrom("", b), nil
}

// fetch gets an image that is to be uploaded from its URL: from a routed host,
// or from the fake's own files. It is no client's request, and not in the log.
func (s *Server) fetch(ctx context.Context, raw string) (*image, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fmt.Errorf("file_url is not an HTTP URL")
	}
	if internal(u.Hostname()) {
		return nil, fmt.Errorf("file_url is a private or internal address")
	}
	found := newImage(path.Base(u.Path))
	if h := s.routed(u); h != nil {
		err = s.download(ctx, h, u, found)
	} else if c, refusal := s.find(u, 0, time.Now()); refusal != nil {
		err = fmt.Errorf("status %d", refusal.status)
	} else {
		_, err = io.Copy(found, io.LimitReader(c.open(), s.maxUpload()+1))
	}
	if err != nil {
		return nil, fmt.Errorf("file_url could not be fetched: %w", err)
	}
	return found, nil
}

// download asks a routed host. What is too large to be taken is not read to its end.
func (s *Server) download(ctx context.Context, h http.Handler, u *url.URL, to io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	in := inbound(&http.Request{URL: u, Header: http.Header{"User-Agent": {"vidgo-fetch/1.0"}}}, "203.0.113.7:41234")
	res, err := exchange(ctx, h, in, func() {})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	_, err = io.Copy(to, io.LimitReader(res.Body, s.maxUpload()+1))
	return err
}

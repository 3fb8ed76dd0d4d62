package vidgotest

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// unzips reports whether the client in memory asks for gzip by itself, and
// undoes it, as [http.Transport] does for whoever leaves the encoding to it.
func unzips(req *http.Request) bool {
	return req.Header.Get("Accept-Encoding") == "" && req.Header.Get("Range") == "" && req.Method != http.MethodHead
}

func unzip(res *http.Response) {
	if res.ContentLength == 0 || !strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		return
	}
	res.Header.Del("Content-Encoding")
	res.Header.Del("Content-Length")
	res.ContentLength = -1
	res.Uncompressed = true
	res.Body = &unzipped{ReadCloser: res.Body}
}

// unzipped begins with the first Read, which may have to wait for the body.
type unzipped struct {
	io.ReadCloser
	zip *gzip.Reader
	err error // of its head
}

func (u *unzipped) Read(p []byte) (int, error) {
	if u.zip == nil && u.err == nil {
		u.zip, u.err = gzip.NewReader(u.ReadCloser)
	}
	if u.err != nil {
		return 0, u.err
	}
	return u.zip.Read(p)
}

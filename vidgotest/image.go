package vidgotest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"slices"
)

// maxKept is the size of the largest upload whose bytes are kept. It is enough
// for the images that tests have, and a large upload is there to see that
// nobody keeps it.
const maxKept = 1 << 20

// imageTypes are what can be uploaded, with the extension each gets.
var imageTypes = map[string]string{
	"image/jpeg": ".jpg",
	"image/png":  ".png",
	"image/gif":  ".gif",
	"image/webp": ".webp",
}

// image is an upload. It is written to, and remembers what has to be known.
type image struct {
	name  string // as its sender calls it; may be empty
	size  int64
	start prefix
	hash  hash.Hash
}

func newImage(name string) *image {
	return &image{name: name, start: prefix{limit: maxKept}, hash: sha256.New()}
}

func imageFrom(name string, b []byte) *image {
	m := newImage(name)
	m.Write(b)
	return m
}

func (m *image) Write(b []byte) (int, error) {
	m.size += int64(len(b))
	m.hash.Write(b)
	return m.start.Write(b)
}

// contentType goes by the bytes. What a sender says about them does not count.
func (m *image) contentType() string {
	return http.DetectContentType(m.start.bytes)
}

func (m *image) sum() string { return hex.EncodeToString(m.hash.Sum(nil)) }

// kept are all bytes, or nil if those are too many.
func (m *image) kept() []byte {
	if m.size > maxKept {
		return nil
	}
	return slices.Clip(bytes.Clone(m.start.bytes))
}

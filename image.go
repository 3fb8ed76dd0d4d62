package vidgo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
)

const sniffLength = 512 // bytes that show what a file is

// imageKind returns the kind of an image by its first bytes, or an error if
// Vidgo would not take it (POST /api/common/upload/stream).
func imageKind(head []byte) (string, error) {
	if len(head) == 0 {
		return "", &InputError{Field: "image", Reason: "is empty; want a JPEG, PNG, GIF or WebP image"}
	}
	switch kind := http.DetectContentType(head); kind {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		return kind, nil
	default:
		kind, _, _ = strings.Cut(kind, ";")
		return "", &InputError{Field: "image", Reason: "is " + kind + " by its content; want a JPEG, PNG, GIF or WebP image"}
	}
}

// endFinder finds images that were cut off, as downloads and copies can be. It
// looks for the mark that ends the image anywhere, because phones and editors
// put whole videos behind it. It misses an image that is cut off after a
// thumbnail with the same mark: Vidgo has to find that.
type endFinder struct {
	kind  string
	head  []byte // up to sniffLength bytes
	size  int64
	last  []byte // the end of what was written, which may be the start of the mark
	found bool
}

// endMarks are what an image of the kind must have somewhere. A WebP has none,
// but its size in its head.
var endMarks = map[string]string{"image/png": "IEND\xae\x42\x60\x82", "image/jpeg": "\xff\xd9", "image/gif": "\x00\x3b"}

func (f *endFinder) Write(p []byte) (int, error) {
	f.size += int64(len(p))
	if room := sniffLength - len(f.head); room > 0 {
		f.head = append(f.head, p[:min(room, len(p))]...)
	}
	if mark := []byte(endMarks[f.kind]); len(mark) > 0 && !f.found {
		border := append(f.last, p[:min(len(p), len(mark)-1)]...)
		f.found = bytes.Contains(border, mark) || bytes.Contains(p, mark)
		if len(p) >= len(mark)-1 {
			border = p
		}
		f.last = append(f.last[:0], border[max(0, len(border)-len(mark)+1):]...)
	}
	return len(p), nil
}

// check judges the image once all of it was written.
func (f *endFinder) check() error {
	whole := f.found
	if f.kind == "image/webp" {
		whole = len(f.head) >= 12 && int64(binary.LittleEndian.Uint32(f.head[4:]))+8 <= f.size
	}
	if !whole {
		return &InputError{Field: "image", Reason: fmt.Sprintf("is %s of %d bytes whose end is missing; was it cut off?", f.kind, f.size)}
	}
	return nil
}

// extensionOf returns the usual extension for an image's kind.
func extensionOf(kind string) string {
	if kind == "image/jpeg" {
		return ".jpg"
	}
	return "." + strings.TrimPrefix(kind, "image/")
}

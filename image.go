package vidgo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
)

const (
	sniffLength = 512      // bytes that tell what a file is
	tailLength  = 64 << 10 // bytes at the end of an image in which its end is looked for
)

// imageKind tells by its first bytes what an image is; an error if Vidgo would
// not take it (POST /api/common/upload/stream).
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

// checkWhole finds images that were cut off, as downloads and copies are. It
// looks for the mark that ends the image, and not for it to be the last thing:
// cameras put things behind it.
func checkWhole(kind string, head, tail []byte, size int64) error {
	whole := true
	switch kind {
	case "image/png":
		whole = bytes.Contains(tail, []byte("IEND"))
	case "image/jpeg":
		whole = bytes.Contains(tail, []byte{0xff, 0xd9})
	case "image/gif":
		whole = bytes.Contains(tail[max(0, len(tail)-sniffLength):], []byte{0x00, 0x3b})
	case "image/webp": // its size stands in its head
		whole = len(head) >= 12 && int64(binary.LittleEndian.Uint32(head[4:]))+8 <= size
	}
	if !whole {
		return &InputError{Field: "image", Reason: fmt.Sprintf("is a %s of %d bytes whose end is missing; was it cut off?", kind, size)}
	}
	return nil
}

// extensionOf is the usual one of an image's kind.
func extensionOf(kind string) string {
	if kind == "image/jpeg" {
		return ".jpg"
	}
	return "." + strings.TrimPrefix(kind, "image/")
}

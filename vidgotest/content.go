package vidgotest

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"time"
)

// content is what a file holds. It is made while it is read, so that a large
// file costs no memory.
type content struct {
	io.ReaderAt
	size        int64
	contentType string
	etag        string // a strong one
	modified    time.Time
}

func (c content) open() *io.SectionReader { return io.NewSectionReader(c, 0, c.size) }

// smallTail is what follows a head if no size is asked for: enough to make
// each file another one.
const smallTail = 16

// generated is the file of a format that lies at a path. The path alone
// decides about its bytes; an edition other than 0 has others.
func generated(f format, path string, size int64, edition uint64, modified time.Time) content {
	if size == 0 {
		size = int64(len(f.head(0))) + smallTail
	}
	head := f.head(size)
	size = max(size, int64(len(head)))
	h := fnv.New64a()
	io.WriteString(h, path)
	seed := mix(h.Sum64() + edition)
	return content{
		ReaderAt:    &bytesFrom{head: head, seed: seed, size: size},
		size:        size,
		contentType: f.contentType,
		etag:        fmt.Sprintf(`"%016x-%x"`, seed, size),
		modified:    modified.Add(time.Duration(edition) * time.Second),
	}
}

// bytesFrom is a head, and noise from a seed up to size.
type bytesFrom struct {
	head []byte
	seed uint64
	size int64
}

func (b *bytesFrom) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.size {
		return 0, io.EOF
	}
	var err error
	if left := b.size - off; int64(len(p)) > left {
		p, err = p[:left], io.EOF
	}
	n := 0
	if off < int64(len(b.head)) {
		n = copy(p, b.head[off:])
	}
	b.noise(p[n:], off+int64(n))
	return len(p), err
}

// noise fills p with the bytes from off on. None is above 0x7f, so that no
// decoder takes one for the start of a frame or of a marker.
func (b *bytesFrom) noise(p []byte, off int64) {
	var word [8]byte
	for len(p) > 0 {
		binary.LittleEndian.PutUint64(word[:], mix(b.seed+uint64(off/8))&0x7f7f7f7f7f7f7f7f)
		n := copy(p, word[off%8:])
		p, off = p[n:], off+int64(n)
	}
}

// mix is the output function of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

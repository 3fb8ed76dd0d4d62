package vidgo

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
)

// source is an image to be uploaded. If it can be read at any place, each try
// has a new reader, which shares nothing with the last: a transport may still
// read the body of a try that has failed.
type source struct {
	kind    string            // such as image/png
	section *io.SectionReader // nil if it can be read only once
	once    io.Reader         // the image, if it can be read only once
	begun   atomic.Bool       // reading once has begun
	over    atomic.Bool       // the call has returned, so the caller's reader must not be read

	mu    sync.Mutex // guards all below; never held while reading
	ends  endFinder  // of what was read from once
	fault error      // of the reader, or what is wrong with the image
}

// newSource checks the image, all of it if it can be read at any place, else
// its start.
func newSource(r io.Reader) (*source, error) {
	s := &source{section: sectionOf(r)}
	if s.section != nil {
		r = s.reader()
	}
	head := make([]byte, sniffLength)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	if s.kind, err = imageKind(head[:n]); err != nil {
		return nil, err
	}
	if s.section == nil {
		s.once, s.ends.kind = io.MultiReader(bytes.NewReader(head[:n]), r), s.kind
		return s, nil
	}
	ends := endFinder{kind: s.kind}
	if _, err := io.Copy(&ends, s.reader()); err != nil {
		return nil, err
	}
	return s, ends.check()
}

func (s *source) reader() io.Reader { return io.NewSectionReader(s.section, 0, s.section.Size()) }

// sectionOf returns what r has left, if it can be read at any place.
func sectionOf(r io.Reader) *io.SectionReader {
	at, ok := r.(io.ReaderAt)
	seeker, seeks := r.(io.Seeker)
	if !ok || !seeks {
		return nil
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil // a pipe has the method, and cannot
	}
	end, err := seeker.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	if _, err := seeker.Seek(start, io.SeekStart); err != nil {
		return nil
	}
	return io.NewSectionReader(at, start, end-start)
}

// open returns a reader of the image from its start.
func (s *source) open() (io.Reader, error) {
	if s.section != nil {
		return &sourceReader{s, s.reader(), s.section.Size()}, nil
	}
	if s.begun.Load() {
		return nil, errReadAgain // net/http may ask for the body again
	}
	return &sourceReader{s, s.once, -1}, nil
}

var errReadAgain = errors.New("the image cannot be read again")

// size is -1 if it is not known.
func (s *source) size() int64 {
	if s.section == nil {
		return -1
	}
	return s.section.Size()
}

// sum returns the image's hash. It is not ok if the image can be read only
// once.
func (s *source) sum() (sum [sha256.Size]byte, ok bool, err error) {
	if s.section == nil {
		return sum, false, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, s.reader()); err != nil {
		return sum, false, err
	}
	hash.Sum(sum[:0])
	return sum, true, nil
}

// failed returns the source's fault, if it has one. s may be nil.
func (s *source) failed() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// end keeps the transport from reading on. s may be nil.
func (s *source) end() {
	if s != nil {
		s.over.Store(true)
	}
}

// sourceReader is the source on its way into one try.
type sourceReader struct {
	s    *source
	r    io.Reader
	left int64 // -1: unknown
}

// Read records in the source that its reader failed, or that the image is not
// what it was, because a transport may hide the error. Whether a stream is
// complete shows only at its end, where an error still keeps the request from
// being so.
func (b *sourceReader) Read(p []byte) (int, error) {
	if b.s.over.Load() {
		return 0, errUploadOver
	}
	b.s.begun.Store(true)
	n, err := b.r.Read(p)
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	switch {
	case b.left < 0:
		_, _ = b.s.ends.Write(p[:n]) // never fails
		if err == io.EOF {
			if cut := b.s.ends.check(); cut != nil {
				err = cut
			}
		}
	default:
		if b.left -= int64(n); err == io.EOF && b.left > 0 {
			err = errShrunk
		}
	}
	if err != nil && err != io.EOF {
		b.s.fault = err
	}
	return n, err
}

var (
	errUploadOver = errors.New("the upload is over")
	errShrunk     = &InputError{Field: "image", Reason: "became shorter while it was read"}
)

// payload is the body of an upload: the file with something before and behind
// it. So its length is known if the file's is, and no goroutine has to copy it
// through a pipe.
type payload struct {
	contentType string
	before      string
	file        func() (io.Reader, error) // from its start
	size        int64                     // of the file; -1: unknown
	behind      string
	sum         func() (sum [sha256.Size]byte, ok bool, err error) // of the image, as source.sum; nil if there is none
	source      *source                                            // nil if it cannot fail
}

func (p *payload) open() (io.Reader, error) {
	file, err := p.file()
	if err != nil {
		return nil, err
	}
	all := io.MultiReader(strings.NewReader(p.before), file, strings.NewReader(p.behind))
	if p.size < 0 {
		return all, nil
	}
	return sized{all, len(p.before) + int(p.size) + len(p.behind)}, nil
}

// sized is a body of known length: go-retryablehttp asks for Len.
type sized struct {
	io.Reader
	n int
}

func (s sized) Len() int { return s.n }

// formPayload is a multipart form with one file.
func formPayload(name string, s *source, cfg uploadConfig) (*payload, error) {
	var before bytes.Buffer
	form := multipart.NewWriter(&before)
	if cfg.path != "" {
		if err := form.WriteField("upload_path", cfg.path); err != nil {
			return nil, err
		}
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("file", name))
	header.Set("Content-Type", s.kind)
	if _, err := form.CreatePart(header); err != nil {
		return nil, err
	}
	return &payload{
		contentType: form.FormDataContentType(),
		before:      before.String(),
		file:        s.open,
		size:        s.size(),
		behind:      "\r\n--" + form.Boundary() + "--\r\n",
		sum:         s.sum,
		source:      s,
	}, nil
}

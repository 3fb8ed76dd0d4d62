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

// source is an image to be uploaded. What can be read at any place is read
// anew for each try, by readers that share nothing: a transport may still read
// the body of a try that has failed.
type source struct {
	kind    string            // such as image/png
	section *io.SectionReader // nil if it can be read only once
	once    io.Reader         // it, then
	begun   atomic.Bool       // something was read of once
	over    atomic.Bool       // the call has returned: the caller's reader is the caller's again

	mu    sync.Mutex // guards all below; never held while reading
	ends  endFinder  // what was read of once
	fault error      // what the reader failed with, or what is wrong with the image
}

// newSource looks at the image without sending anything. What can be read at
// any place is looked at whole; of the rest, the start.
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

// sectionOf gives what r has left, if that can be read at any place.
func sectionOf(r io.Reader) *io.SectionReader {
	at, ok := r.(io.ReaderAt)
	seeker, seeks := r.(io.Seeker)
	if !ok || !seeks {
		return nil
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil // a pipe says that it could
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

// open gives the image from its start.
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

// sum is the image's hash; false if it cannot be had before it is sent.
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

// failed tells what the source failed with; it may be nil, and so may s.
func (s *source) failed() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// end keeps the transport from reading on.
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

// Read makes a source that fails, or is no longer what it was, known to the
// source, whatever a transport makes of the error. Whether a stream is whole
// shows only at its end, when a fault still keeps the request from being complete.
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
// it. So its length is known where the file's is, and nothing has to be copied
// through a pipe by a goroutine.
type payload struct {
	contentType string
	before      string
	file        func() (io.Reader, error) // from its start
	size        int64                     // of the file; -1: unknown
	behind      string
	source      *source // nil if it cannot fail
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

// sized tells go-retryablehttp the length of a body.
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
		source:      s,
	}, nil
}

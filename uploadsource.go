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
	once    *onceReader
}

// newSource looks at the image without sending anything. What can be read at
// any place is looked at whole; of the rest, the start.
func newSource(r io.Reader) (*source, error) {
	if section := sectionOf(r); section != nil {
		return newSectionSource(section)
	}
	head := make([]byte, sniffLength)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	kind, err := imageKind(head)
	if err != nil {
		return nil, err
	}
	return &source{kind: kind, once: &onceReader{r: io.MultiReader(bytes.NewReader(head), r), kind: kind, head: head}}, nil
}

func newSectionSource(section *io.SectionReader) (*source, error) {
	head, err := readAt(section, 0, sniffLength)
	if err != nil {
		return nil, err
	}
	kind, err := imageKind(head)
	if err != nil {
		return nil, err
	}
	tail, err := readAt(section, max(0, section.Size()-tailLength), tailLength)
	if err != nil {
		return nil, err
	}
	return &source{kind: kind, section: section}, checkWhole(kind, head, tail, section.Size())
}

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

func readAt(r io.ReaderAt, at, n int64) ([]byte, error) {
	b := make([]byte, n)
	got, err := r.ReadAt(b, at)
	if err == io.EOF {
		err = nil
	}
	return b[:got], err
}

// open gives the image from its start.
func (s *source) open() (io.Reader, error) {
	if s.section != nil {
		return io.NewSectionReader(s.section, 0, s.section.Size()), nil
	}
	if s.once.begun.Load() {
		return nil, errReadAgain // net/http may ask for the body again
	}
	return s.once, nil
}

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
	if _, err := io.Copy(hash, io.NewSectionReader(s.section, 0, s.section.Size())); err != nil {
		return sum, false, err
	}
	hash.Sum(sum[:0])
	return sum, true, nil
}

// onceReader is a stream. Whether the image is whole shows only at its end,
// when a fault still keeps the request from being complete.
type onceReader struct {
	r    io.Reader
	kind string
	head []byte

	begun atomic.Bool // something was read
	over  atomic.Bool // the call has returned: r is its caller's again

	mu   sync.Mutex // guards all below; never held while reading
	n    int64
	tail []byte
	err  error // what r failed with, or what is wrong with the image
}

func (o *onceReader) Read(p []byte) (int, error) {
	if o.over.Load() {
		return 0, errUploadOver
	}
	o.begun.Store(true)
	n, err := o.r.Read(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.n += int64(n)
	o.tail = append(o.tail, p[:n]...)
	if cut := len(o.tail) - tailLength; cut > tailLength {
		o.tail = append(o.tail[:0], o.tail[cut:]...)
	}
	if err == io.EOF {
		if fault := checkWhole(o.kind, o.head, o.tail, o.n); fault != nil {
			err = fault
		}
	}
	if err != nil && err != io.EOF {
		o.err = err
	}
	return n, err
}

var (
	errUploadOver = errors.New("the upload is over")
	errReadAgain  = errors.New("the image cannot be read again")
)

// end keeps the transport from reading on, and tells what was wrong with the
// source.
func (s *source) end() error {
	if s == nil || s.once == nil {
		return nil
	}
	s.once.over.Store(true)
	s.once.mu.Lock()
	defer s.once.mu.Unlock()
	return s.once.err
}

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

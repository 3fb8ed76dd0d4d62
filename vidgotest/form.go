package vidgotest

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
)

// form is the body of an upload as a stream, read.
type form struct {
	file       *image // nil if there was none
	uploadPath string
	fileName   string
	err        error // the body is not what it should be
}

// maxField is the size of the longest field that is not a file.
const maxField = 4 << 10

// readForm reads a body without keeping it. One that is no form has no file.
func readForm(contentType string, body io.Reader) *form {
	f := &form{}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return f
	}
	for parts := multipart.NewReader(body, params["boundary"]); f.err == nil; {
		var part *multipart.Part
		part, f.err = parts.NextRawPart()
		if f.err == nil {
			f.err = f.read(part)
		}
	}
	if f.err == io.EOF {
		f.err = nil
	}
	return f
}

func (f *form) read(part *multipart.Part) error {
	switch part.FormName() {
	case "file":
		if part.FileName() == "" {
			return nil // a field of that name is no file
		}
		if f.file != nil {
			return errors.New("more than one file")
		}
		f.file = newImage(part.FileName())
		_, err := io.Copy(f.file, part)
		return err
	case "upload_path":
		return readField(&f.uploadPath, part)
	case "file_name":
		return readField(&f.fileName, part)
	default:
		return nil
	}
}

func readField(field *string, r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, maxField+1))
	if len(b) > maxField {
		return errors.New("a field is too long")
	}
	*field = string(b)
	return err
}

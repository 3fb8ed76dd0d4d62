package vidgo

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
)

// syncEvery is how many bytes a crash can cost a download at most. What was
// written and not synced may read as zeros afterwards.
const syncEvery = 64 << 20

// partFile is a file that is not complete yet: NAME.part, and NAME.part.json,
// which says what it is a part of. It is a sink.
type partFile struct {
	root *os.Root
	name string // of the part
	file *os.File
	hash hash.Hash
	head []byte // its first bytes, which show its kind
	note partNote
	size int64

	finished bool // with or without success
}

// partNote is what NAME.part.json holds. The link is not in it: links expire.
type partNote struct {
	Tag    string `json:"tag"`    // ETag or Last-Modified
	Total  int64  `json:"total"`  // -1 if unknown
	Synced int64  `json:"synced"` // bytes that are certainly on the disk
}

// openPart opens the part that an earlier call left, or a new one.
func openPart(root *os.Root, base string) (*partFile, error) {
	p := &partFile{root: root, name: base + ".part", hash: sha256.New()}
	for _, name := range []string{p.name, p.noteName()} {
		if info, err := root.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", name)
		}
	}
	if _, err := root.Lstat(p.noteName()); err != nil {
		_ = root.Remove(p.name) // it cannot be continued, and may be a hard link to somebody's file
	}
	var err error
	if p.file, err = root.OpenFile(p.name, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, err
	}
	if err := p.resume(); err != nil {
		p.abandon(false)
		return nil, err
	}
	return p, nil
}

// resume keeps what is there already, as far as the note can be trusted.
func (p *partFile) resume() error {
	p.note = partNote{Total: -1}
	raw, err := p.root.ReadFile(p.noteName())
	var note partNote
	if err != nil || json.Unmarshal(raw, &note) != nil || note.Tag == "" || note.Synced < 0 {
		return p.restart()
	}
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < note.Synced || note.Total >= 0 && note.Total < note.Synced {
		return p.restart()
	}
	if err := p.file.Truncate(note.Synced); err != nil {
		return err
	}
	p.note = note
	return p.reread()
}

// reread reads what is there into the hash and the head.
func (p *partFile) reread() error {
	buf := make([]byte, 64<<10)
	for {
		n, err := p.file.Read(buf)
		p.count(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *partFile) count(b []byte) {
	p.size += int64(len(b))
	p.hash.Write(b) // never fails
	if room := sniffLength - len(p.head); room > 0 {
		p.head = append(p.head, b[:min(room, len(b))]...)
	}
}

func (p *partFile) noteName() string { return p.name + ".json" }

func (p *partFile) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.count(b[:n])
	if err == nil && p.size-p.note.Synced >= syncEvery {
		err = p.sync()
	}
	return n, err
}

// sync makes what was written survive a crash, and notes how much that is.
func (p *partFile) sync() error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	p.note.Synced = p.size
	return p.write()
}

func (p *partFile) write() error {
	if p.note.Tag == "" {
		return nil // without a validator the part cannot be continued
	}
	raw, err := json.Marshal(p.note)
	if err != nil {
		return err
	}
	return p.root.WriteFile(p.noteName(), raw, 0o666)
}

func (p *partFile) begin(tag string, total int64) error {
	p.note = partNote{Tag: tag, Total: total}
	return p.write()
}

func (p *partFile) restart() error {
	p.note, p.size, p.head = partNote{Total: -1}, 0, nil
	p.hash.Reset()
	if err := p.root.Remove(p.noteName()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.Seek(0, io.SeekStart)
	return err
}

// abandon closes the part, unless it was finished. It keeps the part if the
// next call may continue it, and removes it otherwise.
func (p *partFile) abandon(keep bool) {
	if p.finished {
		return
	}
	keep = keep && p.note.Tag != "" && p.size > 0 && p.sync() == nil
	_ = p.file.Close()
	if !keep {
		_ = p.root.Remove(p.name)
		_ = p.root.Remove(p.noteName())
	}
}

// finish gives the complete file its name, under which it appears at once, and
// complete even after a crash.
func (p *partFile) finish(name string, replace bool) error {
	p.finished = true
	err := p.file.Sync()
	if closed := p.file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = p.place(name, replace)
	}
	if err != nil {
		_ = p.root.Remove(p.name)
	}
	_ = p.root.Remove(p.noteName())
	if dir, openErr := p.root.Open("."); openErr == nil {
		_ = dir.Sync() // not every system can
		_ = dir.Close()
	}
	return err
}

func (p *partFile) place(name string, replace bool) error {
	if replace {
		return p.root.Rename(p.name, name)
	}
	// A rename would replace a file that somebody has just made.
	err := p.root.Link(p.name, name)
	if err == nil {
		return p.root.Remove(p.name)
	}
	if _, gone := p.root.Lstat(p.name); gone != nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// No hard links on this file system: hold the name, then replace that. An
	// empty file is never taken for a result.
	hold, err := p.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_ = hold.Close()
	if err = p.root.Rename(p.name, name); err != nil {
		_ = p.root.Remove(name)
	}
	return err
}

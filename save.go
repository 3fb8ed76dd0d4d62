package vidgo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// SavedFile is a file that [Client.Save] has downloaded; see [OnSaved].
type SavedFile struct {
	Path        string
	URL         string
	ContentType string // as detected from its content
	Size        int64  // bytes
	SHA256      [sha256.Size]byte
}

// SaveOption configures one [Client.Save].
type SaveOption func(*saveConfig) error

type saveConfig struct {
	concurrency int
	limit       int64
	exists      existing
	name        func(f File, n int, ext string) string
	saved       func(SavedFile)
	progress    func(url string, done, total int64)
}

type existing int

const (
	byDefault existing = iota
	keepExisting
	replaceExisting
	refuseExisting
)

// SaveConcurrency sets how many files are downloaded at once. The default is 3.
func SaveConcurrency(n int) SaveOption {
	return func(c *saveConfig) error {
		c.concurrency = n
		return checkAtLeastOne("SaveConcurrency", int64(n))
	}
}

// SaveLimit sets how many bytes each file may have. The default is 2 GiB.
func SaveLimit(bytes int64) SaveOption {
	return func(c *saveConfig) error {
		c.limit = bytes
		return checkAtLeastOne("SaveLimit", bytes)
	}
}

// SaveReplacing replaces files that exist already. By default Save keeps a file
// of the default name, which an earlier Save of the task made, and refuses to
// replace one that [SaveNames] named, with [fs.ErrExist].
func SaveReplacing() SaveOption {
	return func(c *saveConfig) error { c.exists = replaceExisting; return nil }
}

// SaveKeeping keeps files that exist already, and takes them for the result
// without looking at what they hold. See [SaveReplacing] for the default.
func SaveKeeping() SaveOption {
	return func(c *saveConfig) error { c.exists = keepExisting; return nil }
}

// SaveNames sets the function that names files. It is given the file, its
// number from 1, and the extension for its content, such as ".mp4". It may be
// called more than once for a file, and by several goroutines at once. The
// result is made safe: one path element without control characters that no
// system reserves. The default is the task's id, a dash, the number and the
// extension.
func SaveNames(name func(f File, n int, ext string) string) SaveOption {
	return func(c *saveConfig) error {
		c.name = name
		if name == nil {
			return &InputError{Field: "SaveNames", Reason: "is nil; want a function"}
		}
		return nil
	}
}

// OnSaved sets a function that is called with each file that was downloaded,
// once it is complete and has its name, but not with files that existed before.
// It may be called by several goroutines at once. The default is none.
func OnSaved(saved func(SavedFile)) SaveOption {
	return func(c *saveConfig) error {
		c.saved = saved
		if saved == nil {
			return &InputError{Field: "OnSaved", Reason: "is nil; want a function"}
		}
		return nil
	}
}

// OnProgress sets a function that is called while files are downloaded, with
// the number of bytes done and in total; total is -1 if it is unknown. It may
// be called by several goroutines at once, and should be quick. The default is
// none.
func OnProgress(progress func(url string, done, total int64)) SaveOption {
	return func(c *saveConfig) error {
		c.progress = progress
		if progress == nil {
			return &InputError{Field: "OnProgress", Reason: "is nil; want a function"}
		}
		return nil
	}
}

func checkAtLeastOne(option string, n int64) error {
	if n < 1 {
		return &InputError{Field: option, Reason: fmt.Sprintf("is %d; want at least 1", n)}
	}
	return nil
}

func newSaveConfig(opts []SaveOption) (saveConfig, error) {
	cfg, err := applyFuncs(saveConfig{concurrency: 3, limit: defaultDownloadLimit}, opts)
	if cfg.exists == byDefault {
		if cfg.exists = keepExisting; cfg.name != nil {
			cfg.exists = refuseExisting
		}
	}
	return cfg, err
}

// Save downloads every file of a finished task into dir, which it creates if
// necessary, and returns their paths in the order of [Task.URLs]. Vidgo keeps
// the files for 24 hours.
//
// A file gets its name once it is complete. Until then it is NAME.part, which
// the next Save of the task continues: after a broken connection, a cancelled
// context or a restart of the program. Two programs must not save one task to
// one folder at the same time. The names Vidgo gives to files are not used, and
// nothing is written outside dir. [Client.Download] says what is downloaded,
// and from where.
//
// If some files could not be saved, Save returns the paths of the others and
// all errors, joined: each is a [DownloadError], an error of the file system,
// or context.Cause(ctx). If the task is not finished, the error is an
// [InputError], or, if it has failed, a [TaskError]. For a task without files,
// such as lyrics, Save does nothing.
func (c *Client) Save(ctx context.Context, t *Task, dir string, opts ...SaveOption) ([]string, error) {
	cfg, err := newSaveConfig(opts)
	if err == nil {
		err = savable(t)
	}
	if err != nil {
		return nil, err
	}
	files := t.downloads()
	if len(files) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("vidgo: save: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("vidgo: save: %w", err)
	}
	defer root.Close()
	h, done := c.downloadHTTP()
	defer done()
	s := &saver{client: c, http: h, root: root, dir: dir, task: t.clone(), files: files, cfg: cfg}
	return s.all(ctx)
}

func savable(t *Task) error {
	switch {
	case t == nil:
		return &InputError{Field: "task", Reason: "is nil; want one that Wait has returned"}
	case t.Status == Failed:
		return t.err()
	case t.Status != Finished:
		return &InputError{Field: "task", Reason: fmt.Sprintf("%s is %q; want a finished one, as Wait returns it", clip(t.ID, 100), clip(string(t.Status), 40))}
	}
	return checkTaskID(t.ID)
}

// downloads returns the task's files that can be downloaded, in the order of
// URLs, and then those whose link is not a URL, so that their error tells of them.
func (t *Task) downloads() []File {
	var files []File
	urls := t.URLs()
	for _, u := range urls {
		i := slices.IndexFunc(t.Files, func(f File) bool { return f.URL == u })
		if i >= 0 {
			files = append(files, t.Files[i])
		} else {
			files = append(files, File{URL: u})
		}
	}
	for _, f := range t.Files {
		if link := strings.TrimSpace(f.URL); link != "" && !slices.Contains(urls, link) {
			files = append(files, f)
		}
	}
	return files
}

// saver is one Save.
type saver struct {
	client *Client
	http   *http.Client
	root   *os.Root
	dir    string
	task   *Task
	files  []File
	cfg    saveConfig

	mu      sync.Mutex     // guards claimed; never held while blocking
	claimed map[string]int // names, and the files that have them
}

// all saves the files, several at once. A failure of one does not end the
// others.
func (s *saver) all(ctx context.Context) ([]string, error) {
	names, errs := make([]string, len(s.files)), make([]error, len(s.files))
	numbers := make(chan int, len(s.files)) // so that nobody waits for a worker
	for n := range s.files {
		numbers <- n
		errs[n] = errors.New("a function of the caller's ended its goroutine")
	}
	close(numbers)
	var wg sync.WaitGroup
	panics := make(chan any, len(s.files))
	for range min(s.cfg.concurrency, len(s.files)) {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panics <- p
				}
			}()
			for n := range numbers {
				names[n], errs[n] = s.one(ctx, n)
			}
		})
	}
	wg.Wait()
	select {
	case p := <-panics:
		panic(p) // where the caller can recover from it
	default:
	}
	return s.sum(names, errs)
}

// sum returns the paths of what was saved, and all errors.
func (s *saver) sum(names []string, errs []error) ([]string, error) {
	var paths []string
	for n, name := range names {
		_, download := errors.AsType[*DownloadError](errs[n])
		_, input := errors.AsType[*InputError](errs[n])
		switch {
		case errs[n] == nil:
			paths = append(paths, filepath.Join(s.dir, name))
		case !download && !input: // the other errors do not say which file
			errs[n] = fmt.Errorf("vidgo: save file %d of task %s: %w", n+1, s.task.ID, errs[n])
		}
	}
	return paths, errors.Join(errs...)
}

// one saves file n and returns its name.
func (s *saver) one(ctx context.Context, n int) (string, error) {
	base := plainName(s.task.ID) + "-" + strconv.Itoa(n+1)
	release, err := saving.lock(ctx, s.root, base)
	if err != nil {
		return "", err
	}
	defer release()
	if name, err := s.existing(base, n); name != "" || err != nil {
		return name, err
	}
	part, err := openPart(s.root, base)
	if err != nil {
		return "", err
	}
	keep := true // if a function of the user's panics
	defer func() { part.abandon(keep) }()
	if err := s.transfer(n, part).run(ctx); err != nil {
		keep = worthKeeping(ctx, err)
		return "", err
	}
	return s.place(base, n, part)
}

// place gives a complete part its name.
func (s *saver) place(base string, n int, part *partFile) (string, error) {
	kind, _ := contentKind(part.head, s.files[n])
	name := s.name(base, n, extension(kind, s.files[n]))
	if err := s.claim(name, n); err != nil {
		return "", err
	}
	err := part.finish(name, s.cfg.exists == replaceExisting)
	if errors.Is(err, fs.ErrExist) && s.cfg.exists == keepExisting && s.isFile(name) {
		return name, nil // somebody else has just made it
	}
	if err == nil && s.cfg.saved != nil {
		saved := SavedFile{Path: filepath.Join(s.dir, name), URL: s.files[n].URL, ContentType: kind, Size: part.size}
		part.hash.Sum(saved.SHA256[:0])
		s.cfg.saved(saved)
	}
	return name, err
}

// claim keeps two files of one Save from getting the same name, and any from
// getting that of a part.
func (s *saver) claim(name string, n int) error {
	if strings.HasSuffix(name, ".part") || strings.HasSuffix(name, ".part.json") {
		return &InputError{Field: "SaveNames", Reason: fmt.Sprintf("returned %q, a name for files that are not complete yet", name)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, taken := s.claimed[name]; taken && other != n {
		return &InputError{Field: "SaveNames", Reason: fmt.Sprintf("returned %q for files %d and %d; use the number", name, other+1, n+1)}
	}
	if s.claimed == nil {
		s.claimed = map[string]int{}
	}
	s.claimed[name] = n
	return nil
}

// isFile reports whether there is a file of that name that can be a result.
func (s *saver) isFile(name string) bool {
	info, err := s.root.Lstat(name)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// worthKeeping reports whether the next call may continue a part: not if the
// file was refused, or the disk is full.
func worthKeeping(ctx context.Context, err error) bool {
	failed, ok := errors.AsType[*DownloadError](err)
	return ctx.Err() != nil || ok && failed.next != giveUp
}

// existing returns the name under which file n exists already; "" if it does
// not, or is to be replaced.
func (s *saver) existing(base string, n int) (string, error) {
	if s.cfg.exists == replaceExisting {
		return "", nil
	}
	candidates := allExtensions()
	if s.cfg.name != nil {
		candidates = []string{extension("", s.files[n])} // a guess; the last word is finish's
	}
	for _, ext := range candidates {
		name := s.name(base, n, ext)
		if !s.isFile(name) {
			continue
		}
		if s.cfg.exists == refuseExisting {
			return "", &fs.PathError{Op: "save", Path: filepath.Join(s.dir, name), Err: fs.ErrExist}
		}
		return name, s.claim(name, n)
	}
	return "", nil
}

func (s *saver) name(base string, n int, ext string) string {
	if s.cfg.name != nil {
		if name := safeName(s.cfg.name(s.files[n], n+1, ext)); name != "" {
			return name
		}
	}
	return base + ext
}

// transfer returns a transfer that begins where the part ends.
func (s *saver) transfer(n int, part *partFile) *transfer {
	t := &transfer{
		http: s.http, agent: s.client.userAgent, file: s.files[n], to: part, limit: s.cfg.limit,
		have: part.size, best: part.size, tag: part.note.Tag, total: part.note.Total,
		fresh: func(ctx context.Context) (string, error) { return s.freshLink(ctx, n) },
	}
	if s.cfg.progress != nil {
		link := t.file.URL
		t.progress = func(done, total int64) { s.cfg.progress(link, done, total) }
	}
	return t
}

// freshLink requests the task once more for a new link: links expire before the
// files do.
func (s *saver) freshLink(ctx context.Context, n int) (string, error) {
	var opts []WaitOption
	link := func(f File) bool { return f.URL == s.files[n].URL }
	if !slices.ContainsFunc(s.task.Files, link) || slices.Contains(musicModels, s.task.Model) {
		opts = append(opts, AsMusic()) // only music has links that are no file's URL
	}
	task, err := s.client.Task(ctx, s.task.ID, opts...)
	if err != nil {
		return "", err
	}
	files := task.downloads()
	if len(files) != len(s.files) {
		return "", nil
	}
	return files[n].URL, nil
}

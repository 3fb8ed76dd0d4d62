package vidgo_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

// requireFiles checks that the folder holds these files and nothing else, each with
// the content of its URL.
func requireFiles(t *testing.T, srv *vidgotest.Server, dir string, want map[string]string) {
	t.Helper()
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), namesIn(t, dir))
	for name, url := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.True(t, string(truth(t, srv, url)) == string(got), "%s holds %d bytes", name, len(got))
	}
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestSave(t *testing.T) {
	for _, format := range []string{"png", "jpg", "webp", "gif", "mp4", "mp3", "wav", "glb"} {
		t.Run(format, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{N: 3, Format: format, FileSize: fileSize}}
				client := newSavingClient(t, &srv)
				task := finished(t, client)
				dir := filepath.Join(t.TempDir(), "made", "for it")
				var mu sync.Mutex
				saved := map[string]vidgo.SavedFile{}
				done := map[string]int64{}
				paths, err := client.Save(t.Context(), task, dir,
					vidgo.OnSaved(func(f vidgo.SavedFile) { mu.Lock(); defer mu.Unlock(); saved[f.URL] = f }),
					vidgo.OnProgress(func(url string, n, total int64) {
						mu.Lock()
						defer mu.Unlock()
						require.EqualValues(t, fileSize, total)
						require.Greater(t, n, done[url])
						done[url] = n
					}))
				require.NoError(t, err)
				want := map[string]string{}
				for i, f := range task.Files {
					name := task.ID + "-" + string(rune('1'+i)) + "." + format
					want[name] = f.URL
					require.Equal(t, filepath.Join(dir, name), paths[i])
					require.Equal(t, paths[i], saved[f.URL].Path)
					require.EqualValues(t, fileSize, saved[f.URL].Size)
					require.EqualValues(t, fileSize, done[f.URL])
					require.Equal(t, sha256.Sum256(truth(t, &srv, f.URL)), saved[f.URL].SHA256)
				}
				requireFiles(t, &srv, dir, want)

				before := len(srv.Requests(vidgotest.EndpointFile))
				again, err := client.Save(t.Context(), task, dir)
				require.NoError(t, err)
				require.Equal(t, paths, again)
				require.Len(t, srv.Requests(vidgotest.EndpointFile), before, "a file that is there is not downloaded again")
			})
		})
	}
}

func TestSaveMusic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newSavingClient(t, &srv)
		save := func(model string) []string {
			task, err := client.Run(t.Context(), vidgo.Untyped(model, map[string]any{"prompt": "calm"}))
			require.NoError(t, err)
			paths, err := client.Save(t.Context(), task, t.TempDir())
			require.NoError(t, err)
			return paths
		}
		require.Len(t, save("generate-music"), 2, "the track and its cover")
		require.Len(t, save("stem-split"), 11)
		require.Empty(t, save("generate-lyrics"))
	})
}

func TestSaveResumes(t *testing.T) {
	for name, between := range map[string]func(*testing.T, *vidgotest.Server, string){
		"a part as it was left":                                 func(*testing.T, *vidgotest.Server, string) {},
		"a part with bytes that were not synced before a crash": func(t *testing.T, _ *vidgotest.Server, part string) { appendTo(t, part, "not synced") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
				client := newSavingClient(t, &srv)
				task := finished(t, client)
				dir := t.TempDir()
				srv.Inject(file(vidgotest.Fault{After: 40_000, Hang: true}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				paths, err := client.Save(ctx, task, dir)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Empty(t, paths)
				part := task.ID + "-1.part"
				require.ElementsMatch(t, []string{part, part + ".json"}, namesIn(t, dir), "nothing under the final name")
				between(t, &srv, filepath.Join(dir, part))

				client = newSavingClient(t, &srv) // another process
				var sum [sha256.Size]byte
				_, err = client.Save(t.Context(), task, dir, vidgo.OnSaved(func(f vidgo.SavedFile) { sum = f.SHA256 }))
				require.NoError(t, err)
				requireFiles(t, &srv, dir, map[string]string{task.ID + "-1.mp4": task.Files[0].URL})
				require.Equal(t, sha256.Sum256(truth(t, &srv, task.Files[0].URL)), sum)
				requests := srv.Requests(vidgotest.EndpointFile)
				last := requests[len(requests)-1].Header
				require.Equal(t, "bytes=40000-", last.Get("Range"))
				require.Regexp(t, `^".+"$`, last.Get("If-Range"), "a strong ETag")
			})
		})
	}
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestSaveBeginsAgain(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *vidgotest.Server, string){
		"the file has changed": func(_ *testing.T, srv *vidgotest.Server, _ string) {
			srv.Inject(file(vidgotest.Fault{Changed: true, Times: -1}))
		},
		"the note is lost":   func(t *testing.T, _ *vidgotest.Server, part string) { require.NoError(t, os.Remove(part+".json")) },
		"the note is broken": func(t *testing.T, _ *vidgotest.Server, part string) { appendTo(t, part+".json", "}") },
		"the part is lost":   func(t *testing.T, _ *vidgotest.Server, part string) { require.NoError(t, os.Remove(part)) },
		"the part is short":  func(t *testing.T, _ *vidgotest.Server, part string) { require.NoError(t, os.Truncate(part, 5)) },
		"the host answers 416": func(_ *testing.T, srv *vidgotest.Server, _ string) {
			srv.Inject(file(vidgotest.Fault{Status: 416, Header: map[string][]string{"Content-Range": {"bytes */7"}}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
				client := newSavingClient(t, &srv)
				task := finished(t, client)
				dir := t.TempDir()
				srv.Inject(file(vidgotest.Fault{After: 40_000, Hang: true}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := client.Save(ctx, task, dir)
				require.Error(t, err)
				spoil(t, &srv, filepath.Join(dir, task.ID+"-1.part"))
				paths, err := client.Save(t.Context(), task, dir)
				require.NoError(t, err)
				require.Len(t, namesIn(t, dir), 1)
				got, err := os.ReadFile(paths[0])
				require.NoError(t, err)
				require.Len(t, got, fileSize)
				if name != "the file has changed" {
					require.True(t, string(truth(t, &srv, task.Files[0].URL)) == string(got))
				} else {
					require.False(t, string(truth(t, &srv, task.Files[0].URL)) == string(got))
				}
			})
		})
	}
}

func TestSaveWaitsForAFileThatIsNotThereYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FilesAfter: 5 * time.Second}}
		client := newSavingClient(t, &srv)
		began := time.Now()
		_, err := client.Save(t.Context(), finished(t, client), t.TempDir())
		require.NoError(t, err)
		require.Less(t, time.Since(began), 10*time.Second)
	})
}

// The task may have been stored by another program, which kept only a part of it.
func TestSaveGetsAFreshLink(t *testing.T) {
	for name, c := range map[string]struct {
		model  string
		stored func(*vidgo.Task) *vidgo.Task
	}{
		"a video":              {"sora-2", func(task *vidgo.Task) *vidgo.Task { return task }},
		"music, model unknown": {"generate-music", func(task *vidgo.Task) *vidgo.Task { task.Model = ""; return task }},
		"only its ID and links": {"sora-2", func(task *vidgo.Task) *vidgo.Task {
			return &vidgo.Task{ID: task.ID, Status: vidgo.Finished, Files: []vidgo.File{{URL: task.Files[0].URL, Type: "video"}}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{FreshLinks: time.Hour}}
				task, err := newSavingClient(t, &srv).Run(t.Context(), vidgo.Untyped(c.model, map[string]any{"prompt": "calm"}))
				require.NoError(t, err)
				time.Sleep(2 * time.Hour) // its links have expired
				began := time.Now()
				_, err = newSavingClient(t, &srv).Save(t.Context(), c.stored(task), t.TempDir())
				require.NoError(t, err)
				require.Zero(t, time.Since(began), "the fresh link is tried at once")
			})
		})
	}
}

func TestSaveWhatIsThereAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		names := vidgo.SaveNames(func(f vidgo.File, n int, ext string) string { return "../../boat" + ext })
		write := func(dir, name string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600))
		}
		read := func(dir, name string) string {
			b, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			return string(b)
		}

		dir := t.TempDir()
		write(dir, "boat.mp4")
		_, err := client.Save(t.Context(), task, dir, names)
		require.ErrorIs(t, err, fs.ErrExist)
		require.Equal(t, "mine", read(dir, "boat.mp4"))
		require.Empty(t, srv.Requests(vidgotest.EndpointFile), "nothing is downloaded for it")

		paths, err := client.Save(t.Context(), task, dir, names, vidgo.SaveKeeping())
		require.NoError(t, err)
		require.Equal(t, []string{filepath.Join(dir, "boat.mp4")}, paths)
		require.Equal(t, "mine", read(dir, "boat.mp4"))

		_, err = client.Save(t.Context(), task, dir, names, vidgo.SaveReplacing())
		require.NoError(t, err)
		require.Len(t, read(dir, "boat.mp4"), fileSize)
		require.Equal(t, []string{"boat.mp4"}, namesIn(t, dir))

		_, err = client.Save(t.Context(), task, dir, vidgo.SaveNames(func(vidgo.File, int, string) string { return "CON" }))
		require.NoError(t, err)
		require.Contains(t, namesIn(t, dir), "_CON")
	})
}

func TestSavesToOneFolderTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize, N: 2}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		srv.Inject(file(vidgotest.Fault{Drip: time.Millisecond, Times: -1}))
		dir := t.TempDir()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				paths, err := client.Save(t.Context(), task, dir)
				require.NoError(t, err)
				require.Len(t, paths, 2)
			})
		}
		wg.Wait()
		require.Len(t, srv.Requests(vidgotest.EndpointFile), 2, "each file once")
		requireFiles(t, &srv, dir, map[string]string{task.ID + "-1.mp4": task.Files[0].URL, task.ID + "-2.mp4": task.Files[1].URL})
	})
}

func TestSaveKeepsTheOtherFilesWhenOneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{N: 3}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		task.Files[1].URL = "https://storage.vidgo.ai/generated/nothing-here"
		srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointStatus, Status: 500, Times: -1}) // which would have the right link
		dir := t.TempDir()
		paths, err := client.Save(t.Context(), task, dir)
		require.ErrorIs(t, err, vidgo.ErrNotFound)
		require.Len(t, paths, 2)
		require.Len(t, namesIn(t, dir), 2)
	})
}

func TestSaveRefusesBadArguments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newSavingClient(t, &srv)
		task, dir := finished(t, client), t.TempDir()
		for name, call := range map[string]struct {
			task *vidgo.Task
			opt  vidgo.SaveOption
		}{
			"no task":            {nil, vidgo.SaveKeeping()},
			"a running task":     {&vidgo.Task{ID: "a", Status: vidgo.Running}, vidgo.SaveKeeping()},
			"a nil option":       {task, nil},
			"a concurrency of 0": {task, vidgo.SaveConcurrency(0)},
			"a negative limit":   {task, vidgo.SaveLimit(-1)},
			"no function":        {task, vidgo.SaveNames(nil)},
		} {
			_, err := client.Save(t.Context(), call.task, dir, call.opt)
			require.ErrorIs(t, err, vidgo.ErrInvalidInput, name)
		}
		_, err := client.Save(t.Context(), &vidgo.Task{ID: "a", Status: vidgo.Failed, ErrorMessage: "too dark"}, dir)
		require.ErrorContains(t, err, "too dark")
		require.Empty(t, namesIn(t, dir))
		require.Empty(t, srv.Requests(vidgotest.EndpointFile))
	})
}

func TestSaveLeavesNothingOfARefusedFile(t *testing.T) {
	for name, c := range map[string]struct {
		fault vidgotest.Fault
		limit int64
		says  string
	}{
		"larger than the limit by its length": {vidgotest.Fault{}, fileSize - 1, "at most 99999"},
		"larger than the limit by its bytes":  {vidgotest.Fault{Header: noHeader("Content-Length")}, fileSize - 1, "more than 99999"},
		"a page, not the file":                {vidgotest.Fault{Status: 200, Body: "<svg xmlns='http://www.w3.org/2000/svg'><script>"}, fileSize, "in place of the file"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
				client := newSavingClient(t, &srv)
				task, dir := finished(t, client), t.TempDir()
				c.fault.Times = -1
				srv.Inject(file(c.fault))
				_, err := client.Save(t.Context(), task, dir, vidgo.SaveLimit(c.limit))
				require.ErrorContains(t, err, c.says)
				require.Empty(t, namesIn(t, dir))
			})
		})
	}
}

// A file that cannot be downloaded is an error, and not left out.
func TestSaveReportsLinksThatItMustNotFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newSavingClient(t, &srv)
		for _, link := range []string{"file:///etc/passwd", "ftp://storage.vidgo.ai/a.png", "a.png", "//storage.vidgo.ai/a.png", "https:///a.png"} {
			task := finished(t, client)
			task.Files = append(task.Files, vidgo.File{URL: link, Type: "image"})
			dir := t.TempDir()
			paths, err := client.Save(t.Context(), task, dir)
			require.ErrorAs(t, err, new(*vidgo.DownloadError), link)
			require.Equal(t, []string{filepath.Join(dir, task.ID+"-1.mp4")}, paths)
		}
	})
}

// Nothing is written outside the folder, whatever links are in it.
func TestSaveFollowsNoLinkOutOfTheFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv vidgotest.Server
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		outside := filepath.Join(t.TempDir(), "outside")
		dir := t.TempDir()
		if err := os.Symlink(outside, filepath.Join(dir, task.ID+"-1.part")); err != nil {
			t.Skip("symbolic links are not possible here: " + err.Error())
		}
		_, err := client.Save(t.Context(), task, dir)
		require.ErrorContains(t, err, "not a regular file")
		require.NoFileExists(t, outside)

		readOnly := filepath.Join(t.TempDir(), "a file")
		require.NoError(t, os.WriteFile(readOnly, nil, 0o600))
		_, err = client.Save(t.Context(), task, readOnly)
		require.Error(t, err)
		_, err = client.Save(t.Context(), task, filepath.Join(readOnly, "below"))
		require.Error(t, err)
		require.True(t, strings.HasPrefix(err.Error(), "vidgo: save: "), "%v", err)
	})
}

// The device /dev/full is always full.
func TestDownloadToAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("there is no /dev/full here")
		}
		require.NoError(t, err)
		defer full.Close()
		n, err := client.Download(t.Context(), task.Files[0], full)
		require.ErrorContains(t, err, "no space left")
		require.Zero(t, n)
	})
}

func TestSaveConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		client := hostClient(t, func(*http.Request) (*http.Response, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
		})
		var links []string
		for n := range 10 {
			links = append(links, fmt.Sprintf("%s?n=%d", link, n))
		}
		for want, opts := range map[int][]vidgo.SaveOption{3: nil, 1: {vidgo.SaveConcurrency(1)}, 10: {vidgo.SaveConcurrency(50)}} {
			most = 0
			paths, err := client.Save(t.Context(), doneTask(links...), t.TempDir(), opts...)
			require.NoError(t, err)
			require.Len(t, paths, 10)
			require.Equal(t, want, most)
		}
	})
}

package vidgo_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestSaveToANameThatIsTaken(t *testing.T) {
	for name, take := range map[string]func(string) error{
		"by a folder":          func(p string) error { return os.Mkdir(p, 0o700) },
		"by a link to nowhere": func(p string) error { return os.Symlink("nowhere", p) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := hostClient(t, func(r *http.Request) (*http.Response, error) {
					return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
				})
				dir := t.TempDir()
				require.NoError(t, take(filepath.Join(dir, "task-1-1.mp4")))
				_, err := client.Save(t.Context(), doneTask(link), dir)
				require.ErrorIs(t, err, fs.ErrExist)
			})
		})
	}
}

func TestSaveWhosePartVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
		})
		dir := t.TempDir()
		_, err := client.Save(t.Context(), doneTask(link), dir, vidgo.OnProgress(func(string, int64, int64) {
			_ = os.Remove(filepath.Join(dir, "task-1-1.part"))
		}))
		require.Error(t, err)
		require.NotContains(t, namesIn(t, dir), "task-1-1.mp4", "nothing under the final name")
		paths, err := client.Save(t.Context(), doneTask(link), dir)
		require.NoError(t, err)
		b, err := os.ReadFile(paths[0])
		require.NoError(t, err)
		require.Equal(t, 1000, len(b))
	})
}

func TestSaveToOneFolderByTwoPaths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FileSize: fileSize}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		base := t.TempDir()
		t.Chdir(base)
		srv.Inject(file(vidgotest.Fault{Drip: 10 * time.Millisecond, Times: -1}))
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		var sum [32]byte
		wg.Go(func() {
			_, err := client.Save(t.Context(), task, filepath.Join(base, "out"), vidgo.OnSaved(func(f vidgo.SavedFile) { sum = f.SHA256 }))
			require.NoError(t, err)
			cancel()
		})
		time.Sleep(500 * time.Millisecond)
		wg.Go(func() { _, _ = client.Save(ctx, task, "out") })
		wg.Wait()
		got, err := os.ReadFile(filepath.Join(base, "out", task.ID+"-1.mp4"))
		require.NoError(t, err)
		require.Equal(t, sha256.Sum256(truth(t, &srv, task.Files[0].URL)), sum)
		require.True(t, bytes.Equal(truth(t, &srv, task.Files[0].URL), got), "the saved file is wrong (%d bytes)", len(got))
	})
}

func TestSaveRefusesOneNameForAllFiles(t *testing.T) {
	for name, opt := range map[string]vidgo.SaveOption{"replacing": vidgo.SaveReplacing(), "keeping": vidgo.SaveKeeping()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := hostClient(t, func(r *http.Request) (*http.Response, error) {
					b := append(mp4(1000), r.URL.Path...)
					return reply(200, nil, int64(len(b)), bytes.NewReader(b)), nil
				})
				_, err := client.Save(t.Context(), doneTask(link+"1", link+"2", link+"3"), t.TempDir(), opt,
					vidgo.SaveNames(func(_ vidgo.File, _ int, ext string) string { return "boat" + ext }))
				require.ErrorIs(t, err, vidgo.ErrInvalidInput)
				require.ErrorContains(t, err, "use the number")
			})
		})
	}
}

// t.FailNow does it, for example.
func TestSaveWhoseCallbackEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(200, nil, 1000, bytes.NewReader(mp4(1000))), nil
		})
		dir := t.TempDir()
		paths, err := client.Save(t.Context(), doneTask(link), dir, vidgo.OnProgress(func(string, int64, int64) { runtime.Goexit() }))
		require.Error(t, err)
		require.Empty(t, paths)
	})
}

func TestSaveDoesNotFollowALinkInPlaceOfItsNote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(200, map[string]string{"Etag": `"a"`}, 1000, bytes.NewReader(mp4(1000))), nil
		})
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "diary"), []byte("dear diary"), 0o600))
		require.NoError(t, os.Symlink("diary", filepath.Join(dir, "task-1-1.part.json")))
		_, err := client.Save(t.Context(), doneTask(link), dir)
		require.ErrorContains(t, err, "not a regular file")
		b, err := os.ReadFile(filepath.Join(dir, "diary"))
		require.NoError(t, err)
		require.Equal(t, "dear diary", string(b))
	})
}

func TestSaveDoesNotWriteThroughAHardLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := hostClient(t, func(r *http.Request) (*http.Response, error) {
			return reply(200, map[string]string{"Etag": `"a"`}, 1000, bytes.NewReader(mp4(1000))), nil
		})
		dir := t.TempDir()
		outside := filepath.Join(t.TempDir(), "diary")
		require.NoError(t, os.WriteFile(outside, []byte("dear diary"), 0o600))
		require.NoError(t, os.Link(outside, filepath.Join(dir, "task-1-1.part")))
		_, err := client.Save(t.Context(), doneTask(link), dir)
		require.NoError(t, err)
		b, err := os.ReadFile(outside)
		require.NoError(t, err)
		require.Equal(t, "dear diary", string(b))
	})
}

func TestOnSavedAndOnProgressNameAFileAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := vidgotest.Server{Default: vidgotest.Script{FreshLinks: time.Hour}}
		client := newSavingClient(t, &srv)
		task := finished(t, client)
		time.Sleep(2 * time.Hour)
		var saved, progress string
		_, err := client.Save(t.Context(), task, t.TempDir(), vidgo.OnSaved(func(f vidgo.SavedFile) { saved = f.URL }),
			vidgo.OnProgress(func(u string, _, _ int64) { progress = u }))
		require.NoError(t, err)
		require.Equal(t, progress, saved, "both are called with the task's URL, not with the fresh link")
	})
}

// The panic is raised where the caller can recover from it.
func TestSaveWhoseCallbackPanics(t *testing.T) {
	require.PanicsWithValue(t, "oops", func() {
		_, _ = hostClient(t, whole(1000)).Save(t.Context(), doneTask(link), t.TempDir(), vidgo.SaveNames(func(vidgo.File, int, string) string { panic("oops") }))
	})
}

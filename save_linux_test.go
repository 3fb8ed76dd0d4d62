package vidgo_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A limit on the size of a process's files stands for a disk that is full after
// 100 KiB. It holds for the whole process, so the test runs in another one.
func TestSaveOnAFullDisk(t *testing.T) {
	if os.Getenv("SAVE_ON_A_FULL_DISK") == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSaveOnAFullDisk$")
		child.Env = append(os.Environ(), "SAVE_ON_A_FULL_DISK=yes")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	limit.Cur = 100 << 10
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	dir := t.TempDir()
	paths, err := hostClient(t, whole(1<<20)).Save(t.Context(), doneTask(link), dir)
	require.ErrorIs(t, err, syscall.EFBIG)
	require.ErrorContains(t, err, "task-1")
	require.Empty(t, paths)
	require.Empty(t, namesIn(t, dir), "a part is of no use on a full disk")
}

// Not even root can make a file in this folder.
func TestSaveToAReadOnlyFolder(t *testing.T) {
	paths, err := hostClient(t, whole(1000)).Save(t.Context(), doneTask(link), "/proc/self/fdinfo")
	require.ErrorContains(t, err, "task-1-1.part")
	require.Empty(t, paths)
}

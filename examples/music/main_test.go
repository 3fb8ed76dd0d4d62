package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestCompose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := connect(func(string) string { return "" })
		require.NoError(t, err)
		dir := t.TempDir()
		var out bytes.Buffer
		require.NoError(t, compose(t.Context(), client, "rain", dir, &out))
		require.Contains(t, out.String(), `track: "City Lights", synth-pop, dreamy, 183 s`)
		require.Equal(t, 13, strings.Count(out.String(), "saved: "), "a track, its cover and eleven stems")
		for folder, n := range map[string]int{"song": 2, "stems": 11} {
			entries, err := os.ReadDir(filepath.Join(dir, folder))
			require.NoError(t, err)
			require.Len(t, entries, n)
		}
	})
}

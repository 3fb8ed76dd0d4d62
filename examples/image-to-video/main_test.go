package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo"
)

func noEnv(string) string { return "" }

func TestAnimate(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "boat.png")
	own, err := sunset()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(picture, own, 0o600))
	for name, path := range map[string]string{"the built-in picture": "", "a file": picture} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := connect(noEnv)
				require.NoError(t, err)
				dir := filepath.Join(t.TempDir(), "videos")
				var out bytes.Buffer
				require.NoError(t, animate(t.Context(), client, path, "waves", dir, &out))
				require.Contains(t, out.String(), "image/png")
				_, saved, ok := strings.Cut(out.String(), "saved: ")
				require.True(t, ok)
				content, err := os.ReadFile(strings.TrimSpace(saved))
				require.NoError(t, err)
				require.Contains(t, string(content[:12]), "ftyp", "it is an MP4")
			})
		})
	}
}

func TestAnimateRefusesAFileThatIsNotAPicture(t *testing.T) {
	text := filepath.Join(t.TempDir(), "boat.png")
	require.NoError(t, os.WriteFile(text, []byte("a boat"), 0o600))
	client, err := connect(noEnv)
	require.NoError(t, err)
	var out bytes.Buffer
	err = animate(t.Context(), client, text, "waves", t.TempDir(), &out)
	require.ErrorIs(t, err, vidgo.ErrInvalidInput)
	require.Empty(t, out.String())
}

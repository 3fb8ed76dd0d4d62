package vidgo

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// extensions are those for the kinds that [http.DetectContentType] knows and
// Vidgo may make. SVG and HTML are not among them, nor anything that a desktop
// would run.
var extensions = map[string]string{
	"image/png":       ".png",
	"image/jpeg":      ".jpg",
	"image/gif":       ".gif",
	"image/webp":      ".webp",
	"image/bmp":       ".bmp",
	"video/mp4":       ".mp4",
	"video/webm":      ".webm",
	"video/avi":       ".avi",
	"audio/mpeg":      ".mp3",
	"audio/wave":      ".wav",
	"audio/aiff":      ".aiff",
	"application/ogg": ".ogg",
	"application/zip": ".zip",
	"text/plain":      ".txt",
}

// otherExtensions are accepted from a URL, or from the file's declared format,
// if the content does not show its kind.
var otherExtensions = []string{
	".aac", ".avif", ".fbx", ".flac", ".glb", ".gltf", ".heic", ".m4a", ".mkv", ".mov", ".mp3", ".mp4",
	".obj", ".ogg", ".opus", ".ply", ".stl", ".usdz", ".wav", ".webm", ".webp",
}

const unknownExtension = ".bin"

// allExtensions returns every extension that a saved file can have.
func allExtensions() []string {
	all := append([]string{unknownExtension}, otherExtensions...)
	for _, ext := range extensions {
		all = append(all, ext)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// containers are kinds that say little about what is in them.
var containers = []string{"application/zip", "application/ogg", "video/webm", "text/plain"}

// contentKind returns what a file is by its first bytes, and whether it can be
// one of Vidgo's results. A page never is: it is an error, or active content.
// Other text is one only if f is not an image, video or audio: some 3D formats
// are text.
func contentKind(head []byte, f File) (kind string, ok bool) {
	kind, _, _ = strings.Cut(http.DetectContentType(head), ";")
	if kind == "text/plain" {
		return kind, f.Type == "3d" || f.Type == "other"
	}
	return kind, !strings.HasPrefix(kind, "text/")
}

// extension returns the extension for f, whose content is of the given kind.
func extension(kind string, f File) string {
	ext, known := extensions[kind]
	if known && !slices.Contains(containers, kind) {
		return ext
	}
	for _, hint := range []string{"." + f.Format, path.Ext(f.Name), urlExtension(f.URL)} {
		if ext := strings.ToLower(hint); slices.Contains(otherExtensions, ext) {
			return ext
		}
	}
	if known {
		return ext
	}
	return unknownExtension
}

func urlExtension(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return path.Ext(u.Path)
}

const maxNameLength = 200 // bytes; file systems take 255, and the part file has more behind it

// safeName makes s a file name on every system, which looks like what it is and
// is not hidden. It is empty if nothing is left.
func safeName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f, r >= 0x80 && r < 0xa0, r == '\uFFFD', isBidi(r):
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.TrimLeft(s, ".- ")
	ext := path.Ext(s)
	if len(ext) > 16 {
		ext = "" // no extension, but a dot somewhere
	}
	s = cut(strings.TrimSuffix(s, ext), maxNameLength-len(ext)) + ext
	s = strings.TrimRight(s, ". ")
	if isDevice(s) {
		s = "_" + s
	}
	return s
}

// isBidi reports whether r changes the order in which a name is displayed.
func isBidi(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f'
}

// devices are the names that Windows reserves, with any extension.
var devices = []string{"con", "prn", "aux", "nul", "conin$", "conout$"}

func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToLower(name), ".")
	base = strings.TrimRight(base, " ")
	if slices.Contains(devices, base) {
		return true
	}
	rest, ok := strings.CutPrefix(base, "com")
	if !ok {
		rest, ok = strings.CutPrefix(base, "lpt")
	}
	return ok && (len(rest) == 1 && rest[0] >= '0' && rest[0] <= '9' || slices.Contains([]string{"¹", "²", "³"}, rest))
}

// plainName makes a file name from an id, which may hold anything. Different
// ids have different names.
func plainName(id string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, id)
	if s = safeName(cut(s, 100)); s == id {
		return s
	}
	sum := sha256.Sum256([]byte(id))
	return s + "-" + hex.EncodeToString(sum[:6])
}

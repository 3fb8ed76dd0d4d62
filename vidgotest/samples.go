package vidgotest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// kind is what a model makes.
type kind int

const (
	picture kind = iota
	video
	music // read at an endpoint of its own
)

var musicModels = []string{
	"add-instrumental", "add-vocals", "boost-music-style", "convert-to-wav",
	"create-music-video", "extend-music", "generate-lyrics", "generate-music",
	"generate-music-cover", "generate-persona", "get-timestamped-lyrics",
	"replace-section", "separate-vocals", "stem-split", "upload-and-cover-audio",
	"upload-and-extend-audio", "upload-and-separate-vocals",
}

// videoWords are parts of the names of video models that do not say video.
var videoWords = []string{
	"sora", "veo", "kling", "hailuo", "wan", "seedance", "runway", "i2v", "t2v", "happy-horse",
}

// kindOf goes by the name alone, so that a model which came out yesterday has
// a kind too.
func kindOf(model string) kind {
	switch {
	case slices.Contains(musicModels, model):
		return music
	case strings.Contains(model, "video"), model == "grok-imagine":
		return video
	case strings.Contains(model, "image"): // some families make both
		return picture
	case slices.ContainsFunc(videoWords, func(word string) bool { return strings.Contains(model, word) }):
		return video
	default:
		return picture
	}
}

// made are the files that the fake makes for a task, with the links that the
// API tells now.
func (t *task) made(now time.Time) []File {
	files := make([]File, max(t.script.N, 1))
	for i := range files {
		name := fmt.Sprintf("%s-%d", t.id, i+1)
		link := func(suffix string) string { return t.link(name+suffix, now) }
		if t.kind == music {
			files[i] = musicFile(t.model, name, link)
			continue
		}
		ext := t.extension()
		files[i] = File{"file_url": link(ext), "file_type": fileType(ext)}
	}
	return files
}

// extension is that of the files of tasks that are not music.
func (t *task) extension() string {
	switch {
	case t.script.Format != "":
		return "." + strings.TrimPrefix(t.script.Format, ".")
	case t.kind == video:
		return ".mp4"
	default:
		return ".png"
	}
}

func fileType(name string) string {
	if f, ok := formatOf(name); ok {
		return f.fileType
	}
	return "other"
}

// musicFile is one of the files of a music model. Link makes the URL of a file
// whose name has a suffix.
func musicFile(model, name string, link func(suffix string) string) File {
	switch model {
	case "get-timestamped-lyrics":
		return File{"timestampe_lyrics": "[00:00.00] City lights"} // spelt so
	case "generate-lyrics":
		return File{"title": "City Lights", "text": "[Verse]\nCity lights are calling"}
	case "boost-music-style":
		return File{"style": "dreamy synth-pop, warm analog pads"}
	case "convert-to-wav":
		return File{"wav_url": link(".wav")}
	case "separate-vocals":
		return File{"separate_vocals": stems(link, "_url", "vocal", "instrumental")}
	case "upload-and-separate-vocals":
		return File{"vocal_removal": stems(link, "", "bass", "drums", "piano", "guitar", "vocals", "other")}
	case "stem-split":
		return File{"stem_split": stems(link, "_url", "backing_vocals", "bass", "brass", "drums", "fx", "guitar",
			"keyboard", "percussion", "strings", "synth", "vocal", "woodwinds")}
	case "generate-music-cover":
		return File{"generate_cover": encoded([]any{
			map[string]any{"file_url": link("-a.png"), "file_type": "image"},
			map[string]any{"file_url": link("-b.png"), "file_type": "image"},
		})}
	case "generate-persona":
		return File{"persona_id": name}
	case "create-music-video":
		return File{"video_url": link(".mp4")}
	default:
		return song(name, link)
	}
}

func song(name string, link func(suffix string) string) File {
	return File{
		"audio_id":  name,
		"audio_url": link(".mp3"),
		"image_url": link(".png"),
		"title":     "City Lights",
		"tags":      "synth-pop, dreamy",
		"duration":  183.4,
		"prompt":    "[Verse]\nCity lights are calling",
	}
}

// stems is a string that holds a JSON object, as the wire has it.
func stems(link func(suffix string) string, suffix string, names ...string) string {
	urls := make(map[string]string, len(names))
	for _, name := range names {
		urls[name+suffix] = link("-" + name + ".mp3")
	}
	if _, ok := urls["woodwinds"+suffix]; ok {
		urls["woodwinds"+suffix] = "" // an instrument that does not play has none
	}
	return encoded(urls)
}

// encoded leaves an & in a link as it is.
func encoded(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings only: cannot fail
	}
	return strings.TrimSuffix(b.String(), "\n")
}

package vidgotest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"path"
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

// defaultFiles are n files of the shape that the model's have.
func defaultFiles(k kind, model, id string, n int) []File {
	files := make([]File, n)
	for i := range files {
		base := fmt.Sprintf("https://storage.vidgo.ai%s%s-%d", samplePath, id, i+1)
		switch k {
		case music:
			files[i] = musicFile(model, base)
		case video:
			files[i] = File{"file_url": base + ".mp4", "file_type": "video"}
		default:
			files[i] = File{"file_url": base + ".png", "file_type": "image"}
		}
	}
	return files
}

func musicFile(model, base string) File {
	switch model {
	case "get-timestamped-lyrics":
		return File{"timestampe_lyrics": "[00:00.00] City lights"} // spelt so
	case "generate-lyrics":
		return File{"title": "City Lights", "text": "[Verse]\nCity lights are calling"}
	case "boost-music-style":
		return File{"style": "dreamy synth-pop, warm analog pads"}
	case "convert-to-wav":
		return File{"wav_url": base + ".wav"}
	case "separate-vocals":
		return File{"separate_vocals": stems(base, "_url", "vocal", "instrumental")}
	case "upload-and-separate-vocals":
		return File{"vocal_removal": stems(base, "", "bass", "drums", "piano", "guitar", "vocals", "other")}
	case "stem-split":
		return File{"stem_split": stems(base, "_url", "backing_vocals", "bass", "brass", "drums", "fx", "guitar",
			"keyboard", "percussion", "strings", "synth", "vocal", "woodwinds")}
	case "generate-music-cover":
		return File{"generate_cover": encoded([]any{
			map[string]any{"file_url": base + "-a.png", "file_type": "image"},
			map[string]any{"file_url": base + "-b.png", "file_type": "image"},
		})}
	case "generate-persona":
		return File{"persona_id": path.Base(base)}
	case "create-music-video":
		return File{"video_url": base + ".mp4"}
	default:
		return song(base)
	}
}

func song(base string) File {
	return File{
		"audio_id":  path.Base(base),
		"audio_url": base + ".mp3",
		"image_url": base + ".png",
		"title":     "City Lights",
		"tags":      "synth-pop, dreamy",
		"duration":  183.4,
		"prompt":    "[Verse]\nCity lights are calling",
	}
}

// stems is a string that holds a JSON object, as the wire has it.
func stems(base, suffix string, names ...string) string {
	urls := make(map[string]string, len(names))
	for _, name := range names {
		urls[name+suffix] = base + "-" + name + ".mp3"
	}
	if _, ok := urls["woodwinds"+suffix]; ok {
		urls["woodwinds"+suffix] = "" // an instrument that does not play has none
	}
	return encoded(urls)
}

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings only: cannot fail
	}
	return string(b)
}

// serveSample answers for a generated file. It asks for no key, as the hosts
// of the real ones do not.
func (s *Server) serveSample(w http.ResponseWriter, r *http.Request, v *visit) {
	contentType, content := sample(path.Ext(r.URL.Path))
	if content == nil {
		s.send(w, v, newAnswer(http.StatusNotFound, "text/html", []byte(HTML(http.StatusNotFound))))
		return
	}
	w.Header().Set("Content-Type", contentType)
	// The log keeps 200 for a range or a revalidation too.
	w.Header().Set("X-Request-Id", s.noteAnswer(v, http.StatusOK))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// sample returns a tiny real file, or nil for an unknown extension.
func sample(ext string) (contentType string, content []byte) {
	switch ext {
	case ".png":
		var b bytes.Buffer
		png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))) // into memory: cannot fail
		return "image/png", b.Bytes()
	case ".mp4":
		return "video/mp4", emptyMP4()
	case ".mp3":
		// One silent frame: MPEG 1 layer III, 128 kbit/s, 44.1 kHz, 417 bytes.
		return "audio/mpeg", append([]byte{0xff, 0xfb, 0x90, 0x64}, make([]byte, 413)...)
	case ".wav":
		return "audio/wav", emptyWAV()
	default:
		return "", nil
	}
}

// emptyMP4 is a movie without tracks: a file type box, and a movie box that
// holds its header.
func emptyMP4() []byte {
	box := func(name string, content []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))
		return append(append(b, name...), content...)
	}
	header := make([]byte, 100)
	binary.BigEndian.PutUint32(header[12:], 1000)    // time units a second
	binary.BigEndian.PutUint32(header[20:], 0x10000) // rate 1.0
	binary.BigEndian.PutUint16(header[24:], 0x100)   // volume 1.0
	binary.BigEndian.PutUint32(header[36:], 0x10000) // identity matrix
	binary.BigEndian.PutUint32(header[52:], 0x10000)
	binary.BigEndian.PutUint32(header[68:], 0x40000000)
	binary.BigEndian.PutUint32(header[96:], 1) // next track
	fileType := box("ftyp", []byte("isom\x00\x00\x02\x00isommp41"))
	return append(fileType, box("moov", box("mvhd", header))...)
}

// emptyWAV is 16-bit mono PCM at 44.1 kHz without a sample.
func emptyWAV() []byte {
	b := []byte("RIFF\x24\x00\x00\x00WAVEfmt ")
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, 44100)
	b = binary.LittleEndian.AppendUint32(b, 88200)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	return append(b, "data\x00\x00\x00\x00"...)
}

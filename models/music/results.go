package music

import "fmt"

// Results decodes each file of a finished music task into a T, such as [Track].
// It takes the Files of a vidgo.Task:
//
//	tracks, err := music.Results[music.Track](task.Files)
//
// It is an error if a file is not a JSON object. A field that is missing, or
// not of the documented type, is left zero: the music is paid for, and the rest
// of it counts.
func Results[T any, F interface{ Decode(v any) error }](files []F) ([]T, error) {
	results := make([]T, len(files))
	for i, f := range files {
		if err := f.Decode(&results[i]); err != nil {
			return nil, fmt.Errorf("music: file %d: %w", i+1, err)
		}
	}
	return results, nil
}

// Track is a piece of music. Vidgo keeps its files for 24 hours.
type Track struct {
	AudioID  string  `json:"audio_id"`
	AudioURL string  `json:"audio_url"`
	ImageURL string  `json:"image_url"`
	Title    string  `json:"title"`
	Tags     string  `json:"tags"`
	Duration float64 `json:"duration"` // seconds
	Prompt   string  `json:"prompt"`   // may be empty
}

// UnmarshalJSON reads a track leniently.
func (t *Track) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*t = Track{
		AudioID: m.text("audio_id"), AudioURL: m.text("audio_url"), ImageURL: m.text("image_url"),
		Title: m.text("title"), Tags: m.text("tags"), Duration: m.number("duration"), Prompt: m.text("prompt"),
	}
	return err
}

// Lyrics is one proposal of lyrics.
type Lyrics struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// UnmarshalJSON reads lyrics leniently.
func (l *Lyrics) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*l = Lyrics{Title: m.text("title"), Text: m.text("text")}
	return err
}

// TimestampedLyrics is a text with a time before each line, like LRC. The
// documentation also shows another shape, which is left to the file's Raw.
type TimestampedLyrics struct {
	Text string `json:"timestampe_lyrics"` // spelt so
}

// UnmarshalJSON reads timestamped lyrics leniently, and in the right spelling
// too, should it come.
func (l *TimestampedLyrics) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*l = TimestampedLyrics{Text: m.text("timestampe_lyrics", "timestamped_lyrics")}
	return err
}

// Style is a worked-out description of a style.
type Style struct {
	Text string `json:"style"`
}

// UnmarshalJSON reads a style leniently.
func (s *Style) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*s = Style{Text: m.text("style")}
	return err
}

// WAV is a track as a WAV file.
type WAV struct {
	URL string `json:"wav_url"`
}

// UnmarshalJSON reads a WAV leniently.
func (w *WAV) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*w = WAV{URL: m.text("wav_url")}
	return err
}

// Persona is a way to sing, for the persona_id of later inputs.
type Persona struct {
	ID string `json:"persona_id"`
}

// UnmarshalJSON reads a persona leniently.
func (p *Persona) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*p = Persona{ID: m.text("persona_id")}
	return err
}

// Video is the video of a track.
type Video struct {
	URL string `json:"video_url"`
}

// UnmarshalJSON reads a video leniently.
func (v *Video) UnmarshalJSON(raw []byte) error {
	m, err := readMembers(raw)
	*v = Video{URL: m.text("video_url")}
	return err
}

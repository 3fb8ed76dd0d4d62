package music_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/models/music"
)

// file stands for a vidgo.File, of which this package only needs Decode.
type file string

func (f file) Decode(v any) error { return json.Unmarshal([]byte(f), v) }

// one reads a single file.
func one[T any](t *testing.T, f file) T {
	t.Helper()
	all, err := music.Results[T]([]file{f})
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func TestTrack(t *testing.T) {
	want := music.Track{AudioID: "e231", AudioURL: "https://example.com/a.mp3", ImageURL: "https://example.com/a.jpeg",
		Title: "City Lights", Tags: "synth-pop", Duration: 240.5, Prompt: "city lights"}
	raw, err := json.Marshal(want)
	require.NoError(t, err)
	require.Equal(t, want, one[music.Track](t, file(raw)), "a track is read as it was written")

	require.Equal(t, music.Track{AudioID: "e231", Duration: 240}, one[music.Track](t, `{"audio_id":"e231","duration":"240","more":{}}`))
	require.Equal(t, music.Track{AudioID: "e231"}, one[music.Track](t, `{"audio_id":" e231 ","title":7,"duration":[1],"tags":null}`),
		"only the fields of the wrong type are lost")
	require.Equal(t, music.Track{AudioID: "e231"}, one[music.Track](t, `{" audio_id ":"e231","duration":"long"}`))
	for range 50 { // because a map is read in random order
		require.Equal(t, music.Track{AudioID: "right"}, one[music.Track](t, `{"audio_id ":"odd","audio_id":"right"}`))
	}
}

func TestResultsOfOneField(t *testing.T) {
	require.Equal(t, music.Lyrics{Title: "City Lights", Text: "[Verse]\nlights"}, one[music.Lyrics](t, `{"title":"City Lights","text":"[Verse]\nlights"}`))
	require.Equal(t, music.TimestampedLyrics{Text: "[00:00.00] a"}, one[music.TimestampedLyrics](t, `{"timestampe_lyrics":"[00:00.00] a"}`))
	require.Equal(t, music.TimestampedLyrics{Text: "[00:00.00] a"}, one[music.TimestampedLyrics](t, `{"timestamped_lyrics":"[00:00.00] a"}`))
	require.Equal(t, music.Style{Text: "dreamy"}, one[music.Style](t, `{"style":"dreamy"}`))
	require.Equal(t, music.WAV{URL: "https://example.com/a.wav"}, one[music.WAV](t, `{"wav_url":"https://example.com/a.wav"}`))
	require.Equal(t, music.Persona{ID: "p1"}, one[music.Persona](t, `{"persona_id":"p1"}`))
	require.Equal(t, music.Video{URL: "https://example.com/a.mp4"}, one[music.Video](t, `{"video_url":"https://example.com/a.mp4"}`))
}

func TestVocals(t *testing.T) {
	want := music.Vocals{VocalURL: "https://example.com/v.mp3", InstrumentalURL: "https://example.com/i.mp3"}
	for name, f := range map[string]file{
		"as documented":           `{"separate_vocals":"{\"vocal_url\":\"https://example.com/v.mp3\",\"instrumental_url\":\"https://example.com/i.mp3\"}"}`,
		"an older outer name":     `{"vocal_removal":"{\"vocal_url\":\"https://example.com/v.mp3\",\"instrumental_url\":\"https://example.com/i.mp3\"}"}`,
		"stray spaces":            `{"separate_vocals ":"  {\"vocal_url \":\" https://example.com/v.mp3 \",\" instrumental_url\":\"https://example.com/i.mp3\"} "}`,
		"an object, not a string": `{"separate_vocals":{"vocal_url":"https://example.com/v.mp3","instrumental_url":"https://example.com/i.mp3"}}`,
		"without an outer name":   `{"vocal_url":"https://example.com/v.mp3","instrumental_url":"https://example.com/i.mp3"}`,
	} {
		require.Equal(t, want, one[music.Vocals](t, f), name)
	}
	for name, f := range map[string]file{
		"an empty string": `{"separate_vocals":""}`, "null": `{"separate_vocals":null}`, "not JSON": `{"separate_vocals":"{"}`,
		"a list": `{"separate_vocals":"[]"}`, "a number": `{"separate_vocals":7}`, "nothing": `{}`,
	} {
		require.Zero(t, one[music.Vocals](t, f), name)
	}
	for _, other := range []string{`null`, `""`, `"null"`, `7`} {
		f := file(`{"separate_vocals":` + other + `,"vocal_removal":"{\"vocal_url\":\"v\"}"}`)
		require.Equal(t, music.Vocals{VocalURL: "v"}, one[music.Vocals](t, f), "%s under one name does not hide the other name", other)
	}
	require.Equal(t, music.Vocals{VocalURL: "v"}, one[music.Vocals](t, `{"separate_vocals":"{\"vocal_url\":\"v\",\"instrumental_url\":7}"}`))
}

func TestPartsAreReadAsTheyWereWritten(t *testing.T) {
	back(t, music.Vocals{VocalURL: "a", InstrumentalURL: "b"})
	back(t, music.VocalRemoval{Vocals: "a", Bass: "b", Drums: "c", Guitar: "d", Piano: "e", Other: "f"})
	back(t, music.Stems{VocalURL: "a", BackingVocalsURL: "b", BassURL: "c", BrassURL: "d", DrumsURL: "e", FXURL: "f", GuitarURL: "g",
		KeyboardURL: "h", PercussionURL: "i", PianoURL: "j", StringsURL: "k", SynthURL: "l", WoodwindsURL: "m"})
	back(t, music.Cover{Images: []music.CoverImage{{URL: "a", Type: "image"}, {URL: "b", Type: "image"}}})
}

func back[T any](t *testing.T, want T) {
	t.Helper()
	raw, err := json.Marshal(want)
	require.NoError(t, err)
	require.Equal(t, want, one[T](t, file(raw)))
}

func TestStems(t *testing.T) {
	inner := `"{\"vocal_url\":\"v\",\"bass_url\":\"\",\"piano_url \":\"p\"}"`
	want := music.Stems{VocalURL: "v", PianoURL: "p"}
	require.Equal(t, want, one[music.Stems](t, file(`{"stem_split":`+inner+`}`)))
	require.Equal(t, want, one[music.Stems](t, file(`{"vocal_removal":`+inner+`}`)))
	require.Equal(t, music.VocalRemoval{Bass: "b", Other: "o"},
		one[music.VocalRemoval](t, `{"vocal_removal":"{\"bass\":\"b\",\"drums\":\"\",\"other\":\"o\"}"}`))
}

func TestCover(t *testing.T) {
	want := music.Cover{Images: []music.CoverImage{{URL: "a", Type: "image"}}}
	for name, f := range map[string]file{
		"as documented":        `{"generate_cover":"[{\"file_url\":\"a\",\"file_type\":\"image\"}]"}`,
		"a list, not a string": `{"generate_cover":[{"file_url ":"a","file_type":"image"}]}`,
		"among other values":   `{"generate_cover":"[7,{\"file_type\":\"image\"},{\"file_url\":\"a\",\"file_type\":\"image\"}]"}`,
		"as on an older page":  `{"image_url":"a"}`,
	} {
		require.Equal(t, want, one[music.Cover](t, f), name)
	}
	require.Zero(t, one[music.Cover](t, `{"generate_cover":""}`))
	require.Zero(t, one[music.Cover](t, `{"generate_cover":"{}"}`))
}

// broken is a file that cannot be read.
type broken struct{}

func (broken) Decode(any) error { return errors.New("no file") }

func TestResults(t *testing.T) {
	none, err := music.Results[music.Track]([]file(nil))
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = music.Results[music.Track]([]broken{{}})
	require.EqualError(t, err, "music: file 1: no file")
	_, err = music.Results[music.Vocals]([]file{`{}`, `[]`})
	require.ErrorContains(t, err, "music: file 2: ")
}

func FuzzResults(f *testing.F) {
	f.Add(`{"separate_vocals":"{\"vocal_url\":\"v\"}"}`)
	f.Add(`{"generate_cover":"[{\"file_url\":\"a\"}]","duration":1e999}`)
	f.Add(`{" ":{},"":null}`)
	f.Fuzz(func(t *testing.T, raw string) {
		tracks, err := music.Results[music.Track]([]file{file(raw)})
		require.Equal(t, err == nil, len(tracks) == 1)
		_, err2 := music.Results[music.Vocals]([]file{file(raw)})
		_, err3 := music.Results[music.Cover]([]file{file(raw)})
		require.Equal(t, err == nil, err2 == nil && err3 == nil, "a file is an error for all kinds of results or for none")
	})
}

func ExampleResults() {
	files := []file{ // the Files of a vidgo.Task
		`{"audio_id": "e231", "audio_url": "https://storage.vidgo.ai/e231.mp3", "title": "City Lights", "duration": 240.5}`,
		`{"audio_id": "f987", "audio_url": "https://storage.vidgo.ai/f987.mp3", "title": "City Lights", "duration": 198}`,
	}
	tracks, err := music.Results[music.Track](files)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, track := range tracks {
		fmt.Println(track.AudioID, track.Title, track.Duration)
	}
	// Output:
	// e231 City Lights 240.5
	// f987 City Lights 198
}

// What is JSON in a string on the wire is a struct here.
func ExampleVocals() {
	files := []file{`{"separate_vocals": "{\"vocal_url\": \"https://storage.vidgo.ai/v.mp3\", \"instrumental_url\": \"\"}"}`}
	parts, err := music.Results[music.Vocals](files)
	fmt.Println(parts[0].VocalURL, parts[0].InstrumentalURL == "", err)
	// Output: https://storage.vidgo.ai/v.mp3 true <nil>
}

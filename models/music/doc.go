// Package music has a struct for the input of each documented music model, and
// for what each makes:
//
//	task, err := client.Run(ctx, music.GenerateMusic{Prompt: "rain on a tin roof", MV: music.MVV5})
//	tracks, err := music.Results[music.Track](task.Files)
//
// # Names
//
// The name of an input is the model's id, cut into words at whatever is
// neither letter nor digit, each with a capital: generate-music is
// GenerateMusic, convert-to-wav is ConvertToWAV. The same goes for fields:
// audio_id is AudioID. AI, CFG, GPT, ID, MV, OpenAI, URL, WAV and XAI are spelt
// so.
//
// # Fields
//
// A required number, boolean or list is always sent, everything else only if it
// is not zero: a title that was forgotten is missing, not empty. Three strings
// are sent nevertheless, because an empty one may be what is meant: the
// negative_tags of add-instrumental and add-vocals, and the prompt of
// generate-music; so is the continue_at of upload-and-extend-audio. An optional
// field is a pointer where zero says something of its own: new(false), new(0.0).
// Types such as [MV] have constants for the values that any model documents,
// and take every other string, too; the comment of a field says which values
// its model takes. Package models finds what is wrong before it is sent.
//
// A field that is newer than this package is added by embedding:
//
//	type Newer struct {
//		music.GenerateMusic
//		Tempo int `json:"tempo"`
//	}
//
// # Results
//
//	generate-music, extend-music, replace-section,
//	upload-and-cover-audio, upload-and-extend-audio,
//	add-instrumental, add-vocals                      Track
//	generate-lyrics                                   Lyrics
//	get-timestamped-lyrics                            TimestampedLyrics
//	boost-music-style                                 Style
//	convert-to-wav                                    WAV
//	separate-vocals                                   Vocals
//	upload-and-separate-vocals                        VocalRemoval
//	stem-split                                        Stems
//	generate-music-cover                              Cover
//	generate-persona                                  Persona
//	create-music-video                                Video
package music

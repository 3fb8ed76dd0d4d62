// Package music has a struct for the input of each documented music model, and
// for what each makes:
//
//	task, err := client.Run(ctx, music.GenerateMusic{Prompt: "rain on a tin roof", MV: music.MVV5})
//	tracks, err := music.Results[music.Track](task.Files)
//
// # Names
//
// The name of an input is the model's id, split into words at everything that
// is neither a letter nor a digit, each word capitalised: generate-music is
// GenerateMusic, convert-to-wav is ConvertToWAV. The same goes for fields:
// audio_id is AudioID. AI, CFG, GPT, ID, MV, OpenAI, URL, WAV and XAI are
// always spelt like that.
//
// # Fields
//
// A required number, boolean or list is always sent, everything else only if it
// is not zero, so a forgotten title is missing and not empty. Three strings are
// always sent too, because an empty one may be what is meant: the negative_tags
// of add-instrumental and add-vocals, and the prompt of generate-music. So is
// the continue_at of upload-and-extend-audio. An optional field is a pointer if
// its zero value means something: new(false), new(0.0). Types such as [MV] have
// constants for the values that any model documents, and accept any other
// string too; the comment of a field says which values its model takes.
// models.Check finds what is wrong before an input is sent.
//
// To set a field that is newer than this package, embed the struct:
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

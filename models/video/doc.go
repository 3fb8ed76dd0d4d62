// Package video has a struct for the input of each documented video model:
//
//	task, err := client.Run(ctx, video.Sora2{Prompt: "a paper boat in the rain", Duration: 10})
//
// # Names
//
// The name is the model's id, split into words at everything that is neither a
// letter nor a digit, each word capitalised: sora-2 is Sora2, kling-2.1/pro is
// Kling21Pro, openai/sora-2/text-to-video is OpenAISora2TextToVideo. The same
// goes for fields: image_urls is ImageURLs. AI, CFG, GPT, ID, MV, OpenAI, URL,
// WAV and XAI are always spelt like that, and a number with a letter is in
// upper case, as in 4K.
//
// # Fields
//
// A required number, boolean or list is always sent, everything else only if it
// is not zero, so a forgotten prompt is missing and not empty. An optional
// field is a pointer if its zero value means something: new(false), new(0).
// Types such as [AspectRatio] have constants for the values that any model
// documents, and accept any other string too; the comment of a field says which
// values its model takes. models.Check finds what is wrong before an input is
// sent.
//
// To set a field that is newer than this package, embed the struct:
//
//	type Newer struct {
//		video.Sora2
//		Grain int `json:"grain"`
//	}
package video

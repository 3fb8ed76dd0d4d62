// Package image has a struct for the input of each documented image model:
//
//	task, err := client.Run(ctx, image.NanoBanana2{Prompt: "a paper boat", Size: image.Size16x9})
//
// # Names
//
// The name is the model's id, cut into words at whatever is neither letter nor
// digit, each with a capital: z-image is ZImage, flux-2-pro-edit is
// Flux2ProEdit, openai/gpt-image-1.5/edit is OpenAIGPTImage15Edit. The same
// goes for fields: image_urls is ImageURLs. AI, CFG, GPT, ID, MV, OpenAI, URL,
// WAV and XAI are spelt so.
//
// # Fields
//
// A required number, boolean or list is always sent, everything else only if it
// is not zero: a prompt that was forgotten is missing, not empty. An optional
// field is a pointer where zero says something of its own: new(false), new(0).
// Types such as [Size] have constants for the values that any model
// documents, and take every other string, too; the comment of a field says
// which values its model takes. Package models finds what is wrong before it is
// sent.
//
// A field that is newer than this package is added by embedding:
//
//	type Newer struct {
//		image.NanoBanana2
//		Grain int `json:"grain"`
//	}
package image

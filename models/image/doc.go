// Package image has a struct for the input of each documented image model:
//
//	task, err := client.Run(ctx, image.NanoBanana2{Prompt: "a paper boat", Size: image.Size16x9})
//
// # Names
//
// The name is the model's id, split into words at everything that is neither a
// letter nor a digit, each word capitalised: z-image is ZImage, flux-2-pro-edit
// is Flux2ProEdit, openai/gpt-image-1.5/edit is OpenAIGPTImage15Edit. The same
// goes for fields: image_urls is ImageURLs. AI, CFG, GPT, ID, MV, OpenAI, URL,
// WAV and XAI are always spelt like that.
//
// # Fields
//
// A required number, boolean or list is always sent, everything else only if it
// is not zero, so a forgotten prompt is missing and not empty. An optional
// field is a pointer if its zero value means something: new(false), new(0).
// Types such as [Size] have constants for the values that any model documents,
// and accept any other string too; the comment of a field says which values its
// model takes. models.Check finds what is wrong before an input is sent.
//
// To set a field that is newer than this package, embed the struct:
//
//	type Newer struct {
//		image.NanoBanana2
//		Grain int `json:"grain"`
//	}
package image

package image_test

import (
	"encoding/json"
	"fmt"

	"github.com/vidgo-go/vidgo/models/image"
)

// A size is a preset or pixels, where the model takes both.
func ExampleDimensions() {
	for _, size := range []any{image.Size16x9, image.Dimensions{Width: 1280, Height: 720}} {
		raw, _ := json.Marshal(image.Seedream50Lite{Prompt: "a tin train", Size: size})
		fmt.Println(string(raw))
	}
	// Output:
	// {"prompt":"a tin train","size":"16:9"}
	// {"prompt":"a tin train","size":{"width":1280,"height":720}}
}

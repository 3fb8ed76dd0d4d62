package video_test

import (
	"encoding/json"
	"fmt"

	"github.com/vidgo-go/vidgo/models/video"
)

func ExampleSora2() {
	in := video.Sora2{Prompt: "a paper boat in the rain", Duration: 10, AspectRatio: video.AspectRatio16x9}
	raw, _ := json.Marshal(in)
	fmt.Println(in.Model(), string(raw))
	// Output: sora-2 {"prompt":"a paper boat in the rain","duration":10,"aspect_ratio":"16:9"}
}

// Optional booleans are pointers where leaving them out says something else.
func ExampleGoogleVeo31TextToVideo() {
	raw, _ := json.Marshal(video.GoogleVeo31TextToVideo{Prompt: "a silent film", Sound: new(false)})
	fmt.Println(string(raw))
	// Output: {"prompt":"a silent film","sound":false}
}

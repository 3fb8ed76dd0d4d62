package vidgo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"time"

	"github.com/vidgo-go/vidgo"
	"github.com/vidgo-go/vidgo/vidgotest"
)

func Example() {
	var srv vidgotest.Server // a fake Vidgo; leave the option out to reach the real one
	client, err := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	task, err := client.Run(ctx, vidgo.Untyped("sora-2", map[string]any{
		"prompt":   "a paper boat in the rain",
		"duration": 10,
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(task.Status, len(task.Files), task.Files[0].Type)
	// Output: finished 1 video
}

func ExampleClient_Wait() {
	var srv vidgotest.Server
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	task, err := client.Submit(context.Background(), vidgo.Untyped("sora-2", map[string]any{"prompt": "a paper boat"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	// Store task.ID here; another process may do the rest.
	task, err = client.Wait(context.Background(), task.ID)
	fmt.Println(task.Status, task.Model, err)
	// Output: finished sora-2 <nil>
}

// A wait that was cut short returns the task's id in its error, so that the task can
// be waited for again.
func ExampleWaitError() {
	srv := vidgotest.Server{Default: vidgotest.Script{Hold: true}} // a task that never ends
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	task, err := client.Submit(context.Background(), vidgo.Untyped("sora-2", nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = client.Wait(ctx, task.ID)
	if cut, ok := errors.AsType[*vidgo.WaitError](err); ok {
		fmt.Println(cut.ID == task.ID, cut.Task.Model)
	}
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true sora-2
	// true
}

func ExampleTaskError() {
	srv := vidgotest.Server{Default: vidgotest.Script{Error: "the prompt names a person"}}
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	task, err := client.Run(context.Background(), vidgo.Untyped("sora-2", nil))
	if failed, ok := errors.AsType[*vidgo.TaskError](err); ok {
		fmt.Println(task.Status, "-", failed.Task.ErrorMessage)
	}
	// Output: failed - the prompt names a person
}

func ExampleAPIError() {
	var srv vidgotest.Server
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	srv.Inject(vidgotest.Fault{Status: http.StatusPaymentRequired})
	_, err := client.Submit(context.Background(), vidgo.Untyped("sora-2", nil))
	fmt.Println(errors.Is(err, vidgo.ErrInsufficientCredits))
	if refused, ok := errors.AsType[*vidgo.APIError](err); ok {
		fmt.Println(refused.StatusCode, refused.Type)
	}
	// Output:
	// true
	// 402 insufficient_credits_error
}

// The answer to a submission got lost. To submit again could be to pay twice, but with
// signed callbacks the task can be found.
func ExampleClient_WaitSubmission() {
	srv := vidgotest.Server{Default: vidgotest.Script{Duration: 20 * time.Millisecond}}
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()),
		vidgo.WithCallbackURL("https://app.example.com/vidgo"),
		vidgo.WithCallbackSecret([]byte("thirty-two random bytes in truth")))
	srv.Route("app.example.com", client.CallbackHandler(nil))

	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointSubmit, Accept: true, Reset: true})
	task, err := client.Submit(context.Background(), vidgo.Untyped("sora-2", nil))
	if unknown, ok := errors.AsType[*vidgo.AmbiguousSubmitError](err); ok {
		task, err = client.WaitSubmission(context.Background(), unknown.SubmissionID)
	}
	fmt.Println(task.Status, err, len(srv.Requests(vidgotest.EndpointSubmit)))
	// Output: finished <nil> 1
}

func ExampleClient_Completions() {
	var srv vidgotest.Server
	srv.Next(vidgotest.Script{Duration: 60 * time.Millisecond}, vidgotest.Script{Duration: 20 * time.Millisecond}, vidgotest.Script{Error: "no credits for this"})
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()),
		vidgo.WithPolling(vidgo.Backoff(10*time.Millisecond, 10*time.Millisecond)), vidgo.WithPollRate(1000, 10))
	var ids []string
	for _, prompt := range []string{"a boat", "a train", "a plane"} {
		task, err := client.Submit(context.Background(), vidgo.Untyped("sora-2", map[string]any{"prompt": prompt}), vidgo.Reference(prompt))
		if err != nil {
			fmt.Println(err)
			return
		}
		ids = append(ids, task.ID)
	}
	var lines []string
	for task, err := range client.Completions(context.Background(), ids) {
		lines = append(lines, fmt.Sprint(task.Reference, ": ", task.Status, ", failed: ", err != nil))
	}
	sort.Strings(lines)
	for _, line := range lines {
		fmt.Println(line)
	}
	// Output:
	// a boat: finished, failed: false
	// a plane: failed, failed: true
	// a train: finished, failed: false
}

func ExampleClient_Updates() {
	var srv vidgotest.Server
	srv.Default = vidgotest.Script{Error: "too dark"}
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()))
	task, _ := client.Submit(context.Background(), vidgo.Untyped("sora-2", nil))
	for task, err := range client.Updates(context.Background(), task.ID) {
		fmt.Println(task.Status, task.Progress, err != nil)
	}
	// Output: failed 0 true
}

// The handler is mounted where the callback URL points. Here the fake Vidgo calls it,
// as the real one would.
func ExampleClient_CallbackHandler() {
	srv := vidgotest.Server{Default: vidgotest.Script{Duration: 20 * time.Millisecond}}
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithHTTPClient(srv.Client()),
		vidgo.WithCallbackURL("https://app.example.com/vidgo"),
		vidgo.WithCallbackSecret([]byte("thirty-two random bytes in truth")))

	stored := make(chan string, 1)
	mux := http.NewServeMux()
	mux.Handle("/vidgo", client.CallbackHandler(func(ctx context.Context, task *vidgo.Task) error {
		stored <- task.Reference + " " + string(task.Status) // a database, in a real service
		return nil
	}))
	srv.Route("app.example.com", mux)

	_, err := client.Submit(context.Background(), vidgo.Untyped("sora-2", nil), vidgo.Reference("order-7"))
	fmt.Println(<-stored, err)
	// Output: order-7 finished <nil>
}

func ExampleParseCallback() {
	task, err := vidgo.ParseCallback([]byte(`{"code": 200, "data": {"task_id": "8FDN1I7M7Q68DDG8", "status": "finished",
		"files": [{"file_url": "https://storage.vidgo.ai/generated/a.png", "file_type": "image"}]}}`))
	fmt.Println(task.ID, task.Status, task.URLs(), err)
	// Output: 8FDN1I7M7Q68DDG8 finished [https://storage.vidgo.ai/generated/a.png] <nil>
}

func ExampleFile_Decode() {
	task, _ := vidgo.ParseCallback([]byte(`{"task_id": "a", "status": "finished",
		"files": [{"audio_id": "7", "audio_url": "https://storage.vidgo.ai/a.mp3", "title": "Rain", "duration": 12.5}]}`))
	var track struct {
		Title    string
		AudioURL string `json:"audio_url"`
		Duration float64
	}
	err := task.Files[0].Decode(&track)
	fmt.Println(track.Title, track.AudioURL, track.Duration, err)
	// Output: Rain https://storage.vidgo.ai/a.mp3 12.5 <nil>
}

// A task can be stored as JSON, and read back later.
func ExampleTask() {
	task := vidgo.Task{ID: "8FDN1I7M7Q68DDG8", Status: vidgo.Running, Progress: 40, Model: "sora-2", Reference: "order-7"}
	stored, _ := json.Marshal(task)
	fmt.Println(string(stored))
	var back vidgo.Task
	err := json.Unmarshal(stored, &back)
	fmt.Println(back.ID, back.Status.Done(), back.Reference, err)
	// Output:
	// {"task_id":"8FDN1I7M7Q68DDG8","status":"running","progress":40,"model":"sora-2","reference":"order-7"}
	// 8FDN1I7M7Q68DDG8 false order-7 <nil>
}

func ExampleWithPolling() {
	// Every five seconds, but only once a minute while the task is queued.
	schedule := func(n int, last *vidgo.Task) time.Duration {
		switch {
		case n == 0:
			return 0
		case last != nil && last.Status == vidgo.NotStarted:
			return time.Minute
		}
		return 5 * time.Second
	}
	_, err := vidgo.NewClient("my-api-key", vidgo.WithPolling(schedule))
	fmt.Println(err)
	// Output: <nil>
}

func ExampleNewClient() {
	_, err := vidgo.NewClient("my-api-key", vidgo.WithMaxConcurrentPolls(0), vidgo.WithCallbackURL("https://192.168.1.7/vidgo"))
	fmt.Println(err) // everything that is wrong, together
	// Output:
	// vidgo: WithMaxConcurrentPolls: n is 0; want at least 1
	// vidgo: invalid callback URL "https://192.168.1.7/vidgo": the host 192.168.1.7 is a private address; use one reachable from the internet (WithCallbackURL)
}

func ExampleWithInputCheck() {
	check := func(model string, input []byte) error {
		var in struct{ Prompt string }
		if err := json.Unmarshal(input, &in); err != nil || in.Prompt == "" {
			return errors.New("prompt is empty")
		}
		return nil
	}
	client, _ := vidgo.NewClient("my-api-key", vidgo.WithInputCheck(check))
	_, err := client.Submit(context.Background(), vidgo.Untyped("sora-2", nil))
	fmt.Println(err, errors.Is(err, vidgo.ErrInvalidInput))
	// Output: vidgo: sora-2: prompt is empty true
}

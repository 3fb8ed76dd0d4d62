package vidgotest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/vidgo-go/vidgo/vidgotest"
)

// A task that is finished at once, and one that failed.
func Example() {
	var srv vidgotest.Server
	srv.Next(
		vidgotest.Script{Files: []vidgotest.File{{"file_url": "https://storage.vidgo.ai/generated/cat.png", "file_type": "image"}}},
		vidgotest.Script{Error: "content policy violation"},
	)
	for range 2 {
		post(&srv, `{"model": "nano-banana", "input": {"prompt": "a cat"}}`)
	}
	for _, task := range srv.Tasks() {
		req, _ := http.NewRequest("GET", "https://api.vidgo.ai/api/generate/status/"+task.ID, nil)
		req.Header.Set("Authorization", "Bearer any-key")
		res, err := srv.Client().Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		fmt.Println(task.Status, strings.Contains(string(body), "cat.png"))
	}
	// Output:
	// finished true
	// failed false
}

// The submission arrives and is paid for, but its answer is a gateway's page.
func ExampleServer_Inject() {
	var srv vidgotest.Server
	srv.Inject(vidgotest.Fault{
		Endpoint: vidgotest.EndpointSubmit,
		Accept:   true,
		Status:   502,
		Body:     vidgotest.HTML(502),
	})
	fmt.Println(post(&srv, `{"model": "sora-2", "input": {}}`), len(srv.Tasks()))
	fmt.Println(post(&srv, `{"model": "sora-2", "input": {}}`), len(srv.Tasks()))
	// Output:
	// 502 1
	// 200 2
}

// A callback to a public host name reaches a handler in the process.
func ExampleServer_Route() {
	var srv vidgotest.Server
	srv.Route("hooks.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.Host+r.URL.Path, strings.Contains(string(body), `"status":"finished"`))
	}))
	srv.Default.Callback.BeforeAnswer = true // so that there is nothing to wait for
	post(&srv, `{"model": "sora-2", "callback_url": "https://hooks.example.com/vidgo", "input": {}}`)
	fmt.Println("answered", srv.Deliveries()[0].Status)
	// Output:
	// POST hooks.example.com/vidgo true
	// answered 200
}

// A download that breaks off, and goes on where it stopped.
func ExampleServer_Content() {
	var srv vidgotest.Server
	srv.Default.FileSize = 1 << 20
	srv.Inject(vidgotest.Fault{Endpoint: vidgotest.EndpointFile, After: 1000})
	post(&srv, `{"model": "sora-2", "input": {}}`)
	file := "https://storage.vidgo.ai/generated/" + srv.Tasks()[0].ID + "-1.mp4"

	res, err := srv.Client().Get(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	start, err := io.ReadAll(res.Body)
	fmt.Println(len(start), "bytes:", err)

	req, _ := http.NewRequest("GET", file, nil)
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-", len(start)))
	req.Header.Set("If-Range", res.Header.Get("ETag"))
	if res, err = srv.Client().Do(req); err != nil {
		fmt.Println(err)
		return
	}
	rest, _ := io.ReadAll(res.Body)

	content, _ := srv.Content(file)
	whole, _ := io.ReadAll(content)
	fmt.Println(res.Header.Get("Content-Range"), bytes.Equal(whole, append(start, rest...)))
	// Output:
	// 1000 bytes: unexpected EOF
	// bytes 1000-1048575/1048576 true
}

// An image that was uploaded.
func ExampleServer_Uploads() {
	var srv vidgotest.Server
	body := `{"base64_data": "iVBORw0KGgo=", "file_name": "cat.png"}`
	req, _ := http.NewRequest("POST", "https://api.vidgo.ai/api/common/upload/base64", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer any-key")
	res, err := srv.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	for _, u := range srv.Uploads() {
		fmt.Println(res.StatusCode, u.Size, u.MIMEType, u.URL)
	}
	// Output: 200 8 image/png https://storage.vidgo.ai/temp/cat.png
}

// post submits, and returns the status of the answer.
func post(srv *vidgotest.Server, body string) int {
	req, _ := http.NewRequest("POST", "https://api.vidgo.ai/api/generate/submit", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer any-key")
	res, err := srv.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

package vidgotest

import (
	"net/http"
	"net/url"
	"strings"
)

// Endpoint names an endpoint of the API, or stands for the hosts of files. In a
// [Fault] the empty Endpoint stands for all of the API; in a [Request] it means
// that the path is unknown.
type Endpoint string

// The endpoints of a [Server].
const (
	EndpointSubmit       Endpoint = "submit"        // POST /api/generate/submit
	EndpointStatus       Endpoint = "status"        // GET /api/generate/status/{task_id}
	EndpointMusic        Endpoint = "music"         // GET /api/generate/detail/music?task_id={task_id}
	EndpointBalance      Endpoint = "balance"       // GET /api/user/balance
	EndpointUpload       Endpoint = "upload"        // POST /api/common/upload/stream
	EndpointUploadBase64 Endpoint = "upload-base64" // POST /api/common/upload/base64
	EndpointUploadURL    Endpoint = "upload-url"    // POST /api/common/upload/url

	// EndpointFile stands for paths below /generated/ or /temp/ on any host,
	// and for all paths on [PickyHost]. It is not part of the API.
	EndpointFile Endpoint = "file"
)

// apiPaths are the paths that lead to an endpoint by themselves.
var apiPaths = map[string]Endpoint{
	"/api/generate/submit":       EndpointSubmit,
	"/api/generate/detail/music": EndpointMusic,
	"/api/user/balance":          EndpointBalance,
	"/api/common/upload/stream":  EndpointUpload,
	"/api/common/upload/base64":  EndpointUploadBase64,
	"/api/common/upload/url":     EndpointUploadURL,
}

const (
	statusPath    = "/api/generate/status/"
	generatedPath = "/generated/"
	tempPath      = "/temp/"
)

// endpointMethods has every endpoint, with the only method that it takes.
var endpointMethods = map[Endpoint]string{
	EndpointSubmit:       http.MethodPost,
	EndpointStatus:       http.MethodGet,
	EndpointMusic:        http.MethodGet,
	EndpointBalance:      http.MethodGet,
	EndpointUpload:       http.MethodPost,
	EndpointUploadBase64: http.MethodPost,
	EndpointUploadURL:    http.MethodPost,
	EndpointFile:         http.MethodGet, // and HEAD
}

func (e Endpoint) method() string { return endpointMethods[e] }

// namesTask reports whether requests to the endpoint, or any, are about a task.
func (e Endpoint) namesTask() bool {
	switch e {
	case "", EndpointStatus, EndpointMusic, EndpointFile:
		return true
	}
	return false
}

// target is what a request is about.
type target struct {
	endpoint Endpoint
	taskID   string // decoded
}

func locate(host string, u *url.URL) target {
	// The escaped path, because an id may hold an escaped slash.
	path := u.EscapedPath()
	if picky(host) || strings.HasPrefix(path, generatedPath) || strings.HasPrefix(path, tempPath) {
		return target{endpoint: EndpointFile} // whose task it is, the server knows
	}
	switch e := apiPaths[path]; e {
	case "":
	case EndpointMusic:
		return target{endpoint: e, taskID: u.Query().Get("task_id")}
	default:
		return target{endpoint: e}
	}
	rest, ok := strings.CutPrefix(path, statusPath)
	if !ok || rest == "" || strings.Contains(rest, "/") {
		return target{}
	}
	id, err := url.PathUnescape(rest)
	if err != nil {
		return target{}
	}
	return target{endpoint: EndpointStatus, taskID: id}
}

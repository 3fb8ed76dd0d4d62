package vidgotest

import (
	"net/http"
	"net/url"
	"strings"
)

// Endpoint names one of the API's endpoints. In a [Fault] the empty Endpoint
// stands for all of them; in a [Request] for a path that is none.
type Endpoint string

// The endpoints that a [Server] has.
const (
	EndpointSubmit  Endpoint = "submit"  // POST /api/generate/submit
	EndpointStatus  Endpoint = "status"  // GET /api/generate/status/{task_id}
	EndpointMusic   Endpoint = "music"   // GET /api/generate/detail/music?task_id={task_id}
	EndpointBalance Endpoint = "balance" // GET /api/user/balance
)

const (
	submitPath  = "/api/generate/submit"
	statusPath  = "/api/generate/status/"
	musicPath   = "/api/generate/detail/music"
	balancePath = "/api/user/balance"
	samplePath  = "/generated/"
)

// method is the only one that the endpoint takes.
func (e Endpoint) method() string {
	if e == EndpointSubmit {
		return http.MethodPost
	}
	return http.MethodGet
}

// target is what a request is about.
type target struct {
	endpoint Endpoint
	taskID   string // decoded
	sample   bool   // a generated file
}

func locate(u *url.URL) target {
	// The escaped path, because an id may hold an escaped slash.
	path := u.EscapedPath()
	switch path {
	case submitPath:
		return target{endpoint: EndpointSubmit}
	case musicPath:
		return target{endpoint: EndpointMusic, taskID: u.Query().Get("task_id")}
	case balancePath:
		return target{endpoint: EndpointBalance}
	}
	if strings.HasPrefix(path, samplePath) {
		return target{sample: true}
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

package vidgotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// answer is an HTTP answer before it is written.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	content *content // instead of the body: a file, of which the request may want a range
}

func newAnswer(status int, contentType string, body []byte) answer {
	a := answer{status: status, header: http.Header{}, body: body}
	if contentType != "" {
		a.header.Set("Content-Type", contentType)
	}
	return a
}

// object answers with a JSON object.
func object(status int, o map[string]any) answer {
	body, err := json.Marshal(o)
	if err != nil {
		// Only a script's File can hold what JSON cannot.
		return typed(http.StatusInternalServerError, "internal_error", "vidgotest: "+err.Error())
	}
	return newAnswer(status, "application/json", body)
}

// success is the envelope of all good answers.
func success(data map[string]any) answer {
	return object(http.StatusOK, map[string]any{"code": 200, "data": data})
}

// typed is the error shape that most endpoints use.
func typed(status int, kind, message string) answer {
	return object(status, map[string]any{
		"code":  status,
		"error": map[string]any{"message": message, "type": kind},
	})
}

// detail is the error shape of the framework below the API.
func detail(status int, what any) answer {
	return object(status, map[string]any{"detail": what})
}

// invalid is what the framework says about one field of a body.
func invalid(field, message, kind string) answer {
	return detail(http.StatusUnprocessableEntity, []any{
		map[string]any{"loc": []string{"body", field}, "msg": message, "type": kind},
	})
}

// lacks is what it says about a field that is not there.
func lacks(field string) answer {
	return invalid(field, "field required", "value_error.missing")
}

func badRequest(message string) answer {
	return typed(http.StatusBadRequest, "validation_error", message)
}

func notFound() answer {
	return detail(http.StatusNotFound, "Task not found")
}

// documented maps a status to the type and message of its typed body.
var documented = map[int][2]string{
	400: {"validation_error", "task_id is required"},
	401: {"authentication_error", "Invalid or missing API key"},
	402: {"insufficient_credits_error", "Insufficient credits"},
	403: {"permission_denied_error", "You do not have access to this task"},
	409: {"conflict_error", "This operation was done before"},
	413: {"payload_too_large_error", "Request body is too large"},
	429: {"rate_limit_error", "Too many requests"},
	500: {"internal_error", "Internal server error"},
	502: {"upstream_error", "Upstream service failed"},
	503: {"service_error", "Service temporarily unavailable"},
}

// usual is the body that usually comes with a status: the documented one, a
// gateway's page for an error the API does not know, or nothing.
func usual(status int) answer {
	if d, ok := documented[status]; ok {
		return typed(status, d[0], d[1])
	}
	switch {
	case status == http.StatusNotFound:
		return notFound()
	case status == http.StatusRequestTimeout:
		return newAnswer(status, "text/plain; charset=utf-8", []byte("Request Timeout"))
	case status == http.StatusUnprocessableEntity:
		return lacks("file")
	case status >= 400:
		return newAnswer(status, "text/html", []byte(HTML(status)))
	default:
		return newAnswer(status, "", nil)
	}
}

// HTML returns the error page that an nginx gateway sends with a status, for
// use as the Body of a [Fault].
func HTML(status int) string {
	title := fmt.Sprintf("%d %s", status, gatewayText(status))
	return strings.Join([]string{
		"<html>",
		"<head><title>" + title + "</title></head>",
		"<body>",
		"<center><h1>" + title + "</h1></center>",
		"<hr><center>nginx</center>",
		"</body>",
		"</html>",
		"",
	}, "\r\n")
}

// gatewayText differs from http.StatusText where nginx does.
func gatewayText(status int) string {
	switch status {
	case http.StatusServiceUnavailable:
		return "Service Temporarily Unavailable"
	case http.StatusGatewayTimeout:
		return "Gateway Time-out"
	default:
		return http.StatusText(status)
	}
}

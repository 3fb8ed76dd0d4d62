package vidgotest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vidgo-go/vidgo/vidgotest"
)

func TestKeyIsChecked(t *testing.T) {
	ask := func(srv *vidgotest.Server, header string) reply {
		req := request(t, http.MethodGet, balance, "")
		req.Header.Set("Authorization", header)
		r, err := try(srv.Client(), req)
		require.NoError(t, err)
		return r
	}
	var anyKey vidgotest.Server
	require.Equal(t, 200, ask(&anyKey, "Bearer whatever").status)
	require.Equal(t, 401, ask(&anyKey, "").status)
	require.Equal(t, 401, ask(&anyKey, "Bearer ").status)
	require.Equal(t, 401, ask(&anyKey, "Basic abc").status)

	oneKey := vidgotest.Server{APIKey: "right"}
	require.Equal(t, 200, ask(&oneKey, "Bearer right").status)
	r := ask(&oneKey, "Bearer wrong")
	require.Equal(t, 401, r.status)
	require.JSONEq(t, `{"code":401,"error":{"message":"Invalid or missing API key","type":"authentication_error"}}`, r.body)
}

func TestBadSubmissionsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"not JSON":             {`{`, 400, "validation_error"},
		"an array":             {`[]`, 400, "validation_error"},
		"null":                 {`null`, 400, "validation_error"},
		"an empty body":        {``, 400, "validation_error"},
		"no model":             {`{"input":{}}`, 400, "validation_error"},
		"an empty model":       {`{"model":"","input":{}}`, 400, "validation_error"},
		"a number for a model": {`{"model":1,"input":{}}`, 400, "validation_error"},
		"no input":             {`{"model":"m"}`, 422, "value_error.missing"},
		"null input":           {`{"model":"m","input":null}`, 422, "type_error.dict"},
		"a list for an input":  {`{"model":"m","input":[]}`, 422, "type_error.dict"},
		"a number for a URL":   {`{"model":"m","input":{},"callback_url":7}`, 422, "type_error.str"},
		"a private URL":        {`{"model":"m","input":{},"callback_url":"https://10.0.0.1/"}`, 400, "validation_error"},
		"an unknown model":     {`{"model":"x","input":{}}`, 404, "resource_not_found_error"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := vidgotest.Server{Models: []string{"m"}}
			r := do(t, &srv, http.MethodPost, submitURL, c.body)
			require.Equal(t, c.status, r.status)
			require.Contains(t, r.body, c.want)
			require.Empty(t, srv.Tasks())
		})
	}
}

func TestAMissingFieldIsADetailList(t *testing.T) {
	var srv vidgotest.Server
	require.JSONEq(t, `{"detail":[{"loc":["body","input"],"msg":"field required","type":"value_error.missing"}]}`,
		do(t, &srv, http.MethodPost, submitURL, `{"model":"m"}`).body)
}

func TestNoCallbackURLHasThreeSpellings(t *testing.T) {
	for _, field := range []string{``, `,"callback_url":null`, `,"callback_url":""`} {
		var srv vidgotest.Server
		r := do(t, &srv, http.MethodPost, submitURL, `{"model":"m","input":{"a":[1, 2]}`+field+`}`)
		require.Equal(t, 200, r.status)
		require.Empty(t, srv.Tasks()[0].CallbackURL)
		require.JSONEq(t, `{"a":[1,2]}`, string(srv.Tasks()[0].Input))
	}
}

func TestCallbackURLsAreChecked(t *testing.T) {
	long := "https://hooks.example.com/" + strings.Repeat("a", 2048-26)
	for url, ok := range map[string][2]bool{ // 2025, 2026
		"https://hooks.example.com/a?b=c": {true, true},
		"https://8.8.8.8/":                {true, true},
		long:                              {true, true},
		"http://hooks.example.com/":       {false, true},
		long + "a":                        {false, false},
		"ftp://hooks.example.com/":        {false, false},
		"hooks.example.com":               {false, false},
		"https:///path":                   {false, false},
		"https://%zz/":                    {false, false},
		"https://localhost/":              {false, false},
		"https://LOCALHOST./":             {false, false},
		"https://printer.local/":          {false, false},
		"https://db.internal/":            {false, false},
		"https://127.0.0.1:8080/":         {false, false},
		"https://192.168.1.1/":            {false, false},
		"https://169.254.169.254/":        {false, false},
		"https://0.0.0.0/":                {false, false},
		"https://[::1]/":                  {false, false},
		"https://[fe80::1]/":              {false, false},
		"https://[fd00::1]/":              {false, false},
		"https://[::ffff:10.0.0.1]/":      {false, false},
		"https://[::ffff:0.0.0.0]/":       {false, false},
		"https://intranet/":               {false, false},
		"https://127.1/":                  {false, false},
		"https://2130706433/":             {false, false},
		"https://0x7f.1/":                 {false, false},
		"https://127.0.0.0x1/":            {false, false},
		"https://1.2.3.4.5/":              {false, false},
		"https://0.1.2.3/":                {false, false},
		"https://100.64.0.1/":             {false, false},
		"https://100.128.0.1/":            {true, true},
		"https://192.0.0.8/":              {false, false},
		"https://192.0.1.1/":              {true, true},
		"https://192.0.2.1/":              {false, false},
		"https://198.18.0.1/":             {false, false},
		"https://198.19.255.255/":         {false, false},
		"https://198.20.0.1/":             {true, true},
		"https://198.51.100.1/":           {false, false},
		"https://203.0.113.7/":            {false, false},
		"https://224.0.0.1/":              {false, false},
		"https://239.1.2.3/":              {false, false},
		"https://255.255.255.255/":        {false, false},
		"https://[2606:4700::1111]/":      {true, true},
		"https://[::]/":                   {false, false},
		"https://[::ffff:8.8.8.8]/":       {true, true},
		"https://[64:ff9b::a00:1]/":       {false, false},
		"https://[4000::1]/":              {false, false},
		"https://[2001::1]/":              {false, false},
		"https://[2001:db8::1]/":          {false, false},
		"https://[2002:a00:1::]/":         {false, false},
		"https://[3fff::1]/":              {false, false},
		"https://v2.hooks7.example.com/":  {true, true},
	} {
		for contract, want := range ok {
			srv := vidgotest.Server{Contract: vidgotest.Contract(contract)}
			srv.Default.Callback.Drop = true
			r := do(t, &srv, http.MethodPost, submitURL, order("m", url))
			require.Equal(t, want, r.status == 200, "contract %d: %s: %s", contract, url, r.body)
		}
	}
}

func TestUnknownTasksPathsAndMethods(t *testing.T) {
	var srv vidgotest.Server
	r := get(t, &srv, statusURL+"nobody")
	require.Equal(t, 404, r.status)
	require.JSONEq(t, `{"detail":"Task not found"}`, r.body)
	require.Equal(t, 404, get(t, &srv, musicURL+"nobody").status)

	r = get(t, &srv, musicURL)
	require.Equal(t, 400, r.status)
	require.JSONEq(t, `{"code":400,"error":{"message":"task_id is required","type":"validation_error"}}`, r.body)

	for _, path := range []string{"/", "/api/generate/status/", "/api/generate/status/a/b", "/api/nothing"} {
		require.Equal(t, 404, get(t, &srv, base+path).status, path)
	}
	r = get(t, &srv, submitURL)
	require.Equal(t, 405, r.status)
	require.Equal(t, "POST", r.header.Get("Allow"))
	require.Equal(t, 405, do(t, &srv, http.MethodPost, balance, "{}").status)
	require.Equal(t, 405, do(t, &srv, http.MethodHead, balance, "").status)
}

func TestTaskIDsAreDecoded(t *testing.T) {
	var srv vidgotest.Server
	id := submit(t, &srv, "m", "")
	require.Equal(t, 200, get(t, &srv, statusURL+strings.ReplaceAll(id, "-", "%2D")).status)
	get(t, &srv, statusURL+"a%2Fb%3Fc")
	last := srv.Requests()[2]
	require.Equal(t, "a/b?c", last.TaskID)
	require.Equal(t, "/api/generate/status/a%2Fb%3Fc", last.Path)
}

func TestEmptyAccountIsRefused(t *testing.T) {
	var srv vidgotest.Server
	srv.SetCredits(0)
	r := do(t, &srv, http.MethodPost, submitURL, order("m", ""))
	require.Equal(t, 402, r.status)
	require.JSONEq(t, `{"code":402,"error":{"message":"Insufficient credits","type":"insufficient_credits_error"}}`, r.body)
}

func TestFaultStatusesComeWithTheirDocumentedBodies(t *testing.T) {
	for status, kind := range map[int]string{
		400: "validation_error", 401: "authentication_error", 402: "insufficient_credits_error",
		403: "permission_denied_error", 409: "conflict_error", 413: "payload_too_large_error",
		429: "rate_limit_error", 500: "internal_error", 502: "upstream_error", 503: "service_error",
	} {
		var srv vidgotest.Server
		srv.Inject(vidgotest.Fault{Status: status})
		r := get(t, &srv, balance)
		require.Equal(t, status, r.status)
		require.Regexp(t, `^\{"code":`+strconv.Itoa(status)+`,"error":\{"message":"[^"]+","type":"`+kind+`"\}\}$`, r.body)
	}
	var srv vidgotest.Server
	srv.Inject(vidgotest.Fault{Status: 404}, vidgotest.Fault{Status: 422}, vidgotest.Fault{Status: 408}, vidgotest.Fault{Status: 504})
	require.JSONEq(t, `{"detail":"Task not found"}`, get(t, &srv, balance).body)
	require.JSONEq(t, `{"detail":[{"loc":["body","file"],"msg":"field required","type":"value_error.missing"}]}`, get(t, &srv, balance).body)
	r := get(t, &srv, balance)
	require.Equal(t, "Request Timeout", r.body)
	require.Contains(t, r.header.Get("Content-Type"), "text/plain")
	r = get(t, &srv, balance)
	require.Equal(t, vidgotest.HTML(504), r.body)
	require.Equal(t, "text/html", r.header.Get("Content-Type"))
	require.Contains(t, r.body, "<title>504 Gateway Time-out</title>")
	require.Contains(t, vidgotest.HTML(502), "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>")
}

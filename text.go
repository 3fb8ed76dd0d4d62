package vidgo

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What others say goes into errors and logs, so it is cut to size here, and what
// is secret is taken out of it.

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>\s*(.*?)\s*</title>`)

// describePage says in a few words what a body is that is not JSON of Vidgo's.
func describePage(body []byte) string {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return "an empty body"
	}
	if trimmed[0] == '<' {
		if m := storeMessage.FindSubmatch(trimmed[:min(len(trimmed), maxErrorBody)]); m != nil {
			return "an error of the store: " + oneLine(string(m[1]))
		}
		if m := htmlTitle.FindSubmatch(trimmed[:min(len(trimmed), maxErrorBody)]); m != nil {
			return "an HTML page: " + oneLine(string(m[1]))
		}
		return "an HTML page"
	}
	line, _, _ := bytes.Cut(trimmed, []byte("\n"))
	return "text: " + oneLine(string(bytes.TrimSpace(line)))
}

// storeMessage is in the errors of object stores.
var storeMessage = regexp.MustCompile(`(?s)<Error>.*<Message>(.*?)</Message>`)

// oneLine makes a server's words fit for an error.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return clip(s, 200)
}

// clip shortens s to at most max bytes and three dots, between two runes.
func clip(s string, max int) string {
	if len(s) <= max {
		return s
	}
	return cut(s, max) + "..."
}

// cut is clip without the dots.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// tokenInText knows how the sign before a token is escaped in URLs within URLs,
// in JSON, within JSON too, by those who fear HTML, and in HTML.
var tokenInText = regexp.MustCompile(tokenParam + `(=|%(25)*3[dD]|\\+u003[dD]|&#(61|[xX]3[dD]);)[^&"'\\\s<>]*`)

// redact removes the API key and callback tokens from what a server sent: a
// validation error may echo the request.
func redact(b []byte, apiKey string) []byte {
	if len(apiKey) >= 8 { // shorter ones are no real keys, and words contain them
		b = bytes.ReplaceAll(b, []byte(apiKey), []byte("REDACTED"))
	}
	if bytes.Contains(b, []byte(tokenParam)) {
		b = tokenInText.ReplaceAll(b, []byte(tokenParam+"=REDACTED"))
	}
	return bytes.Clone(b)
}

// hide is redact for text.
func (c *Client) hide(s string) string { return string(c.redact([]byte(s))) }

// hideTokens removes callback tokens from a provider's words.
func hideTokens(s string) string { return tokenInText.ReplaceAllString(s, tokenParam+"=REDACTED") }

package vidgo

import (
	"fmt"
	"strings"
)

// CallbackURLError says why a callback URL was refused. It matches
// [ErrInvalidCallbackURL].
type CallbackURLError struct {
	// URL is the URL as it was given, with "***" in place of its user
	// information. Its query is kept and may hold a secret; Error leaves it
	// out.
	URL string

	// Reason says what is wrong, and what would be right.
	Reason string

	// Err is the cause, for example the resolver's error. It may be nil.
	Err error
}

func newCallbackURLError(raw, reason string, cause error) *CallbackURLError {
	return &CallbackURLError{URL: hideUserinfo(raw), Reason: reason, Err: cause}
}

// Error returns the start of the URL, without passwords and query, and the
// reason in one line.
func (e *CallbackURLError) Error() string {
	s := ErrInvalidCallbackURL.Error()
	if e.URL != "" {
		s += fmt.Sprintf(" %q", printableURL(e.URL))
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Is reports whether target is [ErrInvalidCallbackURL].
func (e *CallbackURLError) Is(target error) bool { return target == ErrInvalidCallbackURL }

// Unwrap returns Err.
func (e *CallbackURLError) Unwrap() error { return e.Err }

// printableURL shortens a URL for people and logs. It hides user information
// once more, because anybody can fill in a CallbackURLError.
func printableURL(raw string) string {
	s := hideUserinfo(raw)
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		return clip(s[:i], 120) + s[i:i+1] + "..."
	}
	return clip(s, 120)
}

const hidden = "***"

// hideUserinfo replaces the user information of a URL, all of it: a token often
// stands where the user name should. It works on strings that are no URLs, for
// those are the ones that end in errors, and rather hides too much.
func hideUserinfo(raw string) string {
	scheme, rest, ok := cutScheme(raw)
	if !ok {
		// Without a scheme there is no telling where user information would be.
		if at := strings.LastIndexByte(raw, '@'); at > 0 {
			return hidden + raw[at:]
		}
		return raw
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	user := ""
	if at := strings.LastIndexByte(rest[:end], '@'); at > 0 {
		user, rest, end = hidden, rest[at:], end-at
	}
	// What is no port after a colon may be a password that holds a /, ? or #,
	// in which case the @ comes only later.
	if colon := portColon(rest[:end]); colon >= 0 && strings.Trim(rest[colon+1:end], "0123456789") != "" {
		rest = rest[:colon+1] + hidden
	}
	return scheme + user + rest
}

// cutScheme cuts "https://" off. Slashes and blanks too many go with it, as
// some parsers skip them.
func cutScheme(raw string) (scheme, rest string, ok bool) {
	i := strings.IndexAny(raw, "@/?#\\:")
	if i < 0 || !strings.HasPrefix(raw[i:], "://") {
		return "", raw, false
	}
	rest = strings.TrimLeft(raw[i+3:], "/\\ \t\r\n")
	return raw[:len(raw)-len(rest)], rest, true
}

// portColon returns where the port of an authority would start, or -1. Colons
// in brackets belong to an IPv6 address.
func portColon(authority string) int {
	skip := 0
	if i := strings.IndexByte(authority, '['); i == 0 || i == 1 && authority[0] == '@' {
		skip = max(strings.IndexByte(authority, ']'), 0)
	}
	if i := strings.IndexByte(authority[skip:], ':'); i >= 0 {
		return skip + i
	}
	return -1
}

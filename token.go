package vidgo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Vidgo does not sign its callbacks, so the callback URL itself carries the
// proof: a token that only the holder of the secret can make, and that only
// Vidgo is told.
//
//	vidgo_token = 1 "." submission "." reference "." mac      all base64url, no padding
//
// The mac is an HMAC-SHA256 over all of it and the path of the URL, so that a
// token of one receiver is no good at another one with the same secret. The
// submission is a UUIDv7 and holds the time.
const (
	tokenParam   = "vidgo_token"
	tokenVersion = "1"
	tokenDomain  = "vidgo-callback\x00" // keeps the macs apart from others made with the same secret

	// maxTokenSkew is how far the clocks of two processes may differ.
	maxTokenSkew = 5 * time.Minute
)

// The strict encoding gives each token exactly one spelling.
var tokenEncoding = base64.RawURLEncoding.Strict()

var (
	errNoToken      = errors.New("no token")
	errBadToken     = errors.New("bad token")
	errExpiredToken = errors.New("expired token")
	errFutureToken  = errors.New("token from the future")
)

// token is what a signed callback URL says.
type token struct {
	submission uuid.UUID
	reference  string
}

// signer makes and checks tokens. A nil signer has no secret: it signs
// nothing.
type signer struct {
	macs   []func(path string, t token) []byte // the current secret's first; closures, so that no %+v prints a secret
	maxAge time.Duration
}

func newSigner(secrets [][]byte, maxAge time.Duration) *signer {
	if len(secrets) == 0 {
		return nil
	}
	s := &signer{maxAge: maxAge}
	for _, secret := range secrets {
		// To take the key in is most of the work for a message as short as a
		// token; a hash that has done so keeps its state.
		keyed := &sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}
		s.macs = append(s.macs, func(path string, t token) []byte {
			h := keyed.Get().(hash.Hash)
			defer keyed.Put(h)
			return tokenMAC(h, path, t)
		})
	}
	return s
}

// tokenMAC signs a token for a path. Every part but the last has a fixed
// length or tells it, so that no two tokens are signed alike.
func tokenMAC(keyed hash.Hash, path string, t token) []byte {
	b := make([]byte, 0, 128+len(t.reference)+len(path))
	b = append(b, tokenDomain+tokenVersion+"\x00"...)
	b = append(b, t.submission[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(t.reference)))
	b = append(b, t.reference...)
	b = append(b, path...)
	keyed.Reset()
	keyed.Write(b)
	return keyed.Sum(b[:0])
}

// sign puts a token into the URL and checks the result.
func (s *signer) sign(rawURL string, t token) (string, error) {
	if s == nil {
		return rawURL, nil
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", &CallbackURLError{URL: rawURL, Reason: "cannot be parsed"}
	}
	if u.Query().Has(tokenParam) {
		return "", &CallbackURLError{URL: rawURL, Reason: "has a parameter " + tokenParam + " already; that name is for the token that is added"}
	}
	mac := s.macs[0](signedPath(u), t)
	signed := rawURL + querySeparator(rawURL) + tokenParam + "=" + strings.Join([]string{
		tokenVersion,
		tokenEncoding.EncodeToString(t.submission[:]),
		tokenEncoding.EncodeToString([]byte(t.reference)),
		tokenEncoding.EncodeToString(mac),
	}, ".")
	if err := ValidateCallbackURL(signed); err != nil {
		reason := "with its token: " + err.Error()
		if fault, ok := errors.AsType[*CallbackURLError](err); ok {
			reason = "with its token: " + fault.Reason
		}
		return "", &CallbackURLError{URL: rawURL, Reason: reason} // not signed: errors hold no tokens
	}
	return signed, nil
}

// fits checks that WithCallbackURL's URL has room for a token without a reference.
func (s *signer) fits(rawURL string) error {
	if s == nil || rawURL == "" || ValidateCallbackURL(rawURL) != nil {
		return nil // nothing to sign, or said already
	}
	if _, err := s.sign(rawURL, token{}); err != nil {
		return fmt.Errorf("%w (WithCallbackURL)", err)
	}
	return nil
}

func querySeparator(rawURL string) string {
	_, query, has := strings.Cut(rawURL, "?")
	switch {
	case !has:
		return "?"
	case query == "" || strings.HasSuffix(query, "&"):
		return ""
	}
	return "&"
}

// signedPath is the path as both sides see it, whichever of its spellings was
// sent: senders add the first slash, escape, and resolve dots.
func signedPath(u *url.URL) string {
	if strings.HasPrefix(u.Path, "/") {
		return path.Clean(u.Path) // which copies nothing if it is clean
	}
	return path.Clean("/" + u.Path)
}

// verify reads the token of a request and checks it against now.
func (s *signer) verify(r *http.Request, now time.Time) (token, error) {
	// The path as it was sent: a mux may have stripped a prefix from r.URL.
	u := r.URL
	if sent, err := url.ParseRequestURI(r.RequestURI); err == nil {
		u = sent
	}
	raw, ok := tokenIn(u.RawQuery)
	if !ok {
		return token{}, errNoToken
	}
	t, mac, ok := parseToken(raw)
	if !ok {
		return token{}, errBadToken
	}
	good, place := false, signedPath(u)
	for _, expected := range s.macs {
		good = hmac.Equal(mac, expected(place, t)) || good
	}
	made := submissionTime(t.submission)
	switch {
	case !good:
		return token{}, errBadToken
	case made.After(now.Add(maxTokenSkew)):
		return token{}, errFutureToken
	case now.Sub(made) > s.maxAge:
		return token{}, errExpiredToken
	}
	return t, nil
}

// tokenIn finds the one token in a query, which it reads as [url.ParseQuery]
// does, but without a map of all its parameters.
func tokenIn(query string) (value string, ok bool) {
	for pair := range strings.SplitSeq(query, "&") {
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, badKey := url.QueryUnescape(rawKey)
		if badKey != nil || key != tokenParam || strings.Contains(pair, ";") {
			continue
		}
		v, bad := url.QueryUnescape(rawValue)
		if bad != nil {
			continue
		}
		if ok {
			return "", false // two are none
		}
		value, ok = v, true
	}
	return value, ok
}

// parseToken takes a token apart without believing anything.
func parseToken(raw string) (t token, mac []byte, ok bool) {
	if len(raw) > 1024 || strings.ContainsAny(raw, "\r\n") { // which a decoder of base64 passes over
		return token{}, nil, false
	}
	version, rest, _ := strings.Cut(raw, ".")
	first, rest, _ := strings.Cut(rest, ".")
	second, third, _ := strings.Cut(rest, ".") // no part can hold a point: it is in no alphabet of base64
	if version != tokenVersion {
		return token{}, nil, false
	}
	id, errID := tokenEncoding.DecodeString(first)
	reference, errRef := tokenEncoding.DecodeString(second)
	mac, errMAC := tokenEncoding.DecodeString(third)
	if errors.Join(errID, errRef, errMAC) != nil || len(id) != len(t.submission) || len(mac) != sha256.Size {
		return token{}, nil, false
	}
	copy(t.submission[:], id)
	t.reference = string(reference)
	return t, mac, true
}

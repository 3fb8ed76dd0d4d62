package vidgotest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// link is the URL of one of the task's files as the API tells it now.
func (t *task) link(name string, now time.Time) string {
	host := t.script.FileHost
	if host == "" {
		host = storageHost
	}
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	path := generatedPath + name
	if t.script.FreshLinks <= 0 {
		return host + path
	}
	// Rounded up, so that no link is good for less than it should be.
	expires := strconv.FormatInt(now.Add(t.script.FreshLinks+time.Second-1).Unix(), 10)
	return fmt.Sprintf("%s%s?Expires=%s&Signature=%s", host, path, expires, sign(path, expires))
}

// checkLink tells why a signed link is refused, if it is.
func checkLink(u *url.URL, now time.Time) string {
	expires := u.Query().Get("Expires")
	until, err := strconv.ParseInt(expires, 10, 64)
	switch {
	case err != nil || u.Query().Get("Signature") != sign(u.Path, expires):
		return "The request signature we calculated does not match the signature you provided."
	case !now.Before(time.Unix(until, 0)):
		return "Request has expired"
	default:
		return ""
	}
}

// sign keeps tests from making links themselves, and nobody else.
func sign(path, expires string) string {
	sum := sha256.Sum256([]byte("vidgotest\x00" + path + "\x00" + expires))
	return hex.EncodeToString(sum[:16])
}

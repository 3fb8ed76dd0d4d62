package vidgo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"code.dny.dev/ssrf"
	"golang.org/x/net/idna"
)

const (
	// callbackURLMaxLength is Vidgo's limit, in characters, for the URL as it
	// is sent: with a signature, if there is one.
	callbackURLMaxLength = 2048

	// callbackLookupTimeout is short because a name that takes longer would
	// also spend most of the ten seconds Vidgo gives a callback.
	callbackLookupTimeout = 5 * time.Second
)

// ValidateCallbackURL checks that raw can be a callback URL. The error is nil
// or a [*CallbackURLError], which says what is wrong and matches
// [ErrInvalidCallbackURL]. An empty string is an error.
//
// A callback URL is an https URL of at most 2048 characters without user
// information or a fragment. Its host is a public name, or a publicly reachable
// IP address in its usual spelling. Names for private use (localhost, *.local,
// *.internal and the like), numbers in disguise (0x7f.1, 127.1) and whatever
// URL parsers may disagree about are refused, never repaired. International
// names are checked in their ASCII form.
//
// ValidateCallbackURL does no lookups, so it cannot know that a public name
// leads to a private address, nor that Vidgo can reach the host. It is safe for
// concurrent use.
//
// Vidgo's own rules are on the documentation page task-management/webhooks.
func ValidateCallbackURL(raw string) error {
	_, err := parseCallbackURL(raw)
	return err
}

// callbackHost is where a callback goes: an address or a name, never both.
type callbackHost struct {
	addr netip.Addr
	name string // ASCII, lower case, without the root's dot
}

// parseCallbackURL returns the host of a valid callback URL, or a
// [*CallbackURLError].
func parseCallbackURL(raw string) (callbackHost, error) {
	host, err := checkCallbackURL(raw)
	if err != nil {
		return callbackHost{}, newCallbackURLError(raw, err.Error(), nil)
	}
	return host, nil
}

// checkCallbackURL runs the checks. The order matters: each one relies on those
// before it. The errors are reasons, and quote nothing that may be a password.
func checkCallbackURL(raw string) (callbackHost, error) {
	if err := checkCallbackText(raw); err != nil {
		return callbackHost{}, err
	}
	u, err := url.Parse(raw)
	if err == nil {
		// url.Parse looks at the escapes of the path, but not of the query.
		_, err = url.PathUnescape(u.RawQuery)
	}
	if err != nil {
		return callbackHost{}, parseReason(err)
	}
	if err := checkCallbackShape(u); err != nil {
		return callbackHost{}, err
	}
	if err := checkCallbackAuthority(raw, u); err != nil {
		return callbackHost{}, err
	}
	return checkCallbackHost(u)
}

// checkCallbackText looks for what [url.Parse] lets through or forgets: spaces,
// bad UTF-8, an empty fragment.
func checkCallbackText(raw string) error {
	if raw == "" {
		return errors.New("it is empty; give an https URL")
	}
	if !utf8.ValidString(raw) {
		return errors.New("it is not valid UTF-8; escape other bytes as %XX")
	}
	if n := utf8.RuneCountInString(raw); n > callbackURLMaxLength {
		return fmt.Errorf("it is %d characters long; Vidgo takes at most %d", n, callbackURLMaxLength)
	}
	for _, r := range raw {
		switch {
		// Some parsers drop these, some stop at them, and no URL needs them.
		case unicode.IsControl(r), unicode.IsSpace(r):
			return fmt.Errorf("it has a space or control character in it (%U); remove or escape it", r)
		case r == '\\':
			return errors.New("it has a backslash in it; use / or the escape %5C")
		case r == '#':
			return errors.New("it has a fragment (#), which is never sent to a server; remove it")
		}
	}
	return nil
}

// parseReason puts the error of [url.Parse] in our words: its own text repeats
// parts of the URL, and a part may be a password.
func parseReason(err error) error {
	if _, ok := errors.AsType[url.EscapeError](err); ok {
		return errors.New("it has a % that does not start an escape, or an escape where none may be; write a plain % as %25")
	}
	return errors.New("it is not a URL; write it as https://host/path, with a port in digits and an IPv6 address in brackets")
}

func checkCallbackShape(u *url.URL) error {
	switch {
	case u.Scheme == "": // url.Parse lower-cases schemes
		return errors.New("it has no scheme; start it with https://")
	case u.Scheme != "https":
		return fmt.Errorf("scheme is %q; Vidgo only calls https URLs", clip(u.Scheme, 20))
	case u.User != nil: // an empty one (https://@host) too
		return errors.New("it has user information before an @; carry secrets in another way")
	case u.Hostname() == "":
		// Most of these are https:host, https:/host and https:///host. Browsers repair
		// them, others do not: nobody knows where such a callback would go.
		return errors.New("it has no host; write it as https://host/path")
	}
	return nil
}

// checkCallbackAuthority checks host and port as they were written, which u has
// partly forgotten.
func checkCallbackAuthority(raw string, u *url.URL) error {
	_, authority, _ := strings.Cut(raw, "//")
	if end := strings.IndexAny(authority, "/?"); end >= 0 {
		authority = authority[:end]
	}
	if strings.Contains(authority, "%") {
		// Browsers decode %-escapes in a host, RFC 3986 parsers do not. In
		// brackets it is a zone, which means something on one machine only.
		return errors.New("the host has a % in it (an escape or an IPv6 zone); write a plain host without one")
	}
	// An empty port is legal and most likely a variable that was not set.
	if strings.HasSuffix(authority, ":") {
		return errors.New("the port is missing after the colon; give one or remove the colon")
	}
	port := u.Port()
	if port == "" {
		return nil
	}
	if !goodPort(port) {
		return errors.New("the port is out of range; use 1 to 65535")
	}
	return nil
}

func checkCallbackHost(u *url.URL) (callbackHost, error) {
	// url.Parse has grown stricter about brackets over the years. The case for
	// them does not rely on that.
	host := u.Hostname()
	bracketed := strings.HasPrefix(u.Host, "[")
	addr, err := netip.ParseAddr(host)
	switch {
	case bracketed && (err != nil || !addr.Is6()):
		return callbackHost{}, errors.New("only an IPv6 address may be in brackets")
	case bracketed, err == nil && addr.Is4():
		if err := publicAddr(addr); err != nil {
			return callbackHost{}, fmt.Errorf("the host %w; use one reachable from the internet", err)
		}
		return callbackHost{addr: addr}, nil
	}
	name, err := publicName(host)
	return callbackHost{name: name}, err
}

// internet knows the addresses of IANA's special-purpose registries. It is only
// read once made, so that all callers can share it.
var internet = ssrf.New()

// publicAddr returns nil for an address that the whole internet can reach, and
// otherwise an error like "10.0.0.1 is a private address". An IPv4 address in
// IPv6 form is not public; unmap it first where that form is harmless.
func publicAddr(a netip.Addr) error {
	if !a.IsValid() {
		return errors.New("is not an address")
	}
	// Zones come first: netip finds an address with a zone in no prefix, so no
	// list of prefixes can refuse it.
	if a.Zone() != "" {
		return fmt.Errorf("%s has a zone, which means something on one machine only", a.WithZone(""))
	}
	if internet.SafeAddr(a) != nil {
		return fmt.Errorf("%s is %s", a, addrKind(a))
	}
	return nil
}

// addrKind names the kind of an address that is not public. It decides nothing:
// the methods of [netip.Addr] know only some of the kinds.
func addrKind(a netip.Addr) string {
	switch {
	case a.Is4In6():
		return "an IPv4 address in IPv6 form"
	case a.IsUnspecified():
		return "the unspecified address"
	case a.IsLoopback():
		return "a loopback address"
	case a.IsPrivate():
		return "a private address"
	case a.IsLinkLocalUnicast():
		return "a link-local address"
	case a.IsMulticast():
		return "a multicast address"
	}
	return "a reserved address"
}

// hostNames maps international names to ASCII (UTS 46, non-transitional). It
// leaves hyphens to checkLabel: idna would also refuse names such as
// qa--site.example.com, which exist.
var hostNames = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(true),
	idna.BidiRule(),
	idna.CheckHyphens(false),
)

// publicName returns the ASCII form of a host name that can be public.
func publicName(host string) (string, error) {
	// The root's dot goes before the mapping, because the mapping can make
	// another one: the A-label "xn--" becomes an empty label. The other three
	// are full stops to UTS 46 as well.
	for _, dot := range []string{".", "\u3002", "\uff0e", "\uff61"} {
		if s, ok := strings.CutSuffix(host, dot); ok {
			host = s
			break
		}
	}
	name, err := hostNames.ToASCII(host)
	if err != nil {
		return "", errors.New("the host name has a character or label that no host name can have; use letters, digits, hyphens and dots")
	}
	// idna checks neither lengths nor empty labels here, and only now are all
	// the dots visible.
	if n := len(name); n > 253 {
		return "", fmt.Errorf("the host name is %d characters long; DNS has room for 253", n)
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	return name, checkSuffix(name, labels)
}

// checkLabel allows letters, digits and hyphens. Underscores are in the DNS but
// not in host names, and no certificate can be had for them.
func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("the host name has an empty label (a dot too many)")
	case len(label) > 63:
		return fmt.Errorf("a label of the host name is %d characters long; DNS has room for 63", len(label))
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("the label %q of the host name starts or ends with a hyphen", label)
	}
	// idna has seen to the characters; this holds whatever its tables become.
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("the label %q of the host name has a character other than letters, digits and hyphens", label)
		}
	}
	return nil
}

// privateSuffixes are last labels that never lead to a host on the internet:
// reserved by RFC 6761, 6762 (with the names its appendix G warns of), 7686 and
// 9476, kept back by ICANN, or used privately everywhere. All of arpa is for
// infrastructure, home.arpa included. example.com and its sisters resolve and
// are ordinary names.
var privateSuffixes = []string{
	"alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan",
	"local", "localdomain", "localhost", "mail", "onion", "private", "test",
}

func checkSuffix(name string, labels []string) error {
	last := labels[len(labels)-1]
	switch {
	case isNumber(last):
		// One rule for 127.1, 0x7f.1, 0177.0.0.1, 2130706433, 1.2.3.4.5 and
		// 8.8.8.8 with a dot at its end: some resolvers take them for addresses.
		return fmt.Errorf("the host %s ends in a number but is not an IP address in its usual spelling; use a name or an address like 8.8.8.8", name)
	case slices.Contains(privateSuffixes, last):
		return fmt.Errorf("the host name %s ends in %q, which is not for the internet; use a public name", name, last)
	case len(labels) < 2:
		return fmt.Errorf("the host name %s has only one label; use a full public name like app.example.com", name)
	}
	return nil
}

// isNumber reports whether some parsers read the label as a number: decimal, or
// hexadecimal after 0x, where nothing at all is zero.
func isNumber(label string) bool {
	digits := "0123456789"
	if s, ok := strings.CutPrefix(label, "0x"); ok {
		label, digits = s, "0123456789abcdef"
	}
	return strings.Trim(label, digits) == ""
}

// resolveCallbackHost checks that the host of a callback URL has public
// addresses only, as r sees it now; what Vidgo's resolver says later may differ.
// An IP address needs no lookup. The lookup takes at most five seconds. All
// errors are [*CallbackURLError], also for a raw that is not valid; they unwrap
// to the resolver's error, and through it to that of ctx.
//
// With r.StrictErrors unset, Go's resolver is content with the answer for one
// family of addresses when the question for the other fails.
func resolveCallbackHost(ctx context.Context, r *net.Resolver, raw string) error {
	host, err := parseCallbackURL(raw)
	if err != nil || host.addr.IsValid() {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callbackLookupTimeout)
	defer cancel()
	addrs, err := lookupPublicName(ctx, r, host.name)
	if err != nil {
		return newCallbackURLError(raw, lookupReason(host.name, err), err)
	}
	if err := checkAnswer(host.name, addrs); err != nil {
		return newCallbackURLError(raw, err.Error(), nil)
	}
	return nil
}

func lookupPublicName(ctx context.Context, r *net.Resolver, name string) ([]netip.Addr, error) {
	// The resolver would send its questions even so.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// With the root's dot the name stays the same name: no search list applies.
	return r.LookupNetIP(ctx, "ip", name+".")
}

func lookupReason(name string, err error) string {
	dns, _ := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Sprintf("the lookup of %s was cancelled", name)
	case errors.Is(err, context.DeadlineExceeded), dns != nil && dns.IsTimeout:
		return fmt.Sprintf("the lookup of %s took too long; check that the name can be resolved", name)
	case dns != nil && dns.IsNotFound:
		return fmt.Sprintf("the host name %s has no address; add a DNS record or correct the name", name)
	}
	return fmt.Sprintf("the host name %s could not be looked up", name)
}

// checkAnswer wants every address to be public: whoever connects may pick any.
func checkAnswer(name string, addrs []netip.Addr) error {
	if len(addrs) == 0 {
		return fmt.Errorf("the host name %s has no address; add a DNS record or correct the name", name)
	}
	for _, a := range addrs {
		// Resolvers hand out IPv4 addresses in IPv6 form, so that form says
		// nothing here. Unmap forgets a zone, and a zone must be seen.
		if a.Zone() == "" {
			a = a.Unmap()
		}
		if err := publicAddr(a); err != nil {
			return fmt.Errorf("the host name %s leads to a host that is not public: %w", name, err)
		}
	}
	return nil
}

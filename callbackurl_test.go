package vidgo_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/vidgo-go/vidgo"
)

func ExampleValidateCallbackURL() {
	fmt.Println(vidgo.ValidateCallbackURL("https://app.example.com/vidgo"))

	err := vidgo.ValidateCallbackURL("http://app.example.com/vidgo?user=42")
	fmt.Println(err)
	fmt.Println(errors.Is(err, vidgo.ErrInvalidCallbackURL))

	if e, ok := errors.AsType[*vidgo.CallbackURLError](vidgo.ValidateCallbackURL("https://10.0.0.1/vidgo")); ok {
		fmt.Println(e.Reason)
	}
	// Output:
	// <nil>
	// vidgo: invalid callback URL "http://app.example.com/vidgo?...": scheme is "http"; Vidgo only calls https URLs
	// true
	// the host 10.0.0.1 is a private address; use one reachable from the internet
}

// checkVerdict checks whether raw is accepted. It also checks that a refusal
// keeps what CallbackURLError promises.
func checkVerdict(t *testing.T, raw string, valid bool) {
	t.Helper()
	err := vidgo.ValidateCallbackURL(raw)
	if valid {
		require.NoError(t, err, "%q", raw)
		return
	}
	require.Error(t, err, "%q", raw)
	require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
	e, ok := errors.AsType[*vidgo.CallbackURLError](err)
	require.True(t, ok, "%T", err)
	require.NotEmpty(t, e.Reason, "%q", raw)
	require.Less(t, len(err.Error()), 2000, "an error quotes a part of a long URL only")
}

func TestCallbackURLVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/callback_urls.json")
	require.NoError(t, err)
	var vectors []struct {
		URL    string
		Valid  bool
		Reason string // a hint for readers
	}
	require.NoError(t, json.Unmarshal(data, &vectors))
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		checkVerdict(t, v.URL, v.Valid)
	}
}

// The prefixes are those of IANA's special-purpose address registries as of
// September 2026, and of the registries for multicast and for IPv6 as a whole.
// The first and the last address of each are tried, and the two just outside.
// Prefixes that are globally reachable but useless as a host (AS112, AMT,
// anycast) are refused, too.
func TestCallbackURLSpecialAddresses(t *testing.T) {
	tests := []struct {
		prefix        string
		before, after bool // whether the addresses just outside are public
	}{
		{"0.0.0.0/8", false, true},
		{"10.0.0.0/8", true, true},
		{"100.64.0.0/10", true, true},
		{"127.0.0.0/8", true, true},
		{"169.254.0.0/16", true, true},
		{"172.16.0.0/12", true, true},
		{"192.0.0.0/24", true, true},
		{"192.0.0.0/29", true, false},
		{"192.0.0.8/32", false, false},
		{"192.0.0.9/32", false, false},
		{"192.0.0.10/32", false, false},
		{"192.0.0.170/31", false, false},
		{"192.0.2.0/24", true, true},
		{"192.31.196.0/24", true, true},
		{"192.52.193.0/24", true, true},
		{"192.88.99.0/24", true, true},
		{"192.168.0.0/16", true, true},
		{"192.175.48.0/24", true, true},
		{"198.18.0.0/15", true, true},
		{"198.51.100.0/24", true, true},
		{"203.0.113.0/24", true, true},
		{"224.0.0.0/4", true, false},
		{"240.0.0.0/4", false, false},
		{"255.255.255.255/32", false, false},
		{"::/128", false, false},
		{"::1/128", false, false},
		{"::/96", false, false},
		{"::ffff:0:0/96", false, false},
		{"::ffff:0:0:0/96", false, false},
		{"64:ff9b::/96", false, false},
		{"64:ff9b:1::/48", false, false},
		{"100::/64", false, false},
		{"100:0:0:1::/64", false, false},
		{"2001::/23", true, true},
		{"2001::/32", true, false},
		{"2001:1::1/128", false, false},
		{"2001:1::2/128", false, false},
		{"2001:1::3/128", false, false},
		{"2001:2::/48", false, false},
		{"2001:3::/32", false, false},
		{"2001:4:112::/48", false, false},
		{"2001:10::/28", false, false},
		{"2001:20::/28", false, false},
		{"2001:30::/28", false, false},
		{"2001:db8::/32", true, true},
		{"2002::/16", true, true},
		{"2620:4f:8000::/48", true, true},
		{"3fff::/20", true, true},
		{"4000::/2", true, false}, // 2000::/3 ends here
		{"5f00::/16", false, false},
		{"fc00::/7", false, false},
		{"fe80::/10", false, false},
		{"fec0::/10", false, false},
		{"ff00::/8", false, false},
	}
	for _, test := range tests {
		p := netip.MustParsePrefix(test.prefix)
		first, last := p.Addr(), lastAddr(p)
		checkVerdict(t, addrURL(first), false)
		checkVerdict(t, addrURL(last), false)
		if b := first.Prev(); b.IsValid() {
			checkVerdict(t, addrURL(b), test.before)
		}
		if a := last.Next(); a.IsValid() {
			checkVerdict(t, addrURL(a), test.after)
		}
	}
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func addrURL(a netip.Addr) string {
	if a.Is4() {
		return "https://" + a.String() + "/cb"
	}
	return "https://[" + a.String() + "]/cb"
}

func TestCallbackURLs(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	name253 := strings.Repeat(label63+".", 3) + strings.Repeat("b", 61)
	require.Len(t, name253, 253)
	pad := func(unit string, n int) string {
		const start = "https://www.iana.org/"
		return start + strings.Repeat(unit, n-len(start))
	}
	tests := []struct {
		name           string
		valid, invalid []string
	}{{
		name: "length counts characters",
		valid: []string{
			pad("a", 2048), pad("ä", 2048), pad("😀", 2048),
			pad("?", 2048),
		},
		invalid: []string{
			"", pad("a", 2049), pad("ä", 2049), pad("😀", 2049), pad("a", 1<<20),
		},
	}, {
		name: "text that parsers disagree about",
		valid: []string{
			"https://www.iana.org/%20", "https://www.iana.org/%00", "https://www.iana.org/%5c", "https://www.iana.org/%23",
			"https://www.iana.org/ä", "https://www.iana.org?a=b", "https://www.iana.org/?", "https://www.iana.org//x//",
			"https://www.iana.org/;a=1/x:y@z!$&'()*+,=~", "https://www.iana.org/../..",
			"https://www.iana.org/?a=%20&b=c+d;e",
		},
		invalid: []string{
			"https://www.iana.org/\x00", "https://www.iana.org/\x1f", "https://www.iana.org/\x7f", "https://www.iana.org/\r",
			"https://www.iana.org/?a=\n", "\thttps://www.iana.org/", "https://www.iana.org/ ", "https://www .iana.org/",
			"https://www.iana.org/\x80", "https://www.iana.org/\x9f", "https://www.iana.org/?\xff", "https://\xc0\xae.org/",
			"https://www.iana.org/\u0080", "https://www.iana.org/\u0085", "https://www.iana.org/\u00a0", "https://www.iana.org/\u2028",
			`https:\\www.iana.org\cb`, `https://www.iana.org\cb`, `https://www.iana.org/?a=\`,
			"https://www.iana.org#", "https://www.iana.org/?a#b", "#", "https://#/",
			"https://www.iana.org/%", "https://www.iana.org/%2", "https://www.iana.org/%g0", "https://www.iana.org/?a=50%", "https://www.iana.org/?%zz",
		},
	}, {
		name:  "scheme",
		valid: []string{"https://www.iana.org/", "Https://www.iana.org/", "hTTpS://www.iana.org/"},
		invalid: []string{
			"www.iana.org/cb", "www.iana.org:443/cb", "ftp://www.iana.org/", "wss://www.iana.org/", "httpss://www.iana.org/",
			"https", "https:", "https:/www.iana.org/", "https:///www.iana.org/", "https://///www.iana.org", "://www.iana.org/",
			"javascript:alert(1)", "file:///etc/passwd", "data:text/plain,x", "ｈttps://www.iana.org/", "https//www.iana.org/",
			"https:?www.iana.org", "https://?x", "https:///", "HTTP://www.iana.org/", "/cb", "?", "https+x://www.iana.org/",
		},
	}, {
		name:  "user information",
		valid: []string{"https://www.iana.org/@", "https://www.iana.org/a:b@c", "https://www.iana.org?u@v"},
		invalid: []string{
			"https://user@www.iana.org/", "https://:@www.iana.org/", "https://:pw@www.iana.org/", "https://@@www.iana.org/",
			"https://a@b@www.iana.org/", "https://www.iana.org:443@10.0.0.1/", "https://user%40www.iana.org/", "https://www.iana.org@",
		},
	}, {
		name: "port",
		valid: []string{
			"https://www.iana.org:1/", "https://www.iana.org:443", "https://www.iana.org:443?x", "https://8.8.8.8:8443/",
			"https://www.iana.org:0443/",
		},
		invalid: []string{
			"https://www.iana.org:/", "https://www.iana.org:", "https://8.8.8.8:/", "https://[2606:4700::1]:/", "https://[2606:4700::1]:0/",
			"https://www.iana.org:00/", "https://www.iana.org:65536", "https://www.iana.org:4294967739/", "https://www.iana.org:-1/",
			"https://www.iana.org:+443/", "https://www.iana.org:4a/", "https://www.iana.org:443:443/", "https://www.iana.org:４４３/",
			"https://www.iana.org:https/", "https://:443/", "https://[2606:4700::1]:65536/", "https://www.iana.org:%34%34%33/",
		},
	}, {
		name: "IPv4 in its usual spelling only",
		valid: []string{
			"https://1.1.1.1", "https://223.255.255.255/", "https://8.8.8.8?x", "https://1.2.3.4.iana.org/", "https://1.iana.org/",
			"https://0x7f.iana.org/", "https://127.0.0.1.com/", "https://a.0xg/", "https://a.x0/", "https://a.1a/",
		},
		invalid: []string{
			"https://1.2.3.4./", "https://8.8.8.8./", "https://1.2.3.4../", "https://1.2.3.4.5/", "https://1.2.3/", "https://1.2/", "https://1/",
			"https://0x7f.1/", "https://0x7f.0.0.1/", "https://0X7F.0.0.1/", "https://0x08080808/", "https://8.8.8.0x8/", "https://8.8.2056/",
			"https://010.8.8.8/", "https://8.8.8.08/", "https://8.8.8.008/", "https://08.08.08.08/", "https://8.8.8.256/", "https://256.1.1.1/",
			"https://999999999999999999999/", "https://00000000000/", "https://0/", "https://0x/", "https://0x0/", "https://017700000001/",
			"https://example.123/", "https://example.0123/", "https://a.0x1/", "https://a.0X/", "https://a.0xdeadbeef/", "https://a.0xdeadbeef./",
			"https://1.2.3.-4/", "https://.8.8.8.8/", "https://8..8.8/", "https://8.8.8.8,/", "https://1.2.3.4%00/", "https://1e1.1/",
			"https://８.8.8.8/", "https://8。8。8。8/", "https://①②⑦.⓪.⓪.①/", "https://١٢٧.0.0.1/", "https://127.0.0.𝟏/", "https://8.8.8.8。/",
			"https://²¹³.1/", "https://a.⑴/", "https://0ｘ7f.1/", "https://8\u00ad.8.8.0\u00ad8/",
		},
	}, {
		name: "brackets",
		valid: []string{
			"https://[2606:4700:4700::1111]", "https://[2606:4700:4700:0:0:0:0:1111]/", "https://[2A00:1450:4001:080B::200E]/",
			"https://[2606:4700:4700::8.8.8.8]/",
		},
		invalid: []string{
			"https://[]/", "https://[/", "https://]/", "https://[[2606:4700::1]]/", "https://[2606:4700::1]x/", "https://x[2606:4700::1]/",
			"https://[2606:4700::1].iana.org/", "https://[2606:4700::1", "https://2606:4700::1]/", "https://2606:4700::1/", "https://::1/",
			"https://[::1]:80:80/", "https://[www.iana.org]/", "https://[127.0.0.1]/", "https://[1]/", "https://[v1.a]/", "https://[:::]/",
			"https://[2606:4700::00001]/", "https://[2606:4700::1::2]/", "https://[2606:4700:::1]/", "https://[1:2:3:4:5:6:7:8:9]/",
			"https://[::1%lo]/", "https://[::1%25lo]/", "https://[fe80::1%25eth0]:443/", "https://[2606:4700::1%25eth0]/",
			"https://[2606:4700::1%25.iana.org]/", "https://[2606:4700::1%25]/", "https://[2606:4700::1%eth0]/", "https://[%3a%3a1]/",
			"https://[::FFFF:808:808]/", "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:ffff:8.8.8.8]/", "https://[::8.8.8.8]/",
			"https://[64:ff9b::8.8.8.8]/", "https://[2001:0:0808:0808::1]/", "https://[0000::1]/", "https://[::ffff:0:8.8.8.8]/",
			"https://[2606:4700::256.1.1.1]/", "https://[２606:4700::1]/", "https://[2606:4700::1].", "https://[2606:4700::1]./",
		},
	}, {
		name: "names",
		valid: []string{
			"https://" + label63 + ".org/", "https://" + name253 + "/", "https://" + name253 + "./", "https://www.iana.org./",
			"https://www.iana.org.:443/", "https://EXAMPLE.COM/", "https://example.com/", "https://example.net/", "https://example.org/",
			"https://a.b/", "https://1a.org/", "https://a-b.org/", "https://qa--site.netlify.app/", "https://r3---sn-x.googlevideo.com/",
		},
		invalid: []string{
			"https://" + label63 + "a.org/", "https://" + name253 + "b/", "https://a." + name253[1:] + "/", "https://a." + name253 + "/",
			"https://./", "https://../", "https://.org/", "https://.iana.org/", "https://www.iana.org../", "https://com/", "https://com./",
			"https://-a.org/", "https://a-.org/", "https://a.-b/", "https://a.org-/", "https://-/", "https://a_b.org/", "https://_.org/",
			"https://a*b.org/", "https://*.iana.org/", "https://a,b.org/", "https://a;b.org/", "https://a!b.org/", "https://a'b.org/",
			"https://a\"b.org/", "https://{host}.org/", "https://a|b.org/", "https://a^b.org/", "https://a`b.org/", "https://$HOST.org/",
			"https://a=b.org/", "https://a+b.org/", "https://(a).org/", "https://a~b.org/", "https://a&b.org/",
			"https://www%2eiana.org/", "https://www.iana.org%2f/", "https://www.iana.org%00/", "https://www.iana.org%/", "https://b%C3%BCcher.de/",
			"https://%C2%AD.org/", "https://www.iana.org%ef%bc%8f/",
		},
	}, {
		name: "international names",
		valid: []string{
			"https://BÜCHER.de/", "https://xn--bcher-kva.de/", "https://XN--BCHER-KVA.de/", "https://faß.de/", "https://例え.jp/",
			"https://пример.испытание.com/", "https://ｗｗｗ.iana.org/", "https://www。iana。org/", "https://www．iana．org/", "https://www｡iana｡org/",
			"https://www.iana.org。/", "https://www.iana.org．/", "https://www.iana.org｡/", "https://ia\u00adna.org/", "https://ⓘana.org/",
			"https://" + strings.Repeat("ü", 55) + ".de/", "https://i❤.ws/", "https://אבג.com/",
			"https://www.iana.org\u2044.w3.org/", "https://www.iana.org\u2215.w3.org/", // these look like slashes but are not
			"https://क्\u200dष.com/", // a joiner is allowed in this context
		},
		invalid: []string{
			"https://local\u00adhost/", "https://loc\u200balhost/", "https://\ufefflocalhost/", "https://LOCALHOST\u2060/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ./",
			"https://ｌocalhost/", "https://a.ｌocal/", "https://a.lo\u00adcal/", "https://a.𝓁ocal/", "https://a.internal。/", "https://ſ.teſt/",
			"https://www.iana.org\u2100.evil.com/", "https://www.iana.org\uff0f.evil.com/", "https://www.iana.org\uff03.evil.com/",
			"https://www.iana.org\uff20evil.com/", "https://www.iana.org\uff1f.evil.com/", "https://www.iana.org\uff1a443/", "https://www.iana.org\uff3c/",
			"https://www.iana.org\u2048/", "https://www\u2024\u2024iana.org/",
			"https://www.iana.org\ufe52\ufe52/", "https://\uff05\uff14\uff11.com/", "https://\uff3b::1\uff3d/",
			"https://a\u200db.com/", "https://a\u200cb.com/", "https://\u200d.com/", "https://\u0301a.com/", "https://www.iana.org\u3000/",
			"https://\u00ad.com/", "https://\u00ad/", "https://a.\u00ad/", "https://a.\u00ad./", "https://www.iana.org。。/", "https://。iana.org/",
			"https://www.iana.org/\ud7ff\x80", "https://a\u202eb.com/", "https://\ufffd.com/", "https://a\u0378.com/", "https://\ue000.com/",
			"https://אa.com/", "https://" + strings.Repeat("ü", 60) + ".de/",
			"https://ü/", "https://" + strings.Repeat("㎧", 22) + ".com/",
		},
	}, {
		name: "A-labels that are not what they seem",
		invalid: []string{
			"https://xn--.com/", "https://xn--/", "https://www.iana.org.xn--/", "https://www.iana.org.xn--./", "https://www.xn--.org/",
			"https://www.iana.org.XN--/", "https://www.iana.org.ｘｎ－－/", "https://www.iana.org.xn--\u00ad/", "https://8.8.8.8.xn--/",
			"https://xn--example-.com/", "https://xn--localhost-/", "https://xn--localhost-.com/", "https://xn--a-.com/", "https://XN--EXAMPLE-.com/",
			"https://xn---.com/", "https://xn----.com/", "https://xn--a.com/", "https://xn--0.com/", "https://xn--99999999.com/", "https://xn--ls8h-.com/",
			"https://xn--www-iana-org-.com/", "https://a.xn--local-/", "https://xn--xn--bcher-kva-.de/", "https://xn--u-ccb.com/", "https://xn--bcher-kva-.de/",
			"https://xn--a-ecp.ru/", "https://xn--iñvalid.com/",
		},
	}, {
		name: "names for private use",
		valid: []string{
			"https://local.iana.org/", "https://internal.example.com/", "https://megacorp.com/", "https://mylocalhost.com/", "https://mail.iana.org/",
			"https://test.com/", "https://home.com/", "https://arpa.net/", "https://my-onion.com/", "https://a.locals/", "https://a.testing/",
			"https://notlocal.local.iana.org/",
		},
		invalid: []string{
			"https://LocalHost/", "https://a.LOCALHOST./", "https://x.test/", "https://x.test./", "https://X.TEST/", "https://x.invalid/", "https://x.example/",
			"https://x.y.z.example./", "https://x.local/", "https://x.LOCAL./", "https://local/", "https://x.intranet./", "https://x.internal./", "https://INTERNAL/",
			"https://x.private/", "https://x.corp./", "https://x.home./", "https://x.lan./", "https://x.mail/", "https://x.onion/", "https://x.onion./",
			"https://x.alt/", "https://x.home.arpa./", "https://arpa/", "https://1.0.0.127.in-addr.arpa/", "https://ipv4only.arpa/", "https://localhost.localdomain/",
			"https://x.localdomain./", "https://kubernetes.default.svc.cluster.local/", "https://host.docker.internal/", "https://x.ARPA/",
		},
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, raw := range test.valid {
				checkVerdict(t, raw, true)
			}
			for _, raw := range test.invalid {
				checkVerdict(t, raw, false)
			}
		})
	}
}

func TestCallbackURLReasons(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"", "empty"},
		{"https://www.iana.org/\xff", "not valid UTF-8"},
		{"https://www.iana.org/" + strings.Repeat("a", 3000), "3021 characters long; Vidgo takes at most 2048"},
		{"https://www.iana.org/\n", "U+000A"},
		{`https://www.iana.org\`, "backslash"},
		{"https://www.iana.org/#", "fragment"},
		{"https://www.iana.org/%zz", "escape"},
		{"https://[8.8.8.8]/", "not a URL"},
		{"www.iana.org", "no scheme"},
		{"localhost:8080/cb", `scheme is "localhost"`},
		{"https://u@www.iana.org/", "user information"},
		{"https:www.iana.org", "no host"},
		{"https://:443/", "no host"},
		{"https://[fe80::1%25eth0]/", "has a %"},
		{"https://www.iana.org:/", "port is missing"},
		{"https://www.iana.org:0/", "use 1 to 65535"},
		{"https://127.0.0.1/", "the host 127.0.0.1 is a loopback address"},
		{"https://[::]/", "the host :: is the unspecified address"},
		{"https://169.254.169.254/", "a link-local address"},
		{"https://[ff02::1]/", "a multicast address"},
		{"https://[::ffff:8.8.8.8]/", "an IPv4 address in IPv6 form"},
		{"https://240.0.0.1/", "a reserved address"},
		{"https://a_b.org/", "no host name can have"},
		{"https://a..org/", "empty label"},
		{"https://-a.org/", "hyphen"},
		{"https://" + strings.Repeat("a", 64) + ".org/", "64 characters long; DNS has room for 63"},
		{"https://" + strings.Repeat("a.", 127) + "org/", "257 characters long; DNS has room for 253"},
		{"https://0x7f.1/", "the host 0x7f.1 ends in a number"},
		{"https://nas.lan/", `ends in "lan"`},
		{"https://ⓛocalhost/", `localhost ends in "localhost"`},
		{"https://backend/", "only one label"},
	}
	for _, test := range tests {
		require.ErrorContains(t, vidgo.ValidateCallbackURL(test.raw), test.want, "%q", test.raw)
	}
}

// An error must not show what may be secret in a URL: user information and the
// query.
func TestCallbackURLErrorsKeepSecrets(t *testing.T) {
	const secret = "hunter2"
	for _, raw := range []string{
		"https://user:hunter2@www.iana.org/", "https://hunter2@www.iana.org/", "https://:hunter2@www.iana.org/",
		"HTTP://user:hunter2@www.iana.org/", "//user:hunter2@www.iana.org/", "user:hunter2@www.iana.org", "https:user:hunter2@www.iana.org",
		"https:/user:hunter2@www.iana.org/", "https:///user:hunter2@www.iana.org/", `https:\\user:hunter2@www.iana.org/`, `https://\user:hunter2@www.iana.org/`,
		" https://user:hunter2@www.iana.org/", "https://\tuser:hunter2@www.iana.org/", "https:// / /user:hunter2@www.iana.org/", "ht tps://user:hunter2@www.iana.org/",
		"https://user:hunter2@", "https://user:hunter2@\x00", "https://user:hunter2%zz@www.iana.org/", "https://us%er:hunter2@www.iana.org/",
		"https://user:hunter2@a@b@www.iana.org/", "https://a@b:hunter2@[::1/", "https://user:hunter2\xff@www.iana.org/", "https://user:hunter2 @www.iana.org/",
		"https://user:x/hunter2@www.iana.org/", "https://user:hunter2/x@www.iana.org/", "https://user:x?hunter2@www.iana.org/", "https://user:x#hunter2@www.iana.org/",
		`https://user:x\hunter2@www.iana.org/`, "https://user:hunter2/", "https://user:hunter2", "https://user:hunter2\uff20www.iana.org/", "https://[user:hunter2/x@www.iana.org/",
		"https://[user:hunter2@www.iana.org/", "https://u:p:hunter2/x@www.iana.org/", "https://user:hunter2@www.iana.org:x/", "x@://user:hunter2@h",
		"user:hunter2@://h", "https://@user:hunter2/", "https://[::1]:hunter2/",
	} {
		err := vidgo.ValidateCallbackURL(raw)
		require.Error(t, err, "%q", raw)
		require.NotContains(t, err.Error(), secret, "%q", raw)
		e, _ := errors.AsType[*vidgo.CallbackURLError](err)
		require.NotContains(t, e.URL, secret, "%q", raw)
		require.NotContains(t, fmt.Sprintf("%+v %#v", err, *e), secret, "%q", raw)

		// A user of the package may build the error, too.
		require.NotContains(t, (&vidgo.CallbackURLError{URL: raw}).Error(), secret, "%q", raw)
	}
	for _, raw := range []string{
		"http://www.iana.org/cb?token=hunter2", "http://www.iana.org?hunter2", "https://localhost/?a=b&token=hunter2#x", "https://www.iana.org/#hunter2",
		"https://www.iana.org/?token=hunter2%zz", "cb?hunter2", "https://10.0.0.1?hunter2=?hunter2", "https://www.iana.org/?hunter2\x00", "?hunter2",
		"https://www.iana.org:0/cb?mail=a@b&token=hunter2",
	} {
		err := vidgo.ValidateCallbackURL(raw)
		require.Error(t, err, "%q", raw)
		require.NotContains(t, err.Error(), secret, "%q", raw)
		require.Contains(t, err.Error(), "...")
	}
}

func TestCallbackURLErrorText(t *testing.T) {
	const base = "vidgo: invalid callback URL"
	long := "http://www.iana.org/" + strings.Repeat("a", 200) + "?token=1"
	tests := []struct {
		err  vidgo.CallbackURLError
		want string
	}{
		{vidgo.CallbackURLError{}, base},
		{vidgo.CallbackURLError{Reason: "it is odd"}, base + ": it is odd"},
		{vidgo.CallbackURLError{Err: io.EOF}, base + ": EOF"},
		{vidgo.CallbackURLError{URL: "https://a\n\xff/", Reason: "no", Err: io.EOF}, base + ` "https://a\n\xff/": no: EOF`},
		{vidgo.CallbackURLError{URL: long}, base + ` "http://www.iana.org/` + strings.Repeat("a", 100) + `...?..."`},
		{vidgo.CallbackURLError{URL: "http://u:p@h:80/u/@x#y"}, base + ` "http://***@h:80/u/@x#..."`},
		{vidgo.CallbackURLError{URL: "http://[::1]:80/u/@x"}, base + ` "http://[::1]:80/u/@x"`},
	}
	for _, test := range tests {
		require.Equal(t, test.want, test.err.Error())
		require.ErrorIs(t, &test.err, vidgo.ErrInvalidCallbackURL)
		require.Equal(t, test.err.Err, errors.Unwrap(&test.err))
	}
	e, _ := errors.AsType[*vidgo.CallbackURLError](vidgo.ValidateCallbackURL("https://u:p@h.org/cb?q=1"))
	require.Equal(t, "https://***@h.org/cb?q=1", e.URL)
}

func TestValidateCallbackURLConcurrently(t *testing.T) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				if vidgo.ValidateCallbackURL("https://bücher.de/cb") != nil || vidgo.ValidateCallbackURL("https://[2606:4700::1]/cb") != nil {
					t.Error("a valid URL was refused")
				}
				if vidgo.ValidateCallbackURL("https://ⓛocalhost/cb") == nil || vidgo.ValidateCallbackURL("https://10.0.0.1/cb") == nil {
					t.Error("an invalid URL was accepted")
				}
			}
		})
	}
	wg.Wait()
}

func TestPublicAddr(t *testing.T) {
	require.NoError(t, vidgo.PublicAddr(netip.MustParseAddr("8.8.8.8")))
	require.NoError(t, vidgo.PublicAddr(netip.MustParseAddr("2606:4700::1")))
	require.Error(t, vidgo.PublicAddr(netip.Addr{}), "no address is not a public address")
	require.Error(t, vidgo.PublicAddr(netip.MustParseAddr("::ffff:8.8.8.8")))
	for _, s := range []string{"2606:4700::1%eth0", "fe80::1%eth0", "::1%lo", "::ffff:8.8.8.8%x"} {
		require.ErrorContains(t, vidgo.PublicAddr(netip.MustParseAddr(s)), "zone", s)
	}
}

// zone is what a stub name server answers about one name.
type zone struct {
	rcode dnsmessage.RCode
	addrs []string
	mute  bool // questions are read and never answered
}

// stubDNS is a name server in memory.
type stubDNS struct {
	zones map[string]zone

	dials atomic.Int32

	mu    sync.Mutex // guards asked
	asked map[string]bool
}

func (s *stubDNS) resolver() *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			s.dials.Add(1)
			client, server := net.Pipe()
			go s.serve(server) // ends when the resolver closes its side
			// The resolver leaves a cancelled question to its own timeout, but a
			// bubble must be empty at the end.
			context.AfterFunc(ctx, func() { client.Close() })
			return client, nil
		},
	}
}

// serve speaks DNS as over TCP, which Go's resolver uses on anything that is not
// a packet connection.
func (s *stubDNS) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		reply := s.answer(query)
		if reply == nil {
			continue
		}
		binary.BigEndian.PutUint16(size[:], uint16(len(reply)))
		if _, err := conn.Write(append(size[:], reply...)); err != nil {
			return
		}
	}
}

func (s *stubDNS) answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	s.mu.Lock()
	s.asked[q.Name.String()] = true
	s.mu.Unlock()
	z, ok := s.zones[q.Name.String()]
	if z.mute {
		return nil
	}
	if !ok {
		z.rcode = dnsmessage.RCodeNameError
	}
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true, RCode: z.rcode}
	m.Additionals = nil
	for _, text := range z.addrs {
		if r := record(q, netip.MustParseAddr(text)); r.Header.Type == q.Type {
			m.Answers = append(m.Answers, r)
		}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

func record(q dnsmessage.Question, a netip.Addr) dnsmessage.Resource {
	h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 60}
	if a.Is4() {
		h.Type = dnsmessage.TypeA
		return dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}}
	}
	h.Type = dnsmessage.TypeAAAA
	return dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}}
}

func newStubDNS() *stubDNS {
	return &stubDNS{
		asked: map[string]bool{},
		zones: map[string]zone{
			"public.example.com.":  {addrs: []string{"8.8.8.8", "2606:4700::1"}},
			"v6.example.com.":      {addrs: []string{"2606:4700::1"}},
			"private.example.com.": {addrs: []string{"10.0.0.1"}},
			"local6.example.com.":  {addrs: []string{"fd00::1"}},
			"mixed.example.com.":   {addrs: []string{"8.8.8.8", "1.1.1.1", "192.168.1.1", "8.8.4.4"}},
			"mixed6.example.com.":  {addrs: []string{"8.8.8.8", "2606:4700::1", "::1"}},
			"mapped.example.com.":  {addrs: []string{"::ffff:10.0.0.1"}},
			"mapped8.example.com.": {addrs: []string{"::ffff:8.8.8.8"}},
			"nat64.example.com.":   {addrs: []string{"64:ff9b::a00:1"}},
			"empty.example.com.":   {},
			"broken.example.com.":  {rcode: dnsmessage.RCodeServerFailure},
			"refused.example.com.": {rcode: dnsmessage.RCodeRefused},
			"mute.example.com.":    {mute: true},
			"xn--bcher-kva.de.":    {addrs: []string{"8.8.8.8"}},
			"127.0.0.1.nip.io.":    {addrs: []string{"127.0.0.1"}},
			"localtest.me.":        {addrs: []string{"127.0.0.1"}},
		},
	}
}

func TestResolveCallbackHost(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"https://public.example.com/cb", ""},
		{"https://PUBLIC.example.com.:8443/cb", ""},
		{"https://v6.example.com/cb", ""},
		{"https://bücher.de/cb", ""},
		{"https://mapped8.example.com/cb", ""},
		{"https://private.example.com/cb", "leads to a host that is not public: 10.0.0.1 is a private address"},
		{"https://local6.example.com/cb", "fd00::1 is a private address"},
		{"https://mixed.example.com/cb", "192.168.1.1 is a private address"},
		{"https://mixed6.example.com/cb", "::1 is a loopback address"},
		{"https://mapped.example.com/cb", "10.0.0.1 is a private address"},
		{"https://nat64.example.com/cb", "64:ff9b::a00:1 is a reserved address"},
		{"https://127.0.0.1.nip.io/cb", "127.0.0.1 is a loopback address"},
		{"https://localtest.me/cb", "127.0.0.1 is a loopback address"},
		{"https://empty.example.com/cb", "the host name empty.example.com has no address"},
		{"https://missing.example.com/cb", "the host name missing.example.com has no address"},
		{"https://broken.example.com/cb", "could not be looked up"},
		{"https://refused.example.com/cb", "could not be looked up"},
		{"https://localhost/cb", `ends in "localhost"`},
	}
	for _, test := range tests {
		err := vidgo.ResolveCallbackHost(t.Context(), newStubDNS().resolver(), test.raw)
		if test.want == "" {
			require.NoError(t, err, test.raw)
			continue
		}
		require.ErrorContains(t, err, test.want, test.raw)
		require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL, test.raw)
	}
}

func TestResolveCallbackHostShowsTheResolversError(t *testing.T) {
	err := vidgo.ResolveCallbackHost(t.Context(), newStubDNS().resolver(), "https://missing.example.com/cb?token=hunter2")
	dns, ok := errors.AsType[*net.DNSError](err)
	require.True(t, ok, "%v", err)
	require.True(t, dns.IsNotFound)
	require.Equal(t, "missing.example.com.", dns.Name, "without the last dot a search list applies")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestResolveCallbackHostAsksForTheMappedNameOnly(t *testing.T) {
	dns := newStubDNS()
	require.Error(t, vidgo.ResolveCallbackHost(t.Context(), dns.resolver(), "https://MISSING.Bücher.de/cb"))
	require.Equal(t, map[string]bool{"missing.xn--bcher-kva.de.": true}, dns.asked)
}

func TestResolveCallbackHostAsksNothingAboutAddresses(t *testing.T) {
	dns := newStubDNS()
	for _, raw := range []string{"https://8.8.8.8/cb", "https://[2606:4700::1]:8443/cb"} {
		require.NoError(t, vidgo.ResolveCallbackHost(t.Context(), dns.resolver(), raw))
	}
	require.Error(t, vidgo.ResolveCallbackHost(t.Context(), dns.resolver(), "https://10.0.0.1/cb"))
	require.Zero(t, dns.dials.Load())
}

func TestResolveCallbackHostInTime(t *testing.T) {
	// Package net makes channels at its first lookup and keeps them. Made in a
	// bubble, they could not be used outside it.
	require.NoError(t, vidgo.ResolveCallbackHost(t.Context(), newStubDNS().resolver(), "https://public.example.com/cb"))

	resolve := func(ctx context.Context) (time.Duration, error) {
		start := time.Now()
		err := vidgo.ResolveCallbackHost(ctx, newStubDNS().resolver(), "https://mute.example.com/cb")
		return time.Since(start), err
	}
	bubble := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	bubble("a timeout of its own", func(t *testing.T) {
		took, err := resolve(t.Context())
		require.Equal(t, vidgo.CallbackLookupTimeout, took)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, vidgo.ErrInvalidCallbackURL)
		require.ErrorContains(t, err, "took too long")
	})
	bubble("an earlier deadline of the caller", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		took, err := resolve(ctx)
		require.Equal(t, 2*time.Second, took)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	bubble("cancelled by the caller", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		took, err := resolve(ctx)
		require.Equal(t, time.Second, took)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "was cancelled")
	})
	bubble("cancelled before the lookup", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		dns := newStubDNS()
		err := vidgo.ResolveCallbackHost(ctx, dns.resolver(), "https://public.example.com/cb")
		require.ErrorIs(t, err, context.Canceled)
		synctest.Wait()
		require.Zero(t, dns.dials.Load(), "no lookup begins whose result nobody waits for")
	})
}

func FuzzValidateCallbackURL(f *testing.F) {
	for _, seed := range []string{
		"https://www.iana.org/cb?a=b", "https://[2606:4700::1]:8443/", "https://8.8.8.8", "https://bücher.de/", "https://xn--bcher-kva.de./",
		"https://user:pw@www.iana.org/", "https://ⓛocalhost/", "https://0x7f.1/", "https://[fe80::1%25eth0]/", "https:///x", "https://a\u200db.com",
		"https://www.iana.org.xn--", "x://:@[", "https://user:x/y@h", `https:\\a@b`, "https://a.org:/@", "https://faß.de。:443?x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		fuzzSecrets(t, raw)
		if vidgo.ValidateCallbackURL(raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Equal(t, "https", u.Scheme)
		require.Nil(t, u.User)
		require.Empty(t, u.Opaque)
		require.NotEmpty(t, u.Hostname())
		require.NotContains(t, raw, "#")
		require.True(t, utf8.ValidString(raw))
		require.LessOrEqual(t, utf8.RuneCountInString(raw), vidgo.CallbackURLMaxLength)
		require.Error(t, vidgo.ValidateCallbackURL(raw+"#x"))
		for _, host := range []string{asciiCase(u.Host, 'A', 'Z'), asciiCase(u.Host, 'a', 'z')} {
			require.NoError(t, vidgo.ValidateCallbackURL(strings.Replace(raw, u.Host, host, 1)), "the case of the host must not matter")
		}
		fuzzHost(t, raw)
	})
}

// fuzzHost checks that the host that was read out of a URL is read out of itself
// again.
func fuzzHost(t *testing.T, raw string) {
	addr, name, err := vidgo.CallbackHost(raw)
	require.NoError(t, err)
	if addr.IsValid() {
		require.Empty(t, name)
		require.NoError(t, vidgo.PublicAddr(addr))
		require.True(t, addr.IsGlobalUnicast() && !addr.IsPrivate())
		return
	}
	_, again, err := vidgo.CallbackHost("https://" + name)
	require.NoError(t, err)
	require.Equal(t, name, again)
	_, err = netip.ParseAddr(name)
	require.Error(t, err)
}

// fuzzSecrets puts a password into the URL, in the two places where one can be,
// and checks that no error shows it.
func fuzzSecrets(t *testing.T, raw string) {
	const secret = "5ecret-Pa55word"
	scheme, rest, _ := strings.Cut(raw, "://")
	for _, u := range []string{"https://user:" + secret + "@" + raw, scheme + "://user:" + secret + "@" + rest} {
		err := vidgo.ValidateCallbackURL(u)
		if strings.Contains(scheme, "/") || strings.Contains(scheme, "?") {
			continue // then it is part of a path or a query, and not a password
		}
		if err != nil && strings.Count(u, secret) == 1 {
			require.NotContains(t, err.Error(), secret, "%q", u)
		}
	}
}

// asciiCase changes the case of the ASCII letters from lo to hi.
func asciiCase(s string, lo, hi byte) string {
	b := []byte(s)
	for i, c := range b {
		if lo <= c && c <= hi {
			b[i] ^= 0x20
		}
	}
	return string(b)
}

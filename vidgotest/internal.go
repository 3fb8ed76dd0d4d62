package vidgotest

import (
	"net/netip"
	"slices"
	"strings"
)

// unreachable are blocks of addresses that the internet does not reach, by the
// registries of IANA: those that netip.Addr has no method for.
var unreachable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // behind a carrier's NAT
	netip.MustParsePrefix("192.0.0.0/24"),    // protocols
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation, here and below
	netip.MustParsePrefix("198.51.100.0/24"), //
	netip.MustParsePrefix("203.0.113.0/24"),  //
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and the broadcast address
	netip.MustParsePrefix("2001::/32"),       // Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation, here and below
	netip.MustParsePrefix("3fff::/20"),       //
	netip.MustParsePrefix("2002::/16"),       // 6to4
}

// unicast is all that IPv6 has given out for the internet so far.
var unicast = netip.MustParsePrefix("2000::/3")

// internal reports whether a host is one that the internet cannot reach, so far
// as its name shows.
func internal(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return internalIP(ip.Unmap())
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case last == host, last == "localhost", last == "local", last == "internal":
		return true
	default: // an IPv4 address in another spelling, such as 127.1 or 0x7f.0x1
		return strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
	}
}

func internalIP(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() ||
		ip.Is6() && !unicast.Contains(ip.WithZone("")) ||
		slices.ContainsFunc(unreachable, func(block netip.Prefix) bool { return block.Contains(ip) })
}

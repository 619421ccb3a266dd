package egress

import "net/netip"

// special are networks that the registries of special-purpose addresses (IANA,
// RFC 6890 and its followers) keep from being a shop's, and one that a cloud
// has made special: Azure answers its virtual machines at 168.63.129.16, which
// is in nobody's list. The other metadata addresses are link-local
// (169.254.169.254, fe80::a9fe:a9fe), shared (100.100.100.200), private
// (fd00:ec2::254) or reserved (192.0.0.192).
var special = [...]struct { //nolint:gochecknoglobals // a constant that Go cannot spell
	prefix netip.Prefix
	why    string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "stands for this host"},
	{netip.MustParsePrefix("10.0.0.0/8"), "is private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "is shared by a provider's customers (CGNAT)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "is loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "is a cloud's metadata service"},
	{netip.MustParsePrefix("169.254.0.0/16"), "is link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "is private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "is reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "is for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "is a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "is private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "is for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "is for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "is for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "is multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "is reserved"},
	{netip.MustParsePrefix("::1/128"), "is loopback"},
	{netip.MustParsePrefix("64:ff9b::/96"), "is translated to IPv4 (NAT64)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "is translated to IPv4 (NAT64)"},
	{netip.MustParsePrefix("fc00::/7"), "is private"},
	{netip.MustParsePrefix("fe80::/10"), "is link-local"},
	{netip.MustParsePrefix("ff00::/8"), "is multicast"},
	{netip.MustParsePrefix("2001::/23"), "is reserved, Teredo among others"},
	{netip.MustParsePrefix("2001:db8::/32"), "is for documentation"},
	{netip.MustParsePrefix("2002::/16"), "is translated to IPv4 (6to4)"},
	{netip.MustParsePrefix("3fff::/20"), "is for documentation"},
}

// unicast is all of IPv6 that has been given out.
var unicast = netip.MustParsePrefix("2000::/3") //nolint:gochecknoglobals // a constant that Go cannot spell

// whyNot returns why a may not be reached, as the rest of a sentence; "" if it
// is an address of the internet. An IPv4 address in IPv6's clothes is looked at
// as what it is.
func whyNot(a netip.Addr) string {
	if !a.IsValid() {
		return "is no address"
	}
	if a.Zone() != "" {
		return "is of one link only"
	}
	a = a.Unmap()
	for _, s := range special {
		if s.prefix.Contains(a) {
			return s.why
		}
	}
	if a.Is6() && !unicast.Contains(a) {
		return "is reserved"
	}
	return ""
}

package egress

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aiwoochat/woochat/ports"
)

// allowed is one entry of the list of what may be reached all the same.
type allowed struct {
	name   string       // in lower case; "" for a network
	prefix netip.Prefix // for a network
	port   uint16       // 0: any
}

// Check reports what is wrong with entries of Config.Allow; the error names all
// that is, and matches ports.ErrInvalid.
func Check(entries []string) error {
	_, err := parseAllow(entries)
	return err
}

func parseAllow(entries []string) ([]allowed, error) {
	var out []allowed
	var faults []string
	for _, e := range entries {
		a, ok := parseEntry(strings.ToLower(strings.TrimSpace(e)))
		if !ok {
			faults = append(faults, fmt.Sprintf("%.60q", e))
			continue
		}
		out = append(out, a)
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %s: write a name, an address or a network, such as shop.test, 127.0.0.1:8088 or 10.1.0.0/16", ports.ErrInvalid, strings.Join(faults, ", "))
	}
	return out, nil
}

func parseEntry(e string) (allowed, bool) {
	if p, err := netip.ParsePrefix(e); err == nil {
		return allowed{prefix: p.Masked()}, true
	}
	host, port := e, uint16(0)
	if h, p, err := net.SplitHostPort(e); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return allowed{}, false
		}
		host, port = h, uint16(n)
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		a = a.Unmap().WithZone("")
		return allowed{prefix: netip.PrefixFrom(a, a.BitLen()), port: port}, true
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || strings.ContainsAny(host, " /:@?#*[]") {
		return allowed{}, false
	}
	return allowed{name: host, port: port}, true
}

// allows reports whether the list has host, or one that has a's network, with
// that port.
func (g *Guard) allows(host string, a netip.Addr, port uint16) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, e := range g.allow {
		if e.port != 0 && e.port != port {
			continue
		}
		if e.name != "" && e.name == host || e.name == "" && a.IsValid() && e.prefix.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

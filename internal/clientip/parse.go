package clientip

import "net/netip"

// parseAddr reads a bare address, without zone, port or brackets, and undoes
// the mapping of IPv4 into IPv6 (RFC 4291, section 2.5.5.2).
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// parsePeer reads "address:port" as net/http writes it. The zone of a
// link-local peer comes from this machine, not from the client, and is dropped.
func parsePeer(remoteAddr string) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	return peer.Addr().WithZone("").Unmap(), true
}

// parseProxy reads an address or a CIDR prefix (RFC 4632, RFC 4291).
func parseProxy(entry string) (netip.Prefix, bool) {
	if addr, ok := parseAddr(entry); ok {
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(entry)
	if err != nil {
		return netip.Prefix{}, false
	}
	return unmapPrefix(prefix)
}

// mappedBits is the length of the prefix ::ffff:0:0/96.
const mappedBits = 96

// unmapPrefix makes a prefix of IPv4-mapped addresses one of IPv4, the form in
// which clients are compared. One that reaches beyond the mapped range would
// silently match nothing, so it is refused.
func unmapPrefix(prefix netip.Prefix) (netip.Prefix, bool) {
	if !prefix.Addr().Is4In6() {
		return prefix, true
	}
	if prefix.Bits() < mappedBits {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits), true
}

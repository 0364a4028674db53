package origin

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// splitAuthority returns the normalised host and the port of an authority
// (RFC 3986, section 3.2). The host follows the last "@", as in browsers.
func splitAuthority(authority string) (host, port string, ok bool) {
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if !isUserinfo(authority[:at]) {
			return "", "", false
		}
		authority = authority[at+1:]
	}
	host, port, ok = splitPort(authority)
	if !ok {
		return "", "", false
	}
	if strings.HasPrefix(host, "[") {
		host, ok = normaliseIPv6(host)
	} else {
		host, ok = normaliseName(host)
	}
	return host, port, ok
}

// splitPort cuts "host", "host:" or "host:port", where a host with colons
// stands in brackets.
func splitPort(authority string) (host, port string, ok bool) {
	end := strings.IndexByte(authority, ':')
	if strings.HasPrefix(authority, "[") {
		end = strings.IndexByte(authority, ']') + 1
		if end == len(authority) {
			return authority, "", true
		}
		if end == 0 || authority[end] != ':' {
			return "", "", false
		}
	}
	if end < 0 {
		return authority, "", true
	}
	host, port = authority[:end], authority[end+1:]
	return host, port, port == "" || isPort(port)
}

// isPort accepts 0 to 65535 without leading zeros.
func isPort(s string) bool {
	if len(s) > 1 && s[0] == '0' || len(s) > 5 || !isDigits(s) {
		return false
	}
	n, err := strconv.Atoi(s)
	return err == nil && n <= 65535
}

// isUserinfo accepts the characters of RFC 3986, section 3.2.1. Further "@"
// are left to neither reader to interpret.
func isUserinfo(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && !isDigit(c) && strings.IndexByte("-._~!$&'()*+,;=:%", c) < 0 {
			return false
		}
	}
	return true
}

// normaliseName lower-cases a DNS name or dotted IPv4 address. A name may end
// in a dot, which makes it another name.
func normaliseName(host string) (string, bool) {
	labels := strings.TrimSuffix(host, ".")
	if labels == "" || strings.HasPrefix(labels, ".") || strings.HasSuffix(labels, ".") || strings.Contains(labels, "..") {
		return "", false
	}
	for i := range len(labels) {
		c := labels[i]
		if !isLetter(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' {
			return "", false
		}
	}
	if endsInNumber(labels) && !isIPv4(host) {
		return "", false
	}
	return strings.ToLower(host), true
}

// endsInNumber reports whether browsers would take the host for an IPv4
// address, in one of the many spellings they know (URL Standard, "ends in a
// number checker").
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if isDigits(last) {
		return true
	}
	hex, found := strings.CutPrefix(strings.ToLower(last), "0x")
	return found && strings.Trim(hex, "0123456789abcdef") == ""
}

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// isIPv4 accepts four decimal numbers without leading zeros.
func isIPv4(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is4()
}

// normaliseIPv6 spells a bracketed address as the URL Standard does: as in RFC
// 5952, but with mapped IPv4 addresses in hexadecimal.
func normaliseIPv6(host string) (string, bool) {
	inner, closed := strings.CutSuffix(strings.TrimPrefix(host, "["), "]")
	addr, err := netip.ParseAddr(inner)
	if !closed || err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", false
	}
	if addr.Is4In6() {
		b := addr.As16()
		return fmt.Sprintf("[::ffff:%x:%x]", uint16(b[12])<<8|uint16(b[13]), uint16(b[14])<<8|uint16(b[15])), true
	}
	return "[" + addr.String() + "]", true
}

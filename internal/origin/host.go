package origin

import (
	"strings"
)

// maxHostLength is the longest DNS name (RFC 1035, section 2.3.4).
const maxHostLength = 253

// ValidHost reports whether s is a host[:port] that links may be built from: a
// DNS name of letters, digits and hyphens, a dotted IPv4 address or a bracketed
// IPv6 address, and a port up to 65535. Names that browsers take for a number,
// such as 127.1, are refused, and so are those that look like a script URL.
func ValidHost(s string) bool {
	host, port, ok := splitPort(s)
	if !ok || port == "" && len(host) != len(s) || namesScript(s) {
		return false
	}
	if strings.HasPrefix(host, "[") {
		_, ok := normaliseIPv6(host)
		return ok
	}
	return isHostName(host)
}

// ValidProto reports whether s is a scheme that a forwarding proxy may name:
// exactly "http" or "https".
func ValidProto(s string) bool { return s == "http" || s == "https" }

// MatchHost reports whether an allowed-host pattern covers host, a valid
// host[:port]. Case does not matter, an http or https scheme and a path in the
// pattern are ignored, "*" and "?" are wildcards, and the port is part of the
// host: "localhost:*" does not cover "localhost". A pattern that looks like an
// IPv4 address covers only IPv4 addresses.
func MatchHost(pattern, host string) bool {
	pattern = hostOfPattern(pattern)
	if pattern == "" || !ValidHost(host) {
		return false
	}
	if !hasWildcard(pattern) {
		return strings.EqualFold(pattern, host)
	}
	compiled, err := compileGlob(strings.ToLower(pattern))
	if err != nil || !compiled.match(strings.ToLower(host)) {
		return false
	}
	return !isIPv4Wildcard(pattern) || isIPv4(withoutPort(host))
}

func hostOfPattern(pattern string) string {
	pattern = strings.TrimSpace(pattern)
	if scheme, rest, found := strings.Cut(pattern, "://"); found && isWeb(scheme) {
		pattern = rest
	}
	host, _, _ := strings.Cut(pattern, "/")
	return host
}

func isHostName(host string) bool {
	if host == "" || len(host) > maxHostLength || endsInNumber(host) && !isIPv4(host) {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

// isLabel checks one part of a DNS name (RFC 1123, section 2.1).
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// namesScript finds what a host with a port could be mistaken for.
func namesScript(s string) bool {
	scheme, _, found := strings.Cut(strings.ToLower(s), ":")
	return found && (strings.HasSuffix(scheme, "javascript") || strings.HasSuffix(scheme, "file") || strings.HasSuffix(scheme, "data"))
}

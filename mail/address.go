package mail

import "strings"

// Limits of RFC 5321 section 4.5.3.1, in octets. A path is limited to 256 octets
// with its angle brackets, which leaves 254 for the address.
const (
	maxAddress   = 254
	maxLocalPart = 64
	maxLabel     = 63
)

// ValidAddress reports whether s is exactly one plain mailbox, local@domain, in
// ASCII and with nothing around it.
//
// The grammar is deliberately narrower than RFC 5321: it has no quoted local
// parts, comments, display names, separators, address literals or characters
// beyond ASCII, because those are what makes two programs read one string as two
// different addresses. The percent sign, the exclamation mark, the vertical bar,
// the slash and the backquote are refused as well: relays and delivery agents have
// taken them for routes, commands and file names.
//
//   - local: at most 64 characters; atoms of letters, digits and #$&'*+-=?^_{}~,
//     joined by single dots
//   - domain: two or more labels of letters, digits and inner hyphens, each at most
//     63 characters; the last one has two or more and begins with a letter
//   - the whole: at most 254 characters
//
// A name without a dot, such as localhost, is no domain here. International
// domains are written in their ASCII form (xn--…). The case of letters is left
// alone; whoever compares addresses lower-cases them once, before anything else.
func ValidAddress(s string) bool {
	if len(s) > maxAddress {
		return false
	}
	local, domain, found := strings.Cut(s, "@")
	return found && validLocalPart(local) && validDomain(domain)
}

func validLocalPart(s string) bool {
	if len(s) > maxLocalPart {
		return false
	}
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || !containsOnly(atom, isAtomChar) {
			return false
		}
	}
	return true
}

func validDomain(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot < 0 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !validLabel(label) {
			return false
		}
	}
	top := s[dot+1:]
	return len(top) >= 2 && isLetter(top[0])
}

// validLabel follows the host name rules of RFC 1123 section 2.1.
func validLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return containsOnly(s, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' })
}

func containsOnly(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isAtomChar(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("#$&'*+-=?^_{}~", c) >= 0
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

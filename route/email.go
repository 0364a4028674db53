package route

import "strings"

// IsEmail reports whether s is an e-mail address as clients may send it: dot
// separated atoms, an at sign, a domain name of at least two labels. It is
// ASCII only and much narrower than RFC 5322 on purpose: no quoted local parts,
// comments, display names or lists, with which a mail library could be led to
// another mailbox than the one that was checked. It is as long as RFC 5321,
// section 4.5.3.1.3, allows at most.
func IsEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && len(s) <= maxEmail && isLocalPart(local) && isDomain(domain)
}

const maxEmail = 254 // octets, without the angle brackets

func isLocalPart(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || s[len(s)-1] == '\'' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && !strings.ContainsRune("_'+-.", rune(c)) {
			return false
		}
	}
	return true
}

func isDomain(s string) bool {
	last := strings.LastIndexByte(s, '.')
	if last < 0 || len(s)-last-1 < 2 {
		return false
	}
	for i := last + 1; i < len(s); i++ {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	for label := range strings.SplitSeq(s[:last], ".") {
		if label == "" || !isAlphanumeric(label[0]) {
			return false
		}
		for i := range len(label) {
			if !isAlphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

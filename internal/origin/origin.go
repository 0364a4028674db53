// Package origin decides which URLs, origins and hosts a server trusts.
//
// It is deliberately stricter than both net/url and browsers: a URL that the
// two could read differently has no origin and matches nothing.
package origin

// Of returns the normalised origin (RFC 6454, section 6.2) of an http or https
// URL: scheme and host in lower case, without default port, user information,
// path, query and fragment. ok is false for any other scheme, and wherever
// doubt remains about what a browser would make of the URL: backslashes,
// control characters, surrounding space, a missing "//", percent-encoded or
// non-ASCII hosts, numbers that are not a dotted IPv4 address.
//
// It allocates only if the origin is not a prefix of the URL as written.
func Of(url string) (origin string, ok bool) {
	t, ok := parse(url)
	if !ok || t.origin == "" {
		return "", false
	}
	return t.origin, true
}

// Set is a list of trusted origin patterns. The zero value trusts nothing.
type Set []Pattern

// Match reports whether any pattern of the set matches the URL.
func (s Set) Match(url string) bool {
	t, ok := parse(url)
	if !ok {
		return false
	}
	for i := range s {
		if s[i].matches(t) {
			return true
		}
	}
	return false
}

package origin

import (
	"strings"
	"unicode/utf8"
)

// target is an absolute URL taken apart for comparison with patterns.
type target struct {
	scheme    string // as written
	authority string // as written, "" if there is none
	path      string // as written, without query and fragment
	origin    string // normalised; "" unless http or https
	host      string // normalised host[:port] without user information; "" if none
}

// parse takes an absolute URL apart. It fails on whatever a browser might read
// in another way.
func parse(url string) (target, bool) {
	if !isClean(url) || strings.HasPrefix(url, " ") || strings.HasSuffix(url, " ") {
		return target{}, false
	}
	t, ok := split(url)
	if !ok || isScript(t.scheme) {
		return target{}, false
	}
	if isWeb(t.scheme) {
		return webTarget(url, t)
	}
	if host, port, ok := splitAuthority(t.authority); ok {
		t.host = joinPort(host, port)
	}
	return t, true
}

// split cuts a URL at its delimiters (RFC 3986, section 3). A backslash before
// the query is a slash to browsers and an ordinary character to everyone else,
// so it is refused; in query and fragment all agree that it means nothing.
func split(url string) (target, bool) {
	scheme, rest, found := strings.Cut(url, ":")
	if !found || !isScheme(scheme) {
		return target{}, false
	}
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	if strings.IndexByte(rest, '\\') >= 0 {
		return target{}, false
	}
	t := target{scheme: scheme, path: rest}
	if after, hasAuthority := strings.CutPrefix(rest, "//"); hasAuthority {
		t.authority, t.path = after, ""
		if slash := strings.IndexByte(after, '/'); slash >= 0 {
			t.authority, t.path = after[:slash], after[slash:]
		}
	}
	return t, true
}

// webTarget completes the target of an http or https URL with its origin.
func webTarget(url string, t target) (target, bool) {
	host, port, ok := splitAuthority(t.authority)
	if !ok {
		return target{}, false
	}
	scheme := strings.ToLower(t.scheme)
	if port == defaultPort(scheme) {
		port = ""
	}
	t.origin = joinOrigin(url, scheme, host, port)
	t.host = t.origin[len(scheme)+len("://"):]
	return t, true
}

// joinOrigin finds the origin at the start of url, or builds it.
func joinOrigin(url, scheme, host, port string) string {
	hostAt := len(scheme) + len("://")
	end := hostAt + len(host)
	if port != "" {
		end += len(":") + len(port)
	}
	if len(url) >= end && url[:len(scheme)] == scheme && url[hostAt:hostAt+len(host)] == host &&
		(port == "" || url[hostAt+len(host)] == ':' && url[end-len(port):end] == port) {
		return url[:end]
	}
	return scheme + "://" + joinPort(host, port)
}

func joinPort(host, port string) string {
	if port == "" {
		return host
	}
	return host + ":" + port
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

func isWeb(scheme string) bool {
	return strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")
}

// isScript reports whether a URL of the scheme carries its own content, so
// that going there runs what an attacker wrote. No pattern makes one trusted.
func isScript(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "javascript", "data", "vbscript", "blob", "filesystem", "about", "view-source":
		return true
	}
	return false
}

// isScheme checks the syntax of RFC 3986, section 3.1.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// isClean reports whether s is UTF-8 without control characters (U+0000 to
// U+001F, U+007F to U+009F). Browsers drop some of these from URLs.
func isClean(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7F {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r <= 0x9F || r == utf8.RuneError && size == 1 {
			return false
		}
		i += size
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

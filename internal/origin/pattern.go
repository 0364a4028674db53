package origin

import (
	"errors"
	"fmt"
	"strings"
)

// Pattern is one trusted origin, compiled. The zero value matches nothing.
//
// These forms exist, with the meaning of Better Auth 1.7:
//
//	https://app.example            that origin, and no other scheme or port
//	*.app.example                  any subdomain, any scheme, default port
//	https://*.app.example:*        scheme, host and port with wildcards
//	http://192.168.*.*:*           as above; such hosts must be IPv4 addresses
//	myapp://                       everything in an app's own scheme
//	myapp://callback/done          that authority, that path and those below
//	exp://192.168.*.*:*/**         an app's scheme with wildcards
//
// "*" also matches dots, and a "?" is always a wildcard in a pattern. URLs of
// schemes that carry script or content (javascript:, data:, blob: and the
// like) never match, whatever the pattern.
type Pattern struct {
	form matcher
}

// matcher is one form of pattern.
type matcher interface{ matches(t target) bool }

// Match reports whether the pattern covers the URL. A relative URL is never
// covered: see IsSafeRelative.
func (p Pattern) Match(url string) bool {
	t, ok := parse(url)
	return ok && p.matches(t)
}

func (p Pattern) matches(t target) bool { return p.form != nil && p.form.matches(t) }

// Compile reads one pattern. Patterns that could never match anything are
// errors that say what to write instead.
func Compile(pattern string) (Pattern, error) {
	form, err := compile(pattern)
	if err != nil {
		return Pattern{}, fmt.Errorf("trusted origin %q: %w", pattern, err)
	}
	return Pattern{form: form}, nil
}

func compile(pattern string) (matcher, error) {
	switch {
	case pattern == "":
		return nil, errors.New("is empty")
	case !isClean(pattern) || strings.Contains(pattern, " "):
		return nil, errors.New("contains white space, a control character or invalid UTF-8")
	case strings.HasPrefix(pattern, "/"):
		return nil, errors.New("is a path; relative URLs are always judged on their own")
	}
	scheme, _, hasScheme := strings.Cut(pattern, ":")
	if hasScheme && isScript(scheme) {
		return nil, fmt.Errorf("the scheme %s can carry script and is never trusted", scheme)
	}
	if hasWildcard(pattern) {
		return compileWildcard(pattern)
	}
	return compileLiteral(pattern)
}

func compileLiteral(pattern string) (matcher, error) {
	if strings.Contains(pattern, `\`) {
		return nil, errors.New("contains a backslash")
	}
	t, ok := split(pattern)
	if !ok || isDigits(t.path) && t.authority == "" {
		return nil, fmt.Errorf("has no scheme; write %q", "https://"+pattern)
	}
	if !isWeb(t.scheme) {
		return compileApp(t)
	}
	normal, ok := Of(pattern)
	if !ok {
		return nil, errors.New("is not an http or https origin")
	}
	if normal != pattern {
		return nil, fmt.Errorf("is not a normalised origin; write %q", normal)
	}
	return exactOrigin(pattern), nil
}

// exactOrigin is a scheme, host and port without wildcards.
type exactOrigin string

func (o exactOrigin) matches(t target) bool { return t.origin == string(o) }

func compileWildcard(pattern string) (matcher, error) {
	scheme, rest, hasScheme := strings.Cut(pattern, "://")
	if !hasScheme {
		return compileHost(pattern)
	}
	if isScheme(scheme) && !isWeb(scheme) {
		return compileAppWildcard(scheme, rest)
	}
	return compileWebWildcard(pattern, rest)
}

// hostWildcard is a pattern for host[:port], whatever the scheme.
type hostWildcard struct {
	host glob
	ipv4 bool
}

func compileHost(pattern string) (matcher, error) {
	if strings.Contains(pattern, "/") {
		return nil, errors.New("has a path but no scheme")
	}
	if err := checkHostText(pattern); err != nil {
		return nil, err
	}
	host, err := compileGlob(pattern)
	if err != nil {
		return nil, err
	}
	return hostWildcard{host: host, ipv4: isIPv4Wildcard(pattern)}, nil
}

func (w hostWildcard) matches(t target) bool {
	return t.host != "" && w.host.match(t.host) && (!w.ipv4 || isIPv4(withoutPort(t.host)))
}

// webWildcard is a pattern for a whole http or https origin.
type webWildcard struct {
	origin glob
	ipv4   bool
}

func compileWebWildcard(pattern, rest string) (matcher, error) {
	host, path, hasPath := strings.Cut(rest, "/")
	if hasPath && path != "**" {
		return nil, errors.New("has a path, which an origin has not; end it after host and port")
	}
	if err := checkHostText(pattern); err != nil {
		return nil, err
	}
	origin, err := compileGlob(pattern)
	if err != nil {
		return nil, err
	}
	return webWildcard{origin: origin, ipv4: isIPv4Wildcard(host)}, nil
}

func (w webWildcard) matches(t target) bool {
	return t.origin != "" && w.origin.match(t.origin) && (!w.ipv4 || isIPv4(withoutPort(t.host)))
}

// checkHostText refuses what no normalised host contains.
func checkHostText(pattern string) error {
	for i := range len(pattern) {
		if pattern[i] >= 0x80 {
			return errors.New("is not ASCII; write international names in their xn-- form")
		}
	}
	if lower := strings.ToLower(pattern); lower != pattern {
		return fmt.Errorf("has upper-case letters, hosts have none; write %q", lower)
	}
	return nil
}

// isIPv4Wildcard reports whether host[:port] looks like an address with
// wildcards. Its "*" must not reach into a domain name: 192.168.*.* would
// otherwise cover 192.168.attacker.example.
func isIPv4Wildcard(hostport string) bool {
	host := withoutPort(hostport)
	return strings.Trim(host, "0123456789.*?") == "" && strings.ContainsAny(host, "0123456789")
}

func withoutPort(hostport string) string {
	if colon := strings.LastIndexByte(hostport, ':'); colon >= 0 && !strings.HasSuffix(hostport, "]") {
		return hostport[:colon]
	}
	return hostport
}

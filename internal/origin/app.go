package origin

import (
	"errors"
	"fmt"
	neturl "net/url"
	"path"
	"strings"
)

// appLocation is a place in an app's own scheme, without wildcards.
type appLocation struct {
	scheme    string
	authority string // lower case; "" is any
	path      string // canonical; "/" is any
}

func compileApp(t target) (matcher, error) {
	canonical, ok := canonicalPath(t.path)
	if !ok {
		return nil, errors.New("has a path that is not properly percent-encoded")
	}
	return appLocation{scheme: t.scheme, authority: strings.ToLower(t.authority), path: canonical}, nil
}

func (l appLocation) matches(t target) bool {
	if !strings.EqualFold(t.scheme, l.scheme) {
		return false
	}
	if l.authority != "" && strings.ToLower(t.authority) != l.authority {
		return false
	}
	if l.path == "/" {
		return true
	}
	got, ok := canonicalPath(t.path)
	return ok && isWithin(got, l.path)
}

// isWithin reports whether path is dir or below it.
func isWithin(path, dir string) bool {
	rest, found := strings.CutPrefix(path, dir)
	return found && (rest == "" || rest[0] == '/')
}

// canonicalPath decodes a path once, resolves its dot segments and drops empty
// ones. What decodes to control characters or backslashes has no meaning that
// all systems share.
func canonicalPath(raw string) (string, bool) {
	decoded, err := neturl.PathUnescape(raw)
	if err != nil || !isClean(decoded) || strings.IndexByte(decoded, '\\') >= 0 {
		return "", false
	}
	if !strings.HasPrefix(decoded, "/") {
		decoded = "/" + decoded
	}
	return path.Clean(decoded), true
}

// appWildcard is a place in an app's own scheme, with wildcards.
type appWildcard struct {
	scheme    string
	authority glob // nil is any
	ipv4      bool
	path      glob // nil is any
}

func compileAppWildcard(scheme, rest string) (matcher, error) {
	w := appWildcard{scheme: scheme}
	authority, path, hasPath := strings.Cut(rest, "/")
	var err error
	if authority != "" {
		w.ipv4 = isIPv4Wildcard(authority)
		if w.authority, err = compileGlob(strings.ToLower(authority)); err != nil {
			return nil, fmt.Errorf("authority %w", err)
		}
	}
	if hasPath {
		if w.path, err = compileGlob("/" + path); err != nil {
			return nil, fmt.Errorf("path %w", err)
		}
	}
	return w, nil
}

func (w appWildcard) matches(t target) bool {
	return strings.EqualFold(t.scheme, w.scheme) && w.matchesAuthority(t) && w.matchesPath(t.path)
}

func (w appWildcard) matchesAuthority(t target) bool {
	if w.authority == nil {
		return true
	}
	if strings.IndexByte(t.authority, '@') >= 0 || !w.authority.match(strings.ToLower(t.authority)) {
		return false
	}
	return !w.ipv4 || isIPv4(withoutPort(t.host))
}

func (w appWildcard) matchesPath(raw string) bool {
	if w.path == nil {
		return true
	}
	canonical, ok := canonicalPath(raw)
	return ok && w.path.match(canonical)
}

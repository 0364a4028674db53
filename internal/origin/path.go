package origin

import "fmt"

// PathPattern is a compiled pattern of endpoint paths with the wildcards of
// trusted origins. Its zero value matches nothing.
type PathPattern struct{ glob glob }

// CompilePath compiles a pattern such as "/sign-in/*" or "/admin/**".
func CompilePath(pattern string) (PathPattern, error) {
	g, err := compileGlob(pattern)
	if err != nil {
		return PathPattern{}, fmt.Errorf("path pattern %q: %w", pattern, err)
	}
	return PathPattern{g}, nil
}

// Match reports whether the whole path matches.
func (p PathPattern) Match(path string) bool { return len(p.glob) > 0 && p.glob.match(path) }

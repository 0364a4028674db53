package core

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// router finds endpoints by method and path. Paths are compared as they are
// written: percent-encodings are not decoded, letters not folded.
type router struct {
	static map[string]map[string]*Endpoint // path → method → endpoint
	params []paramRoute
}

// paramRoute is a path with parameters.
type paramRoute struct {
	segments []string
	methods  map[string]*Endpoint
}

// add registers an endpoint. It returns another one that has one of its methods
// and its path already, if there is one.
func (t *router) add(e *Endpoint) (taken *Endpoint) {
	methods := t.methods(e.spec.Path)
	for _, m := range e.spec.Methods {
		if methods[m] != nil {
			taken = methods[m]
		}
		methods[m] = e
	}
	return taken
}

func (t *router) methods(path string) map[string]*Endpoint {
	if !strings.Contains(path, ":") {
		if t.static == nil {
			t.static = map[string]map[string]*Endpoint{}
		}
		if t.static[path] == nil {
			t.static[path] = map[string]*Endpoint{}
		}
		return t.static[path]
	}
	for _, p := range t.params {
		if "/"+strings.Join(p.segments, "/") == path {
			return p.methods
		}
	}
	p := paramRoute{segments: strings.Split(path[1:], "/"), methods: map[string]*Endpoint{}}
	t.params = append(t.params, p)
	return p.methods
}

// find returns the endpoint of a path, and the path parameters.
func (t *router) find(method, path string, skipTrailingSlash bool) (*Endpoint, map[string]string) {
	if strings.Contains(path, "//") {
		return nil, nil
	}
	if skipTrailingSlash && len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if methods, ok := t.static[path]; ok {
		return methods[method], nil
	}
	for i := range t.params {
		if params, ok := t.params[i].match(path); ok {
			return t.params[i].methods[method], params
		}
	}
	return nil, nil
}

func (p *paramRoute) match(path string) (map[string]string, bool) {
	if path == "" || strings.Count(path, "/") != len(p.segments) {
		return nil, false
	}
	parts := strings.Split(path[1:], "/")
	var params map[string]string
	for i, segment := range p.segments {
		name, isParam := strings.CutPrefix(segment, ":")
		switch {
		case isParam && parts[i] != "":
			if params == nil {
				params = map[string]string{}
			}
			params[name] = parts[i]
		case isParam || segment != parts[i]:
			return nil, false
		}
	}
	return params, true
}

// pathMatches reports whether a middleware path covers an endpoint path.
func pathMatches(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "**"); ok {
		return strings.HasPrefix(path, prefix) || path == strings.TrimSuffix(prefix, "/")
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		rest, ok := strings.CutPrefix(path, prefix)
		return ok && !strings.Contains(rest, "/")
	}
	return pattern == path
}

// endpointPath returns the path of a request below the base path, and whether
// it is there at all. Dot segments are resolved first, once, so that the rate
// limit, the disabled paths and the router all see the same path.
func (k *Kernel) endpointPath(s *site, r *http.Request) (path string, inside bool) {
	path = resolveDots(r.URL.EscapedPath())
	rest, ok := strings.CutPrefix(path, s.path)
	if !ok || !strings.HasPrefix(rest, "/") || rest == "/" {
		return path, false
	}
	return rest, true
}

// resolveDots removes "." and ".." segments, in the spellings that browsers
// know, from an escaped path.
func resolveDots(path string) string {
	if !strings.Contains(path, "/.") && !strings.Contains(path, "/%2") {
		return path
	}
	segments := strings.Split(path, "/")
	out := segments[:0:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			if len(out) > 1 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, segment)
		}
	}
	return strings.Join(out, "/")
}

func trimSlashes(path string) string {
	trimmed := strings.TrimRight(path, "/")
	if trimmed == "" {
		return "/"
	}
	return trimmed
}

// mount registers the endpoints of a plugin.
func (k *Kernel) mount(owner string, endpoints []Endpoint) error {
	var problems []error
	for i := range endpoints {
		e := &endpoints[i]
		if e.spec == nil {
			return fmt.Errorf("Plugins: %s has an endpoint that was not made by core.Handle", owner)
		}
		e.owner = owner
		k.endpoints[e.spec] = e
		k.byName[e.spec.Name] = e
		if e.spec.ServerOnly() {
			continue
		}
		if !strings.HasPrefix(e.spec.Path, "/") || len(e.spec.Methods) == 0 {
			return fmt.Errorf("Plugins: endpoint %s of %s needs a method and a path that begins with a slash", e.spec.Name, owner)
		}
		if taken := k.router.add(e); taken != nil {
			problems = append(problems, fmt.Errorf("Plugins: %s and %s both serve %s; leave one of them out", taken.owner, owner, e.spec.Path))
		}
	}
	return errors.Join(problems...)
}

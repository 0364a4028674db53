package server

import (
	"net/http"
	"strings"

	"github.com/ostiary/ostiary/route"
)

// The templates of what is not an endpoint of the API.
const (
	livenessPath  = "/healthz"
	readinessPath = "/readyz"
	assetTemplate = "/assets/:file"
	pageTemplate  = "/:page"
)

// routes finds the template of a path: what stands in logs and metrics instead
// of paths, which are without end and may contain tokens.
type routes struct {
	base   string            // "" for the root
	static map[string]string // by the path in the API
	params []pattern
}

// pattern is a path with parameters.
type pattern struct {
	segments []string
	template string
}

func newRoutes(base string, endpoints []route.Described) *routes {
	t := &routes{base: base, static: map[string]string{}}
	for _, e := range endpoints {
		spec := e.Describe()
		switch {
		case spec.ServerOnly():
		case strings.Contains(spec.Path, "/:"):
			t.params = append(t.params, pattern{strings.Split(spec.Path, "/"), base + spec.Path})
		default:
			t.static[spec.Path] = base + spec.Path
		}
	}
	return t
}

// inAPI reports whether a path belongs to the API.
func (t *routes) inAPI(path string) bool {
	rest, ok := strings.CutPrefix(path, t.base)
	return ok && (rest == "" || rest[0] == '/')
}

// template returns the template of a path.
func (t *routes) template(path string) string {
	switch {
	case path == livenessPath, path == readinessPath:
		return path
	case t.inAPI(path):
		return t.endpoint(path[len(t.base):])
	case strings.HasPrefix(path, "/assets/"):
		return assetTemplate
	}
	return pageTemplate
}

func (t *routes) endpoint(path string) string {
	if template, ok := t.static[path]; ok {
		return template
	}
	parts := strings.Split(path, "/")
	for _, p := range t.params {
		if fits(p.segments, parts) {
			return p.template
		}
	}
	return t.base + "/*"
}

func fits(segments, parts []string) bool {
	if len(segments) != len(parts) {
		return false
	}
	for i, s := range segments {
		if s != parts[i] && !strings.HasPrefix(s, ":") {
			return false
		}
	}
	return true
}

// method returns a method as it stands in metrics: clients may invent others.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

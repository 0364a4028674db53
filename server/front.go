package server

import "net/http"

// front hands requests to whoever serves their path. It is not a ServeMux,
// because that would redirect paths which the API refuses.
type front struct {
	routes  *routes
	api     http.Handler
	page    http.Handler // nil for none
	health  *health
	headers []fixedHeader // of every answer; handlers may replace them
}

// fixedHeader is a header as it is written, which requests share.
type fixedHeader struct {
	name  string // canonical
	value []string
}

// headersOf returns the headers of every answer of a server.
func headersOf(secure bool) []fixedHeader {
	headers := []fixedHeader{
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"Cache-Control", []string{"no-store"}},
		{"X-Frame-Options", []string{"DENY"}},
	}
	if secure {
		headers = append(headers, fixedHeader{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	return headers
}

// ServeHTTP serves a request.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.protect(w.Header())
	f.handler(r.URL.EscapedPath()).ServeHTTP(w, r)
}

func (f *front) handler(path string) http.Handler {
	switch {
	case path == livenessPath:
		return onlyReads(f.health.alive)
	case path == readinessPath:
		return onlyReads(f.health.ready)
	case f.routes.inAPI(path):
		return f.api
	case f.page != nil:
		return f.page
	}
	return http.NotFoundHandler()
}

// protect sets the headers that every answer has.
func (f *front) protect(h http.Header) {
	for i := range f.headers {
		h[f.headers[i].name] = f.headers[i].value
	}
	if f.health.draining.Load() {
		h.Set("Connection", "close") // the next request goes to another node
	}
}

func onlyReads(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	})
}

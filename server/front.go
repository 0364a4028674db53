package server

import (
	"context"
	"net/http"
	"time"
)

// front hands requests to whoever serves their path. It is not a ServeMux,
// because that would redirect paths which the API refuses.
type front struct {
	routes  *routes
	api     http.Handler
	page    http.Handler // nil for none
	health  *health
	timeout time.Duration
	secure  bool // the server is reached by https
}

// ServeHTTP serves a request.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.protect(w.Header())
	ctx, cancel := context.WithTimeout(r.Context(), f.timeout)
	defer cancel()
	f.handler(r.URL.EscapedPath()).ServeHTTP(w, r.WithContext(ctx))
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

// protect sets headers that every answer has; handlers may replace them.
func (f *front) protect(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	if f.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
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

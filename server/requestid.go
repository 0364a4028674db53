package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync/atomic"
)

const requestIDHeader = "X-Request-Id"

// requestContext is the context of a request that has an id.
type requestContext struct {
	context.Context
	id     string
	hashes atomic.Bool // whether a password was hashed for it
}

// requestContextKey is what the context itself is the value of.
type requestContextKey struct{}

// Value returns the context itself for its key.
func (c *requestContext) Value(key any) any {
	if key == (requestContextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// requestID returns the id of a request, which is answered and logged: that of a
// proxy if it is sane, or else a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get(requestIDHeader); saneID(id) {
		return id
	}
	return rand.Text()
}

// saneID accepts what can neither break a log line nor flood it.
func saneID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// identified adds the id of the request to everything that is logged for it.
type identified struct{ slog.Handler }

// Handle logs a record.
func (h identified) Handle(ctx context.Context, record slog.Record) error {
	if request, ok := ctx.Value(requestContextKey{}).(*requestContext); ok {
		record.AddAttrs(slog.String("request_id", request.id))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs returns a handler with attributes.
func (h identified) WithAttrs(attrs []slog.Attr) slog.Handler {
	return identified{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler with a group.
func (h identified) WithGroup(name string) slog.Handler {
	return identified{h.Handler.WithGroup(name)}
}

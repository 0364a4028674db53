package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/ostiary/ostiary/internal/clientip"
)

// observer is the outermost handler: it gives each request its id and an end,
// counts and logs it, and keeps a panic from ending more than the request.
type observer struct {
	next      http.Handler
	timeout   time.Duration
	routes    *routes
	meters    *meters
	log       *slog.Logger
	access    bool
	addresses *clientip.Resolver
}

// ServeHTTP serves a request.
func (o *observer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	id := requestID(r)
	w.Header().Set(requestIDHeader, id)
	ctx, cancel := context.WithTimeout(r.Context(), o.timeout)
	defer cancel()
	request := &requestContext{Context: ctx, id: id}
	r = r.WithContext(request)
	answer := &answer{ResponseWriter: w}
	o.meters.inFlight.Add(1)
	defer func() {
		o.meters.inFlight.Add(-1)
		aborted := false
		if p := recover(); p != nil {
			err, _ := p.(error)
			aborted = errors.Is(err, http.ErrAbortHandler)
			o.recovered(answer, r, p, aborted)
		}
		if !request.hashes.Load() {
			o.meters.lastOther.Store(int64(time.Since(o.meters.begun)))
		}
		o.record(answer, r, time.Since(began))
		if aborted {
			panic(http.ErrAbortHandler)
		}
	}()
	o.next.ServeHTTP(answer, r)
}

func (o *observer) recovered(w *answer, r *http.Request, p any, aborted bool) {
	if !aborted {
		o.log.ErrorContext(r.Context(), "request failed", "panic", p, "stack", string(debug.Stack()))
	}
	if w.status == 0 && !aborted {
		http.Error(w, "internal server error", http.StatusInternalServerError)
	}
}

// record counts and logs a request. Paths, queries and headers can contain
// tokens, so none of them is logged.
func (o *observer) record(w *answer, r *http.Request, took time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK // what net/http answers for a handler that writes nothing
	}
	template := o.routes.template(r.URL.EscapedPath())
	o.meters.requests.Inc(method(r), template, statusClass(status))
	o.meters.durations.Observe(took.Seconds(), template)
	if !o.access {
		return
	}
	ip, _ := o.addresses.Resolve(r.Header, r.RemoteAddr)
	o.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("method", method(r)), slog.String("route", template), slog.Int("status", status),
		slog.Duration("duration", took), slog.String("ip", ip))
}

// answer remembers the status of a response.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the final status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write writes a part of the body.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// statusClass returns a status as it stands in metrics.
func statusClass(status int) string {
	switch status / 100 {
	case 1:
		return "1xx"
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	}
	return "5xx"
}

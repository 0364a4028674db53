package server

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/server/internal/metrics"
)

// meters are the metrics of the server.
type meters struct {
	registry  metrics.Registry
	requests  *metrics.Counter
	durations *metrics.Histogram
	inFlight  atomic.Int64
	begun     time.Time
	lastOther atomic.Int64 // when a request without passwords ended, in nanoseconds since begun
	hashing   atomic.Int64
	hashes    *metrics.Counter
	hashTimes *metrics.Histogram
	mails     *metrics.Counter
}

func newMeters() *meters {
	m := &meters{begun: time.Now()}
	r := &m.registry
	m.requests = r.Counter("ostiary_http_requests_total", "Requests by route template and class of status.", "method", "route", "status")
	m.durations = r.Histogram("ostiary_http_request_duration_seconds", "Time from the first byte of the handler to the last.",
		[]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}, "route")
	r.Gauge("ostiary_http_requests_in_flight", "Requests that are being served.", func() float64 { return float64(m.inFlight.Load()) })
	r.Gauge("ostiary_password_hashes_pending", "Passwords that are being hashed or wait to be.", func() float64 { return float64(m.hashing.Load()) })
	m.hashes = r.Counter("ostiary_password_hashes_total", "Hashed passwords by result: done, busy (refused) or failed.", "result")
	m.hashTimes = r.Histogram("ostiary_password_hash_duration_seconds", "Time to hash a password, with the time of waiting.",
		[]float64{0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10})
	m.mails = r.Counter("ostiary_mails_total", "Mails by result: sent, delayed (an attempt failed, another follows), failed (given up) or dropped (too many wait).", "result")
	r.Runtime(time.Now())
	return m
}

// quiet is how long no request without passwords has to have been there until
// passwords are hashed on all cores.
const quiet = 250 * time.Millisecond

// onlyPasswords reports whether there were only requests lately for which passwords
// are hashed.
func (m *meters) onlyPasswords() bool {
	return time.Since(m.begun)-time.Duration(m.lastOther.Load()) > quiet
}

// meteredHasher measures a hasher.
type meteredHasher struct {
	password.Hasher
	meters *meters
}

// Hash measures the hashing of a password.
func (h meteredHasher) Hash(ctx context.Context, text string) (hash string, err error) {
	defer h.begin(ctx)(&err)
	return h.Hasher.Hash(ctx, text)
}

// Verify measures the comparison of a password with a hash.
func (h meteredHasher) Verify(ctx context.Context, hash, text string) (right bool, err error) {
	defer h.begin(ctx)(&err)
	return h.Hasher.Verify(ctx, hash, text)
}

func (h meteredHasher) begin(ctx context.Context) func(*error) {
	if request, ok := ctx.Value(requestContextKey{}).(*requestContext); ok {
		request.hashes.Store(true)
	}
	began := time.Now()
	h.meters.hashing.Add(1)
	return func(err *error) {
		h.meters.hashing.Add(-1)
		var busy password.ErrBusy
		switch {
		case errors.As(*err, &busy):
			h.meters.hashes.Inc("busy")
		case *err != nil:
			h.meters.hashes.Inc("failed")
		default:
			h.meters.hashes.Inc("done")
			h.meters.hashTimes.Observe(time.Since(began).Seconds())
		}
	}
}

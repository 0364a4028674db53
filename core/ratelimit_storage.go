package core

import (
	"context"
	"time"

	"github.com/ostiary/ostiary/storage"
)

// storageLimiter keeps counters in the secondary storage, so that all nodes share
// them. A window begins with the first request and ends when its time is over;
// requests that are refused count as well. So the wait is said to be the whole
// window, which is what Better Auth says.
type storageLimiter struct{ store storage.Store }

func (l storageLimiter) consume(ctx context.Context, key string, rule RateLimitRule) (time.Duration, error) {
	window := max(rule.Window, time.Second)
	n, err := l.store.Increment(ctx, key, window)
	if err != nil || n <= int64(rule.Max) {
		return 0, err
	}
	return window, nil
}

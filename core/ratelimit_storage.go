package core

import (
	"context"
	"errors"
	"time"

	"github.com/ostiary/ostiary/storage"
)

// storageLimiter keeps counters in the secondary storage, so that all nodes share
// them. A window begins with the first request and ends when its time is over;
// requests that are refused count as well. So the wait is said to be the whole
// window, which is what Better Auth says.
//
// While the storage is not available this process counts for itself.
type storageLimiter struct {
	store storage.Store
	local *memoryLimiter
}

func (l *storageLimiter) consume(ctx context.Context, key string, rule RateLimitRule) (time.Duration, error) {
	window := max(rule.Window, time.Second)
	n, err := l.store.Increment(ctx, key, window)
	if errors.Is(err, storage.ErrUnavailable) && ctx.Err() == nil {
		return l.local.consume(ctx, key, rule)
	}
	if err != nil || n <= int64(rule.Max) {
		return 0, err
	}
	return window, nil
}

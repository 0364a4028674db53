package core

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// databaseLimiter keeps counters in the database, so that all nodes share them.
// Every step is one conditional statement: of requests at the same time exactly
// as many are allowed as the rule says.
type databaseLimiter struct {
	k       *Kernel
	table   *schema.Table
	longest atomic.Int64 // the longest window seen, milliseconds
}

// limiterAttempts bounds how often a step is tried again that lost a race.
const limiterAttempts = 20

func (l *databaseLimiter) consume(ctx context.Context, key string, rule RateLimitRule) (time.Duration, error) {
	window := rule.Window.Milliseconds()
	for longest := l.longest.Load(); window > longest && !l.longest.CompareAndSwap(longest, window); longest = l.longest.Load() {
	}
	for range limiterAttempts {
		wait, done, err := l.attempt(ctx, key, window, int64(rule.Max))
		if done || err != nil {
			return wait, err
		}
	}
	return 0, fmt.Errorf("rate limit of %q: lost %d races", key, limiterAttempts)
}

func (l *databaseLimiter) attempt(ctx context.Context, key string, window, limit int64) (wait time.Duration, done bool, err error) {
	now := l.k.Now().UnixMilli()
	rec, err := l.k.DB.FindOne(ctx, database.Query{Table: l.table, Where: []database.Where{database.Eq("key", key)}})
	if err != nil {
		return 0, false, err
	}
	if rec == nil {
		_, err := l.k.DB.Create(ctx, l.row(now).Set("key", key).Set("count", int64(1)))
		if errors.Is(err, database.ErrDuplicate) {
			return 0, false, nil
		}
		return 0, err == nil, err
	}
	last, count := rec.IntAt(schema.RateLimitLastRequest), rec.IntAt(schema.RateLimitCount)
	switch {
	case last-now > clockSkew:
		return l.correct(ctx, key, last, now)
	case now-last >= window:
		return l.restart(ctx, key, last, now)
	case count >= limit:
		return time.Duration(last+window-now) * time.Millisecond, true, nil
	}
	updated, err := l.k.DB.IncrementOne(ctx, l.row(now), []database.Increment{{Field: "count", Delta: 1}},
		database.Eq("key", key), database.Compare("count", database.Less, limit), database.Compare("lastRequest", database.Greater, now-window))
	return 0, updated != nil, err
}

// clockSkew, in milliseconds, is how far the clocks of nodes may be apart.
const clockSkew = int64(time.Minute / time.Millisecond)

// correct takes a time that lies in the future, because the clock has been turned
// back, for now: otherwise a limit that was reached would last until then.
func (l *databaseLimiter) correct(ctx context.Context, key string, last, now int64) (time.Duration, bool, error) {
	_, err := l.k.DB.Update(ctx, l.row(now), database.Eq("key", key), database.Eq("lastRequest", last))
	return 0, false, err
}

// restart begins a new window, unless somebody else did.
func (l *databaseLimiter) restart(ctx context.Context, key string, last, now int64) (time.Duration, bool, error) {
	updated, err := l.k.DB.Update(ctx, l.row(now).Set("count", int64(1)),
		database.Eq("key", key), database.Compare("lastRequest", database.LessOrEqual, last))
	if err != nil || updated == nil {
		return 0, false, err
	}
	l.k.removeSomeExpired(ctx, l.table, "lastRequest", now-l.longest.Load())
	return 0, true, nil
}

func (l *databaseLimiter) row(now int64) schema.Row {
	return l.table.NewRow().Set("lastRequest", now)
}

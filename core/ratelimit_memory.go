package core

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// memoryLimiter keeps counters in this process. A counter starts anew when no
// request was allowed for a whole window.
type memoryLimiter struct {
	now   func() time.Time
	limit int // of the number of counters

	mu       sync.Mutex
	counters map[string]*counter
	pruneAt  time.Time
}

type counter struct {
	count int
	full  bool          // whether count has reached the limit
	last  time.Time     // of the last request that was allowed
	keep  time.Duration // the window it was last used with
}

// maxCounters bounds the memory of the limiter. When there are more clients at
// once, a part of them is forgotten: those over their limit last of all, so that
// an attacker cannot flush his own counter, and those idle for longest first.
const maxCounters = 100_000

func newMemoryLimiter(now func() time.Time) *memoryLimiter {
	return &memoryLimiter{now: now, limit: maxCounters, counters: map[string]*counter{}}
}

func (l *memoryLimiter) consume(_ context.Context, key string, rule RateLimitRule) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.prune(now)
	c := l.counters[key]
	if c == nil {
		l.makeRoom()
		c = &counter{}
		l.counters[key] = c
	}
	elapsed := now.Sub(c.last)
	switch {
	case c.count == 0 || elapsed >= rule.Window || elapsed < 0:
		c.count = 1
	case c.count >= rule.Max:
		return rule.Window - elapsed, nil
	default:
		c.count++
	}
	c.last, c.keep, c.full = now, rule.Window, c.count >= rule.Max
	return 0, nil
}

// prune forgets, once a minute, the counters whose window is over.
func (l *memoryLimiter) prune(now time.Time) {
	if now.Before(l.pruneAt) {
		return
	}
	l.pruneAt = now.Add(time.Minute)
	for key, c := range l.counters {
		if elapsed := now.Sub(c.last); elapsed >= c.keep || elapsed < 0 {
			delete(l.counters, key)
		}
	}
}

// makeRoom forgets a tenth of the counters when there is no room for another
// one. That is done rarely because it looks at all of them.
func (l *memoryLimiter) makeRoom() {
	if len(l.counters) < l.limit {
		return
	}
	keys := slices.SortedFunc(maps.Keys(l.counters), func(a, b string) int {
		x, y := l.counters[a], l.counters[b]
		if x.full != y.full {
			if y.full {
				return -1
			}
			return 1
		}
		return x.last.Compare(y.last)
	})
	for _, key := range keys[:l.limit/10] {
		delete(l.counters, key)
	}
}

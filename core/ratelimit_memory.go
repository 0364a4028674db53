package core

import (
	"context"
	"sync"
	"time"
)

// memoryLimiter keeps counters in this process. A counter starts anew when no
// request was allowed for a whole window.
type memoryLimiter struct {
	now func() time.Time

	mu       sync.Mutex
	counters map[string]*counter
	pruneAt  time.Time
}

type counter struct {
	count int
	last  time.Time     // of the last request that was allowed
	keep  time.Duration // the window it was last used with
}

// maxCounters bounds the memory of the limiter. When there are more clients at
// once, those idle for longest are forgotten, never those over their limit.
const maxCounters = 100_000

func newMemoryLimiter(now func() time.Time) *memoryLimiter {
	return &memoryLimiter{now: now, counters: map[string]*counter{}}
}

func (l *memoryLimiter) consume(_ context.Context, key string, rule RateLimitRule) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.prune(now)
	c := l.counters[key]
	if c == nil {
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
	c.last, c.keep = now, rule.Window
	return 0, nil
}

// prune forgets counters whose window is over: regularly, and when there are
// too many. If they all still count, it forgets the ones idle for longest that
// have seen the fewest requests, so that an attacker cannot flush his own.
func (l *memoryLimiter) prune(now time.Time) {
	if len(l.counters) < maxCounters && now.Before(l.pruneAt) {
		return
	}
	l.pruneAt = now.Add(time.Minute)
	for key, c := range l.counters {
		if elapsed := now.Sub(c.last); elapsed >= c.keep || elapsed < 0 {
			delete(l.counters, key)
		}
	}
	if len(l.counters) < maxCounters {
		return
	}
	for key, c := range l.counters {
		if c.count <= 1 {
			delete(l.counters, key)
		}
		if len(l.counters) < maxCounters*9/10 {
			return
		}
	}
}

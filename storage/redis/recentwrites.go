package redis

import (
	"sync"
	"time"
)

// recentWrites are the keys that this process has just written. They are read
// from the server, because the news of the write may reach the memory of the
// process a moment after the write has returned. Nil remembers nothing.
type recentWrites struct {
	keep time.Duration // the longest time of a write, and of its news

	mu      sync.RWMutex
	until   map[string]time.Time
	sweepAt time.Time
}

func newRecentWrites(keep time.Duration) *recentWrites {
	return &recentWrites{keep: keep, until: map[string]time.Time{}}
}

// note is called before a write.
func (w *recentWrites) note(key string) {
	if w == nil {
		return
	}
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until[key] = now.Add(w.keep)
	if now.Before(w.sweepAt) {
		return
	}
	w.sweepAt = now.Add(w.keep)
	for k, until := range w.until {
		if until.Before(now) {
			delete(w.until, k)
		}
	}
}

func (w *recentWrites) has(key string) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	until, ok := w.until[key]
	return ok && time.Now().Before(until)
}

package database

import (
	"context"
	"runtime"
)

// LookupLanes is how many queries of a lookup are under way at once.
const LookupLanes = lookupLanes

// Load returns how many lanes are taken and how many batches wait.
func (l *Lookup) Load() (running, queued int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running, len(l.queue)
}

// AwaitMembers returns when so many callers wait for a lane.
func (l *Lookup) AwaitMembers(ctx context.Context, want int) {
	for ctx.Err() == nil {
		l.mu.Lock()
		members := 0
		for _, b := range l.queue {
			members += b.members
		}
		l.mu.Unlock()
		if members == want {
			return
		}
		runtime.Gosched()
	}
}

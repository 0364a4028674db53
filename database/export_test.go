package database

import (
	"context"
	"runtime"

	"github.com/ostiary/ostiary/internal/coalesce"
)

// LookupLanes is how many queries of a lookup are under way at once.
const LookupLanes = coalesce.Lanes

// Load returns how many lanes are taken and how many queries wait.
func (l *Lookup) Load() (running, waiting int) {
	running, waiting, _ = l.group.Load()
	return running, waiting
}

// AwaitMembers returns when so many callers wait for a lane.
func (l *Lookup) AwaitMembers(ctx context.Context, want int) {
	for ctx.Err() == nil {
		if _, _, members := l.group.Load(); members == want {
			return
		}
		runtime.Gosched()
	}
}

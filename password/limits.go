package password

import (
	"runtime"
	"time"
)

const (
	defaultMaxWait   = 10 * time.Second
	queuePerParallel = 64
)

// Limits bound what simultaneous callers can cost. The zero value is suitable
// for a server that shares its machine with nothing else.
type Limits struct {
	// Parallel is how many hashes run at once, each on one core with 32 MiB.
	// Zero or less means GOMAXPROCS.
	Parallel int
	// Queue is how many more callers may wait, first come, first served. Zero
	// means 64 per Parallel, which is about four seconds of work; less than
	// zero means that nobody waits.
	Queue int
	// MaxWait is how long a caller waits before it is told ErrBusy. Zero or
	// less means 10 seconds. A caller whose context ends stops waiting at once.
	MaxWait time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Parallel <= 0 {
		l.Parallel = runtime.GOMAXPROCS(0)
	}
	if l.Queue == 0 {
		l.Queue = queuePerParallel * l.Parallel
	}
	l.Queue = max(l.Queue, 0)
	if l.MaxWait <= 0 {
		l.MaxWait = defaultMaxWait
	}
	return l
}

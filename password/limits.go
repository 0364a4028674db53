package password

import (
	"runtime"
	"time"

	"github.com/ostiary/ostiary/internal/scrypt"
)

const (
	defaultMaxWait = 10 * time.Second
	queuePerHash   = 64
	maxParallel    = 4 // by default
)

// Limits bound what simultaneous callers can cost. Hashing takes at most
// Parallel × Batch × 32 MiB, in a storm of sign-ins; without one it takes
// nothing. With the zero value that is 128 MiB on one or two cores, 512 MiB on
// five or more.
type Limits struct {
	// Parallel is how many passes run at once, each on one core. A pass hashes
	// all passwords that wait when it begins, up to Batch. Zero or less means one
	// less than GOMAXPROCS, so that a core is left for requests without
	// passwords, but at least 1 and at most 4.
	Parallel int
	// Batch is how many passwords one pass hashes together, 1 to 4, each in
	// 32 MiB. Four take little more time than one. Zero or less means 4. It is 1
	// on processors without AVX2, whatever is asked for.
	Batch int
	// Queue is how many more callers may wait. Clients (see [ClientKey]) take
	// turns; when the queue is full, the client with the most gives way to others,
	// so that one cannot keep the rest from signing in. Zero means 64 for each password that can be hashed at once, which is about five
	// seconds of work; less than zero means that nobody waits.
	Queue int
	// MaxWait is how long a caller waits before it is told ErrBusy. Zero or
	// less means 10 seconds. A caller whose context ends stops waiting at once.
	MaxWait time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Parallel <= 0 {
		l.Parallel = min(max(runtime.GOMAXPROCS(0)-1, 1), maxParallel)
	}
	if l.Batch <= 0 || l.Batch > scrypt.MaxLanes() {
		l.Batch = scrypt.MaxLanes()
	}
	if l.Queue == 0 {
		l.Queue = queuePerHash * l.Parallel * l.Batch
	}
	l.Queue = max(l.Queue, 0)
	if l.MaxWait <= 0 {
		l.MaxWait = defaultMaxWait
	}
	return l
}

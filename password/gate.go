package password

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/ostiary/ostiary/internal/scrypt"
)

// typicalHash is the assumed duration of one hash, from which the advice when
// to retry is estimated. Being a little long is the polite side to err on.
const typicalHash = 100 * time.Millisecond

// gate lets a bounded number of callers hash at once, in order of arrival, and
// lends each of them scratch memory. It consists of nothing but its fields:
// when nobody hashes, nothing runs, and the garbage collector takes the memory.
type gate struct {
	limits Limits
	memory sync.Pool

	mu      sync.Mutex
	running int
	waiting list.List // of chan struct{}, closed to hand a slot over
}

func newGate(limits Limits) *gate {
	return &gate{
		limits: limits,
		memory: sync.Pool{New: func() any { return scrypt.NewMemory() }},
	}
}

// enter waits for a slot and returns the memory to hash in. Every enter that
// succeeds must be followed by a leave.
func (g *gate) enter(ctx context.Context) (*scrypt.Memory, error) {
	if err := g.acquire(ctx); err != nil {
		return nil, err
	}
	return g.memory.Get().(*scrypt.Memory), nil
}

func (g *gate) leave(memory *scrypt.Memory) {
	g.memory.Put(memory)
	g.release()
}

func (g *gate) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	place, err := g.arrive()
	if place == nil {
		return err
	}
	if err := g.wait(ctx, place.Value.(chan struct{})); err != nil {
		g.abandon(place)
		return err
	}
	return nil
}

// arrive takes a free slot at once (nil, nil), or a place in the queue, or
// finds the queue full.
func (g *gate) arrive() (place *list.Element, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < g.limits.Parallel {
		g.running++
		return nil, nil
	}
	if g.waiting.Len() >= g.limits.Queue {
		return nil, g.busy()
	}
	return g.waiting.PushBack(make(chan struct{})), nil
}

func (g *gate) wait(ctx context.Context, turn <-chan struct{}) error {
	patience := time.NewTimer(g.limits.MaxWait)
	defer patience.Stop()
	select {
	case <-turn:
		// Both may have happened: work for nobody is not worth starting.
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.busy()
	}
}

// abandon leaves the queue. If the slot was handed over in the meantime, it
// goes to the next in line.
func (g *gate) abandon(place *list.Element) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-place.Value.(chan struct{}):
		g.handOver()
	default:
		g.waiting.Remove(place)
	}
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.handOver()
}

// handOver gives a slot that became free to whoever has waited longest.
// Callers hold mu.
func (g *gate) handOver() {
	first := g.waiting.Front()
	if first == nil {
		g.running--
		return
	}
	close(g.waiting.Remove(first).(chan struct{}))
}

// busy estimates when the present queue will have drained. Callers hold mu.
func (g *gate) busy() ErrBusy {
	drained := time.Duration(g.waiting.Len()/g.limits.Parallel+1) * typicalHash
	return ErrBusy{RetryAfter: (drained + time.Second - 1).Truncate(time.Second)}
}

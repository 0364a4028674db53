package password

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ostiary/ostiary/internal/scrypt"
)

// typicalPass is the assumed duration of one pass, from which the advice when
// to retry is estimated. Being a little long is the polite side to err on.
const typicalPass = 100 * time.Millisecond

// errUnfinished is what those in the company of a pass are told that panicked.
var errUnfinished = errors.New("the hash was not finished")

// gate lets a bounded number of passes hash at once, each for up to Batch callers:
// Parallel, and one more while a core is lent. Those who wait take turns by client,
// see queue.
//
// The callers do the work: whoever is given a slot leads a pass, and takes those
// with it who wait by then. So a lone caller never waits for company, and when
// many come, the company comes by itself. Nobody works for nobody: without
// callers there is no goroutine, and no memory.
type gate struct {
	limits Limits
	spare  func() bool // see [Scrypt.LendCore]; nil if there is none

	mu      sync.Mutex
	running int
	waiting queue          // empty while a slot is free
	idle    *scrypt.Memory // of a pass that has ended, while others run
}

// A caller wants one task done.
type caller struct {
	ctx  context.Context
	task scrypt.Task
	err  error // of the task, once done is closed

	place *client // in the queue, until somebody takes the caller from there
	lead  chan *scrypt.Memory
	done  chan struct{}
}

func newCaller(ctx context.Context, password, salt string) *caller {
	return &caller{
		ctx: ctx, task: scrypt.Task{Password: password, Salt: salt}, err: errUnfinished,
		lead: make(chan *scrypt.Memory, 1), done: make(chan struct{}),
	}
}

func newGate(limits Limits) *gate { return &gate{limits: limits} }

// derive does a task in a pass, this caller's or another's.
func (g *gate) derive(ctx context.Context, password, salt string) (key [keyBytes]byte, err error) {
	if err := ctx.Err(); err != nil {
		return key, err
	}
	c := newCaller(ctx, password, salt)
	if err := g.arrive(c); err != nil {
		return key, err
	}
	if err := g.attend(c); err != nil {
		return key, err
	}
	return c.task.Key, c.err
}

// arrive gives the caller a free slot, or a place in the queue, or finds the
// queue full.
func (g *gate) arrive(c *caller) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.running < g.limits.Parallel:
		g.begin(c)
		return nil
	case g.waiting.Len() >= g.limits.Queue:
		displaced := g.waiting.makeRoom(c)
		if displaced == nil {
			return g.busy()
		}
		displaced.err = g.busy()
		close(displaced.done)
		g.waiting.push(c)
	default:
		g.waiting.push(c)
	}
	if g.running == g.limits.Parallel && g.mayLend() {
		if next := g.next(); next != nil {
			g.begin(next)
		}
	}
	return nil
}

// begin gives a free slot to a caller. Callers hold mu.
func (g *gate) begin(c *caller) {
	g.running++
	c.lead <- g.idle
	g.idle = nil
}

// mayLend reports whether a pass more than Parallel may run: a core is idle, and
// as many wait as a pass takes. Callers hold mu.
func (g *gate) mayLend() bool {
	return g.spare != nil && g.waiting.Len() >= g.limits.Batch && g.spare()
}

// attend returns when the caller's task is done, or the caller has no more
// interest in it, or has waited too long.
func (g *gate) attend(c *caller) error {
	patience := time.NewTimer(g.limits.MaxWait)
	defer patience.Stop()
	for {
		select {
		case memory := <-c.lead:
			// Both may have happened: work for nobody is not worth starting.
			if err := c.ctx.Err(); err != nil {
				g.leave(memory)
				return err
			}
			return g.pass(c, memory)
		case <-c.done:
			return nil
		case <-c.ctx.Done():
			g.abandon(c)
			return c.ctx.Err()
		case <-patience.C:
			// Who is being served by now is not sent away.
			if err := g.giveUp(c); err != nil {
				return err
			}
		}
	}
}

// pass does the tasks of the leader and its company. The memory is that of the
// pass before, or nil.
func (g *gate) pass(leader *caller, memory *scrypt.Memory) error {
	defer func() { g.leave(memory) }()
	if memory == nil {
		var err error
		if memory, err = scrypt.NewMemory(g.limits.Batch); err != nil {
			return fmt.Errorf("%w: %w", ErrBusy{RetryAfter: time.Second}, err)
		}
	}
	company := g.company(leader)
	defer func() {
		for _, c := range company {
			close(c.done)
		}
	}()
	tasks := make([]*scrypt.Task, len(company))
	for i, c := range company {
		tasks[i] = &c.task
	}
	memory.Derive(tasks...)
	for _, c := range company {
		c.err = c.task.Err
	}
	return nil
}

// company takes those who wait into the leader's pass, as many as there is room
// for.
func (g *gate) company(leader *caller) []*caller {
	g.mu.Lock()
	defer g.mu.Unlock()
	company := []*caller{leader}
	for len(company) < g.limits.Batch {
		c := g.next()
		if c == nil {
			break
		}
		company = append(company, c)
	}
	return company
}

// next takes whoever is next from the queue. Those whose clients are
// gone will find that out themselves. Callers hold mu.
func (g *gate) next() *caller {
	for {
		c := g.waiting.pop()
		if c == nil || c.ctx.Err() == nil {
			return c
		}
	}
}

// leave ends a pass: the next in the queue leads, in the same memory. When there
// is nobody, the memory waits for as long as other passes run; then it goes back to
// the system, and only then the slot, so that the slots bound the memory.
func (g *gate) leave(memory *scrypt.Memory) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := g.successor()
	if next == nil && g.running > 1 && g.idle == nil && !g.takenBack() {
		g.idle = memory
		g.running--
		return
	}
	if next == nil && memory != nil {
		g.mu.Unlock()
		memory.Release()
		g.mu.Lock()
		memory, next = nil, g.successor()
	}
	if next != nil {
		next.lead <- memory
		return
	}
	g.running--
	if g.running == 0 && g.idle != nil {
		g.idle.Release()
		g.idle = nil
	}
}

// successor returns who leads the next pass in a slot that is to become free. A
// lent core is given back as soon as it is wanted elsewhere. Callers hold mu.
func (g *gate) successor() *caller {
	if g.running > g.limits.Parallel && !g.mayLend() {
		return nil
	}
	return g.next()
}

// takenBack reports whether a core is lent that others want. Callers hold mu.
func (g *gate) takenBack() bool { return g.running > g.limits.Parallel && !g.spare() }

// abandon leaves the queue, or gives a slot on that was offered meanwhile. A
// lane in another's pass is lost.
func (g *gate) abandon(c *caller) {
	g.mu.Lock()
	if c.place != nil {
		g.waiting.remove(c)
	}
	g.mu.Unlock()
	select {
	case memory := <-c.lead:
		g.leave(memory)
	default:
	}
}

// giveUp leaves the queue with ErrBusy, if the caller is still in it.
func (g *gate) giveUp(c *caller) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.place == nil {
		return nil
	}
	g.waiting.remove(c)
	return g.busy()
}

// busy estimates when the present queue will have drained. Callers hold mu.
func (g *gate) busy() ErrBusy {
	passes := g.waiting.Len()/(g.limits.Parallel*g.limits.Batch) + 1
	drained := time.Duration(passes) * typicalPass
	return ErrBusy{RetryAfter: (drained + time.Second - 1).Truncate(time.Second)}
}

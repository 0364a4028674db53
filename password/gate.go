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

// gate lets a bounded number of passes hash at once, each for up to Batch
// callers. Those who wait take turns by client, see queue.
//
// The callers do the work: whoever is given a slot leads a pass, and takes those
// with it who wait by then. So a lone caller never waits for company, and when
// many come, the company comes by itself. Nobody works for nobody: without
// callers there is no goroutine, and no memory.
type gate struct {
	limits Limits

	mu      sync.Mutex
	running int
	waiting queue // empty while a slot is free
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
		g.running++
		c.lead <- nil
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
	return nil
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
// is nobody, the memory goes back to the system, and only then the slot, so that
// the slots bound the memory.
func (g *gate) leave(memory *scrypt.Memory) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := g.next()
	if next == nil && memory != nil {
		g.mu.Unlock()
		memory.Release()
		g.mu.Lock()
		memory, next = nil, g.next()
	}
	if next == nil {
		g.running--
		return
	}
	next.lead <- memory
}

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

package core

import (
	"context"
	"sync"
	"time"
)

// background owns the goroutines that outlive the call that started them.
type background struct {
	tasks  sync.WaitGroup
	mu     sync.Mutex
	closed bool
}

// taskTimeout bounds work that a response does not wait for.
const taskTimeout = time.Minute

// Deliver runs work that the response should not depend on, such as sending
// mail: through Config.Background if it is set, else at once. Failures are
// logged. The context given to it outlives the request.
func (c *Context) Deliver(what string, task func(ctx context.Context) error) {
	detached := context.WithoutCancel(c.Context)
	run := func() {
		ctx, cancel := context.WithTimeout(detached, taskTimeout)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				c.Log.ErrorContext(ctx, what+" failed", "error", newPanicError(p))
			}
		}()
		if err := task(ctx); err != nil {
			c.Log.ErrorContext(ctx, what+" failed", "error", err)
		}
	}
	if c.config.Background == nil || !c.background.begin() {
		run()
		return
	}
	c.config.Background(func() {
		defer c.background.tasks.Done()
		run()
	})
}

func (b *background) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.tasks.Add(1)
	return true
}

// close waits for running tasks, as long as the context allows.
func (b *background) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	done := make(chan struct{})
	go func() {
		b.tasks.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

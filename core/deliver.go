package core

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// deliveryTimeout bounds a callback that sends something.
	deliveryTimeout = 10 * time.Second
	// maxDeliveries is how many of them run at once. One that does not come back
	// keeps its place.
	maxDeliveries = 256
	// maxPending is how many may run or wait for a place.
	maxPending = 4096
)

// deliveries owns the goroutines in which callbacks of the application send mails
// and the like. They outlive the call that started them, if they must.
type deliveries struct {
	places chan struct{}

	tasks   sync.WaitGroup
	mu      sync.Mutex
	pending int
	closed  bool
}

func newDeliveries() *deliveries { return &deliveries{places: make(chan struct{}, maxDeliveries)} }

// Errors of deliveries that are not made, or not waited for.
var (
	errTooManyDeliveries = errors.New("too many are under way: is what sends them slow, or down?")
	errDeliveryTimeout   = fmt.Errorf("it took more than %s and is not waited for", deliveryTimeout)
	errClosed            = errors.New("the server is closed")
)

// Deliver runs work that the response should not depend on, such as sending
// mail: through Config.Background if it is set, else at once. It has 10 seconds,
// after which nobody waits for it; failures and panics are logged. The context given
// to it outlives the request. Of those that hang no more than 256 are kept.
func (c *Context) Deliver(what string, task func(ctx context.Context) error) {
	detached := context.WithoutCancel(c.Context)
	report := func(err error) {
		if err != nil {
			c.Log.ErrorContext(detached, what+" failed", "error", err)
		}
	}
	if err := c.deliveries.begin(); err != nil {
		report(err)
		return
	}
	run := func() { report(c.deliveries.run(detached, task)) }
	if c.config.Background == nil {
		run()
		return
	}
	c.config.Background(run)
}

// Await is [Context.Deliver] for work on which the response depends: it returns the
// error, and ends when the client goes away.
func (c *Context) Await(task func(ctx context.Context) error) error {
	if err := c.deliveries.begin(); err != nil {
		return err
	}
	return c.deliveries.run(c, task)
}

// DeliverWith makes a change and delivers the message that it causes: change returns
// the work that sends it, or nil. By default that is [Context.Deliver] once the
// change is made. Under Config.DeliverInTransaction both happen in one transaction,
// or neither does.
func (c *Context) DeliverWith(what string, change func(ctx context.Context) (task func(ctx context.Context) error, err error)) error {
	if !c.config.DeliverInTransaction {
		task, err := change(c)
		if err == nil && task != nil {
			c.Deliver(what, task)
		}
		return err
	}
	return c.DB.InTransaction(c, func(ctx context.Context) error {
		task, err := change(ctx)
		if err != nil || task == nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(ctx, deliveryTimeout, errDeliveryTimeout)
		defer cancel()
		if err := guarded(ctx, task); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	})
}

// run runs a task that has begun, with a time-out, and leaves it alone if it does
// not heed that.
func (d *deliveries) run(ctx context.Context, task func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, deliveryTimeout, errDeliveryTimeout)
	select {
	case d.places <- struct{}{}:
	case <-ctx.Done():
		cancel()
		d.end()
		return errTooManyDeliveries
	}
	result := make(chan error, 1)
	go func() {
		defer d.end()
		defer func() { <-d.places }()
		defer cancel()
		result <- guarded(ctx, task)
	}()
	select {
	case err := <-result:
		return reason(ctx, err)
	case <-ctx.Done():
	}
	select {
	case err := <-result: // it is done, which is why its context has ended
		return reason(ctx, err)
	default:
		return context.Cause(ctx)
	}
}

// reason is why a task failed: that its time was over, if that is all it says.
func reason(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), errDeliveryTimeout) {
		return errDeliveryTimeout
	}
	return err
}

// guarded makes an error of a panic.
func guarded(ctx context.Context, task func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
	}()
	return task(ctx)
}

// begin notes a task. Who calls it has to call run, or end.
func (d *deliveries) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return errClosed
	case d.pending >= maxPending:
		return errTooManyDeliveries
	}
	d.pending++
	d.tasks.Add(1)
	return nil
}

func (d *deliveries) end() {
	d.mu.Lock()
	d.pending--
	d.mu.Unlock()
	d.tasks.Done()
}

// close waits for what is under way, as long as the context allows.
func (d *deliveries) close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	done := make(chan struct{})
	go func() {
		d.tasks.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

package sqldb

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// shortestPause and longestPause bound the pause before an operation is tried
	// again.
	shortestPause = time.Millisecond
	longestPause  = 20 * time.Millisecond
	// manyConnections is how often a read is tried again on another connection,
	// when all that a pool holds may have been lost.
	manyConnections = 32
)

// patiently calls try until it succeeds, fails for another reason than that the
// database is busy, or the adapter's patience or the context is at an end.
// Nothing may have happened in a try that found the database busy.
func (c *core) patiently(ctx context.Context, try func() error) error {
	err := try()
	for p := c.pauses(); err != nil && c.dialect.Busy(err) && p.pause(ctx); {
		err = try()
	}
	return err
}

// connected is patiently for what changes nothing: it also tries again when the
// connection turns out to be lost.
func (c *core) connected(ctx context.Context, try func() error) error {
	return c.patiently(ctx, func() error {
		err := try()
		for n := 0; err != nil && n < manyConnections && c.dialect.lost(err) && ctx.Err() == nil; n++ {
			err = try()
		}
		return err
	})
}

// again tries a statement that has failed with err again where that may help and
// does no harm: when nothing was done, or when all it does is to read. Try
// returns how many rows it has handed on; after the first it is too late.
func (a *Adapter) again(ctx context.Context, reading bool, err error, try func() (int, error)) error {
	p, renewed := a.pauses(), false
	for lost, n := 0, 0; err != nil && n == 0; {
		switch {
		case a.tx == nil && a.dialect.readsOnly(err) && !renewed:
			a.renewal.begin()
			renewed = true
		case a.dialect.Busy(err), a.tx == nil && a.dialect.conflict(err):
			if !p.pause(ctx) {
				return err
			}
		case a.tx == nil && reading && a.dialect.lost(err) && lost < manyConnections && ctx.Err() == nil:
			lost++
		default:
			return err
		}
		n, err = try()
	}
	return err
}

// renewal closes connections to a server that has become a replica.
type renewal struct {
	do   func() // nil when the connections are not the adapter's
	last atomic.Int64
}

const renewalPause = time.Second

func (r *renewal) begin() {
	now, last := time.Now().UnixNano(), r.last.Load()
	if r.do != nil && now-last >= int64(renewalPause) && r.last.CompareAndSwap(last, now) {
		r.do()
	}
}

// pauses are the pauses between tries, longer and longer, until patience ends. It
// begins with the first pause: what is tried may itself take long to fail.
type pauses struct {
	patience time.Duration
	giveUp   time.Time
	next     time.Duration
}

func (c *core) pauses() *pauses { return &pauses{patience: c.patience, next: shortestPause} }

// pause reports whether to try again, after a pause.
func (p *pauses) pause(ctx context.Context) bool {
	now := time.Now()
	if p.giveUp.IsZero() {
		p.giveUp = now.Add(p.patience)
	}
	if !now.Before(p.giveUp) {
		return false
	}
	slept := sleep(ctx, p.next)
	p.next = min(2*p.next, longestPause)
	return slept
}

// sleep reports whether it slept to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

package sqldb

import (
	"context"
	"time"
)

// longestPause bounds the pause before an operation is tried again.
const longestPause = 20 * time.Millisecond

// patiently calls try until it succeeds, fails for another reason than that the
// database is busy, or the adapter's patience or the context is at an end.
// Nothing may have happened in a try that found the database busy.
func (c *core) patiently(ctx context.Context, try func() error) error {
	err := try()
	if err == nil || c.patience <= 0 || !c.dialect.Busy(err) {
		return err
	}
	giveUp := time.Now().Add(c.patience)
	for pause := time.Millisecond; time.Now().Before(giveUp) && sleep(ctx, pause); pause = min(2*pause, longestPause) {
		if err = try(); err == nil || !c.dialect.Busy(err) {
			return err
		}
	}
	return err
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

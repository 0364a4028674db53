package core

import "time"

// TakeAtLeast runs fn and then waits until it has taken a time altogether, so
// that the time of an answer does not tell what fn found. It stops waiting when
// the client goes away.
func (c *Context) TakeAtLeast(least time.Duration, fn func() error) error {
	timer := time.NewTimer(least)
	defer timer.Stop()
	err := fn()
	select {
	case <-timer.C:
	case <-c.Done():
	}
	return err
}

package redis

import (
	"errors"
	"sync"
	"time"
)

const (
	// failuresToOpen is how many operations in a row have to fail until the
	// others are not sent any more.
	failuresToOpen = 5
	// openTime is how long it takes until one is sent again.
	openTime = time.Second
)

// circuit refuses operations at once while the server does not answer, so that
// requests do not queue for a time-out each. Once a second one is let through, and
// when that succeeds all are.
type circuit struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	until    time.Time // when the next one is let through
}

var errOpen = errors.New("the server has not answered lately; it is asked once a second")

// admit reports whether an operation may be sent.
func (c *circuit) admit() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures < failuresToOpen {
		return true
	}
	now := c.now()
	if now.Before(c.until) {
		return false
	}
	c.until = now.Add(openTime)
	return true
}

// note takes notice of what became of an operation.
func (c *circuit) note(answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered {
		c.failures = 0
		return
	}
	if c.failures++; c.failures == failuresToOpen {
		c.until = c.now().Add(openTime)
	}
}

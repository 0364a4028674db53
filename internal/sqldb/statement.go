package sqldb

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
)

// maxStatements bounds the prepared statements that are kept. An application
// has some dozens; a list of every length a client can think of must not be
// able to add more.
const maxStatements = 256

// statement is the text of one shape, and its prepared form in each pool.
type statement struct {
	text     string
	prepared [2]atomic.Pointer[sql.Stmt] // by pool
	users    atomic.Int64
	used     atomic.Int64 // when, in ticks of the cache
}

// in returns the statement prepared for a pool.
func (s *statement) in(ctx context.Context, p *pool) (*sql.Stmt, error) {
	if stmt := s.prepared[p.number].Load(); stmt != nil {
		return stmt, nil
	}
	stmt, err := p.db.PrepareContext(ctx, s.text)
	if err != nil {
		return nil, err
	}
	if !s.prepared[p.number].CompareAndSwap(nil, stmt) {
		_ = stmt.Close()
		return s.prepared[p.number].Load(), nil
	}
	return stmt, nil
}

func (s *statement) close() {
	for i := range s.prepared {
		if stmt := s.prepared[i].Swap(nil); stmt != nil {
			_ = stmt.Close()
		}
	}
}

// release ends a use that [statements.get] began.
func (s *statement) release() { s.users.Add(-1) }

// statements is a bounded map from shapes to statements.
type statements struct {
	mu    sync.RWMutex
	known map[string]*statement
	ticks atomic.Int64
}

// get returns the statement of a key, whose text build writes when it is new.
// The caller must release it.
func (c *statements) get(k key, build func() []byte) *statement {
	c.mu.RLock()
	s := c.known[string(k)]
	if s != nil {
		s.users.Add(1)
	}
	c.mu.RUnlock()
	if s == nil {
		s = c.put(string(k), string(build()))
	}
	s.used.Store(c.ticks.Add(1))
	return s
}

func (c *statements) put(k, text string) *statement {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.known[k]
	if s == nil {
		if len(c.known) >= maxStatements {
			c.evict()
		}
		s = &statement{text: text}
		if c.known == nil {
			c.known = make(map[string]*statement)
		}
		c.known[k] = s
	}
	s.users.Add(1)
	return s
}

// evict closes the statement that was used least recently and is not in use.
func (c *statements) evict() {
	var oldest string
	var victim *statement
	for k, s := range c.known {
		if s.users.Load() == 0 && (victim == nil || s.used.Load() < victim.used.Load()) {
			oldest, victim = k, s
		}
	}
	if victim != nil {
		delete(c.known, oldest)
		victim.close()
	}
}

// close closes every statement.
func (c *statements) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.known {
		s.close()
	}
	c.known = nil
}

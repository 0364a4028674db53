package sqldb

import (
	"context"
	"database/sql"
	"sync"

	"github.com/ostiary/ostiary/database"
)

// transaction is one open transaction with the statements it has used.
type transaction struct {
	tx *sql.Tx

	mu   sync.Mutex
	used map[*statement]*sql.Stmt // nil when the transaction is over
}

// Transaction calls fn with an adapter whose operations are committed together
// when fn returns nil. An adapter of a transaction joins that transaction.
func (a *Adapter) Transaction(ctx context.Context, fn func(tx database.Adapter) error) error {
	if a.tx != nil {
		return fn(a)
	}
	a.prepareFresh(ctx)
	var tx *sql.Tx
	err := a.patiently(ctx, func() (err error) {
		tx, err = a.writer.db.BeginTx(ctx, nil)
		return err
	})
	if err != nil {
		return a.failure(ctx, err)
	}
	t := &transaction{tx: tx, used: map[*statement]*sql.Stmt{}}
	defer func() { a.keep(t.finish()) }() // also when fn panics
	if err := fn(&Adapter{core: a.core, tx: t}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return a.failure(ctx, err)
	}
	return nil
}

// prepared returns a statement in its form for this transaction. It holds on to
// the statement until the transaction ends.
func (t *transaction) prepared(ctx context.Context, s *statement, p *pool) (*sql.Stmt, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used == nil {
		return nil, sql.ErrTxDone
	}
	if stmt := t.used[s]; stmt != nil {
		return stmt, nil
	}
	var stmt *sql.Stmt
	if shared := s.prepared[p.number].Load(); shared != nil {
		stmt = t.tx.StmtContext(ctx, shared)
	} else {
		// Preparing it for the pool takes a second connection, and the pool
		// may have but the one this transaction holds.
		var err error
		if stmt, err = t.tx.PrepareContext(ctx, s.text); err != nil {
			return nil, err
		}
	}
	s.users.Add(1)
	t.used[s] = stmt
	return stmt, nil
}

// finish undoes a transaction that was not committed, and returns the statements
// it used, which the caller must release.
func (t *transaction) finish() map[*statement]*sql.Stmt {
	_ = t.tx.Rollback() // does nothing after a commit
	t.mu.Lock()
	defer t.mu.Unlock()
	used := t.used
	t.used = nil
	return used
}

// fresh are statements that were first used in a transaction and wait to be
// prepared for the pool.
type fresh struct {
	mu         sync.Mutex
	statements []*statement
}

// keep releases the statements of a transaction, but for those that are not
// prepared for the pool yet. That must wait until the next transaction, which
// has to wait for a connection in any case.
func (c *core) keep(used map[*statement]*sql.Stmt) {
	c.fresh.mu.Lock()
	defer c.fresh.mu.Unlock()
	for s := range used {
		if s.prepared[c.writer.number].Load() == nil && len(c.fresh.statements) < maxStatements {
			c.fresh.statements = append(c.fresh.statements, s)
		} else {
			s.release()
		}
	}
}

// prepareFresh prepares for the pool what earlier transactions were the first to
// use. When that fails, a later transaction tries again.
func (c *core) prepareFresh(ctx context.Context) {
	c.fresh.mu.Lock()
	statements := c.fresh.statements
	c.fresh.statements = nil
	c.fresh.mu.Unlock()
	for _, s := range statements {
		_, _ = s.in(ctx, c.writer)
		s.release()
	}
}

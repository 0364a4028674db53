package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
)

// open is a transaction that is open.
type open struct {
	engine
	undone atomic.Pointer[error] // why the database has undone it, or one must
}

// note remembers an error after which the transaction cannot go on.
func (o *open) note(d *Dialect, err error) {
	if o != nil && (d.conflict(err) || d.lost(err) || d.undoes(err) || d.readsOnly(err)) {
		o.undone.CompareAndSwap(nil, &err)
	}
}

// refuses returns an error when the transaction has been undone: what was run
// now would not be part of it.
func (o *open) refuses() error {
	if o == nil {
		return nil
	}
	if cause := o.undone.Load(); cause != nil {
		return fmt.Errorf("%w: the transaction was undone: %w", database.ErrUnavailable, *cause)
	}
	return nil
}

// begun is the engine of a transaction, with its end.
type begun interface {
	engine
	commit(ctx context.Context) error
	// finish undoes the transaction unless it was committed.
	finish(ctx context.Context)
}

// Transaction calls fn with an adapter whose operations are committed together
// when fn returns nil. An adapter of a transaction joins that transaction.
//
// When the database undoes the transaction because of others, fn is called
// again, as long as the adapter's patience lasts.
func (a *Adapter) Transaction(ctx context.Context, fn func(tx database.Adapter) error) error {
	return a.inside(ctx, func(tx *Adapter) error { return fn(tx) })
}

func (a *Adapter) inside(ctx context.Context, fn func(tx *Adapter) error) error {
	if a.tx != nil {
		return fn(a)
	}
	for p, renewed := a.pauses(), false; ; {
		again, err := a.attempt(ctx, fn)
		if err != nil && a.dialect.readsOnly(err) {
			again = again && !renewed
			a.renewal.begin()
			renewed = true
		}
		if err == nil || !again || !p.pause(ctx) {
			return err
		}
	}
}

// attempt runs a transaction once and reports whether it may succeed when it is
// run again.
func (a *Adapter) attempt(ctx context.Context, fn func(tx *Adapter) error) (again bool, err error) {
	a.prepareFresh(ctx)
	t, err := a.begin(ctx)
	if err != nil {
		return false, a.failure(ctx, err)
	}
	defer t.finish(ctx) // also when fn panics
	tx := &open{engine: t}
	err = fn(&Adapter{core: a.core, tx: tx})
	if undone := tx.refuses(); undone != nil {
		if err == nil { // fn has taken no notice
			err = undone
		}
		return !a.dialect.undoes(*tx.undone.Load()), err
	}
	if err != nil {
		return false, err
	}
	err = t.commit(ctx)
	switch {
	case err == nil:
		return false, nil
	case a.dialect.lost(err):
		return false, fmt.Errorf("%w: %w", database.ErrUncertain, a.failure(ctx, err))
	}
	return a.dialect.conflict(err), a.failure(ctx, err)
}

func (a *Adapter) begin(ctx context.Context) (begun, error) {
	if a.native != nil {
		return a.beginNative(ctx)
	}
	var tx *sql.Tx
	err := a.connected(ctx, func() (err error) {
		tx, err = a.writer.db.BeginTx(ctx, &sql.TxOptions{Isolation: a.dialect.Isolation})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &transaction{tx: tx, core: a.core, used: map[*statement]*sql.Stmt{}}, nil
}

// transaction is one open transaction of database/sql with the statements it has
// used.
type transaction struct {
	tx   *sql.Tx
	core *core

	mu   sync.Mutex
	used map[*statement]*sql.Stmt // nil when the transaction is over
}

func (t *transaction) query(ctx context.Context, s *statement, args []any, width int, read func([]any) error) (int, error) {
	var rows *sql.Rows
	var err error
	if t.core.writer.direct {
		rows, err = t.tx.QueryContext(ctx, s.text, args...)
	} else {
		var stmt *sql.Stmt
		if stmt, err = t.prepared(ctx, s); err == nil {
			rows, err = stmt.QueryContext(ctx, args...)
		}
	}
	if err != nil {
		return 0, err
	}
	return readAll(rows, width, read)
}

func (t *transaction) exec(ctx context.Context, s *statement, args []any) (sql.Result, error) {
	if t.core.writer.direct {
		return t.tx.ExecContext(ctx, s.text, args...)
	}
	stmt, err := t.prepared(ctx, s)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (t *transaction) commit(context.Context) error { return t.tx.Commit() }

func (t *transaction) finish(context.Context) {
	_ = t.tx.Rollback() // does nothing after a commit
	t.mu.Lock()
	used := t.used
	t.used = nil
	t.mu.Unlock()
	t.core.keep(used)
}

// prepared returns a statement in its form for this transaction. It holds on to
// the statement until the transaction ends.
func (t *transaction) prepared(ctx context.Context, s *statement) (*sql.Stmt, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used == nil {
		return nil, sql.ErrTxDone
	}
	if stmt := t.used[s]; stmt != nil {
		return stmt, nil
	}
	var stmt *sql.Stmt
	if shared := s.prepared[t.core.writer.number].Load(); shared != nil {
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

// nativeTransaction is one open transaction of a native pool.
type nativeTransaction struct {
	native
	tx NativeTransaction
}

func (a *Adapter) beginNative(ctx context.Context) (begun, error) {
	var tx NativeTransaction
	err := a.connected(ctx, func() (err error) {
		tx, err = a.native.Begin(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return nativeTransaction{native{tx}, tx}, nil
}

func (t nativeTransaction) commit(ctx context.Context) error { return t.tx.Commit(ctx) }

// rollbackTime bounds how long undoing a transaction may take.
const rollbackTime = 5 * time.Second

func (t nativeTransaction) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	_ = t.tx.Rollback(ctx)
}

package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
)

// engine runs statements: each by itself on a pool, or in a transaction. It
// returns the errors of the driver as they are.
type engine interface {
	// query runs a statement that returns rows of width columns, calls read with
	// the raw values of each, and returns how many there were.
	query(ctx context.Context, s *statement, args []any, width int, read func(values []any) error) (int, error)
	// exec runs a statement that returns no rows.
	exec(ctx context.Context, s *statement, args []any) (sql.Result, error)
}

// pool is a database/sql pool and its number in a statement's prepared forms.
type pool struct {
	db     *sql.DB
	number int
	direct bool // the driver keeps prepared statements itself
}

func (p *pool) query(ctx context.Context, s *statement, args []any, width int, read func([]any) error) (int, error) {
	var rows *sql.Rows
	var err error
	if p.direct {
		rows, err = p.db.QueryContext(ctx, s.text, args...)
	} else {
		var stmt *sql.Stmt
		if stmt, err = s.in(ctx, p); err == nil {
			rows, err = stmt.QueryContext(ctx, args...)
		}
	}
	if err != nil {
		return 0, err
	}
	return readAll(rows, width, read)
}

func (p *pool) exec(ctx context.Context, s *statement, args []any) (sql.Result, error) {
	if p.direct {
		return p.db.ExecContext(ctx, s.text, args...)
	}
	stmt, err := s.in(ctx, p)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// readAll reads until there are no more rows, and closes them: a statement that
// writes is only done, and its failure only known, when it has been read to the
// end.
func readAll(rows *sql.Rows, width int, read func(values []any) error) (n int, err error) {
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	into := destinations(width)
	defer into.release()
	for rows.Next() {
		values := make([]any, width)
		if err := rows.Scan(into.point(values)...); err != nil {
			return n, err
		}
		n++
		if err := read(values); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

// scanTargets are pointers for Scan, kept for reuse.
type scanTargets struct{ pointers []any }

var targetPool = sync.Pool{New: func() any { return new(scanTargets) }}

func destinations(width int) *scanTargets {
	t := targetPool.Get().(*scanTargets)
	if cap(t.pointers) < width {
		t.pointers = make([]any, width)
	}
	t.pointers = t.pointers[:width]
	return t
}

func (t *scanTargets) point(values []any) []any {
	for i := range values {
		t.pointers[i] = &values[i]
	}
	return t.pointers
}

func (t *scanTargets) release() {
	clear(t.pointers)
	targetPool.Put(t)
}

// Native is a pool of a driver's own, which an adapter may use instead of
// database/sql. The driver keeps prepared statements itself.
type Native interface {
	NativeStatements
	// Begin begins a transaction.
	Begin(ctx context.Context) (NativeTransaction, error)
	// Ping checks that the database answers.
	Ping(ctx context.Context) error
}

// NativeStatements runs statements of a [Native] pool or transaction.
type NativeStatements interface {
	// Query calls read with the values of each row, which it gives away, and
	// returns how many there were. They are of the types that database/sql uses.
	Query(ctx context.Context, text string, args []any, read func(values []any) error) (int, error)
	// Exec returns how many rows were touched.
	Exec(ctx context.Context, text string, args []any) (int64, error)
}

// NativeTransaction is a transaction of a [Native] pool.
type NativeTransaction interface {
	NativeStatements
	Commit(ctx context.Context) error
	// Rollback does nothing after a commit.
	Rollback(ctx context.Context) error
}

// native is a [Native] pool, or a transaction of it, as an engine.
type native struct{ statements NativeStatements }

func (n native) query(ctx context.Context, s *statement, args []any, _ int, read func([]any) error) (int, error) {
	return n.statements.Query(ctx, s.text, args, read)
}

func (n native) exec(ctx context.Context, s *statement, args []any) (sql.Result, error) {
	affected, err := n.statements.Exec(ctx, s.text, args)
	return driver.RowsAffected(affected), err
}

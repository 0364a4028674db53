// Package sqldb is the part that all SQL adapters share: it turns the operations
// of package database into statements over database/sql. What differs between
// databases is a [Dialect]; drivers are chosen by the packages that use this one.
//
// The text of a statement depends only on the shape of an operation (which
// table, which conditions, which fields), so it is built once per shape, kept
// and prepared.
package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Options of an [Adapter].
type Options struct {
	Dialect *Dialect
	// Writer is the pool for everything that writes.
	Writer *sql.DB
	// Reader is the pool for reads outside transactions. Nil means Writer.
	Reader *sql.DB
	// Patience is how long an operation is tried again while the database is
	// busy. Zero means that it is not.
	Patience time.Duration
	// Close, if set, is called by [Adapter.Close] in place of closing the pools.
	Close func() error
}

// Adapter is a [database.Adapter] over one or two database/sql pools. It opens
// no connection before the first operation. It is safe for concurrent use.
type Adapter struct {
	*core
	tx *transaction // nil outside transactions
}

var _ database.Adapter = (*Adapter)(nil)

// core is what an adapter shares with those of its transactions.
type core struct {
	dialect        *Dialect
	writer, reader *pool
	tables         sync.Map // *schema.Table to *table
	tableCount     atomic.Uint64
	statements     statements
	fresh          fresh
	patience       time.Duration
	close          func() error
}

// pool is a database/sql pool and its number in a statement's prepared forms.
type pool struct {
	db     *sql.DB
	number int
}

// New returns an adapter over the given pools.
func New(o Options) *Adapter {
	c := &core{dialect: o.Dialect, writer: &pool{o.Writer, 0}, patience: o.Patience, close: o.Close}
	c.reader = c.writer
	if o.Reader != nil && o.Reader != o.Writer {
		c.reader = &pool{o.Reader, 1}
	}
	return &Adapter{core: c}
}

// Capabilities says what the database can do.
func (a *Adapter) Capabilities() database.Capabilities { return a.dialect.Capabilities }

// Ping opens a connection if none is open and checks that the database answers.
func (a *Adapter) Ping(ctx context.Context) error {
	err := a.patiently(ctx, func() error { return a.writer.db.PingContext(ctx) })
	if err != nil {
		return a.failure(ctx, err)
	}
	return nil
}

// Close closes the prepared statements and what the adapter opened itself.
// Within a transaction it does nothing.
func (a *Adapter) Close() error {
	if a.tx != nil {
		return nil
	}
	a.statements.close()
	if a.close != nil {
		return a.close()
	}
	err := a.writer.db.Close()
	if a.reader != a.writer {
		err = errors.Join(err, a.reader.db.Close())
	}
	return err
}

// failure says what an error of the driver means. The end of the context
// explains every failure but that of a constraint.
func (c *core) failure(ctx context.Context, err error) error {
	meaning := c.dialect.Error(err)
	if over := ctx.Err(); over != nil && !errors.Is(meaning, database.ErrDuplicate) {
		if errors.Is(err, over) {
			return err
		}
		return fmt.Errorf("%w: %w", over, err)
	}
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) || err.Error() == "sql: database is closed" {
		meaning = database.ErrUnavailable
	}
	if meaning == nil {
		return err
	}
	return fmt.Errorf("%w: %w", meaning, err)
}

// prepared returns a kept statement in its prepared form for the transaction,
// or else for a pool.
func (a *Adapter) prepared(ctx context.Context, s *statement, p *pool) (*sql.Stmt, error) {
	if a.tx != nil {
		return a.tx.prepared(ctx, s, a.writer)
	}
	return s.in(ctx, p)
}

// query runs a statement that returns rows of width columns, and calls read
// with the raw values of each.
func (a *Adapter) query(ctx context.Context, s *statement, p *pool, args []any, width int, read func(values []any) error) error {
	defer s.release()
	var rows *sql.Rows
	err := a.patiently(ctx, func() error {
		stmt, err := a.prepared(ctx, s, p)
		if err != nil {
			return err
		}
		rows, err = stmt.QueryContext(ctx, args...)
		return err
	})
	if err != nil {
		return a.failure(ctx, err)
	}
	err = a.readAll(ctx, rows, width, read)
	if closed := rows.Close(); err == nil && closed != nil {
		err = a.failure(ctx, closed)
	}
	return err
}

// readAll reads until there are no more rows: a statement that writes is only
// done, and its failure only known, when it has been read to the end.
func (a *Adapter) readAll(ctx context.Context, rows *sql.Rows, width int, read func(values []any) error) error {
	into := destinations(width)
	defer into.release()
	for rows.Next() {
		values := make([]any, width)
		if err := rows.Scan(into.point(values)...); err != nil {
			return a.failure(ctx, err)
		}
		if err := read(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return a.failure(ctx, err)
	}
	return nil
}

// row runs a statement that returns at most one row of a table.
func (a *Adapter) row(ctx context.Context, s *statement, t *table, args []any) (*schema.Row, error) {
	var found *schema.Row
	err := a.query(ctx, s, a.writer, args, len(t.columns), func(values []any) error {
		row, err := t.row(values)
		found = &row
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// exec runs a statement that returns nothing and says how many rows it touched.
func (a *Adapter) exec(ctx context.Context, s *statement, args []any) (int64, error) {
	defer s.release()
	var result sql.Result
	err := a.patiently(ctx, func() error {
		stmt, err := a.prepared(ctx, s, a.writer)
		if err != nil {
			return err
		}
		result, err = stmt.ExecContext(ctx, args...)
		return err
	})
	if err != nil {
		return 0, a.failure(ctx, err)
	}
	return result.RowsAffected()
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

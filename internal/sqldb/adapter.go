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
	// Native, if set, runs everything but migrations in place of the pools.
	Native Native
	// Patience is how long an operation is tried again while the database is
	// busy. Zero means that it is not.
	Patience time.Duration
	// Renew, if set, closes the connections that nobody uses. It is called, at most
	// once a second, when the server of one does not take writes any more: others
	// may lead to one that does.
	Renew func()
	// Close, if set, is called by [Adapter.Close] in place of closing the pools.
	Close func() error
}

// Adapter is a [database.Adapter] over one or two database/sql pools, or a pool
// of a driver's own. It opens no connection before the first operation. It is
// safe for concurrent use.
type Adapter struct {
	*core
	tx *open // nil outside transactions
}

var _ database.Adapter = (*Adapter)(nil)

// core is what an adapter shares with those of its transactions.
type core struct {
	dialect        *Dialect
	writer, reader *pool
	native         Native   // or nil
	tables         sync.Map // *schema.Table to *table
	tableCount     atomic.Uint64
	statements     statements
	fresh          fresh
	patience       time.Duration
	renewal        renewal
	close          func() error
}

// New returns an adapter over the given pools.
func New(o Options) *Adapter {
	direct := o.Dialect.KeepsStatements
	c := &core{dialect: o.Dialect, writer: &pool{o.Writer, 0, direct}, native: o.Native, patience: o.Patience, renewal: renewal{do: o.Renew}, close: o.Close}
	c.reader = c.writer
	if o.Reader != nil && o.Reader != o.Writer {
		c.reader = &pool{o.Reader, 1, direct}
	}
	return &Adapter{core: c}
}

// Capabilities says what the database can do.
func (a *Adapter) Capabilities() database.Capabilities { return a.dialect.Capabilities }

// Ping opens a connection if none is open and checks that the database answers.
func (a *Adapter) Ping(ctx context.Context) error {
	ping := a.writer.db.PingContext
	if a.native != nil {
		ping = a.native.Ping
	}
	err := a.connected(ctx, func() error { return ping(ctx) })
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

// engine returns what runs the statements of this adapter: its transaction, or
// else a pool.
func (a *Adapter) engine(reading bool) engine {
	switch {
	case a.tx != nil:
		return a.tx.engine
	case a.native != nil:
		return native{a.native}
	case reading:
		return a.reader
	}
	return a.writer
}

// read runs a statement that only reads rows of width columns, and calls each
// with the raw values of every one.
func (a *Adapter) read(ctx context.Context, s *statement, args []any, width int, each func(values []any) error) error {
	return a.query(ctx, true, s, args, width, each)
}

// row runs a statement that writes and returns at most one row of a table.
func (a *Adapter) row(ctx context.Context, s *statement, t *table, args []any) (*schema.Row, error) {
	var found *schema.Row
	err := a.query(ctx, false, s, args, len(t.columns), func(values []any) error {
		row, err := t.row(values)
		found = &row
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (a *Adapter) query(ctx context.Context, reading bool, s *statement, args []any, width int, each func(values []any) error) error {
	defer s.release()
	if err := a.tx.refuses(); err != nil {
		return err
	}
	e := a.engine(reading)
	n, err := e.query(ctx, s, args, width, each)
	if err != nil && n == 0 {
		err = a.again(ctx, reading, err, func() (int, error) { return e.query(ctx, s, args, width, each) })
	}
	if err != nil {
		a.tx.note(a.dialect, err)
		return a.failure(ctx, err)
	}
	return nil
}

// exec runs a statement that returns nothing and says how many rows it touched.
func (a *Adapter) exec(ctx context.Context, s *statement, args []any) (int64, error) {
	result, err := a.execute(ctx, s, args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (a *Adapter) execute(ctx context.Context, s *statement, args []any) (sql.Result, error) {
	defer s.release()
	if err := a.tx.refuses(); err != nil {
		return nil, err
	}
	e := a.engine(false)
	result, err := e.exec(ctx, s, args)
	if err != nil {
		err = a.again(ctx, false, err, func() (_ int, err error) {
			result, err = e.exec(ctx, s, args)
			return 0, err
		})
	}
	if err != nil {
		a.tx.note(a.dialect, err)
		return nil, a.failure(ctx, err)
	}
	return result, nil
}

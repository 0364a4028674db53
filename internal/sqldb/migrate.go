package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/migrate"
)

var _ migrate.Database = (*Adapter)(nil)

// Definition says how tables are created and changed.
func (a *Adapter) Definition() *migrate.Dialect { return &a.dialect.Definition }

// Inspect calls fn with a connection that reads which tables there are. Nothing
// is locked: what fn sees can change behind it.
func (a *Adapter) Inspect(ctx context.Context, fn func(migrate.Connection) error) error {
	conn, err := a.connection(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return fn(&connection{a.core, conn})
}

// Exclusive calls fn with a connection while no other process is in an
// Exclusive of the same database. What fn executes is committed when it returns
// nil, and undone otherwise as far as the database can undo it.
func (a *Adapter) Exclusive(ctx context.Context, fn func(migrate.Connection) error) (err error) {
	conn, err := a.connection(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	c := &connection{a.core, conn}
	x := a.dialect.Exclusive
	if err := c.lock(ctx, x.Lock); err != nil {
		c.discard() // it may be locked
		return fmt.Errorf("lock the database: %w", err)
	}
	defer func() { err = errors.Join(err, c.end(ctx, x.Unlock)) }()
	if err := c.Execute(ctx, x.Begin); err != nil {
		c.discard() // it may have begun
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			err = errors.Join(err, c.end(ctx, x.Rollback))
		}
	}()
	if err := fn(c); err != nil {
		return err
	}
	if err := c.Execute(ctx, x.Commit); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// connection takes a connection of the writer's pool. A transaction has none to
// give: it may hold the only one.
func (a *Adapter) connection(ctx context.Context) (*sql.Conn, error) {
	if a.tx != nil {
		return nil, errors.New("a migration cannot be part of a transaction")
	}
	var conn *sql.Conn
	err := a.connected(ctx, func() (err error) {
		if conn, err = a.writer.db.Conn(ctx); err != nil {
			return err
		}
		if err = conn.PingContext(ctx); err != nil {
			_ = conn.Close()
		}
		return err
	})
	if err != nil {
		return nil, a.failure(ctx, err)
	}
	return conn, nil
}

// connection is one connection of the writer's pool.
type connection struct {
	*core
	conn *sql.Conn
}

// Catalog reads which tables there are.
func (c *connection) Catalog(ctx context.Context) (*migrate.Catalog, error) {
	catalog, err := c.dialect.Catalog(ctx, c.conn)
	if err != nil {
		return nil, c.failure(ctx, err)
	}
	return catalog, nil
}

// CountRows returns how many rows a table has, but no more than limit.
func (c *connection) CountRows(ctx context.Context, table string, limit int) (int, error) {
	b := builder{dialect: c.dialect}
	b.add("SELECT COUNT(*) FROM (SELECT 1 AS n FROM ", c.dialect.quoteTable(table))
	b.page(false, b.placeholder(), "")
	b.add(") AS t")
	var n int
	if err := c.conn.QueryRowContext(ctx, string(b.text), limit).Scan(&n); err != nil {
		return 0, c.failure(ctx, err)
	}
	return n, nil
}

// HasDuplicates reports whether rows agree in all of these columns, none of which
// is null.
func (c *connection) HasDuplicates(ctx context.Context, table string, columns []string) (bool, error) {
	b := builder{dialect: c.dialect}
	b.add("SELECT COUNT(*) AS n FROM ", c.dialect.quoteTable(table))
	for i, column := range columns {
		b.add([]string{" WHERE ", " AND "}[min(i, 1)], c.dialect.Quote(column), " IS NOT NULL")
	}
	for i, column := range columns {
		b.add([]string{" GROUP BY ", ", "}[min(i, 1)], c.dialect.Quote(column))
	}
	b.add(" HAVING COUNT(*) > 1")
	var n int
	if err := c.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM ("+string(b.text)+") AS t").Scan(&n); err != nil {
		return false, c.failure(ctx, err)
	}
	return n > 0, nil
}

// Execute runs one statement; an empty one does nothing.
func (c *connection) Execute(ctx context.Context, statement string) error {
	if statement == "" {
		return nil
	}
	err := c.patiently(ctx, func() error {
		_, err := c.conn.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		return c.failure(ctx, err)
	}
	return nil
}

// lock runs the statement that keeps other migrations away.
func (c *connection) lock(ctx context.Context, statement string) error {
	if statement == "" {
		return nil
	}
	var locked sql.NullInt64
	if err := c.conn.QueryRowContext(ctx, statement).Scan(&locked); err != nil {
		return c.failure(ctx, err)
	}
	if locked.Int64 != 1 {
		return fmt.Errorf("%w: another migration is running", database.ErrUnavailable)
	}
	return nil
}

// end runs a statement that must run although the context may be over. When it
// fails the connection is thrown away, which ends what it held.
func (c *connection) end(ctx context.Context, statement string) error {
	err := c.Execute(context.WithoutCancel(ctx), statement)
	if err != nil {
		c.discard()
	}
	return err
}

func (c *connection) discard() {
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn })
}

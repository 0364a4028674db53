package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"modernc.org/sqlite"
)

// connector opens connections to one database.
type connector struct {
	file     *file
	source   string
	readOnly bool
}

// Connect opens a connection. The first one creates the file when it is missing.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	base, err := sqlite.NewConnector(c.source)
	if err != nil {
		return nil, err
	}
	if err := c.file.prepare(); err != nil {
		return nil, err
	}
	opened, err := base.Connect(ctx)
	if err != nil || c.file.path == Memory {
		return opened, err
	}
	conn, ok := opened.(connection)
	if !ok {
		return nil, errors.Join(errors.New("the driver of SQLite lacks what its version 1.60 has"), opened.Close())
	}
	if err := c.file.check(time.Now()); err != nil { // it may have been another one by then
		return nil, errors.Join(err, conn.Close())
	}
	return &guarded{conn, c.file, c.readOnly}, nil
}

// Driver returns the driver.
func (c *connector) Driver() driver.Driver { return &sqlite.Driver{} }

// connection is what database/sql uses of a connection of the driver.
type connection interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// guarded is a connection that is given up when its file is not at its path any
// more: what it wrote would be lost with the next start.
type guarded struct {
	connection
	file     *file
	readOnly bool
}

// ResetSession is called before the connection is used again. One that may write
// looks for the file each time. Looking takes a quarter of the time of a read, so
// one that only reads relies on what was seen a moment ago: until then it answers
// from the file that was opened, with what was true when that was moved.
func (g *guarded) ResetSession(ctx context.Context) error {
	now := time.Now()
	if g.readOnly && g.file.seen(now) {
		return g.connection.ResetSession(ctx)
	}
	if g.file.check(now) != nil {
		return driver.ErrBadConn // opening another one says why
	}
	return g.connection.ResetSession(ctx)
}

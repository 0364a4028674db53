package sqlite

import (
	"context"
	"database/sql/driver"

	"modernc.org/sqlite"
)

// connector opens connections to one database.
type connector struct {
	options Options
	source  string
}

func newConnector(o Options, readOnly bool) *connector {
	return &connector{o, o.source(readOnly)}
}

// Connect opens a connection, and creates the file when it is missing.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	base, err := sqlite.NewConnector(c.source)
	if err != nil {
		return nil, err
	}
	if err := c.options.create(); err != nil {
		return nil, err
	}
	return base.Connect(ctx)
}

// Driver returns the driver.
func (c *connector) Driver() driver.Driver { return &sqlite.Driver{} }

// Package mssql stores authentication data in Microsoft SQL Server 2017 or later,
// or in Azure SQL.
//
// Tables and columns are those of Better Auth 1.7 on SQL Server, and so are their
// types but for text, which is nvarchar: a varchar column cannot hold every letter.
// Dates are datetime2(3) in UTC, booleans smallint, JSON and lists text.
//
// The statements of this package are checked against files; the suite of adapters
// is run only where there is a server, see docs/database.md.
package mssql

import (
	"cmp"
	"database/sql"
	"errors"
	"runtime"
	"time"

	driver "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/ostiary/ostiary/internal/sqldb"
)

// Options of a database. The zero value of everything but URL is fine.
type Options struct {
	// URL names the database: sqlserver://user:password@host:1433?database=name,
	// with the parameters of the driver, such as encrypt=true. A named instance is
	// the path: sqlserver://user:password@host/instance?database=name.
	URL string
	// MaxConnections bounds the connections that are open at once. Zero means
	// four for each processor, but at least 10.
	MaxConnections int
	// IdleTime is how long a connection is kept that nobody uses; zero means 5
	// minutes. Lifetime is how long one is used at most; zero means an hour.
	IdleTime, Lifetime time.Duration
	// ConnectTimeout bounds the opening of a connection. Zero means 5 seconds.
	ConnectTimeout time.Duration
	// RetryTime is how long an operation is tried again when it lost to another
	// transaction (deadlocks, locks waited for too long) or when the server is too
	// busy. Zero means 5 seconds.
	RetryTime time.Duration
}

const (
	defaultConnectTimeout = 5 * time.Second
	defaultRetryTime      = 5 * time.Second
	defaultIdleTime       = 5 * time.Minute
	defaultLifetime       = time.Hour
)

// session are the settings of every connection: an index that leaves nulls out
// needs most of them, and nobody waits for a lock for ever.
const session = "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON; " +
	"SET NUMERIC_ROUNDABORT, XACT_ABORT OFF; SET LOCK_TIMEOUT 10000"

// Adapter is a [database.Adapter] for SQL Server. It is safe for concurrent use.
type Adapter struct {
	*sqldb.Adapter
}

// Open returns an adapter for the database at a URL. It opens no connection: the
// first operation, which may be Ping, does. It fails when the URL is none.
func Open(url string) (*Adapter, error) { return OpenWith(Options{URL: url}) }

// OpenWith is like [Open] with more options.
func OpenWith(o Options) (*Adapter, error) {
	config, err := msdsn.Parse(o.URL)
	if err != nil || o.URL == "" { // the driver's error may repeat the password
		return nil, errors.New("mssql: the URL cannot be read; want sqlserver://user:password@host:1433?database=name, with characters such as @ : / # % of a password percent-encoded")
	}
	if config.Database == "" {
		return nil, errors.New("mssql: the URL names no database; want sqlserver://user:password@host:1433?database=name")
	}
	config.DialTimeout = cmp.Or(max(0, o.ConnectTimeout), defaultConnectTimeout)
	config.AppName = cmp.Or(config.Parameters[msdsn.AppName], "ostiary")
	connector := driver.NewConnectorConfig(config)
	connector.SessionInitSQL = session
	db := sql.OpenDB(connector)
	connections := cmp.Or(max(0, o.MaxConnections), max(10, 4*runtime.GOMAXPROCS(0)))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(cmp.Or(max(0, o.IdleTime), defaultIdleTime))
	db.SetConnMaxLifetime(cmp.Or(max(0, o.Lifetime), defaultLifetime))
	return newAdapter(o.RetryTime, sqldb.Options{Writer: db}), nil
}

// FromDB returns an adapter over the application's own database handle, which
// stays open when the adapter is closed. It must be one of the driver "sqlserver"
// of github.com/microsoft/go-mssqldb; "mssql" has other parameters.
func FromDB(db *sql.DB) *Adapter {
	return newAdapter(0, sqldb.Options{Writer: db, Close: func() error { return nil }})
}

func newAdapter(patience time.Duration, o sqldb.Options) *Adapter {
	o.Dialect = dialect()
	o.Patience = cmp.Or(max(0, patience), defaultRetryTime)
	return &Adapter{sqldb.New(o)}
}

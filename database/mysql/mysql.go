// Package mysql stores authentication data in MySQL 8.0 or MariaDB 10.5, or later.
//
// The tables, columns and types are those of Better Auth 1.7 on MySQL, so the two
// can share a database: dates are timestamp(3), booleans tinyint, JSON and lists
// json, and text is varchar where it has an index, else text.
package mysql

import (
	"database/sql"
	"runtime"
	"time"

	"github.com/ostiary/ostiary/internal/sqldb"
)

// Options of a database. The zero value of everything but URL is fine.
type Options struct {
	// URL names the database: mysql://user:password@host:3306/name, with the
	// parameters of the Go driver (such as tls=true), or the driver's own form
	// user:password@tcp(host:3306)/name. Of several hosts, as in
	// mysql://user@one:3306,two:3306/name, the first is used that takes writes:
	// the nodes of a Galera cluster, or a primary and its replicas. A server that
	// cannot be reached, is no part of its cluster, or is read-only is left alone
	// for some seconds.
	URL string
	// MaxConnections bounds the connections that are open at once. Zero means
	// four for each processor, but at least 10.
	MaxConnections int
	// IdleTime is how long a connection is kept that nobody uses, and must be
	// shorter than the server's wait_timeout; zero means 3 minutes. Lifetime is
	// how long one is used at most; zero means an hour.
	IdleTime, Lifetime time.Duration
	// ConnectTimeout bounds the opening of a connection. Zero means that of URL
	// (timeout), or else 5 seconds.
	ConnectTimeout time.Duration
	// RetryTime is how long an operation is tried again when it lost to another
	// transaction (deadlocks, locks waited for too long, certification in a Galera
	// cluster) or when the server has no connection to give. Zero means 5 seconds.
	RetryTime time.Duration
}

const (
	defaultConnectTimeout = 5 * time.Second
	defaultRetryTime      = 5 * time.Second
	defaultIdleTime       = 3 * time.Minute
	defaultLifetime       = time.Hour
)

// Adapter is a [database.Adapter] for MySQL and MariaDB. It is safe for concurrent
// use.
type Adapter struct {
	*sqldb.Adapter
}

// Open returns an adapter for the database at a URL. It opens no connection: the
// first operation, which may be Ping, does. It fails when the URL is none.
func Open(url string) (*Adapter, error) { return OpenWith(Options{URL: url}) }

// OpenWith is like [Open] with more options.
func OpenWith(o Options) (*Adapter, error) {
	c, err := o.connector()
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	o.limit(db)
	d := dialect()
	if len(c.hosts) > 1 {
		d.Conflict = func(err error) bool {
			if !unwilling(err) {
				return conflict(err)
			}
			db.SetMaxIdleConns(-1) // the connections there are lead to the same server
			o.limit(db)
			return true
		}
	}
	return newAdapter(d, o.RetryTime, sqldb.Options{Writer: db}), nil
}

// FromDB returns an adapter over the application's own database handle, which
// stays open when the adapter is closed. It must be one of the driver
// github.com/go-sql-driver/mysql, and should have these parameters:
// parseTime=true, loc=UTC and time_zone='+00:00', or times are read in the time
// zone of the server; clientFoundRows=true, or rows that an update of many leaves
// as they were are not counted.
func FromDB(db *sql.DB) *Adapter {
	d := dialect()
	d.Isolation = sql.LevelReadCommitted // those of Open have it for the session
	return newAdapter(d, 0, sqldb.Options{Writer: db, Close: func() error { return nil }})
}

func newAdapter(d *sqldb.Dialect, patience time.Duration, o sqldb.Options) *Adapter {
	o.Dialect = d
	o.Patience = patience
	if o.Patience <= 0 {
		o.Patience = defaultRetryTime
	}
	return &Adapter{sqldb.New(o)}
}

// limit sets the limits of the pool.
func (o Options) limit(db *sql.DB) {
	if o.MaxConnections <= 0 {
		o.MaxConnections = max(10, 4*runtime.GOMAXPROCS(0))
	}
	if o.IdleTime <= 0 {
		o.IdleTime = defaultIdleTime
	}
	if o.Lifetime <= 0 {
		o.Lifetime = defaultLifetime
	}
	db.SetMaxOpenConns(o.MaxConnections)
	db.SetMaxIdleConns(o.MaxConnections)
	db.SetConnMaxIdleTime(o.IdleTime)
	db.SetConnMaxLifetime(o.Lifetime)
}

// Package postgres stores authentication data in PostgreSQL 12 or later.
//
// The tables, columns and types are those of Better Auth 1.7 on PostgreSQL, so
// the two can share a database: dates are timestamptz, booleans boolean, JSON and
// lists jsonb, and ids text, integer or uuid by their strategy.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/sqldb"
)

// Options of a database. The zero value of everything but URL is fine.
type Options struct {
	// URL names the database: postgres://user:password@host:5432/name?sslmode=…,
	// or the form "host=… user=…" of libpq. Several hosts and
	// target_session_attrs=read-write follow the primary server. What is absent
	// is taken from the environment of libpq (PGHOST, PGPASSWORD and so on).
	URL string
	// ReplicaURL names a streaming replica of the database, or several with
	// target_session_attrs=standby, in the form of URL. Checks of sessions are
	// answered by it when it is certain to have all that matters; everything else
	// is asked of the database itself, and all that the replica cannot answer. It
	// needs a channel between the nodes. Empty means that there is none.
	ReplicaURL string
	// Schema is the schema that the tables are in. It becomes the search_path of
	// every connection. Empty means the search_path of URL or of the user, whose
	// first schema is used; usually that is public.
	Schema string
	// MaxConnections bounds the connections that are open at once, to the database
	// and, apart from those, to the replica. Zero means four for each processor,
	// but at least 10.
	MaxConnections int
	// IdleTime is how long a connection is kept that nobody uses; zero means 5
	// minutes. Lifetime is how long one is used at most, so that a server which
	// comes back gets its share; zero means an hour.
	IdleTime, Lifetime time.Duration
	// ConnectTimeout bounds the opening of a connection. Zero means that of URL
	// (connect_timeout), or else 5 seconds.
	ConnectTimeout time.Duration
	// RetryTime is how long an operation is tried again when it lost to another
	// transaction (serialisation failures and deadlocks) or when the server has
	// no connection to give. Zero means 5 seconds.
	RetryTime time.Duration
}

const (
	defaultConnectTimeout = 5 * time.Second
	defaultRetryTime      = 5 * time.Second
	defaultIdleTime       = 5 * time.Minute
	defaultLifetime       = time.Hour
)

// Adapter is a [database.Adapter] for PostgreSQL. It is safe for concurrent use.
type Adapter struct {
	*sqldb.Adapter
	replica *replica // or nil
}

var _ database.Replicated = (*Adapter)(nil)

// Open returns an adapter for the database at a URL. It opens no connection: the
// first operation, which may be Ping, does. It fails when the URL is none.
func Open(url string) (*Adapter, error) { return OpenWith(Options{URL: url}) }

// OpenWith is like [Open] with more options.
func OpenWith(o Options) (*Adapter, error) {
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	p, err := pgxpool.NewWithConfig(context.Background(), config) // which only begins to watch over connections
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	var follower *replica
	if o.ReplicaURL != "" {
		if follower, err = openReplica(o, p); err != nil {
			p.Close()
			return nil, fmt.Errorf("postgres: %w", err)
		}
	}
	db := stdlib.OpenDBFromPool(p)
	a := newAdapter(o.RetryTime, sqldb.Options{Writer: db, Native: pool{p}, Renew: p.Reset, Close: func() error {
		err := db.Close()
		if follower != nil {
			err = errors.Join(err, follower.rows.Close())
		}
		p.Close()
		return err
	}})
	a.replica = follower
	return a, nil
}

// FromDB returns an adapter over the application's own database handle, which
// stays open when the adapter is closed. Any driver for PostgreSQL will do whose
// errors have a method SQLState, as those of pgx and lib/pq have.
func FromDB(db *sql.DB) *Adapter {
	return newAdapter(0, sqldb.Options{Writer: db, Close: stayOpen})
}

// FromPool returns an adapter over the application's own pool, which stays open
// when the adapter is closed. It does not go through database/sql, but for
// migrations.
func FromPool(p *pgxpool.Pool) *Adapter {
	db := stdlib.OpenDBFromPool(p)
	return newAdapter(0, sqldb.Options{Writer: db, Native: pool{p}, Renew: p.Reset, Close: db.Close})
}

func stayOpen() error { return nil }

func newAdapter(patience time.Duration, o sqldb.Options) *Adapter {
	o.Dialect = dialect()
	o.Patience = patience
	if o.Patience <= 0 {
		o.Patience = defaultRetryTime
	}
	return &Adapter{Adapter: sqldb.New(o)}
}

// config is how connections are opened and kept.
func (o Options) config() (*pgxpool.Config, error) {
	if o.URL == "" {
		return nil, errors.New("postgres: a URL is needed, such as postgres://user:password@localhost:5432/name")
	}
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err) // it leaves the password out
	}
	connection := config.ConnConfig
	if o.Schema != "" {
		connection.RuntimeParams["search_path"] = quote(o.Schema)
	}
	if connection.RuntimeParams["application_name"] == "" {
		connection.RuntimeParams["application_name"] = "ostiary"
	}
	switch {
	case o.ConnectTimeout > 0:
		connection.ConnectTimeout = o.ConnectTimeout
	case connection.ConnectTimeout == 0:
		connection.ConnectTimeout = defaultConnectTimeout
	}
	config.MaxConns = int32(max(10, 4*runtime.GOMAXPROCS(0)))
	if o.MaxConnections > 0 {
		config.MaxConns = int32(min(o.MaxConnections, math.MaxInt32))
	}
	config.MaxConnIdleTime, config.MaxConnLifetime = defaultIdleTime, defaultLifetime
	if o.IdleTime > 0 {
		config.MaxConnIdleTime = o.IdleTime
	}
	if o.Lifetime > 0 {
		config.MaxConnLifetime = o.Lifetime
	}
	return config, nil
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/sqldb"
)

// replicaTimeout bounds what is asked to spare the primary server work. Whoever
// waits for longer is better off asking the primary itself.
const replicaTimeout = 250 * time.Millisecond

// A position is a place in the write-ahead log, and its history the log's timeline
// in one cluster of databases: when a replica is promoted a timeline begins.
const (
	// primaryPosition asks for the end of what has been inserted into the log, not
	// of what has been written out: under synchronous_commit=off what was
	// acknowledged is not written yet. On a replica it fails.
	primaryPosition = `SELECT system_identifier || '/' || left(pg_walfile_name(at), 8), at::text
	FROM pg_current_wal_insert_lsn() AS at, pg_control_system()`

	// replicaPosition asks for the end of what has been replayed. The timeline is
	// that of the data which is certain to be on the disk; that of what is being
	// replayed may be a later one for a while, which is noticed as another history.
	// A server that has been promoted, or never was a replica, has no row. A
	// transaction that keeps its first view of the data would not see later what has
	// been replayed by now, so it has none either.
	replicaPosition = `SELECT system_identifier || '/' || upper(lpad(to_hex(min_recovery_end_timeline), 8, '0')), pg_last_wal_replay_lsn()::text
	FROM pg_control_system(), pg_control_recovery()
	WHERE pg_is_in_recovery() AND current_setting('transaction_isolation') = 'read committed'`
)

// replica is a [database.Replica] of streaming replication.
type replica struct {
	primary *pgxpool.Pool
	rows    *sqldb.Adapter // over a followingPool
}

func openReplica(o Options, primary *pgxpool.Pool) (*replica, error) {
	o.URL = o.ReplicaURL
	config, err := o.config()
	if err != nil {
		return nil, fmt.Errorf("ReplicaURL: %w", err)
	}
	p, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("ReplicaURL: %w", err)
	}
	return &replica{primary: primary, rows: sqldb.New(sqldb.Options{Dialect: dialect(), Native: followingPool{pool{p}}, Close: func() error {
		p.Close()
		return nil
	}})}, nil
}

// Replica implements [database.Replicated]: it returns what [Options].ReplicaURL
// names, or nil.
func (a *Adapter) Replica() database.Replica {
	if a.replica == nil {
		return nil
	}
	return a.replica
}

// Position implements [database.Replica].
func (r *replica) Position(ctx context.Context) (database.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	rows, err := r.primary.Query(ctx, primaryPosition)
	if err != nil {
		return database.Position{}, err
	}
	at, err := readPosition(rows)
	if err == nil && at.History == "" {
		err = errors.New("the server did not tell")
	}
	return at, err
}

// FindMany implements [database.Replica].
func (r *replica) FindMany(ctx context.Context, q database.Query) ([]database.Record, database.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	reached := new(reached)
	recs, err := r.rows.FindMany(context.WithValue(ctx, reachedKey{}, reached), q)
	return recs, reached.earliest, err
}

// reached is the earliest position of the replica before any of the statements of
// an operation.
type reached struct {
	earliest database.Position
	known    bool
}

type reachedKey struct{}

func (r *reached) note(at database.Position) {
	if !r.known || r.earliest.Includes(at) {
		r.earliest, r.known = at, true
	} else if !at.Includes(r.earliest) {
		r.earliest = database.Position{}
	}
}

// followingPool asks for the position of the replica before each statement.
type followingPool struct{ pool }

// Query sends both at once, in this order. As each sees what was committed before
// it began, the answer to the second holds all that was replayed at the first; in
// one statement the position might be later than what the statement sees.
func (p followingPool) Query(ctx context.Context, text string, args []any, read func([]any) error) (n int, err error) {
	var b pgx.Batch
	b.Queue(replicaPosition)
	b.Queue(text, args...)
	results := p.SendBatch(ctx, &b)
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed
		}
	}()
	rows, err := results.Query()
	if err != nil {
		return 0, err
	}
	at, err := readPosition(rows)
	if err != nil {
		return 0, err
	}
	ctx.Value(reachedKey{}).(*reached).note(at)
	if rows, err = results.Query(); err != nil {
		return 0, err
	}
	return readRows(rows, read)
}

// readPosition reads the row of a position. Without a row it is the zero Position.
func readPosition(rows pgx.Rows) (at database.Position, err error) {
	defer rows.Close()
	for rows.Next() {
		var history, place string
		if err := rows.Scan(&history, &place); err != nil {
			return database.Position{}, err
		}
		if at, err = parsePosition(history, place); err != nil {
			return database.Position{}, err
		}
	}
	return at, rows.Err()
}

// parsePosition reads a place as PostgreSQL writes them: 16/B374D848.
func parsePosition(history, place string) (database.Position, error) {
	high, low, _ := strings.Cut(place, "/")
	h, errHigh := strconv.ParseUint(high, 16, 32)
	l, errLow := strconv.ParseUint(low, 16, 32)
	if err := errors.Join(errHigh, errLow); err != nil {
		return database.Position{}, fmt.Errorf("a place in the log: %w", err)
	}
	return database.Position{History: history, At: h<<32 | l}, nil
}

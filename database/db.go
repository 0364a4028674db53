package database

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// DB is a database as the rest of Ostiary sees it: an [Adapter] with ids,
// defaults, transformations and joins filled in. Its operations join the
// transaction of their context, if [DB.InTransaction] began one.
type DB struct {
	adapter Adapter
	schema  *schema.Schema
	now     func() time.Time
	newID   func(model string) string
	ownIDs  bool

	check   func(ctx context.Context) error
	checked atomic.Bool
	turn    chan struct{} // held by the one that checks
}

// DefaultLimit bounds FindMany when the query names no limit.
const DefaultLimit = 100

// Options of a [DB].
type Options struct {
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// NewID makes the id of a new row of a model; returning "" leaves it to the
	// store. It is not called under [schema.SerialIDs] and [schema.DatabaseIDs].
	NewID func(model string) string
	// OwnIDs has NewID called under [schema.UUIDs] although the store makes them.
	OwnIDs bool
	// Check is called before the first operation, and again before each until it
	// has returned nil once. Operations fail with its error. It must use the
	// adapter, not the DB. Nil means no check.
	Check func(ctx context.Context) error
}

// New returns a DB over an adapter. It fails when the adapter cannot do what
// the schema asks for.
func New(a Adapter, s *schema.Schema, o Options) (*DB, error) {
	caps := a.Capabilities()
	for _, t := range s.Tables {
		if t.IDs == schema.SerialIDs && !caps.SerialIDs {
			return nil, fmt.Errorf("database: the %s adapter has no serial ids; choose another id strategy for %s", caps.Name, t.Key)
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if p, ok := a.(Preparer); ok {
		p.Prepare(s)
	}
	return &DB{adapter: a, schema: s, now: o.Now, newID: o.NewID, ownIDs: o.OwnIDs, check: o.Check, turn: make(chan struct{}, 1)}, nil
}

// Ready checks the database, as [Options].Check says, unless that was done. Every
// operation does so itself; within a transaction it has been done.
func (db *DB) Ready(ctx context.Context) error {
	if db.transaction(ctx) != nil {
		return nil
	}
	return db.ready(ctx)
}

func (db *DB) ready(ctx context.Context) error {
	if db.check == nil || db.checked.Load() {
		return nil
	}
	select {
	case db.turn <- struct{}{}:
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if db.checked.Load() {
		return nil
	}
	if err := db.check(ctx); err != nil {
		return err
	}
	db.checked.Store(true)
	return nil
}

// Schema returns the schema the database was opened with.
func (db *DB) Schema() *schema.Schema { return db.schema }

// Table returns the table of a model key, or nil.
func (db *DB) Table(key string) *schema.Table { return db.schema.Table(key) }

// Adapter returns the adapter, for tools such as migrations.
func (db *DB) Adapter() Adapter { return db.adapter }

// Close closes the adapter.
func (db *DB) Close() error { return db.adapter.Close() }

// Create inserts a row and returns it as stored. Absent fields get their
// default, the id is made by the id strategy unless the row has one.
func (db *DB) Create(ctx context.Context, row schema.Row) (schema.Row, error) {
	encoded, err := db.encodeCreate(row)
	if err != nil {
		return schema.Row{}, err
	}
	a, err := db.current(ctx)
	if err != nil {
		return schema.Row{}, fmt.Errorf("create %s: %w", row.Table().Key, err)
	}
	stored, err := a.Create(ctx, encoded)
	if err != nil {
		return schema.Row{}, fmt.Errorf("create %s: %w", row.Table().Key, err)
	}
	db.transaction(ctx).created(stored)
	return stored, decode(stored)
}

// FindOne returns the first row that matches, or nil.
func (db *DB) FindOne(ctx context.Context, q Query) (*Record, error) {
	a, err := db.current(ctx)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", q.Table.Key, err)
	}
	ask := q
	native := a.Capabilities().Joins
	if !native {
		ask.Joins = nil
	}
	ask.Where = spelled(q.Table, q.Where)
	rec, err := a.FindOne(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", q.Table.Key, err)
	}
	if rec == nil {
		return nil, nil
	}
	if !native {
		if err := db.join(ctx, a, q.Joins, rec); err != nil {
			return nil, err
		}
	}
	return rec, decodeRecord(rec)
}

// FindMany returns the rows that match.
func (db *DB) FindMany(ctx context.Context, q Query) ([]Record, error) {
	a, err := db.current(ctx)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", q.Table.Key, err)
	}
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	ask := q
	native := a.Capabilities().Joins
	if !native {
		ask.Joins = nil
	}
	ask.Where = spelled(q.Table, q.Where)
	recs, err := a.FindMany(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", q.Table.Key, err)
	}
	for i := range recs {
		if !native {
			if err := db.join(ctx, a, q.Joins, &recs[i]); err != nil {
				return nil, err
			}
		}
		if err := decodeRecord(&recs[i]); err != nil {
			return nil, err
		}
	}
	return recs, nil
}

// join reads the joined rows of a record with a query for each join.
func (db *DB) join(ctx context.Context, a Adapter, joins []Join, rec *Record) error {
	if len(joins) == 0 {
		return nil
	}
	rec.Joined = make([][]schema.Row, len(joins))
	for i, j := range joins {
		from := rec.Get(j.From)
		if from == nil {
			continue
		}
		limit := j.Limit
		if limit <= 0 {
			limit = DefaultLimit
		}
		if j.One {
			limit = 1
		}
		found, err := a.FindMany(ctx, Query{Table: j.Table, Where: []Where{Eq(j.On, from)}, Limit: limit})
		if err != nil {
			return fmt.Errorf("join %s: %w", j.Table.Key, err)
		}
		for _, f := range found {
			rec.Joined[i] = append(rec.Joined[i], f.Row)
		}
	}
	return nil
}

// Count returns how many rows match.
func (db *DB) Count(ctx context.Context, table *schema.Table, where ...Where) (int64, error) {
	a, err := db.current(ctx)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table.Key, err)
	}
	n, err := a.Count(ctx, table, spelled(table, where))
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table.Key, err)
	}
	return n, nil
}

// Update sets the given fields of set on one row that matches and returns the
// row as it is afterwards, or nil when none matched.
func (db *DB) Update(ctx context.Context, set schema.Row, where ...Where) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, nil
	}
	encoded, err := db.encodeUpdate(set)
	if err != nil {
		return nil, err
	}
	a, err := db.current(ctx)
	if err != nil {
		return nil, fmt.Errorf("update %s: %w", set.Table().Key, err)
	}
	row, err := a.Update(ctx, spelled(set.Table(), where), encoded)
	if err != nil {
		return nil, fmt.Errorf("update %s: %w", set.Table().Key, err)
	}
	return decoded(row)
}

// UpdateMany sets the given fields of set on every row that matches, and
// returns how many that were.
func (db *DB) UpdateMany(ctx context.Context, set schema.Row, where ...Where) (int64, error) {
	encoded, err := db.encodeUpdate(set)
	if err != nil {
		return 0, err
	}
	a, err := db.current(ctx)
	if err != nil {
		return 0, fmt.Errorf("update %s: %w", set.Table().Key, err)
	}
	n, err := a.UpdateMany(ctx, spelled(set.Table(), where), encoded)
	if err != nil {
		return 0, fmt.Errorf("update %s: %w", set.Table().Key, err)
	}
	return n, nil
}

// Delete deletes the rows that match. It refuses an empty condition.
func (db *DB) Delete(ctx context.Context, table *schema.Table, where ...Where) error {
	if len(where) == 0 {
		return fmt.Errorf("delete %s: %w", table.Key, ErrEmptyWhere)
	}
	a, err := db.current(ctx)
	if err != nil {
		return fmt.Errorf("delete %s: %w", table.Key, err)
	}
	if err := a.Delete(ctx, table, spelled(table, where)); err != nil {
		return fmt.Errorf("delete %s: %w", table.Key, err)
	}
	return nil
}

// DeleteMany deletes every row that matches and returns how many that were.
func (db *DB) DeleteMany(ctx context.Context, table *schema.Table, where ...Where) (int64, error) {
	a, err := db.current(ctx)
	if err != nil {
		return 0, fmt.Errorf("delete %s: %w", table.Key, err)
	}
	n, err := a.DeleteMany(ctx, table, spelled(table, where))
	if err != nil {
		return 0, fmt.Errorf("delete %s: %w", table.Key, err)
	}
	return n, nil
}

// ConsumeOne deletes one row that matches and returns it, or nil. Exactly one
// of any number of callers gets a given row.
func (db *DB) ConsumeOne(ctx context.Context, table *schema.Table, where ...Where) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, fmt.Errorf("consume %s: %w", table.Key, ErrEmptyWhere)
	}
	a, err := db.current(ctx)
	if err != nil {
		return nil, fmt.Errorf("consume %s: %w", table.Key, err)
	}
	row, err := a.ConsumeOne(ctx, table, spelled(table, where))
	if err != nil {
		return nil, fmt.Errorf("consume %s: %w", table.Key, err)
	}
	return decoded(row)
}

// IncrementOne adds to number fields and sets other fields of one row that
// matches, in one atomic step, and returns the row as it is afterwards, or nil
// when none matched.
func (db *DB) IncrementOne(ctx context.Context, set schema.Row, add []Increment, where ...Where) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, fmt.Errorf("increment %s: %w", set.Table().Key, ErrEmptyWhere)
	}
	if len(add) == 0 && set.IsEmpty() {
		return nil, errors.New("increment " + set.Table().Key + ": nothing to add or set")
	}
	encoded, err := db.encodeUpdate(set)
	if err != nil {
		return nil, err
	}
	a, err := db.current(ctx)
	if err != nil {
		return nil, fmt.Errorf("increment %s: %w", set.Table().Key, err)
	}
	row, err := a.IncrementOne(ctx, spelled(set.Table(), where), add, encoded)
	if err != nil {
		return nil, fmt.Errorf("increment %s: %w", set.Table().Key, err)
	}
	return decoded(row)
}

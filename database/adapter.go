// Package database is the contract between Ostiary and a database.
//
// An [Adapter] stores and finds rows of compiled tables (package schema). It
// knows nothing of users or sessions. [DB] wraps an adapter with what is the
// same everywhere: ids, default values, value transformations, joins and
// transactions with work that waits for the commit.
//
// To write an adapter, implement [Adapter] and run the suite of package
// databasetest against it.
package database

import (
	"context"
	"errors"

	"github.com/ostiary/ostiary/schema"
)

// Errors that adapters return, wrapped or as they are.
var (
	// ErrDuplicate means that a write would break a unique constraint.
	ErrDuplicate = errors.New("database: duplicate value")
	// ErrOutOfRange means that a column cannot hold a value, such as a date after
	// 2038 or a text that is too long.
	ErrOutOfRange = errors.New("database: value out of range")
	// ErrUnavailable means that the database cannot be reached or is too busy;
	// the same operation may succeed later.
	ErrUnavailable = errors.New("database: unavailable")
	// ErrUncertain means that a commit was sent and that its answer was lost:
	// everything has happened or nothing has. It comes with ErrUnavailable.
	ErrUncertain = errors.New("database: nobody knows whether the transaction was committed")
	// ErrEmptyWhere means that a singular update or delete named no condition.
	ErrEmptyWhere = errors.New("database: refusing to change rows without a condition")
)

// Adapter stores rows. Values are the Go types that package schema documents
// for each field type; encoding them for the store is the adapter's business.
// All methods may be called from many goroutines at once, honour the context,
// and return an error that wraps [ErrDuplicate] or [ErrUnavailable] where that
// is what happened.
//
// Where clauses mean: all clauses whose Or is false, and any of those whose Or
// is true. Field names in them are logical names.
type Adapter interface {
	// Create inserts a row. Absent fields are left to the store. It returns the
	// row as stored, every field given.
	Create(ctx context.Context, row schema.Row) (schema.Row, error)
	// FindOne returns the first row that matches, or nil.
	FindOne(ctx context.Context, q Query) (*Record, error)
	// FindMany returns the rows that match: filtered, then sorted, then cut by
	// offset and limit. Query.Limit is always positive.
	FindMany(ctx context.Context, q Query) ([]Record, error)
	// Count returns how many rows match.
	Count(ctx context.Context, table *schema.Table, where []Where) (int64, error)
	// Update sets the given fields of set on one row that matches and returns
	// that row as it is afterwards, or nil when none matched. An empty where
	// matches nothing.
	Update(ctx context.Context, where []Where, set schema.Row) (*schema.Row, error)
	// UpdateMany sets the given fields of set on all rows that match (all rows
	// for an empty where) and returns how many that were.
	UpdateMany(ctx context.Context, where []Where, set schema.Row) (int64, error)
	// Delete deletes the rows that match; none matching is no error. An empty
	// where is refused with [ErrEmptyWhere].
	Delete(ctx context.Context, table *schema.Table, where []Where) error
	// DeleteMany deletes all rows that match (all rows for an empty where) and
	// returns how many that were.
	DeleteMany(ctx context.Context, table *schema.Table, where []Where) (int64, error)
	// ConsumeOne deletes one row that matches and returns it, or nil. Of any
	// number of callers at once, exactly one gets a given row.
	ConsumeOne(ctx context.Context, table *schema.Table, where []Where) (*schema.Row, error)
	// IncrementOne adds to number fields of one row that matches, sets the given
	// fields of set on it as well, and returns it as it is afterwards, or nil
	// when none matched. It is one atomic step; a null number counts as 0.
	IncrementOne(ctx context.Context, where []Where, add []Increment, set schema.Row) (*schema.Row, error)
	// Transaction calls fn with an adapter whose operations happen all or not at
	// all: they are committed when fn returns nil, and undone when it returns an
	// error, which is then returned. Adapters without transactions call fn with
	// themselves and say so by [Capabilities].
	Transaction(ctx context.Context, fn func(tx Adapter) error) error
	// Capabilities says what the store can do.
	Capabilities() Capabilities
	// Close releases what the adapter opened itself.
	Close() error
}

// Preparer is what an adapter offers, beyond [Adapter], when its store has no
// tables to migrate but needs to know which there are.
type Preparer interface {
	// Prepare is called by [New], before any operation, with all tables.
	Prepare(s *schema.Schema)
	// EnsureIndexes creates what the store needs for them and lacks.
	EnsureIndexes(ctx context.Context) error
}

// Capabilities of an adapter.
type Capabilities struct {
	// Name names the adapter in messages, for example "sqlite".
	Name string
	// Transactions is true when Transaction undoes the work of a failed call.
	Transactions bool
	// Joins is true when FindOne and FindMany follow Query.Joins themselves.
	// Otherwise [DB] reads joined rows with further queries.
	Joins bool
	// GeneratesUUIDs is true when the store makes ids under [schema.UUIDs].
	GeneratesUUIDs bool
	// SerialIDs is true when the store can count up numeric ids.
	SerialIDs bool
	// Remote is true when every operation is a round trip to another process, so
	// that several questions are better asked at once (see [Lookup]).
	Remote bool
}

// Query says which rows to find.
type Query struct {
	Table *schema.Table
	Where []Where
	// Sort orders the rows; empty leaves the order to the store.
	Sort []Sort
	// Limit bounds the number of rows; 0 means 100. Offset skips rows first.
	Limit, Offset int
	// Joins are the related tables to read along.
	Joins []Join
	// ForUpdate, in a transaction, keeps others from changing or deleting the
	// rows found until the transaction ends, and waits for others that do the
	// same; what the transaction reads afterwards is what others had committed by
	// then. Outside transactions it has no effect. Stores in which transactions
	// run one after the other need do nothing. It cannot be combined with joins.
	ForUpdate bool
}

// Record is a row with the rows joined to it: Joined[i] belongs to
// Query.Joins[i] and is empty when there are none.
type Record struct {
	schema.Row
	Joined [][]schema.Row
}

// Sort orders by a field, ascending unless Descending. Nulls come first when
// ascending.
type Sort struct {
	Field      string
	Descending bool
}

// Increment adds Delta to the number in Field.
type Increment struct {
	Field string
	Delta int64
}

// Join reads the rows of another table that belong to each row found: those
// whose On field equals the row's From field. [Relate] finds the two fields.
type Join struct {
	Table *schema.Table
	// From is a field of the queried table, On one of the joined table.
	From, On string
	// One is true when at most one row can belong.
	One bool
	// Limit bounds the joined rows of each row; 0 means 100.
	Limit int
}

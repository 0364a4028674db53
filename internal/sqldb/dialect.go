package sqldb

import (
	"context"
	"database/sql"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/migrate"
)

// Dialect is everything in which one SQL database differs from another. It is
// data and a few pure functions; every one of them must be set unless its
// comment names a default.
type Dialect struct {
	// Capabilities are those of the adapter; their name is used in messages.
	Capabilities database.Capabilities

	// Quote quotes a table or column name, whatever characters it contains.
	Quote func(name string) string
	// QuoteTable quotes the name of a table, where that may be more than one
	// name. Nil means Quote.
	QuoteTable func(name string) string
	// Placeholder appends the nth parameter of a statement, counted from 1.
	Placeholder func(text []byte, n int) []byte
	// MaxParameters is the most parameters that a statement can have.
	MaxParameters int
	// Result turns a quoted, possibly qualified column into the expression that
	// reads it in a select or returning list. Nil means the column itself.
	Result func(column string) string
	// Comparable turns the parameter that a column of a field is compared with
	// into an expression; fraction says that it is a number and no int64. Nil means
	// the parameter itself.
	Comparable func(f migrate.ColumnField, placeholder string, fraction bool) string
	// Indexed is like Comparable, for the first of the two comparisons that Exact
	// makes necessary: the one that finds rows by an index. It may match too much,
	// never too little. Nil means the parameter itself.
	Indexed func(f migrate.ColumnField, placeholder string) string
	// Exact turns an expression for text into one whose comparison tells every
	// two texts apart, for databases whose own comparison does not. Nil means
	// that it does. Match sees to that itself.
	Exact func(expression string) string
	// NoReturning is true when statements that write return no rows. The rows are
	// then read in the same transaction, with the help of Lock.
	NoReturning bool
	// Output is true when statements that write return rows by an OUTPUT clause in
	// their middle, instead of RETURNING at their end.
	Output bool
	// Lock is what a select ends with that locks the rows it finds until the end
	// of the transaction, LockHint what follows the name of its table. Both empty
	// means that a transaction which writes is alone.
	Lock, LockHint string
	// Unsorted is the ORDER BY of a page whose order does not matter, for databases
	// that cut nothing without one. Empty means none.
	Unsorted string
	// WithID makes of an insert that gives an id one that the table of a serial id
	// accepts. Nil means the insert itself.
	WithID func(table, insert string) string
	// InsertDefaults is what follows "INSERT INTO table" when no value is given.
	// Empty means DEFAULT VALUES.
	InsertDefaults string
	// OnDuplicate is what an insert ends with, before the columns it returns, so
	// that it returns nothing instead of failing when a value is there already:
	// for databases where a statement that fails ends the transaction.
	OnDuplicate string
	// Isolation is that of transactions. Zero leaves it to the database. It must
	// be such that a statement sees what others committed before it began.
	Isolation sql.IsolationLevel
	// Page appends the clause that cuts a sorted result. Limit and offset are
	// placeholders; offset is empty when no row is to be skipped.
	Page func(text []byte, limit, offset string) []byte
	// SortNulls, when true, spells out that nulls come first in ascending
	// order, for databases that would put them last.
	SortNulls bool

	// Sum is a number column, null counting as 0, plus a whole number. It must
	// fail where the sum has no place in 64 bits. Nil means the operator +.
	Sum func(column, placeholder string) string
	// Fold makes an expression whose comparison ignores case.
	Fold func(expression string) string
	// Match is the condition that a column matches a pattern of one parameter,
	// Pattern the value of that parameter for a string operator: every
	// character of value stands for itself.
	Match   func(column, placeholder string, insensitive bool) string
	Pattern func(op database.Operator, value string, insensitive bool) string

	// Holds reports whether the database can store a text. Nil means any.
	Holds func(text string) bool
	// UUIDs is true when ids under [schema.UUIDs] have a type of their own.
	UUIDs bool
	// Boolean, Time and JSON encode values for the driver; times are in UTC
	// with millisecond precision, JSON is valid.
	Boolean func(bool) any
	Time    func(time.Time) (any, error)
	JSON    func(text []byte) any
	// Fraction encodes a number that is no int64, or that is too large for every
	// whole number about as large to have a value of its own. It is for drivers that
	// would make another number of it for a column of whole numbers. Nil means the
	// number itself.
	Fraction func(float64) any

	// Error returns [database.ErrDuplicate] or [database.ErrUnavailable] when a
	// driver's error means that, and nil otherwise.
	Error func(error) error
	// Busy reports whether a driver's error means that nothing was done because
	// another process holds a lock, so that the same may succeed in a moment.
	Busy func(error) bool
	// Conflict reports whether an error means that the database has undone, or
	// that one must undo, the transaction because of what others do, so that the
	// same may succeed in a moment. A statement outside transactions is one by
	// itself. Nil means never.
	Conflict func(error) bool
	// Lost reports whether an error means that the connection was lost, so that
	// nobody knows whether the statement was carried out. Nil means never.
	Lost func(error) bool
	// Undoes reports whether an error means that the database may have undone the
	// whole transaction although trying again does not help, as a full disk does.
	// Nil means never.
	Undoes func(error) bool
	// ReadsOnly reports whether an error means that the server does not take writes
	// (any more), as after a fail-over: it did nothing. Nil means never.
	ReadsOnly func(error) bool
	// KeepsStatements is true when the driver prepares statements and keeps them
	// itself, so that it is given their text.
	KeepsStatements bool

	// Definition is how tables are created and changed.
	Definition migrate.Dialect
	// Exclusive are the statements around a migration.
	Exclusive Exclusive
	// Catalog reads which tables there are.
	Catalog func(ctx context.Context, conn *sql.Conn) (*migrate.Catalog, error)
}

// Exclusive are the statements, run on one connection, that keep all other
// migrations of the same database away and make one migration a transaction.
// Empty ones are left out. Lock returns the number 1 when it has succeeded.
type Exclusive struct {
	Lock, Begin, Commit, Rollback, Unlock string
}

// sum is a column plus a parameter.
func (d *Dialect) sum(column, placeholder string) string {
	if d.Sum == nil {
		return "COALESCE(" + column + ", 0) + " + placeholder
	}
	return d.Sum(column, placeholder)
}

// result is the expression that reads a column.
func (d *Dialect) result(column string) string {
	if d.Result == nil {
		return column
	}
	return d.Result(column)
}

func (d *Dialect) quoteTable(name string) string {
	if d.QuoteTable == nil {
		return d.Quote(name)
	}
	return d.QuoteTable(name)
}

func (d *Dialect) conflict(err error) bool { return d.Conflict != nil && d.Conflict(err) }

func (d *Dialect) lost(err error) bool { return d.Lost != nil && d.Lost(err) }

func (d *Dialect) readsOnly(err error) bool { return d.ReadsOnly != nil && d.ReadsOnly(err) }

func (d *Dialect) undoes(err error) bool { return d.Undoes != nil && d.Undoes(err) }

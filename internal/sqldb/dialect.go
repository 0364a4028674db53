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
	// Placeholder appends the nth parameter of a statement, counted from 1.
	Placeholder func(text []byte, n int) []byte
	// MaxParameters is the most parameters that a statement can have.
	MaxParameters int
	// Result turns a quoted, possibly qualified column into the expression that
	// reads it in a select or returning list. Nil means the column itself.
	Result func(column string) string
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

	// Boolean, Time and JSON encode values for the driver; times are in UTC
	// with millisecond precision, JSON is valid.
	Boolean func(bool) any
	Time    func(time.Time) (any, error)
	JSON    func(text []byte) any

	// Error returns [database.ErrDuplicate] or [database.ErrUnavailable] when a
	// driver's error means that, and nil otherwise.
	Error func(error) error
	// Busy reports whether a driver's error means that nothing was done because
	// another process holds a lock, so that the same may succeed in a moment.
	Busy func(error) bool

	// Definition is how tables are created and changed.
	Definition migrate.Dialect
	// Exclusive are the statements around a migration.
	Exclusive Exclusive
	// Catalog reads which tables there are.
	Catalog func(ctx context.Context, conn *sql.Conn) (*migrate.Catalog, error)
}

// Exclusive are the statements, run on one connection, that keep all other
// migrations of the same database away and make one migration a transaction.
// Empty ones are left out.
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

// Package sqlitedialect is how SQLite speaks SQL, whichever driver is used: it
// imports none, because two packages that register a driver as "sqlite" cannot be
// in one program.
package sqlitedialect

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/definition"
	"github.com/ostiary/ostiary/internal/sqldb"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// Dialect returns the dialect of SQLite.
func Dialect() *sqldb.Dialect {
	return &sqldb.Dialect{
		Capabilities: database.Capabilities{
			Name:         "sqlite",
			Transactions: true,
			Joins:        true,
			SerialIDs:    true,
		},
		Quote:         migrate.QuoteName,
		Placeholder:   func(text []byte, _ int) []byte { return append(text, '?') },
		MaxParameters: 32766,
		// The driver parses the text of columns declared as dates, slowly, and
		// copies the name and the declared type of every column for every query.
		// This expression has neither.
		Result:  func(column string) string { return "+" + column + ` AS ""` },
		Page:    page,
		Sum:     sum,
		Fold:    func(expression string) string { return "lower(" + expression + ")" },
		Match:   match,
		Pattern: pattern,
		Boolean: func(b bool) any {
			if b {
				return int64(1)
			}
			return int64(0)
		},
		Time:      sqldb.ISOTime,
		JSON:      func(text []byte) any { return string(text) },
		Error:     meaning,
		Busy:      busy,
		Undoes:    undoes,
		Exclusive: sqldb.Exclusive{Begin: "BEGIN IMMEDIATE", Commit: "COMMIT", Rollback: "ROLLBACK"},
		Catalog:   catalog,
		Definition: migrate.Dialect{
			Quote:   migrate.QuoteName,
			Type:    definition.SQLiteType,
			Accepts: accepts,
			Boolean: func(b bool) string {
				if b {
					return "1"
				}
				return "0"
			},
			Text:             migrate.QuoteText,
			SharedIndexNames: true,
		},
	}
}

func page(text []byte, limit, offset string) []byte {
	text = append(append(text, " LIMIT "...), limit...)
	if offset != "" {
		text = append(append(text, " OFFSET "...), offset...)
	}
	return text
}

// sum fails, as abs of the least integer does, where SQLite would go on with an
// inexact float: when whole numbers have a sum that is none.
func sum(column, placeholder string) string {
	return "(SELECT CASE WHEN typeof(total) = 'real' AND typeof(COALESCE(" + column + ", 0)) = 'integer'" +
		" THEN abs(-9223372036854775807 - 1) ELSE total END FROM (SELECT COALESCE(" + column + ", 0) + " + placeholder + " AS total))"
}

// match uses GLOB where case matters, because LIKE ignores the case of ASCII
// letters.
func match(column, placeholder string, insensitive bool) string {
	if insensitive {
		return column + " LIKE " + placeholder + " ESCAPE '!'"
	}
	return column + " GLOB " + placeholder
}

func pattern(op database.Operator, value string, insensitive bool) string {
	if insensitive {
		return sqldb.PatternOf(op, likeEscaper.Replace(value), "%")
	}
	return sqldb.PatternOf(op, globEscaper.Replace(value), "*")
}

var (
	globEscaper = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")
	likeEscaper = strings.NewReplacer("%", "!%", "_", "!_", "!", "!!")
)

// The result codes of SQLite that mean something here (sqlite.org/rescode.html).
const (
	codeBusy                 = 5
	codeLocked               = 6
	codeReadOnly             = 8
	codeIOError              = 10
	codeFull                 = 13
	codeCannotOpen           = 14
	codeProtocol             = 15
	codeConstraintPrimaryKey = 1555
	codeConstraintUnique     = 2067
	codeConstraintRowID      = 2579
)

// meaning says what an error of the driver means to the caller.
func meaning(err error) error {
	code, ok := codeOf(err)
	if !ok {
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
			return database.ErrUnavailable
		}
		return nil
	}
	switch code {
	case codeConstraintUnique, codeConstraintPrimaryKey, codeConstraintRowID:
		return database.ErrDuplicate
	}
	switch code & 0xff {
	case codeBusy, codeLocked, codeProtocol, codeCannotOpen, codeReadOnly, codeIOError, codeFull:
		return database.ErrUnavailable
	}
	return nil
}

// busy reports whether another connection holds the lock. SQLite finds that out
// before it changes anything.
func busy(err error) bool {
	code, ok := codeOf(err)
	return ok && code&0xff == codeBusy
}

// undoes reports whether SQLite may have undone the transaction: it does so when
// the disk is full, cannot be read, or cannot be written (sqlite.org/lang_transaction.html).
func undoes(err error) bool {
	code, ok := codeOf(err)
	if !ok {
		return false
	}
	switch code & 0xff {
	case codeFull, codeIOError, codeReadOnly:
		return true
	}
	return false
}

// codeOf returns the code that SQLite has given to an error. A handle of the
// application's may be one of another driver: those that are made from the driver
// of this package have the method, and what others say is told from the text.
func codeOf(err error) (int, bool) {
	var coded interface{ Code() int }
	switch {
	case errors.As(err, &coded):
		return coded.Code(), true
	case strings.HasPrefix(err.Error(), "UNIQUE constraint failed"):
		return codeConstraintUnique, true
	case strings.HasPrefix(err.Error(), "database is locked"), strings.HasPrefix(err.Error(), "database table is locked"):
		return codeBusy, true
	}
	return 0, false
}

// accepts is lenient: SQLite stores any value in any column.
func accepts(f migrate.ColumnField, existing string) bool {
	has := sqldb.TypeName(existing).Has
	switch {
	case f.HoldsID() && f.IDs == schema.SerialIDs:
		return has("int")
	case f.HoldsID():
		return has("text", "char", "clob", "uuid")
	}
	switch f.Type {
	case schema.Number:
		return has("int", "real", "num", "double", "float", "decimal")
	case schema.Boolean:
		return has("int", "bool")
	case schema.Date:
		return has("date", "int", "time", "text")
	case schema.JSON, schema.StringArray, schema.NumberArray:
		return has("text", "json", "char", "clob")
	}
	return has("text", "char", "clob", "uuid")
}

package postgres

import (
	"database/sql"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/definition"
	"github.com/ostiary/ostiary/internal/sqldb"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

func dialect() *sqldb.Dialect {
	return &sqldb.Dialect{
		Capabilities: database.Capabilities{
			Name:           "postgres",
			Transactions:   true,
			Joins:          true,
			SerialIDs:      true,
			GeneratesUUIDs: true,
			Remote:         true,
		},
		Quote:           quote,
		QuoteTable:      quoteTable,
		Placeholder:     func(text []byte, n int) []byte { return strconv.AppendInt(append(text, '$'), int64(n), 10) },
		MaxParameters:   65535,
		Comparable:      comparableWith,
		Lock:            " FOR NO KEY UPDATE", // others may still reference the row
		Isolation:       sql.LevelReadCommitted,
		OnDuplicate:     " ON CONFLICT DO NOTHING",
		Page:            page,
		SortNulls:       true,
		Fold:            func(expression string) string { return "lower(" + expression + ")" },
		Match:           match,
		Pattern:         pattern,
		Holds:           func(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") },
		UUIDs:           true,
		Boolean:         func(b bool) any { return b },
		Time:            func(t time.Time) (any, error) { return t, nil },
		JSON:            func(text []byte) any { return string(text) },
		Fraction:        func(f float64) any { return fraction(f) },
		Error:           meaning,
		Busy:            busy,
		Conflict:        conflict,
		Lost:            lost,
		ReadsOnly:       func(err error) bool { return code(err) == readOnlyTransaction },
		KeepsStatements: true,
		Exclusive: sqldb.Exclusive{
			// The lock ends with the transaction, also behind a pooler.
			Begin:    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(" + migrationLock + ")",
			Commit:   "COMMIT",
			Rollback: "ROLLBACK",
		},
		Catalog: catalog,
		Definition: migrate.Dialect{
			Quote:            quote,
			QuoteTable:       quoteTable,
			Type:             definition.PostgresType,
			Accepts:          accepts,
			Boolean:          strconv.FormatBool,
			Text:             migrate.QuoteText,
			Now:              "CURRENT_TIMESTAMP",
			AddsForeignKeys:  true,
			Indexable:        indexable,
			SharedIndexNames: true,
		},
	}
}

// migrationLock is the number of the advisory lock around migrations; it was
// drawn by lot.
const migrationLock = "7106219425230918643"

// quote quotes a name. A zero byte, which no name can have, would end the
// statement.
func quote(name string) string {
	return migrate.QuoteName(strings.ReplaceAll(name, "\x00", ""))
}

// quoteTable quotes the name of a table, which may be in a schema: auth.users.
func quoteTable(name string) string {
	if in, table, found := strings.Cut(name, "."); found && in != "" && table != "" {
		return quote(in) + "." + quote(table)
	}
	return quote(name)
}

// comparableWith lets columns of 32 bits be compared with numbers of 64, which they
// cannot hold, and columns of whole numbers with those between and beyond them.
func comparableWith(f migrate.ColumnField, placeholder string, fraction bool) string {
	switch {
	case fraction:
		return placeholder + "::numeric"
	case f.HoldsID() && f.IDs == schema.SerialIDs || !f.HoldsID() && f.Type == schema.Number:
		return placeholder + "::bigint"
	}
	return placeholder
}

func page(text []byte, limit, offset string) []byte {
	text = append(append(text, " LIMIT "...), limit...)
	if offset != "" {
		text = append(append(text, " OFFSET "...), offset...)
	}
	return text
}

func match(column, placeholder string, insensitive bool) string {
	operator := "::text LIKE "
	if insensitive {
		operator = "::text ILIKE "
	}
	return column + operator + placeholder + " ESCAPE '!'"
}

func pattern(op database.Operator, value string, _ bool) string {
	return sqldb.PatternOf(op, escaper.Replace(value), "%")
}

var escaper = strings.NewReplacer("%", "!%", "_", "!_", "!", "!!")

// accepts knows the types as format_type spells them.
func accepts(f migrate.ColumnField, existing string) bool {
	is := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(existing, p) {
				return true
			}
		}
		return false
	}
	text := is("text", "character", "citext")
	switch {
	case f.HoldsID() && f.IDs == schema.SerialIDs:
		return is("integer", "bigint", "smallint")
	case f.HoldsID():
		return text || is("uuid")
	}
	switch f.Type {
	case schema.Number:
		return is("integer", "bigint", "smallint", "numeric", "real", "double precision")
	case schema.Boolean:
		return is("boolean")
	case schema.Date:
		return is("timestamp", "date")
	case schema.JSON, schema.StringArray, schema.NumberArray:
		return is("json") || text
	}
	return text || is("uuid") || !knownType(existing) // such as an enumeration
}

// indexable leaves out the types without an order.
func indexable(existing string) bool {
	switch existing {
	case "json", "xml", "point", "line", "polygon", "circle", "box", "path", "lseg":
		return false
	}
	return true
}

// knownType reports whether a type is one that cannot hold any text.
func knownType(name string) bool {
	for _, p := range []string{
		"integer", "bigint", "smallint", "numeric", "real", "double", "boolean", "timestamp", "date", "time", "interval",
		"json", "bytea", "inet", "cidr", "macaddr", "bit", "money", "oid", "point", "line", "box", "path", "polygon", "circle", "tsvector", "xml",
	} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return strings.HasSuffix(name, "[]")
}

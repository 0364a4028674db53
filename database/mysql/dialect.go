package mysql

import (
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
			Name:         "mysql",
			Transactions: true,
			Joins:        true,
			SerialIDs:    true,
			Remote:       true,
		},
		Quote:          quote,
		Placeholder:    func(text []byte, _ int) []byte { return append(text, '?') },
		MaxParameters:  65535,
		Exact:          exact,
		NoReturning:    true,
		Lock:           " FOR UPDATE",
		InsertDefaults: "() VALUES ()",
		Page:           page,
		Fold:           func(expression string) string { return exact("LOWER(" + utf8mb4(expression) + ")") },
		Match:          match,
		Pattern:        pattern,
		Holds:          utf8.ValidString,
		Boolean: func(b bool) any {
			if b {
				return int64(1)
			}
			return int64(0)
		},
		Time:     func(t time.Time) (any, error) { return t, nil },
		JSON:     func(text []byte) any { return string(text) },
		Error:    meaning,
		Busy:     busy,
		Conflict: conflict,
		Lost:     lost,
		Exclusive: sqldb.Exclusive{
			Lock:   "SELECT GET_LOCK(" + migrationLock + ", 60)",
			Unlock: "DO RELEASE_LOCK(" + migrationLock + ")",
		},
		Catalog: catalog,
		Definition: migrate.Dialect{
			Quote:           quote,
			Type:            definition.MySQLType,
			Accepts:         accepts,
			Boolean:         strconv.FormatBool,
			Text:            quoteText,
			Now:             "CURRENT_TIMESTAMP(3)",
			SerialKey:       " auto_increment",
			AddsForeignKeys: true,
			Indexable:       indexable,
		},
	}
}

// migrationLock names the lock around migrations. The server has one set of names
// for all its databases.
const migrationLock = "CONCAT('ostiary-', MD5(DATABASE()))"

// quote quotes a name. A zero byte, which no name can have, would end it.
func quote(name string) string {
	return "`" + strings.NewReplacer("`", "``", "\x00", "").Replace(name) + "`"
}

// quoteText quotes a string, in which a backslash may mean something.
func quoteText(text string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(text) + "'"
}

func utf8mb4(expression string) string { return "CONVERT(" + expression + " USING utf8mb4)" }

// exact compares bytes: the usual collations ignore case, accents and spaces at
// the end.
func exact(expression string) string { return "CAST(" + utf8mb4(expression) + " AS BINARY)" }

func page(text []byte, limit, offset string) []byte {
	text = append(append(text, " LIMIT "...), limit...)
	if offset != "" {
		text = append(append(text, " OFFSET "...), offset...)
	}
	return text
}

func match(column, placeholder string, insensitive bool) string {
	if insensitive {
		column, placeholder = "LOWER("+utf8mb4(column)+")", "LOWER("+utf8mb4(placeholder)+")"
	}
	return exact(column) + " LIKE " + exact(placeholder) + " ESCAPE '!'"
}

func pattern(op database.Operator, value string, _ bool) string {
	return sqldb.PatternOf(op, escaper.Replace(value), "%")
}

var escaper = strings.NewReplacer("%", "!%", "_", "!_", "!", "!!")

// accepts knows the types as information_schema spells them.
func accepts(f migrate.ColumnField, existing string) bool {
	has := sqldb.TypeName(existing).Has
	switch {
	case f.HoldsID() && f.IDs == schema.SerialIDs:
		return has("int")
	case f.HoldsID():
		return has("char", "text", "uuid")
	}
	switch f.Type {
	case schema.Number:
		return has("int", "decimal", "float", "double")
	case schema.Boolean:
		return has("int", "bit")
	case schema.Date:
		return has("timestamp", "datetime", "date")
	case schema.JSON, schema.StringArray, schema.NumberArray:
		return has("json", "text", "char")
	}
	return has("char", "text", "enum", "uuid")
}

// indexable leaves out what can only be indexed by its beginning.
func indexable(existing string) bool {
	return !sqldb.TypeName(existing).Has("text", "blob", "json")
}

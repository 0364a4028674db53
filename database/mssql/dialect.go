package mssql

import (
	"database/sql"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/definition"
	"github.com/ostiary/ostiary/internal/sqldb"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// lockRow follows the name of a table whose rows are read to be changed: others
// that mean to change them wait.
const lockRow = " WITH (UPDLOCK, ROWLOCK)"

// migrationLock names the lock around migrations, of which every database has its
// own.
const migrationLock = "N'ostiary migration'"

func dialect() *sqldb.Dialect {
	d := &sqldb.Dialect{
		Capabilities: database.Capabilities{
			Name:         "mssql",
			Transactions: true,
			Joins:        true,
			SerialIDs:    true,
			Remote:       true,
		},
		Placeholder:   func(text []byte, n int) []byte { return strconv.AppendInt(append(text, "@p"...), int64(n), 10) },
		MaxParameters: 2000, // the server takes 2100
		Indexed:       indexed,
		Exact:         exact,
		Output:        true,
		LockHint:      lockRow,
		Unsorted:      " ORDER BY (SELECT NULL)",
		WithID:        withID,
		Isolation:     sql.LevelReadCommitted,
		Page:          page,
		Fold:          func(expression string) string { return exact(lower(expression)) },
		Match:         match,
		Pattern:       pattern,
		Holds:         utf8.ValidString,
		Boolean: func(b bool) any {
			if b {
				return int64(1)
			}
			return int64(0)
		},
		Time:            sqldb.ISOTime, // as text, which becomes the type of the column
		JSON:            func(text []byte) any { return string(text) },
		Error:           meaning,
		Busy:            busy,
		Conflict:        conflict,
		Lost:            lost,
		ReadsOnly:       readsOnly,
		KeepsStatements: true, // the server keeps the plan of a text
		Exclusive: sqldb.Exclusive{
			Lock: "DECLARE @result int; EXEC @result = sp_getapplock @Resource = " + migrationLock +
				", @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 60000; SELECT CASE WHEN @result >= 0 THEN 1 ELSE 0 END",
			Begin:    "BEGIN TRANSACTION",
			Commit:   "COMMIT TRANSACTION",
			Rollback: "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION",
			Unlock:   "EXEC sp_releaseapplock @Resource = " + migrationLock + ", @LockOwner = 'Session'",
		},
		Catalog:    catalog,
		Definition: *definition.SQLServer(),
	}
	d.Quote = d.Definition.Quote
	d.Definition.Accepts = accepts
	d.Definition.Indexable = indexable
	d.Definition.AddsForeignKeys = true
	return d
}

// indexed turns the parameter that an id is compared with into the type of ids.
// Otherwise the server would turn every id of the table into that of the parameter.
func indexed(f migrate.ColumnField, placeholder string) string {
	if f.HoldsID() {
		return "CAST(" + placeholder + " AS varchar(36))"
	}
	return placeholder
}

// exact compares code units. The usual collations ignore case, and all of them
// spaces at the end, which a character behind them prevents.
func exact(expression string) string {
	return "(" + unicode(expression) + " + N'.') COLLATE Latin1_General_100_BIN2"
}

func unicode(expression string) string { return "CAST(" + expression + " AS nvarchar(max))" }

func lower(expression string) string { return "LOWER(" + unicode(expression) + ")" }

// withID lets a table that counts up its ids take one that is given.
func withID(table, insert string) string {
	return "SET IDENTITY_INSERT " + table + " ON; " + insert + "; SET IDENTITY_INSERT " + table + " OFF"
}

// page needs a sorted result.
func page(text []byte, limit, offset string) []byte {
	if offset == "" {
		offset = "0"
	}
	text = append(append(text, " OFFSET "...), offset...)
	return append(append(append(text, " ROWS FETCH NEXT "...), limit...), " ROWS ONLY"...)
}

func match(column, placeholder string, insensitive bool) string {
	column, placeholder = unicode(column), unicode(placeholder)
	if insensitive {
		column, placeholder = lower(column), lower(placeholder)
	}
	return column + " COLLATE Latin1_General_100_BIN2 LIKE " + placeholder + " ESCAPE N'!'"
}

func pattern(op database.Operator, value string, _ bool) string {
	return sqldb.PatternOf(op, escaper.Replace(value), "%")
}

var escaper = strings.NewReplacer("%", "!%", "_", "!_", "[", "![", "!", "!!")

// accepts knows the types as sys.types spells them, and those of Better Auth.
func accepts(f migrate.ColumnField, existing string) bool {
	has := sqldb.TypeName(existing).Has
	switch {
	case f.HoldsID() && f.IDs == schema.SerialIDs:
		return has("int")
	case f.HoldsID():
		return has("char", "text", "uniqueidentifier")
	}
	switch f.Type {
	case schema.Number:
		return has("int", "decimal", "numeric", "float", "real")
	case schema.Boolean:
		return has("bit", "int")
	case schema.Date:
		return has("date")
	}
	return has("char", "text")
}

// indexable leaves out what the server cannot index.
func indexable(existing string) bool {
	return !sqldb.TypeName(existing).Has("(max)", "text", "xml")
}

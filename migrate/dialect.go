package migrate

import (
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// Dialect is how one database spells the definition of tables.
type Dialect struct {
	// Quote quotes a table, column or index name.
	Quote func(name string) string
	// Type is the column type of a field.
	Type func(f ColumnField) string
	// Accepts reports whether an existing column of a type suits a field.
	Accepts func(f ColumnField, existing string) bool
	// Boolean is a boolean as a default value.
	Boolean func(bool) string
	// Text is a string as a default value.
	Text func(string) string
	// Now is the default of dates that default to the current time. Empty
	// means that they get none.
	Now string
	// Indexable reports whether a column of a type that exists can be part of an
	// index. Nil means that every column can.
	Indexable func(existing string) bool
	// AddsForeignKeys is true when a foreign key can be added to a table that
	// exists, by the statement that SQL has for it.
	AddsForeignKeys bool
	// SharedIndexNames is true when two tables cannot have indexes of the same
	// name.
	SharedIndexNames bool
}

// ColumnField is a field in the place where it becomes a column.
type ColumnField struct {
	*schema.Field
	// IDs is the id strategy of the schema.
	IDs schema.IDStrategy
	// PrimaryKey is true for the id.
	PrimaryKey bool
	// Indexed is true when the column is part of an index over several fields.
	Indexed bool
}

// HoldsID reports whether the column holds the id of its row or of another.
func (f ColumnField) HoldsID() bool { return f.PrimaryKey || f.IsForeignID() }

// QuoteText quotes a string as standard SQL does.
func QuoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// QuoteName quotes a name as standard SQL does.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

package migrate

import (
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// Dialect is how one database spells the definition of tables.
type Dialect struct {
	// Quote quotes a table, column or index name.
	Quote func(name string) string
	// QuoteTable quotes the name of a table, where that may be more than one
	// name, such as that of a schema and of a table in it. Nil means Quote.
	QuoteTable func(name string) string
	// Type is the column type of a field.
	Type func(f ColumnField) string
	// Accepts reports whether an existing column of a type suits a field.
	Accepts func(f ColumnField, existing string) bool
	// Boolean is a boolean as a default value.
	Boolean func(bool) string
	// Text is a string as a default value.
	Text func(string) string
	// AddColumn is what adds a column to a table, behind "alter table name". Empty
	// means "add column".
	AddColumn string
	// OneNull is true when a unique constraint admits but one null. Uniqueness of an
	// optional field is then an index that leaves nulls out.
	OneNull bool
	// NoRestrict is true when there is no referential action of the name "restrict";
	// "no action" is used in its place.
	NoRestrict bool
	// Now is the default of dates that default to the current time. Empty
	// means that they get none.
	Now string
	// Indexable reports whether a column of a type that exists can be part of an
	// index. Nil means that every column can.
	Indexable func(existing string) bool
	// AddsForeignKeys is true when a foreign key can be added to a table that
	// exists, by the statement that SQL has for it.
	AddsForeignKeys bool
	// SerialKey is what follows the definition of an id that the database counts
	// up, for those that do not say so in its type.
	SerialKey string
	// SharedIndexNames is true when two tables cannot have indexes of the same
	// name.
	SharedIndexNames bool
}

// ColumnField is a field in the place where it becomes a column.
type ColumnField struct {
	*schema.Field
	// IDs is the strategy of the id that the field holds.
	IDs schema.IDStrategy
	// PrimaryKey is true for the id.
	PrimaryKey bool
	// Indexes are the indexes over several fields that the column is part of.
	Indexes []IndexShape
}

// IndexShape is what bounds the length of the columns of an index over several
// fields: how many hold text, and how many something else.
type IndexShape struct{ Texts, Others int }

// TextLength is how many characters each text in the indexes of the column may
// have, when an index may have so many bytes, a character takes so many, and every
// other column takes 16. It is no more than most.
func (f ColumnField) TextLength(bytes, perCharacter, most int) int {
	for _, index := range f.Indexes {
		most = min(most, (bytes-16*index.Others)/perCharacter/max(1, index.Texts))
	}
	return most
}

// table quotes the name of a table.
func (d *Dialect) table(name string) string {
	if d.QuoteTable == nil {
		return d.Quote(name)
	}
	return d.QuoteTable(name)
}

// HoldsID reports whether the column holds the id of its row or of another.
func (f ColumnField) HoldsID() bool { return f.PrimaryKey || f.IsForeignID() }

// QuoteText quotes a string as standard SQL does.
func QuoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// QuoteName quotes a name as standard SQL does.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

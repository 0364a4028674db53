package migrate

import (
	"slices"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// Catalog is what a database has.
type Catalog struct {
	Tables []Table
	// FoldsNames is true when names that differ only in case are the same.
	FoldsNames bool
	// KnowsForeignKeys is true when the foreign keys of the tables were read;
	// otherwise nothing is said about them.
	KnowsForeignKeys bool
	// ExactTables is true when, all the same, tables whose names differ only in
	// case are different.
	ExactTables bool
}

// Table is a table that exists.
type Table struct {
	Name        string
	Columns     []Column
	Indexes     []Index
	ForeignKeys []ForeignKey
}

// ForeignKey is a foreign key over one column.
type ForeignKey struct {
	// Column of this table references the column To of the table Table.
	Column, Table, To string
	// OnDelete is the referential action, as the schema spells it.
	OnDelete schema.OnDelete
}

// Column is a column that exists.
type Column struct {
	Name string
	// Type is the type as the database spells it.
	Type string
	// NotNull refuses null; Filled is true when the database gives a value to
	// rows that leave the column out: by a default, a sequence or an expression.
	NotNull, Filled bool
}

// Index is an index that exists, those of constraints included.
type Index struct {
	Name string
	// Columns are the key columns in order; an expression is "".
	Columns []string
	Unique  bool
	// Partial is true when not every row is in the index, or the index is not
	// in use, or it covers only the beginning of a value.
	Partial bool
}

func (c *Catalog) same(a, b string) bool {
	return a == b || c.FoldsNames && strings.EqualFold(a, b)
}

func (c *Catalog) sameTable(a, b string) bool {
	return a == b || !c.ExactTables && c.same(a, b)
}

func (c *Catalog) table(name string) *Table {
	for i := range c.Tables {
		if c.sameTable(c.Tables[i].Name, name) {
			return &c.Tables[i]
		}
	}
	return nil
}

func (c *Catalog) column(t *Table, name string) *Column {
	for i := range t.Columns {
		if c.same(t.Columns[i].Name, name) {
			return &t.Columns[i]
		}
	}
	return nil
}

// index returns an index by name, and the table that has it. Index names never
// differ only in case.
func (c *Catalog) index(name string) (*Table, *Index) {
	for i := range c.Tables {
		t := &c.Tables[i]
		for j := range t.Indexes {
			if strings.EqualFold(t.Indexes[j].Name, name) {
				return t, &t.Indexes[j]
			}
		}
	}
	return nil, nil
}

// references reports whether a table has a foreign key, whatever its action.
func (c *Catalog) references(t *Table, want *ForeignKey) bool {
	return slices.ContainsFunc(t.ForeignKeys, func(k ForeignKey) bool {
		return c.same(k.Column, want.Column) && c.same(k.Table, want.Table) && c.same(k.To, want.To)
	})
}

// covers reports whether an index is complete and over exactly these columns.
func (c *Catalog) covers(have *Index, columns []string) bool {
	if have.Partial || len(have.Columns) != len(columns) {
		return false
	}
	for i := range columns {
		if !c.same(have.Columns[i], columns[i]) {
			return false
		}
	}
	return true
}

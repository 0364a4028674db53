package sqldb

import (
	"fmt"

	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// table is a compiled table with what its statements need.
type table struct {
	*schema.Table
	number  uint64 // stands for the table in the keys of statements
	name    string // quoted
	columns []string
	codecs  []codec
}

// table returns the prepared form of a compiled table.
func (c *core) table(t *schema.Table) *table {
	if known, ok := c.tables.Load(t); ok {
		return known.(*table)
	}
	made := &table{
		Table:   t,
		number:  c.tableCount.Add(1),
		name:    c.dialect.quoteTable(t.Name),
		columns: make([]string, len(t.Fields)),
		codecs:  make([]codec, len(t.Fields)),
	}
	for i := range t.Fields {
		made.columns[i] = c.dialect.Quote(t.Fields[i].Column)
		made.codecs[i] = c.codecOf(t, i)
	}
	known, _ := c.tables.LoadOrStore(t, made)
	return known.(*table)
}

// field is the field at a position as a column.
func (t *table) field(position int) migrate.ColumnField {
	f := &t.Fields[position]
	return migrate.ColumnField{Field: f, IDs: f.IDStrategy(), PrimaryKey: position == 0}
}

// position returns the position of a field by name.
func (t *table) position(field string) (int, error) {
	at := t.Position(field)
	if at < 0 {
		return 0, fmt.Errorf("%s has no field %q", t.Key, field)
	}
	return at, nil
}

// row makes a row of raw values, decoding them in place.
func (t *table) row(values []any) (schema.Row, error) {
	for i, v := range values {
		if v == nil {
			continue
		}
		decoded, err := t.codecs[i].decode(v)
		if err != nil {
			return schema.Row{}, fmt.Errorf("read %s.%s: %w", t.Name, t.Fields[i].Column, err)
		}
		values[i] = decoded
	}
	return t.RowOf(values), nil
}

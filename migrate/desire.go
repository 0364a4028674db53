package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// desiredTable is a table as it should be.
type desiredTable struct {
	name    string
	key     string // of the model
	columns []desiredColumn
	indexes []desiredIndex
	oneNull bool // see [Dialect.OneNull]
}

// filters reports whether a column that is unique is so by an index that leaves
// nulls out.
func (t *desiredTable) filters(c *desiredColumn) bool { return t.oneNull && c.Unique && c.Optional }

type desiredColumn struct {
	ColumnField
	reference *ForeignKey // nil when there is none
}

type desiredIndex struct {
	name    string
	columns []string
	unique  bool
}

// desire works out the tables of a schema.
func desire(s *schema.Schema, d *Dialect) ([]*desiredTable, error) {
	w := &wish{schema: s, dialect: d, names: map[string]string{}}
	for _, t := range s.Tables {
		if !t.Unmanaged {
			w.add(t)
		}
	}
	for _, t := range w.tables {
		w.checkNames(t)
	}
	return w.tables, errors.Join(w.problems...)
}

type wish struct {
	schema   *schema.Schema
	dialect  *Dialect
	tables   []*desiredTable
	names    map[string]string // of indexes, lower-cased, to their table
	problems []error
}

func (w *wish) problem(format string, args ...any) {
	w.problems = append(w.problems, fmt.Errorf(format, args...))
}

func (w *wish) add(t *schema.Table) {
	for _, other := range w.tables {
		if strings.EqualFold(other.name, t.Name) {
			w.problem("the table names %q and %q differ only in case", other.name, t.Name)
		}
	}
	made := &desiredTable{name: t.Name, key: t.Key, oneNull: w.dialect.OneNull}
	for i := range t.Fields {
		made.columns = append(made.columns, w.column(t, i))
	}
	for _, index := range t.Indexes {
		made.indexes = append(made.indexes, w.index(t, index))
	}
	w.tables = append(w.tables, made)
}

func (w *wish) column(t *schema.Table, position int) desiredColumn {
	return desiredColumn{ColumnField: FieldOf(t, position), reference: w.reference(&t.Fields[position])}
}

// FieldOf returns a field of a table, by its position, in the place where it
// becomes a column.
func FieldOf(t *schema.Table, position int) ColumnField {
	f := &t.Fields[position]
	return ColumnField{Field: f, IDs: f.IDStrategy(), PrimaryKey: position == 0, Indexes: indexShapes(t, f)}
}

// indexShapes describes the indexes over several fields that a field is part of.
func indexShapes(t *schema.Table, f *schema.Field) []IndexShape {
	var shapes []IndexShape
	for _, index := range t.Indexes {
		if !slices.Contains(index.Fields, f.Name) {
			continue
		}
		var shape IndexShape
		for _, name := range index.Fields {
			if t.Field(name).Type == schema.String {
				shape.Texts++
			} else {
				shape.Others++
			}
		}
		shapes = append(shapes, shape)
	}
	return shapes
}

// reference is the foreign key that a field asks for. A model that is not in the
// schema is a table of the application.
func (w *wish) reference(f *schema.Field) *ForeignKey {
	ref := f.References
	if ref == nil {
		return nil
	}
	table, column := ref.Model, ref.Field
	if column == "" {
		column = "id"
	}
	if t := w.schema.Table(ref.Model); t != nil {
		table = t.Name
		if to := t.Field(column); to != nil {
			column = to.Column
		}
	}
	onDelete := ref.OnDelete
	if onDelete == "" {
		onDelete = schema.Cascade
	}
	return &ForeignKey{Column: f.Column, Table: table, To: column, OnDelete: onDelete}
}

// references is the clause that makes a column a foreign key.
func (d *Dialect) references(k *ForeignKey) string {
	if k == nil {
		return ""
	}
	onDelete := k.OnDelete
	if onDelete == schema.Restrict && d.NoRestrict {
		onDelete = schema.NoAction
	}
	return fmt.Sprintf(" references %s (%s) on delete %s", d.table(k.Table), d.Quote(k.To), onDelete)
}

func (w *wish) index(t *schema.Table, index schema.Index) desiredIndex {
	made := desiredIndex{name: index.Name, unique: index.Unique}
	for _, name := range index.Fields {
		f := t.Field(name)
		switch {
		case f.Type == schema.JSON || f.Type == schema.StringArray || f.Type == schema.NumberArray:
			w.problem("an index of model %q contains the field %q, whose type %s cannot be indexed", t.Key, name, f.Type)
		case index.Unique && f.Optional:
			w.problem("a unique index of model %q contains the optional field %q", t.Key, name)
		case slices.ContainsFunc(made.columns, func(c string) bool { return strings.EqualFold(c, f.Column) }):
			w.problem("an index of model %q contains the field %q twice", t.Key, name)
		}
		made.columns = append(made.columns, f.Column)
	}
	if made.name == "" {
		made.name = IndexName(t.Name, made.columns, index.Unique)
	} else if !validIndexName(made.name) {
		w.problem("index name %q of model %q must be letters, digits and _, begin with no digit, and have 63 characters at most", made.name, t.Key)
	}
	return made
}

// checkNames checks that index names are unique over the whole schema.
func (w *wish) checkNames(t *desiredTable) {
	for _, index := range append(t.fieldIndexes(nil), t.indexes...) {
		lower := strings.ToLower(index.name)
		if other, taken := w.names[lower]; taken {
			w.problem("tables %q and %q both have an index %q", other, t.name, index.name)
		}
		w.names[lower] = t.name
		if slices.ContainsFunc(w.tables, func(t *desiredTable) bool { return strings.EqualFold(t.name, index.name) }) {
			w.problem("index %q of table %q has the name of a table", index.name, t.name)
		}
	}
}

// fieldIndexes are the indexes that single fields ask for. Of a column in
// added, which is a column of a table that exists, uniqueness is an index too;
// otherwise it is part of the column.
func (t *desiredTable) fieldIndexes(added []string) []desiredIndex {
	var indexes []desiredIndex
	for i := range t.columns {
		c := &t.columns[i]
		unique := c.Unique && slices.Contains(added, c.Column) || t.filters(c)
		if !unique && (!c.Index || c.Unique) {
			continue
		}
		columns := []string{c.Column}
		indexes = append(indexes, desiredIndex{IndexName(t.name, columns, unique), columns, unique})
	}
	return indexes
}

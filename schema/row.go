package schema

import (
	"fmt"
	"time"
)

// absent marks a field that was never given. It differs from null (nil).
var absent any = absentValue{}

type absentValue struct{}

// Row is one record of a table, or the part of a record that a write sets: the
// values of the table's fields by position. A field can be absent (not given),
// null, or have a value of the Go type that its [Type] names.
//
// Copies of a Row share their values; use [Row.Clone] for an independent one.
type Row struct {
	table  *Table
	values []any
}

// NewRow returns a row in which every field is absent.
func (t *Table) NewRow() Row {
	values := make([]any, len(t.blank))
	copy(values, t.blank)
	return Row{table: t, values: values}
}

// RowOf returns a row over values, one for each field of the table in order; it
// is for adapters, which make rows from what they read. It keeps the slice.
func (t *Table) RowOf(values []any) Row {
	if len(values) != len(t.Fields) {
		panic(fmt.Sprintf("schema: %d values for the %d fields of %s", len(values), len(t.Fields), t.Key))
	}
	return Row{table: t, values: values}
}

// Table returns the table the row belongs to; nil for the zero Row.
func (r Row) Table() *Table { return r.table }

// IsZero reports whether the row is the zero Row, which belongs to no table.
func (r Row) IsZero() bool { return r.table == nil }

// Clone returns a copy with values of its own.
func (r Row) Clone() Row {
	return Row{table: r.table, values: append([]any(nil), r.values...)}
}

// Has reports whether the field at a position was given, be it as null.
func (r Row) Has(position int) bool { return r.values[position] != absent }

// At returns the value at a position; nil when it is null or absent.
func (r Row) At(position int) any {
	if v := r.values[position]; v != absent {
		return v
	}
	return nil
}

// SetAt sets the value at a position; nil means null.
func (r Row) SetAt(position int, value any) { r.values[position] = value }

// Unset makes the field at a position absent.
func (r Row) Unset(position int) { r.values[position] = absent }

// StringAt returns the string at a position; "" when there is none.
func (r Row) StringAt(position int) string {
	s, _ := r.values[position].(string)
	return s
}

// TextAt returns the string at a position; nil when it is null or absent.
func (r Row) TextAt(position int) *string {
	if s, ok := r.values[position].(string); ok {
		return &s
	}
	return nil
}

// BoolAt returns the boolean at a position; false when there is none.
func (r Row) BoolAt(position int) bool {
	b, _ := r.values[position].(bool)
	return b
}

// TimeAt returns the time at a position; the zero time when there is none.
func (r Row) TimeAt(position int) time.Time {
	t, _ := r.values[position].(time.Time)
	return t
}

// IntAt returns the number at a position; 0 when there is none.
func (r Row) IntAt(position int) int64 {
	switch n := r.values[position].(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// ID returns the id of the row; "" when it has none yet.
func (r Row) ID() string { return r.StringAt(0) }

// Given reports whether the named field was given, be it as null.
func (r Row) Given(name string) bool {
	at := r.table.Position(name)
	return at >= 0 && r.Has(at)
}

// Get returns the value of a named field; nil when it is null, absent or
// unknown.
func (r Row) Get(name string) any {
	if at := r.table.Position(name); at >= 0 {
		return r.At(at)
	}
	return nil
}

// Set sets a named field and returns the row, so that calls can be chained. It
// panics when the table has no such field: that is a mistake in the program.
func (r Row) Set(name string, value any) Row {
	at := r.table.Position(name)
	if at < 0 {
		panic(fmt.Sprintf("schema: model %q has no field %q", r.table.Key, name))
	}
	r.values[at] = value
	return r
}

// Merge copies every field given in other, which must belong to the same table.
func (r Row) Merge(other Row) {
	for i, v := range other.values {
		if v != absent {
			r.values[i] = v
		}
	}
}

// As returns the row as one of another table whose first fields are the same:
// what [Table.With] made of this one's table, or what it was made from. Fields
// that the row does not have are absent.
func (r Row) As(t *Table) Row {
	other := t.NewRow()
	copy(other.values, r.values)
	return other
}

// IsEmpty reports whether no field is given.
func (r Row) IsEmpty() bool {
	for _, v := range r.values {
		if v != absent {
			return false
		}
	}
	return true
}

// Map returns the given fields by name. It is for tests and tools; nothing on a
// hot path needs it.
func (r Row) Map() map[string]any {
	m := make(map[string]any, len(r.values))
	for i, v := range r.values {
		if v != absent {
			m[r.table.Fields[i].Name] = v
		}
	}
	return m
}

package schema

import (
	"encoding/json"
	"fmt"

	"github.com/ostiary/ostiary/internal/jstext"
)

// AppendJSON appends the fields of the row that are given as a JSON object, by
// their names. Dates are written as JavaScript does. Hidden fields are written
// like all others: this is for stores, not for clients.
func (r Row) AppendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	first := true
	for i := range r.values {
		if !r.Has(i) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = jstext.AppendString(b, r.table.Fields[i].Name)
		b = append(b, ':')
		var err error
		if b, err = jstext.Append(b, r.values[i]); err != nil {
			return b, fmt.Errorf("encode %s.%s: %w", r.table.Key, r.table.Fields[i].Name, err)
		}
	}
	return append(b, '}'), nil
}

// ParseRow reads a JSON object as a row: it undoes [Row.AppendJSON]. Members that
// are not fields of the table are ignored.
func (t *Table) ParseRow(text []byte) (Row, error) {
	row := t.NewRow()
	m := jstext.MembersOf(text)
	for m.Next() {
		at, ok := t.byName[string(m.Key())]
		if !ok {
			continue
		}
		value, err := t.Fields[at].decodeJSON(m.Value())
		if err != nil {
			return Row{}, fmt.Errorf("decode %s.%s: %w", t.Key, t.Fields[at].Name, err)
		}
		row.values[at] = value
	}
	if err := m.Err(); err != nil {
		return Row{}, fmt.Errorf("decode %s: %w", t.Key, err)
	}
	return row, nil
}

// decodeJSON reads the JSON text of a value as the Go type of the field.
func (f *Field) decodeJSON(text []byte) (any, error) {
	if f.Type == JSON && text[0] != '"' && text[0] != 'n' {
		if !json.Valid(text) {
			return nil, jstext.ErrNotObject
		}
		return json.RawMessage(append([]byte(nil), text...)), nil
	}
	if f.Type == Number {
		if n, ok := parseNumber(string(text)); ok { // all digits of it
			return n, nil
		}
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, fmt.Errorf("want %s: %w", f.Type, err)
	}
	if exact, ok := f.exactly(value); ok {
		return exact, nil
	}
	if loose, ok := f.loosely(value); ok {
		return loose, nil
	}
	return nil, fmt.Errorf("want %s, got %s", f.Type, kind(value))
}

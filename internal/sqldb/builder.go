package sqldb

import (
	"encoding/binary"

	"github.com/ostiary/ostiary/database"
)

// builder writes the text of one statement.
type builder struct {
	dialect *Dialect
	text    []byte
	params  int
}

func (b *builder) add(parts ...string) {
	for _, p := range parts {
		b.text = append(b.text, p...)
	}
}

// placeholder returns the next parameter.
func (b *builder) placeholder() string {
	b.params++
	return string(b.dialect.Placeholder(nil, b.params))
}

// results writes the expressions that read every column of a table.
func (b *builder) results(t *table, alias string) {
	for i, column := range t.columns {
		if i > 0 {
			b.add(", ")
		}
		b.add(b.dialect.result(qualified(alias, column)))
	}
}

// assignments writes "a = ?, b = ?".
func (b *builder) assignments(t *table, positions []int) {
	for i, at := range positions {
		if i > 0 {
			b.add(", ")
		}
		b.add(t.columns[at], " = ", b.placeholder())
	}
}

// one writes the condition that holds for one row of those that match: the
// match is repeated outside so that it still holds when the row is written.
func (b *builder) one(t *table, conditions []condition) {
	if !pinned(conditions) {
		b.add(" WHERE ", t.columns[0], " = (SELECT ", t.columns[0], " FROM ", t.name)
		b.add(b.dialect.LockHint)
		b.where(t, conditions, "")
		b.page(false, "1", "")
		b.add(b.dialect.Lock, ")")
		if len(conditions) == 0 {
			return
		}
		b.add(" AND ")
	} else {
		b.add(" WHERE ")
	}
	b.conditions(t, conditions, "")
}

// oneValues appends the parameters of what [builder.one] writes.
func oneValues(args []any, conditions []condition) []any {
	if !pinned(conditions) {
		args = appendValues(args, conditions)
	}
	return appendValues(args, conditions)
}

func (b *builder) sort(t *table, sort []order, alias string) {
	for i, s := range sort {
		if i == 0 {
			b.add(" ORDER BY ")
		} else {
			b.add(", ")
		}
		b.add(qualified(alias, t.columns[s.position]))
		switch {
		case s.descending && b.dialect.SortNulls:
			b.add(" DESC NULLS LAST")
		case s.descending:
			b.add(" DESC")
		case b.dialect.SortNulls:
			b.add(" NULLS FIRST")
		}
	}
}

// page cuts a result, which is sorted already or not.
func (b *builder) page(sorted bool, limit, offset string) {
	if !sorted {
		b.add(b.dialect.Unsorted)
	}
	b.text = b.dialect.Page(b.text, limit, offset)
}

// output lets a statement that writes return the row as it was (deleted) or as it
// is (inserted), where that is said in the middle of it.
func (b *builder) output(t *table, which string) {
	if b.dialect.Output {
		b.add(" OUTPUT ")
		b.results(t, which)
	}
}

// returning lets a statement that writes return the row, where that is said at its
// end.
func (b *builder) returning(t *table) {
	if b.dialect.NoReturning || b.dialect.Output {
		return
	}
	b.add(" RETURNING ")
	b.results(t, "")
}

func qualified(alias, column string) string {
	if alias == "" {
		return column
	}
	return alias + "." + column
}

// order is a sort key resolved against its table.
type order struct {
	position   int
	descending bool
}

func (t *table) orders(sort []database.Sort) ([]order, error) {
	if len(sort) == 0 {
		return nil, nil
	}
	orders := make([]order, len(sort))
	for i, s := range sort {
		at, err := t.position(s.Field)
		if err != nil {
			return nil, err
		}
		orders[i] = order{at, s.Descending}
	}
	return orders, nil
}

// key identifies the shape of a statement: two calls of equal key have the same
// text.
type key []byte

func newKey(buffer []byte, operation byte, t *table) key {
	return key(append(buffer, operation)).number(int(t.number))
}

func (k key) number(n int) key { return binary.AppendUvarint(k, uint64(n)) }

func (k key) flags(flags ...bool) key {
	var bits byte
	for i, set := range flags {
		if set {
			bits |= 1 << i
		}
	}
	return append(k, bits)
}

func (k key) numbers(list []int) key {
	k = k.number(len(list))
	for _, n := range list {
		k = k.number(n)
	}
	return k
}

func (k key) orders(orders []order) key {
	k = k.number(len(orders))
	for _, o := range orders {
		k = k.number(o.position).flags(o.descending)
	}
	return k
}

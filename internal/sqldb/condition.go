package sqldb

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// operators in the order of their codes in statement keys.
var operators = [...]database.Operator{
	database.Equal, database.NotEqual, database.Less, database.LessOrEqual,
	database.Greater, database.GreaterOrEqual, database.In, database.NotIn,
	database.Contains, database.StartsWith, database.EndsWith,
}

const (
	equal = iota
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
	in
	notIn
	contains
	startsWith
	endsWith
)

var comparisons = [...]string{equal: " = ", notEqual: " <> ", less: " < ", lessOrEqual: " <= ", greater: " > ", greaterOrEqual: " >= "}

// condition is a where clause resolved against its table: everything but the
// values is part of the shape of a statement.
type condition struct {
	position    int
	operator    byte
	or          bool
	insensitive bool
	null        bool // compares with null, or has null in its list
	value       any
	list        []any
	size        int // of the list, padded
}

// resolve resolves where clauses, those that must all hold first.
func (c *core) resolve(t *table, where []database.Where) ([]condition, error) {
	if len(where) == 0 {
		return nil, nil
	}
	conditions := make([]condition, 0, len(where))
	for _, or := range [...]bool{false, true} {
		for i := range where {
			if where[i].Or != or {
				continue
			}
			cond, err := c.condition(t, &where[i])
			if err != nil {
				return nil, fmt.Errorf("condition on %q: %w", where[i].Field, err)
			}
			conditions = append(conditions, cond)
		}
	}
	return conditions, nil
}

func (c *core) condition(t *table, w *database.Where) (condition, error) {
	at, err := t.position(w.Field)
	if err != nil {
		return condition{}, err
	}
	cond := condition{position: at, or: w.Or}
	if cond.operator, err = operatorCode(w.Operator); err != nil {
		return condition{}, err
	}
	switch cond.operator {
	case in, notIn:
		return cond, c.resolveList(t, &cond, w)
	case contains, startsWith, endsWith:
		text, ok := w.Value.(string)
		if !ok {
			return condition{}, fmt.Errorf("operator %s wants text, got %T", w.Operator, w.Value)
		}
		cond.insensitive = w.Insensitive
		cond.value = c.dialect.Pattern(w.Operator, text, w.Insensitive)
		return cond, nil
	}
	if w.Value == nil {
		cond.null = true
		return cond, nil
	}
	if w.Insensitive {
		_, cond.insensitive = w.Value.(string)
	}
	cond.value, err = t.comparable(at, w.Value)
	return cond, err
}

func operatorCode(op database.Operator) (byte, error) {
	if op == "" {
		return equal, nil
	}
	for i, known := range operators {
		if op == known {
			return byte(i), nil
		}
	}
	return 0, fmt.Errorf("unknown operator %q", op)
}

// resolveList resolves "in" and "not_in". A list means what the comparison with
// each of its elements means, a null among them included.
func (c *core) resolveList(t *table, cond *condition, w *database.Where) error {
	values, ok := w.Value.([]any)
	if !ok {
		return fmt.Errorf("operator %s wants a list, got %T", w.Operator, w.Value)
	}
	cond.insensitive = w.Insensitive && len(values) > 0
	cond.list = make([]any, 0, len(values))
	for _, v := range values {
		if v == nil {
			cond.null = true
			continue
		}
		if _, text := v.(string); !text {
			cond.insensitive = false
		}
		encoded, err := t.comparable(cond.position, v)
		if err != nil {
			return err
		}
		cond.list = append(cond.list, encoded)
	}
	if len(cond.list) > c.dialect.MaxParameters {
		return fmt.Errorf("a list of %d values is too long for one statement", len(cond.list))
	}
	cond.size = c.padded(len(cond.list))
	return nil
}

// padded rounds the size of a list up to a power of two, so that lists of all
// sizes share a few statements.
func (c *core) padded(n int) int {
	if n < 2 {
		return n
	}
	if up := 1 << bits.Len(uint(n-1)); up <= c.dialect.MaxParameters/2 {
		return up
	}
	return n
}

// comparable encodes a value to compare a field with. A text that is no serial
// id becomes a number that no row has as id.
func (t *table) comparable(position int, value any) (any, error) {
	encoded, err := t.codecs[position].encode(value)
	if errors.Is(err, errNotSerial) {
		return int64(-1), nil
	}
	return encoded, err
}

// appendConditions appends the shape of conditions to a statement key.
func appendConditions(k key, conditions []condition) key {
	k = k.number(len(conditions))
	for i := range conditions {
		c := &conditions[i]
		k = k.number(c.position).number(int(c.operator)).flags(c.or, c.insensitive, c.null).number(c.size)
	}
	return k
}

// appendValues appends the parameters of conditions in the order of the text
// that [builder.where] writes.
func appendValues(args []any, conditions []condition) []any {
	for i := range conditions {
		c := &conditions[i]
		switch {
		case c.operator == in || c.operator == notIn:
			args = append(args, c.list...)
			for range c.size - len(c.list) {
				args = append(args, c.list[len(c.list)-1])
			}
		case c.null && (c.operator == equal || c.operator == notEqual):
		default:
			args = append(args, c.value)
		}
	}
	return args
}

// where writes " WHERE …", or nothing when there are no conditions. Columns are
// qualified with the alias unless it is empty.
func (b *builder) where(t *table, conditions []condition, alias string) {
	if len(conditions) > 0 {
		b.add(" WHERE ")
		b.conditions(t, conditions, alias)
	}
}

func (b *builder) conditions(t *table, conditions []condition, alias string) {
	inOr := false
	for i := range conditions {
		c := &conditions[i]
		switch {
		case c.or && !inOr:
			if i > 0 {
				b.add(" AND ")
			}
			b.add("(")
			inOr = true
		case inOr:
			b.add(" OR ")
		case i > 0:
			b.add(" AND ")
		}
		b.condition(qualified(alias, t.columns[c.position]), c)
	}
	if inOr {
		b.add(")")
	}
}

func (b *builder) condition(column string, c *condition) {
	switch c.operator {
	case in:
		b.in(column, c)
	case notIn:
		b.notIn(column, c)
	case contains, startsWith, endsWith:
		b.add(b.dialect.Match(column, b.placeholder(), c.insensitive))
	case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual:
		switch {
		case c.null && c.operator == equal:
			b.add(column, " IS NULL")
		case c.null && c.operator == notEqual:
			b.add(column, " IS NOT NULL")
		case c.insensitive:
			b.add(b.dialect.Fold(column), comparisons[c.operator], b.dialect.Fold(b.placeholder()))
		default:
			b.add(column, comparisons[c.operator], b.placeholder())
		}
	}
}

func (b *builder) in(column string, c *condition) {
	switch {
	case c.size == 0 && c.null:
		b.add(column, " IS NULL")
	case c.size == 0:
		b.add("1=0")
	case c.null:
		b.add("(", column, " IS NULL OR ")
		b.list(column, " IN (", c)
		b.add(")")
	default:
		b.list(column, " IN (", c)
	}
}

func (b *builder) notIn(column string, c *condition) {
	switch {
	case c.size == 0 && c.null:
		b.add(column, " IS NOT NULL")
	case c.size == 0:
		b.add("1=1")
	default:
		b.list(column, " NOT IN (", c)
	}
}

func (b *builder) list(column, operator string, c *condition) {
	if c.insensitive {
		column = b.dialect.Fold(column)
	}
	b.add(column, operator)
	for i := range c.size {
		if i > 0 {
			b.add(", ")
		}
		if c.insensitive {
			b.add(b.dialect.Fold(b.placeholder()))
		} else {
			b.add(b.placeholder())
		}
	}
	b.add(")")
}

// pinned reports whether the conditions name one row by its id.
func pinned(conditions []condition) bool {
	for i := range conditions {
		c := &conditions[i]
		if c.position == 0 && c.operator == equal && !c.or && !c.null && !c.insensitive {
			return true
		}
	}
	return false
}

// set are the given fields of a row with their encoded values.
type set struct {
	positions []int
	values    []any
}

func (t *table) given(row schema.Row) (set, error) {
	s := set{make([]int, 0, len(t.Fields)), make([]any, 0, len(t.Fields))}
	for i := range t.Fields {
		if !row.Has(i) {
			continue
		}
		v := row.At(i)
		if v != nil {
			encoded, err := t.codecs[i].encode(v)
			if err != nil {
				return set{}, fmt.Errorf("field %q: %w", t.Fields[i].Name, err)
			}
			v = encoded
		}
		s.positions, s.values = append(s.positions, i), append(s.values, v)
	}
	return s, nil
}

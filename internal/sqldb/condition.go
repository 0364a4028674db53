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
	never       bool // compares with a value that no row has, or has one in its list
	twice       bool // its parameters come twice, see Dialect.Exact
	fraction    bool // compares with a number that is no int64, or has one in its list
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
		cond.never = c.dialect.Holds != nil && !c.dialect.Holds(text)
		cond.value = c.dialect.Pattern(w.Operator, text, w.Insensitive)
		return cond, nil
	}
	if w.Value == nil {
		cond.null = true
		return cond, nil
	}
	cond.insensitive = w.Insensitive && t.codecs[at].text
	cond.value, err = t.codecs[at].encode(w.Value)
	if cond.never = errors.Is(err, errUnstorable); cond.never {
		return cond, nil
	}
	cond.twice = cond.operator == equal && c.exactly(t, &cond)
	cond.fraction = isFraction(t, at, cond.value)
	return cond, err
}

// isFraction reports whether an encoded value is a number that is no int64.
func isFraction(t *table, at int, encoded any) bool {
	_, whole := encoded.(int64)
	return !whole && t.Fields[at].Type == schema.Number && !t.field(at).HoldsID()
}

// exactly reports whether a comparison must be told to tell every two texts apart.
func (c *core) exactly(t *table, cond *condition) bool {
	return c.dialect.Exact != nil && t.codecs[cond.position].text && !cond.insensitive
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
	cond.insensitive = w.Insensitive && len(values) > 0 && t.codecs[cond.position].text
	cond.list = make([]any, 0, len(values))
	for _, v := range values {
		if v == nil {
			cond.null = true
			continue
		}
		encoded, err := t.codecs[cond.position].encode(v)
		if errors.Is(err, errUnstorable) {
			cond.never = true
			continue
		}
		if err != nil {
			return err
		}
		cond.fraction = cond.fraction || isFraction(t, cond.position, encoded)
		cond.list = append(cond.list, encoded)
	}
	cond.twice = cond.operator == in && c.exactly(t, cond)
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

// appendConditions appends the shape of conditions to a statement key.
func appendConditions(k key, conditions []condition) key {
	k = k.number(len(conditions))
	for i := range conditions {
		c := &conditions[i]
		k = k.number(c.position).number(int(c.operator)).flags(c.or, c.insensitive, c.null, c.never, c.fraction).number(c.size)
	}
	return k
}

// appendValues appends the parameters of conditions in the order of the text
// that [builder.where] writes.
func appendValues(args []any, conditions []condition) []any {
	for i := range conditions {
		c := &conditions[i]
		args = c.appendValue(args)
		if c.twice {
			args = c.appendValue(args)
		}
	}
	return args
}

func (c *condition) appendValue(args []any) []any {
	switch {
	case c.operator == in || c.operator == notIn:
		args = append(args, c.list...)
		for range c.size - len(c.list) {
			args = append(args, c.list[len(c.list)-1])
		}
		return args
	case c.null, c.never:
		return args
	}
	return append(args, c.value)
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
		b.condition(t, qualified(alias, t.columns[c.position]), c)
	}
	if inOr {
		b.add(")")
	}
}

func (b *builder) condition(t *table, column string, c *condition) {
	switch c.operator {
	case in:
		b.in(t, column, c)
	case notIn:
		b.notIn(t, column, c)
	case contains, startsWith, endsWith:
		if c.never {
			b.add("1=0")
			return
		}
		b.add(b.dialect.Match(column, b.placeholder(), c.insensitive))
	case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual:
		switch {
		case c.null && c.operator == equal:
			b.add(column, " IS NULL")
		case (c.null || c.never) && c.operator == notEqual:
			b.add(column, " IS NOT NULL")
		case c.null || c.never:
			b.add("1=0")
		default:
			b.compare(t, column, c)
		}
	}
}

func (b *builder) compare(t *table, column string, c *condition) {
	sides := b.sides(t, c)
	if c.twice { // the first comparison finds the row by its index
		b.add("(", column, comparisons[c.operator], b.indexed(t, c), " AND ")
		defer b.add(")")
	}
	b.add(sides(column), comparisons[c.operator], sides(b.operand(t, c)))
}

// sides returns what makes a comparison ignore case, or be exact, when it is put
// around both of its sides.
func (b *builder) sides(t *table, c *condition) func(expression string) string {
	switch {
	case c.insensitive:
		return b.dialect.Fold
	case b.dialect.Exact != nil && t.codecs[c.position].text && exactOperator(c.operator):
		return b.dialect.Exact
	}
	return func(expression string) string { return expression }
}

// exactOperator leaves out the order of texts, which is the database's own.
func exactOperator(operator byte) bool {
	return operator == equal || operator == notEqual || operator == in || operator == notIn
}

// operand is the parameter that a condition compares with.
func (b *builder) operand(t *table, c *condition) string {
	if b.dialect.Comparable == nil {
		return b.placeholder()
	}
	return b.dialect.Comparable(t.field(c.position), b.placeholder(), c.fraction)
}

// indexed writes the parameter of the comparison that finds rows by an index.
func (b *builder) indexed(t *table, c *condition) string {
	if b.dialect.Indexed == nil {
		return b.placeholder()
	}
	return b.dialect.Indexed(t.field(c.position), b.placeholder())
}

func (b *builder) in(t *table, column string, c *condition) {
	switch {
	case c.size == 0 && c.null:
		b.add(column, " IS NULL")
	case c.size == 0:
		b.add("1=0")
	case c.null:
		b.add("(", column, " IS NULL OR ")
		b.list(t, column, " IN (", c)
		b.add(")")
	default:
		b.list(t, column, " IN (", c)
	}
}

func (b *builder) notIn(t *table, column string, c *condition) {
	switch {
	case c.size == 0 && (c.null || c.never):
		b.add(column, " IS NOT NULL")
	case c.size == 0:
		b.add("1=1")
	default:
		b.list(t, column, " NOT IN (", c)
	}
}

func (b *builder) list(t *table, column, operator string, c *condition) {
	sides := b.sides(t, c)
	if c.twice {
		b.add("(", column, operator)
		b.elements(c, func() string { return b.indexed(t, c) })
		b.add(") AND ")
		defer b.add(")")
	}
	b.add(sides(column), operator)
	b.elements(c, func() string { return sides(b.operand(t, c)) })
	b.add(")")
}

func (b *builder) elements(c *condition, element func() string) {
	for i := range c.size {
		if i > 0 {
			b.add(", ")
		}
		b.add(element())
	}
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

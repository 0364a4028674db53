package database

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// Filter decides whether a row meets conditions. It is for adapters over stores
// that cannot search by themselves. The zero Filter matches every row.
type Filter struct{ all, any []condition }

type condition struct {
	position    int
	operator    Operator
	value       any
	list        []any
	insensitive bool
}

// NewFilter compiles the conditions on a table. A field, an operator or a value
// that is not possible is an error.
func NewFilter(t *schema.Table, where []Where) (Filter, error) {
	var f Filter
	for _, w := range where {
		c, err := condense(t, w)
		if err != nil {
			return Filter{}, err
		}
		if w.Or {
			f.any = append(f.any, c)
		} else {
			f.all = append(f.all, c)
		}
	}
	return f, nil
}

func condense(t *schema.Table, w Where) (condition, error) {
	c := condition{position: t.Position(w.Field), operator: w.Operator}
	if c.position < 0 {
		return c, errUnknownField(t, w.Field)
	}
	switch w.Operator {
	case "":
		c.operator = Equal
		c.value = Normalised(w.Value)
	case In, NotIn:
		list, ok := w.Value.([]any)
		if !ok {
			return c, fmt.Errorf("%s needs a list of values for %s.%s, got %T", w.Operator, t.Key, w.Field, w.Value)
		}
		for _, v := range list {
			c.list = append(c.list, Normalised(v))
		}
	case Contains, StartsWith, EndsWith:
		if _, ok := w.Value.(string); !ok {
			return c, fmt.Errorf("%s needs a string for %s.%s, got %T", w.Operator, t.Key, w.Field, w.Value)
		}
		c.value = w.Value
	case Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual:
		c.value = Normalised(w.Value)
	default:
		return c, fmt.Errorf("unknown operator %q", w.Operator)
	}
	if w.Insensitive {
		c.ignoreCase()
	}
	return c, nil
}

func (c *condition) ignoreCase() {
	c.insensitive = true
	c.value = lower(c.value)
	for i := range c.list {
		c.list[i] = lower(c.list[i])
	}
}

func lower(v any) any {
	if s, ok := v.(string); ok {
		return strings.ToLower(s)
	}
	return v
}

// Matches reports whether a row meets the conditions.
func (f Filter) Matches(row schema.Row) bool {
	for i := range f.all {
		if !f.all[i].holds(row) {
			return false
		}
	}
	return len(f.any) == 0 || slices.ContainsFunc(f.any, func(c condition) bool { return c.holds(row) })
}

// Exact yields the positions of fields that must equal a value, with that value:
// an index over one of them finds every row that matches.
func (f Filter) Exact(yield func(position int, value any) bool) {
	for i := range f.all {
		if c := &f.all[i]; c.operator == Equal && c.value != nil && !c.insensitive && !yield(c.position, c.value) {
			return
		}
	}
}

// holds compares as SQL does: a null is neither equal nor unequal to a value.
func (c *condition) holds(row schema.Row) bool {
	v := row.At(c.position)
	if c.value == nil && c.list == nil {
		switch c.operator {
		case Equal:
			return v == nil
		case NotEqual:
			return v != nil
		case NotIn: // of an empty list
			return true
		}
		return false
	}
	if v == nil {
		return false
	}
	if c.insensitive {
		v = lower(v)
	}
	return c.compares(v)
}

func (c *condition) compares(v any) bool {
	switch c.operator {
	case Equal:
		return equal(v, c.value)
	case NotEqual:
		return !equal(v, c.value)
	case In:
		return c.listed(v)
	case NotIn:
		return !c.listed(v) && !slices.Contains(c.list, nil)
	case Contains, StartsWith, EndsWith:
		return c.finds(v)
	}
	order, ok := compare(v, c.value)
	switch c.operator {
	case Less:
		return ok && order < 0
	case LessOrEqual:
		return ok && order <= 0
	case Greater:
		return ok && order > 0
	default:
		return ok && order >= 0
	}
}

func (c *condition) listed(v any) bool {
	return slices.ContainsFunc(c.list, func(item any) bool { return item != nil && equal(v, item) })
}

// finds looks for the text of a condition, which is meant literally.
func (c *condition) finds(v any) bool {
	text, ok := v.(string)
	part := c.value.(string) // condense saw to it
	switch {
	case !ok:
		return false
	case c.operator == StartsWith:
		return strings.HasPrefix(text, part)
	case c.operator == EndsWith:
		return strings.HasSuffix(text, part)
	}
	return strings.Contains(text, part)
}

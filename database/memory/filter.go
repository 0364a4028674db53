package memory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// filter is a compiled where: all of one list must hold, and one of the other.
type filter struct{ all, any []condition }

type condition struct {
	position    int
	operator    database.Operator
	value       any
	list        []any
	insensitive bool
}

func compile(t *schema.Table, where []database.Where) (filter, error) {
	var f filter
	for _, w := range where {
		c, err := condense(t, w)
		if err != nil {
			return filter{}, err
		}
		if w.Or {
			f.any = append(f.any, c)
		} else {
			f.all = append(f.all, c)
		}
	}
	return f, nil
}

func condense(t *schema.Table, w database.Where) (condition, error) {
	c := condition{position: t.Position(w.Field), operator: w.Operator}
	if c.position < 0 {
		return c, unknownField(t, w.Field)
	}
	switch w.Operator {
	case "":
		c.operator = database.Equal
		c.value = normalised(w.Value)
	case database.In, database.NotIn:
		list, ok := w.Value.([]any)
		if !ok {
			return c, fmt.Errorf("memory: %s needs a list of values for %s.%s, got %T", w.Operator, t.Key, w.Field, w.Value)
		}
		for _, v := range list {
			c.list = append(c.list, normalised(v))
		}
	case database.Contains, database.StartsWith, database.EndsWith:
		if _, ok := w.Value.(string); !ok {
			return c, fmt.Errorf("memory: %s needs a string for %s.%s, got %T", w.Operator, t.Key, w.Field, w.Value)
		}
		c.value = w.Value
	case database.Equal, database.NotEqual, database.Less, database.LessOrEqual, database.Greater, database.GreaterOrEqual:
		c.value = normalised(w.Value)
	default:
		return c, fmt.Errorf("memory: unknown operator %q", w.Operator)
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

// exact reports whether only rows with exactly this value match.
func (c *condition) exact() bool {
	return c.operator == database.Equal && c.value != nil && !c.insensitive
}

func (f filter) matches(values []any) bool {
	for i := range f.all {
		if !f.all[i].holds(values) {
			return false
		}
	}
	return len(f.any) == 0 || slices.ContainsFunc(f.any, func(c condition) bool { return c.holds(values) })
}

// holds compares as SQL does: a null is neither equal nor unequal to a value.
func (c *condition) holds(values []any) bool {
	v := values[c.position]
	if c.value == nil && c.list == nil {
		switch c.operator {
		case database.Equal:
			return v == nil
		case database.NotEqual:
			return v != nil
		case database.NotIn: // of an empty list
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
	case database.Equal:
		return equal(v, c.value)
	case database.NotEqual:
		return !equal(v, c.value)
	case database.In:
		return c.listed(v)
	case database.NotIn:
		return !c.listed(v) && !slices.Contains(c.list, nil)
	case database.Contains, database.StartsWith, database.EndsWith:
		return c.finds(v)
	}
	order, ok := compare(v, c.value)
	switch c.operator {
	case database.Less:
		return ok && order < 0
	case database.LessOrEqual:
		return ok && order <= 0
	case database.Greater:
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
	case c.operator == database.StartsWith:
		return strings.HasPrefix(text, part)
	case c.operator == database.EndsWith:
		return strings.HasSuffix(text, part)
	}
	return strings.Contains(text, part)
}

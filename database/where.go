package database

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/schema"
)

// Operator compares a field with a value.
type Operator string

// The operators. A string operator takes its value literally: nothing in it is
// a wildcard.
const (
	Equal          Operator = "eq" // with nil: is null
	NotEqual       Operator = "ne" // with nil: is not null; otherwise null rows do not match
	Less           Operator = "lt"
	LessOrEqual    Operator = "lte"
	Greater        Operator = "gt"
	GreaterOrEqual Operator = "gte"
	In             Operator = "in" // the value is a []any; an empty list matches nothing
	NotIn          Operator = "not_in"
	Contains       Operator = "contains"
	StartsWith     Operator = "starts_with"
	EndsWith       Operator = "ends_with"
)

// Where is one condition on a field.
type Where struct {
	// Field is a logical field name.
	Field string
	// Operator compares; empty means [Equal].
	Operator Operator
	// Value is compared with; its type is that of the field. [DB] also takes text
	// that spells a boolean or number, such as a query of a client has.
	Value any
	// Or makes this one of the conditions of which any must hold; all others
	// must hold together.
	Or bool
	// Insensitive ignores the case of strings.
	Insensitive bool
}

// Eq is the condition that a field equals a value (or is null, for nil).
func Eq(field string, value any) Where { return Where{Field: field, Operator: Equal, Value: value} }

// Compare is a condition with any operator.
func Compare(field string, op Operator, value any) Where {
	return Where{Field: field, Operator: op, Value: value}
}

// OneOf is the condition that a field equals one of the values.
func OneOf[T any](field string, values ...T) Where {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return Where{Field: field, Operator: In, Value: list}
}

// Or returns the condition as one of those of which any must hold.
func Or(w Where) Where {
	w.Or = true
	return w
}

// spelled returns conditions in which text that spells a boolean or a number is
// one, where the field is one. A list becomes numbers only as a whole. The
// conditions given are not changed.
func spelled(t *schema.Table, where []Where) []Where {
	out := where
	for i := range where {
		w := &where[i]
		text, isText := w.Value.(string)
		list, isList := w.Value.([]any)
		if !isText && !isList {
			continue
		}
		f := t.Field(w.Field)
		if f == nil || f.Type != schema.Number && f.Type != schema.Boolean {
			continue
		}
		var value any
		var ok bool
		if isText {
			value, ok = spelledValue(f.Type, text)
		} else {
			value, ok = spelledList(f.Type, list)
		}
		if !ok {
			continue
		}
		if &out[0] == &where[0] {
			out = slices.Clone(where)
		}
		out[i].Value = value
	}
	return out
}

func spelledList(t schema.Type, list []any) ([]any, bool) {
	values := make([]any, len(list))
	changed := false
	for i, v := range list {
		values[i] = v
		text, isText := v.(string)
		if !isText {
			continue
		}
		var ok bool
		if values[i], ok = spelledValue(t, text); !ok {
			return nil, false
		}
		changed = true
	}
	return values, changed
}

func spelledValue(t schema.Type, text string) (any, bool) {
	if t == schema.Boolean {
		return text == "true", true
	}
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

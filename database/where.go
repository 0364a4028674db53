package database

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
	// Value is compared with; its type is that of the field.
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

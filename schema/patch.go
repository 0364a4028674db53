package schema

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Values returns the values of a struct that declares fields with [FieldsOf], by
// logical field name. It is the inverse of [Extra]; nil pointers become nil.
func Values[T any](v T) (map[string]any, error) {
	shape := shapeOf(reflect.TypeFor[T]())
	if len(shape.problems) > 0 {
		return nil, fmt.Errorf("schema: %w", errors.Join(shape.problems...))
	}
	from := reflect.ValueOf(v)
	values := make(map[string]any, len(shape.members))
	for i := range shape.members {
		m := &shape.members[i]
		values[m.field.Name] = from.FieldByIndex(m.path).Interface()
	}
	return values, nil
}

// Accept returns a value that a program gives to the field as the Go type of the
// field. Named types count as what they are made of, pointers as what they point
// to. The value passes the field's Validate function; nil stands for the default
// or, for an optional field without one, for null. Unlike [ParseInput] it accepts
// no value of another kind. Its errors are of type [*InputError].
func (f *Field) Accept(value any, now time.Time) (any, error) {
	value = f.plain(value)
	if value == nil {
		return f.Settle(nil, now)
	}
	if f.Validate == nil {
		return f.Settle(value, now)
	}
	if exact, ok := f.exactly(value); ok {
		value = exact
	}
	valid, err := f.Validate(value)
	if err != nil {
		return nil, refused(ValidationError, "%s", err.Error())
	}
	return f.Settle(f.plain(valid), now)
}

// Settle returns a value as the Go type of the field, without asking the field's
// Validate function: nil as [Field.Accept] takes it, a value of another kind or
// one that is not among the field's Values as an [*InputError].
func (f *Field) Settle(value any, now time.Time) (any, error) {
	if value == nil {
		if f.Default == nil && !f.Optional {
			return nil, &InputError{Code: MissingField, Message: f.Name + " is required", Status: http.StatusBadRequest}
		}
		return f.DefaultValue(now), nil
	}
	exact, ok := f.exactly(value)
	if !ok {
		return nil, refused(ValidationError, "Invalid input: expected %s, received %s", f.Type.expected(), kind(value))
	}
	if s, isText := exact.(string); isText && len(f.Values) > 0 && !slices.Contains(f.Values, s) {
		return nil, refused(ValidationError, "Invalid option: expected one of %s", strings.Join(quoted(f.Values), "|"))
	}
	return exact, nil
}

// plain strips a Go value of pointers and named types. What is stored as JSON
// keeps its type, which may say how it is encoded.
func (f *Field) plain(value any) any {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil
	}
	switch {
	case f.Type == JSON || v.Type() == timeType:
		if v.Kind() == reflect.Slice && v.IsNil() || v.Kind() == reflect.Map && v.IsNil() {
			return nil
		}
		return v.Interface()
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	case v.CanUint() && v.Uint() <= 1<<63-1:
		return int64(v.Uint())
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Slice && v.IsNil():
		return nil
	case v.Kind() == reflect.Slice:
		return plainList(v)
	}
	return value
}

// plainList returns a list of strings or numbers of any type as encoding/json
// would decode it.
func plainList(v reflect.Value) any {
	list := make([]any, v.Len())
	element := Field{Type: String}
	for i := range list {
		list[i] = element.plain(v.Index(i).Interface())
	}
	return list
}

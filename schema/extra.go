package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// Extra returns the values of a record, by logical field name, as the struct
// that declared them with [FieldsOf]. Fields without a value, or with null, get
// their zero value. Values may also be as encoding/json decodes them: dates as
// RFC 3339 text, numbers as float64, lists as []any. The error names the field
// whose value does not fit.
func Extra[T any](values map[string]any) (T, error) {
	var out T
	shape := shapeOf(reflect.TypeFor[T]())
	if len(shape.problems) > 0 {
		return out, fmt.Errorf("schema: %w", errors.Join(shape.problems...))
	}
	target := reflect.ValueOf(&out).Elem()
	for i := range shape.members {
		m := &shape.members[i]
		value := values[m.field.Name]
		if value == nil {
			continue
		}
		if err := m.assign(target, value); err != nil {
			var none T
			return none, fmt.Errorf("schema: field %q of %s: %w", m.field.Name, target.Type(), err)
		}
	}
	return out, nil
}

// assign sets the member of a struct to a value that is not nil.
func (m *member) assign(target reflect.Value, value any) error {
	to := target.FieldByIndex(m.path)
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	if m.field.Type == JSON {
		return assignJSON(to, value)
	}
	exact, ok := m.field.exactly(value)
	if !ok {
		return fmt.Errorf("expected %s, got %T", m.field.Type, value)
	}
	switch v := exact.(type) {
	case string:
		to.SetString(v)
	case bool:
		to.SetBool(v)
	case time.Time:
		to.Set(reflect.ValueOf(v))
	case []string:
		to.Set(reflect.MakeSlice(to.Type(), len(v), len(v)))
		for i, s := range v {
			to.Index(i).SetString(s)
		}
	case []float64:
		to.Set(reflect.MakeSlice(to.Type(), len(v), len(v)))
		for i, n := range v {
			whole, _ := toNumber(n)
			if err := assignNumber(to.Index(i), whole); err != nil {
				return err
			}
		}
	default:
		return assignNumber(to, exact)
	}
	return nil
}

// assignNumber sets a number of any Go type. It refuses to lose digits.
func assignNumber(to reflect.Value, value any) error {
	whole, isWhole := value.(int64)
	fraction, isFraction := value.(float64)
	switch {
	case to.CanFloat() && isWhole:
		to.SetFloat(float64(whole))
		return nil
	case to.CanFloat() && isFraction:
		to.SetFloat(fraction)
		return nil
	case to.CanInt() && isWhole && !to.OverflowInt(whole):
		to.SetInt(whole)
		return nil
	case to.CanUint() && isWhole && whole >= 0 && !to.OverflowUint(uint64(whole)):
		to.SetUint(uint64(whole))
		return nil
	}
	return fmt.Errorf("%s does not fit the Go type %s", strconv.Quote(fmt.Sprint(value)), to.Type())
}

func assignJSON(to reflect.Value, value any) error {
	encoded, ok := value.(json.RawMessage)
	if !ok {
		var err error
		if encoded, err = json.Marshal(value); err != nil {
			return fmt.Errorf("expected json: %w", err)
		}
	}
	if err := json.Unmarshal(encoded, to.Addr().Interface()); err != nil {
		return fmt.Errorf("expected json: %w", err)
	}
	return nil
}

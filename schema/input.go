package schema

import (
	"fmt"
	"net/http"
	"time"
)

// InputError says why a value that a client sent for a field is refused.
type InputError struct {
	// Code is FIELD_NOT_ALLOWED, MISSING_FIELD or VALIDATION_ERROR.
	Code string
	// Message is meant for the client.
	Message string
	// Status is the HTTP status of the answer.
	Status int
}

// Error returns the message.
func (e *InputError) Error() string { return e.Message }

// Codes of an [InputError] (Better Auth 1.7).
const (
	FieldNotAllowed = "FIELD_NOT_ALLOWED"
	MissingField    = "MISSING_FIELD"
	ValidationError = "VALIDATION_ERROR"
)

func refused(code, format string, args ...any) error {
	return &InputError{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// ParseInput returns what a client's data says about some fields of a table,
// given by their positions: usually all but the built-in ones. Other keys of the
// data are ignored. Its errors are of type [*InputError].
//
// When a row is to be created, absent fields get their default, required fields
// without one must be given, and a field that is not open to input gets its
// default whatever the client sent. Otherwise a client that sends such a field
// is refused unless the value is empty (null, false, 0 or "").
//
// Data is JSON as encoding/json decodes it. A value becomes the Go type of its
// field where its meaning is clear, so "41" can be given for a number and RFC
// 3339 text for a date. A field with a Validate function passes it what was
// sent, null included, and takes what it returns. As in Better Auth a plain
// value that does not fit, such as "forty" for a number, is no error here: the
// row then holds what was sent, and whether it can be stored is up to the store.
// Lists and objects that do not fit, dates that are none and strings that are
// not among a field's Values are refused.
func ParseInput(t *Table, fields []int, data map[string]any, create bool, now func() time.Time) (Row, error) {
	row := t.NewRow()
	for _, at := range fields {
		f := &t.Fields[at]
		value, given := data[f.Name]
		switch {
		case given && f.NoInput:
			if create && f.Default != nil {
				row.SetAt(at, f.DefaultValue(now()))
			} else if !isEmpty(value) {
				return Row{}, refused(FieldNotAllowed, "%s is not allowed to be set", f.Name)
			}
		case given:
			parsed, err := f.parse(value)
			if err != nil {
				return Row{}, err
			}
			row.SetAt(at, parsed)
		case create && f.Default != nil:
			row.SetAt(at, f.DefaultValue(now()))
		case create && !f.Optional:
			return Row{}, refused(MissingField, "%s is required", f.Name)
		}
	}
	return row, nil
}

// DefaultValue returns the value that the field has in a new row when it is not
// given; nil when it has no default.
func (f *Field) DefaultValue(now time.Time) any { return f.declared(f.Default, now) }

// UpdateValue returns the value that the field gets by an update that does not set
// it; nil when it is left alone.
func (f *Field) UpdateValue(now time.Time) any { return f.declared(f.OnUpdate, now) }

// declared resolves what a field declares, as the Go type of its values.
func (f *Field) declared(value any, now time.Time) any {
	switch v := value.(type) {
	case func() any:
		value = v()
	case currentTime:
		return now.UTC().Truncate(time.Millisecond)
	}
	if exact, ok := f.exactly(value); ok {
		return exact
	}
	return value
}

func (f *Field) parse(value any) (any, error) {
	if f.Validate == nil {
		return f.convert(value)
	}
	if exact, ok := f.exactly(value); ok {
		value = exact
	}
	valid, err := f.Validate(value)
	if err != nil {
		return nil, refused(ValidationError, "%s", err.Error())
	}
	return f.convert(valid)
}

// isEmpty reports whether JavaScript would call a JSON value falsy.
func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	}
	n, ok := toNumber(value)
	return ok && (n == int64(0) || n == float64(0))
}

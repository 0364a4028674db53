package schema

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exactly returns a JSON value as the Go type of the field; ok is false when
// the value is of another kind. Null is of every kind.
func (f *Field) exactly(value any) (exact any, ok bool) {
	if value == nil {
		return nil, true
	}
	switch f.Type {
	case String:
		exact, ok = value.(string)
	case Boolean:
		exact, ok = value.(bool)
	case Number:
		exact, ok = toNumber(value)
	case Date:
		exact, ok = toTime(value)
	case StringArray:
		exact, ok = toStrings(value)
	case NumberArray:
		exact, ok = toNumbers(value)
	case JSON:
		exact, ok = toJSON(value)
	}
	return exact, ok
}

// convert returns a JSON value as the Go type of the field, or as it is when it
// is a plain value without a clear meaning for the field.
func (f *Field) convert(value any) (any, error) {
	exact, ok := f.exactly(value)
	if !ok {
		exact, ok = f.loosely(value)
	}
	if !ok {
		return nil, refused(ValidationError, "Invalid input: expected %s, received %s", f.Type.expected(), kind(value))
	}
	if s, isText := exact.(string); isText && len(f.Values) > 0 && !slices.Contains(f.Values, s) {
		return nil, refused(ValidationError, "Invalid option: expected one of %s", strings.Join(quoted(f.Values), "|"))
	}
	return exact, nil
}

// loosely converts between the plain kinds: a boolean counts as 1 or 0.
func (f *Field) loosely(value any) (any, bool) {
	b, isBool := value.(bool)
	s, isText := value.(string)
	n, isNumber := toNumber(value)
	switch f.Type {
	case String:
		if isBool {
			return strconv.Itoa(bit(b)), true
		}
		return numberText(n), isNumber
	case Number:
		if isBool {
			return int64(bit(b)), true
		}
		if parsed, ok := parseNumber(s); isText && ok {
			return parsed, true
		}
		return s, isText
	case Boolean:
		switch {
		case isNumber:
			return n == int64(1), true
		case s == "true" || s == "false":
			return s == "true", true
		}
		return s, isText
	}
	return nil, false
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// toNumber returns a number as int64, or float64 when it is not a whole number.
func toNumber(value any) (any, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case json.Number:
		return parseNumber(n.String())
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, false
		}
		if n == math.Trunc(n) && n >= -1<<63 && n < 1<<63 {
			return int64(n), true
		}
		return n, true
	}
	return nil, false
}

// parseNumber reads decimal text as JSON writes numbers.
func parseNumber(s string) (any, bool) {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return nil, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, false
	}
	return toNumber(n)
}

func numberText(n any) string {
	switch n := n.(type) {
	case int64:
		return strconv.FormatInt(n, 10)
	case float64:
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return ""
}

// isoLayouts are the forms of ISO 8601 dates that JavaScript reads. Text without
// a time zone is in UTC.
var isoLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04", "2006-01-02", "2006-01", "2006",
}

// toTime reads ISO 8601 text, or milliseconds since 1970. It refuses what JSON
// cannot say: years before 0 and after 9999 (RFC 3339).
func toTime(value any) (any, bool) {
	var at time.Time
	switch v := value.(type) {
	case time.Time:
		at = v
	case string:
		parsed, ok := parseTime(v)
		if !ok {
			return nil, false
		}
		at = parsed
	default:
		ms, _ := toNumber(value)
		whole, ok := ms.(int64)
		if !ok {
			return nil, false
		}
		at = time.UnixMilli(whole)
	}
	at = at.UTC().Truncate(time.Millisecond)
	return at, at.Year() >= 0 && at.Year() <= 9999
}

func parseTime(s string) (time.Time, bool) {
	for _, layout := range isoLayouts {
		if at, err := time.Parse(layout, s); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// list returns a JSON list, which may have been sent as text.
func list(value any) ([]any, bool) {
	if text, ok := value.(string); ok {
		var items []any
		return items, json.Unmarshal([]byte(text), &items) == nil && items != nil
	}
	items, ok := value.([]any)
	return items, ok
}

func toStrings(value any) (any, bool) {
	if have, ok := value.([]string); ok {
		return have, true
	}
	items, ok := list(value)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if texts[i], ok = text(item); !ok {
			return nil, false
		}
	}
	return texts, true
}

// text returns a string, or a number as text.
func text(item any) (string, bool) {
	if s, ok := item.(string); ok {
		return s, true
	}
	n, ok := toNumber(item)
	return numberText(n), ok
}

func toNumbers(value any) (any, bool) {
	if have, ok := value.([]float64); ok {
		return have, true
	}
	items, ok := list(value)
	if !ok {
		return nil, false
	}
	numbers := make([]float64, len(items))
	for i, item := range items {
		if s, isText := item.(string); isText {
			item = json.Number(s)
		}
		n, _ := toNumber(item)
		switch n := n.(type) {
		case int64:
			numbers[i] = float64(n)
		case float64:
			numbers[i] = n
		default:
			return nil, false
		}
	}
	return numbers, true
}

// toJSON encodes a value. Text that is JSON already is taken as it is.
func toJSON(value any) (any, bool) {
	switch v := value.(type) {
	case json.RawMessage:
		return v, json.Valid(v)
	case string:
		if json.Valid([]byte(v)) {
			return json.RawMessage(v), true
		}
	}
	encoded, err := json.Marshal(value)
	return json.RawMessage(encoded), err == nil
}

// expected names the type as error messages do.
func (t Type) expected() string {
	switch t {
	case StringArray, NumberArray:
		return "array"
	}
	return string(t)
}

// kind names the kind of a JSON value as error messages do.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	}
	if _, ok := toNumber(value); ok {
		return "number"
	}
	return "object"
}

func quoted(values []string) []string {
	q := make([]string, len(values))
	for i, v := range values {
		q[i] = strconv.Quote(v)
	}
	return q
}

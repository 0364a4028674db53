package memory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// copyOut returns a row of its own over stored values, so that the caller cannot
// change what is stored.
func copyOut(of *schema.Table, stored []any) schema.Row {
	if stored == nil {
		return schema.Row{}
	}
	values := make([]any, len(stored))
	for i, v := range stored {
		values[i] = detached(v)
	}
	return of.RowOf(values)
}

// detached returns a value that shares no memory with the given one.
func detached(v any) any {
	switch v := v.(type) {
	case []string:
		return append(make([]string, 0, len(v)), v...)
	case []float64:
		return append(make([]float64, 0, len(v)), v...)
	case json.RawMessage:
		return append(make(json.RawMessage, 0, len(v)), v...)
	}
	return v
}

// normalised returns a value as it is stored: of one Go type for each kind of
// value, a time with the precision that every store keeps.
func normalised(v any) any {
	switch v := v.(type) {
	case string, bool, int64, nil:
		return v
	case time.Time:
		return database.Milliseconds(v)
	case int:
		return int64(v)
	case float64:
		if whole := int64(v); float64(whole) == v && math.Abs(v) < 1<<53 {
			return whole
		}
		return v
	case json.RawMessage:
		if v == nil {
			return nil
		}
	}
	return detached(v)
}

// notComparable is the key of values that cannot be keys of a map themselves.
type notComparable string

// keyOf returns what a normalised value is listed under: equal values have equal
// keys.
func keyOf(v any) any {
	switch v := v.(type) {
	case string, bool, int64:
		return v
	case time.Time:
		return time.UnixMilli(v.UnixMilli()).UTC()
	case float64:
		if math.IsNaN(v) {
			return notComparable("NaN")
		}
		return v
	}
	return notComparable(fmt.Sprintf("%v", v))
}

// compare orders two values of one kind; ok is false when they are of different
// kinds or have no order.
func compare(a, b any) (c int, ok bool) {
	switch a := a.(type) {
	case string:
		if b, same := b.(string); same {
			return strings.Compare(a, b), true
		}
	case time.Time:
		if b, same := b.(time.Time); same {
			return a.Compare(b), true
		}
	case bool:
		if b, same := b.(bool); same {
			return cmp.Compare(number(a), number(b)), true
		}
	case int64:
		switch b := b.(type) {
		case int64:
			return cmp.Compare(a, b), true
		case float64:
			return cmp.Compare(float64(a), b), true
		}
	case float64:
		switch b := b.(type) {
		case int64:
			return cmp.Compare(a, float64(b)), true
		case float64:
			return cmp.Compare(a, b), true
		}
	}
	return 0, false
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// equal reports whether two values that are not null are equal.
func equal(a, b any) bool {
	if c, ok := compare(a, b); ok {
		return c == 0
	}
	switch a := a.(type) {
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	case []float64:
		b, ok := b.([]float64)
		return ok && slices.Equal(a, b)
	case json.RawMessage:
		b, ok := b.(json.RawMessage)
		return ok && bytes.Equal(a, b)
	}
	return false
}

// order sorts any two values: nulls first, values that have no order by text.
func order(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	if c, ok := compare(a, b); ok {
		return c
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

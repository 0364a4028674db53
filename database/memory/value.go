package memory

import (
	"encoding/json"
	"fmt"
	"math"
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
// value, and shared with nobody.
func normalised(v any) any { return detached(database.Normalised(v)) }

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

package database

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// NewOrder returns the comparison that sorts rows of a table as a query asks,
// for adapters over stores that cannot sort by themselves. Rows that agree are
// equal to it: sort with a stable algorithm.
func NewOrder(t *schema.Table, by []Sort) (func(a, b schema.Row) int, error) {
	at := make([]int, len(by))
	for i, s := range by {
		if at[i] = t.Position(s.Field); at[i] < 0 {
			return nil, errUnknownField(t, s.Field)
		}
	}
	return func(a, b schema.Row) int {
		for i, s := range by {
			c := order(a.At(at[i]), b.At(at[i]))
			if c != 0 && s.Descending {
				return -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	}, nil
}

func errUnknownField(t *schema.Table, name string) error {
	return fmt.Errorf("model %q has no field %q", t.Key, name)
}

// Normalised returns a value in the one form that its kind has in this package:
// whole numbers as int64, times in UTC with the precision that every store keeps,
// an absent document as nil.
func Normalised(v any) any {
	switch v := v.(type) {
	case time.Time:
		return Milliseconds(v)
	case int:
		return int64(v)
	case float64:
		if whole := int64(v); float64(whole) == v && math.Abs(v) < 1<<53 {
			return whole
		}
	case json.RawMessage:
		if v == nil {
			return nil
		}
	}
	return v
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

package mongotest

import (
	"bytes"
	"cmp"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// rank is the place of a type in the order of MongoDB; types of one rank are
// compared with each other.
func rank(v any) int {
	switch v.(type) {
	case nil, bson.Null:
		return 1
	case int32, int64, float64:
		return 2
	case string:
		return 3
	case bson.D:
		return 4
	case bson.A:
		return 5
	case bson.Binary:
		return 6
	case bson.ObjectID:
		return 7
	case bool:
		return 8
	case bson.DateTime:
		return 9
	}
	return 10
}

// compare orders two values.
func compare(a, b any) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case int32, int64, float64:
		return compareNumbers(a, b)
	case string:
		return cmp.Compare(a, b.(string))
	case bson.D:
		return compareDocuments(a, b.(bson.D))
	case bson.A:
		b := b.(bson.A)
		for i := range min(len(a), len(b)) {
			if c := compare(a[i], b[i]); c != 0 {
				return c
			}
		}
		return cmp.Compare(len(a), len(b))
	case bson.Binary:
		b := b.(bson.Binary)
		return cmp.Or(cmp.Compare(len(a.Data), len(b.Data)), cmp.Compare(a.Subtype, b.Subtype), bytes.Compare(a.Data, b.Data))
	case bson.ObjectID:
		b := b.(bson.ObjectID)
		return bytes.Compare(a[:], b[:])
	case bool:
		return cmp.Compare(bit(a), bit(b.(bool)))
	case bson.DateTime:
		return cmp.Compare(a, b.(bson.DateTime))
	}
	return 0
}

func compareDocuments(a, b bson.D) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Or(cmp.Compare(a[i].Key, b[i].Key), compare(a[i].Value, b[i].Value)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func compareNumbers(a, b any) int {
	x, xWhole := integer(a)
	y, yWhole := integer(b)
	if xWhole && yWhole {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(float(a), float(b))
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int32:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

func float(v any) float64 {
	if n, whole := integer(v); whole {
		return float64(n)
	}
	f, _ := v.(float64)
	return f
}

// sum adds numbers as $inc does: what does not fit is an error.
func sum(a, b any) (any, bool) {
	x, xWhole := integer(a)
	y, yWhole := integer(b)
	if !xWhole || !yWhole {
		return float(a) + float(b), true
	}
	if y > 0 && x > math.MaxInt64-y || y < 0 && x < math.MinInt64-y {
		return nil, false
	}
	return x + y, true
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lookup returns a member of a document.
func lookup(doc bson.D, key string) (any, bool) {
	for _, e := range doc {
		if e.Key == key {
			return e.Value, true
		}
	}
	return nil, false
}

// typeNames are the names of types in queries.
func typeNames(v any) []string {
	switch v.(type) {
	case nil, bson.Null:
		return []string{"null"}
	case int32:
		return []string{"int", "number"}
	case int64:
		return []string{"long", "number"}
	case float64:
		return []string{"double", "number"}
	case string:
		return []string{"string"}
	case bson.D:
		return []string{"object"}
	case bson.A:
		return []string{"array"}
	case bson.Binary:
		return []string{"binData"}
	case bson.ObjectID:
		return []string{"objectId"}
	case bool:
		return []string{"bool"}
	case bson.DateTime:
		return []string{"date"}
	}
	return nil
}

package mongo

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/ostiary/ostiary/schema"
)

// keyOf returns the name of a field in documents.
func keyOf(t *schema.Table, position int) string {
	if position == 0 {
		return "_id"
	}
	return t.Fields[position].Column
}

// isID reports whether a field holds an id, its own or that of another row.
func isID(t *schema.Table, position int) bool {
	return position == 0 || t.Fields[position].IsForeignID()
}

// encode returns a value that is not nil as it is stored.
func encode(t *schema.Table, position int, value any) (any, error) {
	if isID(t, position) {
		return encodeID(t, position, value)
	}
	stored, err := encodeAs(t.Fields[position].Type, value)
	if err != nil {
		return nil, fmt.Errorf("mongo: %s.%s: %w", t.Key, t.Fields[position].Name, err)
	}
	return stored, nil
}

func encodeAs(kind schema.Type, value any) (any, error) {
	switch v := value.(type) {
	case string:
		if kind == schema.String || kind == "" {
			return text(v)
		}
	case bool:
		if kind == schema.Boolean {
			return v, nil
		}
	case int, int64, float64:
		if kind == schema.Number {
			return number(v)
		}
	case time.Time:
		if kind == schema.Date {
			return bson.NewDateTimeFromTime(v), nil
		}
	case json.RawMessage:
		if kind == schema.JSON && json.Valid(v) {
			return text(string(v))
		}
	case []string:
		if kind == schema.StringArray {
			return texts(v)
		}
	case []float64:
		if kind == schema.NumberArray {
			return slices.Clone(v), nil
		}
	}
	return nil, fmt.Errorf("want a %s, got %T", kind, value)
}

func text(s string) (any, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("want UTF-8 text")
	}
	return s, nil
}

func texts(list []string) (any, error) {
	stored := make([]string, len(list))
	for i, s := range list {
		if _, err := text(s); err != nil {
			return nil, err
		}
		stored[i] = s
	}
	return stored, nil
}

func number(value any) (any, error) {
	switch v := value.(type) {
	case int:
		return int64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("want a finite number")
		}
		return whole(v), nil
	}
	return value, nil
}

// whole returns a float as int64 when it is a whole number.
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return int64(f)
	}
	return f
}

var (
	objectIDForm = regexp.MustCompile(`^[0-9a-f]{24}$`)
	uuidForm     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// encodeID stores ids of MongoDB's form, and UUIDs, as what they are. Only the
// spelling that reading gives back is taken for one.
func encodeID(t *schema.Table, position int, value any) (any, error) {
	strategy := t.Fields[position].IDStrategy()
	id, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("mongo: an id of %s is text, got %T", t.Key, value)
	}
	switch {
	case strategy == schema.UUIDs && uuidForm.MatchString(id):
		return bson.Binary{Subtype: bson.TypeBinaryUUID, Data: unhex(strings.ReplaceAll(id, "-", ""))}, nil
	case strategy != schema.UUIDs && objectIDForm.MatchString(id):
		return bson.ObjectID(unhex(id)), nil
	}
	return text(id)
}

// unhex decodes what a form above has let through.
func unhex(s string) []byte {
	b := make([]byte, len(s)/2)
	for i := range b {
		n, _ := strconv.ParseUint(s[2*i:2*i+2], 16, 8)
		b[i] = byte(n)
	}
	return b
}

// document returns a row as it is stored: fields that are null are left out.
func document(row schema.Row) (bson.D, error) {
	t := row.Table()
	doc := bson.D{}
	for i := range t.Fields {
		value := row.At(i)
		switch {
		case value == nil && i == 0:
			doc = append(doc, bson.E{Key: "_id", Value: bson.NewObjectID()})
			continue
		case value == nil && !t.Fields[i].Optional:
			return nil, fmt.Errorf("mongo: %s.%s is required", t.Key, t.Fields[i].Name)
		case value == nil:
			continue
		}
		stored, err := encode(t, i, value)
		if err != nil {
			return nil, err
		}
		doc = append(doc, bson.E{Key: keyOf(t, i), Value: stored})
	}
	return doc, nil
}

// rowOf reads a document. It is lenient: other programs may have written it.
func rowOf(t *schema.Table, raw bson.Raw) (schema.Row, error) {
	row := t.NewRow()
	for i := range t.Fields {
		row.SetAt(i, nil)
		stored, err := raw.LookupErr(keyOf(t, i))
		if err != nil || stored.Type == bson.TypeNull || stored.Type == bson.TypeUndefined {
			continue
		}
		value, ok := decode(t, i, stored)
		if !ok {
			return row, fmt.Errorf("mongo: %s.%s: want a %s, the database has a %s", t.Key, t.Fields[i].Name, t.Fields[i].Type, stored.Type)
		}
		row.SetAt(i, value)
	}
	return row, nil
}

func decode(t *schema.Table, position int, stored bson.RawValue) (any, bool) {
	if isID(t, position) {
		return decodeText(stored)
	}
	switch t.Fields[position].Type {
	case schema.Number:
		return decodeNumber(stored)
	case schema.Boolean:
		return stored.BooleanOK()
	case schema.Date:
		return decodeDate(stored)
	case schema.JSON:
		return decodeJSON(stored)
	case schema.StringArray:
		return decodeList(stored, func(v bson.RawValue) (string, bool) { return v.StringValueOK() })
	case schema.NumberArray:
		return decodeList(stored, func(v bson.RawValue) (float64, bool) { return v.AsFloat64OK() })
	}
	return decodeText(stored)
}

func decodeText(stored bson.RawValue) (any, bool) {
	switch stored.Type {
	case bson.TypeString:
		return stored.StringValueOK()
	case bson.TypeObjectID:
		id, ok := stored.ObjectIDOK()
		return id.Hex(), ok
	case bson.TypeBinary:
		if subtype, b, ok := stored.BinaryOK(); ok && subtype == bson.TypeBinaryUUID && len(b) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), true
		}
	case bson.TypeInt32, bson.TypeInt64:
		n, ok := stored.AsInt64OK()
		return strconv.FormatInt(n, 10), ok
	}
	return nil, false
}

func decodeNumber(stored bson.RawValue) (any, bool) {
	switch stored.Type {
	case bson.TypeInt32, bson.TypeInt64:
		return stored.AsInt64OK()
	case bson.TypeDouble:
		f, ok := stored.DoubleOK()
		return whole(f), ok
	}
	return nil, false
}

func decodeDate(stored bson.RawValue) (any, bool) {
	if stored.Type == bson.TypeString {
		at, err := time.Parse(time.RFC3339, stored.StringValue())
		return at.UTC().Truncate(time.Millisecond), err == nil
	}
	ms, ok := stored.DateTimeOK()
	return time.UnixMilli(ms).UTC(), ok
}

// decodeJSON reads text, and documents that other programs have stored as such.
func decodeJSON(stored bson.RawValue) (any, bool) {
	if s, ok := stored.StringValueOK(); ok {
		if json.Valid([]byte(s)) {
			return json.RawMessage(s), true
		}
		quoted, err := json.Marshal(s)
		return json.RawMessage(quoted), err == nil
	}
	wrapped, err := bson.MarshalExtJSON(bson.D{{Key: "v", Value: stored}}, false, false)
	if err != nil {
		return nil, false
	}
	var document struct{ V json.RawMessage }
	err = json.Unmarshal(wrapped, &document)
	return document.V, err == nil
}

func decodeList[T any](stored bson.RawValue, item func(bson.RawValue) (T, bool)) (any, bool) {
	array, ok := stored.ArrayOK()
	if !ok {
		return nil, false
	}
	values, err := array.Values()
	if err != nil {
		return nil, false
	}
	list := make([]T, len(values))
	for i, v := range values {
		if list[i], ok = item(v); !ok {
			return nil, false
		}
	}
	return list, true
}

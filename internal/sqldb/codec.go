package sqldb

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// codec turns the values of one field into what the driver stores and back.
// Neither direction is called with nil. Decoding is lenient: other programs may
// have written the row.
type codec struct {
	encode func(value any) (any, error)
	decode func(stored any) (any, error)
	text   bool // the column holds text
}

// codecOf returns the codec of a field of a table.
func (c *core) codecOf(t *schema.Table, position int) codec {
	f, d := &t.Fields[position], c.dialect
	if position == 0 || f.IsForeignID() {
		switch {
		case f.IDStrategy() == schema.SerialIDs:
			return codec{encode: encodeSerialID, decode: decodeText}
		case f.IDStrategy() == schema.UUIDs && d.UUIDs:
			return codec{encode: encodeUUID, decode: decodeText}
		}
		return d.textCodec()
	}
	switch f.Type {
	case schema.Number:
		return codec{encode: d.encodeNumber, decode: decodeNumber}
	case schema.Boolean:
		return codec{encode: func(v any) (any, error) { return encodeBoolean(d, v) }, decode: decodeBoolean}
	case schema.Date:
		return codec{encode: func(v any) (any, error) { return encodeDate(d, v) }, decode: decodeDate}
	case schema.JSON:
		return codec{encode: func(v any) (any, error) { return encodeJSON(d, v) }, decode: decodeJSON}
	case schema.StringArray:
		return codec{encode: func(v any) (any, error) { return encodeJSON(d, v) }, decode: decodeList[string]}
	case schema.NumberArray:
		return codec{encode: func(v any) (any, error) { return encodeJSON(d, v) }, decode: decodeList[float64]}
	default:
		return d.textCodec()
	}
}

func (d *Dialect) textCodec() codec {
	if d.Holds == nil {
		return codec{encode: encodeText, decode: decodeText, text: true}
	}
	encode := func(value any) (any, error) {
		if text, ok := value.(string); ok && !d.Holds(text) {
			return nil, errUnstorable
		}
		return encodeText(value)
	}
	return codec{encode: encode, decode: decodeText, text: true}
}

// maxWhole bounds the floats that are exact whole numbers.
const maxWhole = 1 << 53

func encodeText(value any) (any, error) {
	if _, ok := value.(string); ok {
		return value, nil // not the string: making it an interface again would allocate
	}
	return nil, fmt.Errorf("want text, got %T", value)
}

// errUnstorable is what encoding a value gives that no row can have, because the
// database cannot hold it.
var errUnstorable = errors.New("the database cannot hold such a value")

// encodeUUID leaves what is no UUID out, because the database would fail.
func encodeUUID(value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("want a UUID, got %T", value)
	}
	if !isUUID(text) {
		return nil, errUnstorable
	}
	return value, nil
}

// isUUID accepts the usual form of any version.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}

func encodeSerialID(value any) (any, error) {
	switch v := value.(type) {
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, nil
		}
		return nil, errUnstorable
	case int64:
		return v, nil
	}
	return nil, fmt.Errorf("want a serial id, got %T", value)
}

func decodeText(stored any) (any, error) {
	switch v := stored.(type) {
	case string:
		return stored, nil
	case []byte:
		return string(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool:
		return strconv.FormatBool(v), nil
	case time.Time:
		return v.UTC().Format(isoMilliseconds), nil
	}
	return nil, unreadable("text", stored)
}

func encodeNumber(value any) (any, error) {
	switch v := value.(type) {
	case int64:
		return value, nil
	case int:
		return int64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("want a finite number")
		}
		return whole(v), nil
	case string:
		return parseNumber(v)
	}
	return nil, fmt.Errorf("want a number, got %T", value)
}

// encodeNumber leaves what is not whole to the dialect.
func (d *Dialect) encodeNumber(value any) (any, error) {
	n, err := encodeNumber(value)
	if f, ok := n.(float64); ok && d.Fraction != nil {
		return d.Fraction(f), err
	}
	return n, err
}

func decodeNumber(stored any) (any, error) {
	switch v := stored.(type) {
	case int64:
		return stored, nil
	case float64:
		return whole(v), nil
	case string:
		return parseNumber(v)
	case []byte:
		return parseNumber(string(v))
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	}
	return nil, unreadable("number", stored)
}

// whole returns a float as int64 when it is a whole number.
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) <= maxWhole {
		return int64(f)
	}
	return f
}

func parseNumber(text string) (any, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errors.New("want a number, got other text")
	}
	return whole(f), nil
}

func encodeBoolean(d *Dialect, value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return d.Boolean(v), nil
	case string:
		return d.Boolean(v == "true"), nil
	}
	return nil, fmt.Errorf("want a boolean, got %T", value)
}

func decodeBoolean(stored any) (any, error) {
	switch v := stored.(type) {
	case int64:
		return v == 1, nil
	case bool:
		return v, nil
	case float64:
		return v == 1, nil
	case string:
		return v == "1" || strings.EqualFold(v, "true"), nil
	case []byte: // a MySQL bit(1) is one byte, not a digit
		return len(v) == 1 && (v[0] == 1 || v[0] == '1') || strings.EqualFold(string(v), "true"), nil
	}
	return nil, unreadable("boolean", stored)
}

func encodeJSON(d *Dialect, value any) (any, error) {
	if raw, ok := value.(json.RawMessage); ok {
		if !json.Valid(raw) {
			return nil, errors.New("want valid JSON")
		}
		return d.JSON(raw), nil
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // so that the text is what JSON.stringify writes
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return d.JSON([]byte(strings.TrimSuffix(text.String(), "\n"))), nil
}

// decodeJSON returns the stored JSON. A text that is no JSON is taken for a
// string: Better Auth stores strings in such columns without quotes.
func decodeJSON(stored any) (any, error) {
	text, ok := jsonText(stored)
	if !ok {
		return nil, unreadable("JSON", stored)
	}
	if json.Valid(text) {
		return json.RawMessage(text), nil
	}
	quoted, err := json.Marshal(string(text))
	return json.RawMessage(quoted), err
}

func decodeList[T any](stored any) (any, error) {
	text, ok := jsonText(stored)
	if !ok {
		return nil, unreadable("list", stored)
	}
	var list []T
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, errors.New("want a JSON list, got other text")
	}
	if list == nil { // the JSON text null
		return nil, nil
	}
	return list, nil
}

func jsonText(stored any) ([]byte, bool) {
	switch v := stored.(type) {
	case string:
		return []byte(v), true
	case []byte:
		return v, true
	case int64:
		return strconv.AppendInt(nil, v, 10), true
	case float64:
		return strconv.AppendFloat(nil, v, 'g', -1, 64), true
	}
	return nil, false
}

// unreadable never shows the value: it may be a secret.
func unreadable(want string, stored any) error {
	return fmt.Errorf("want a %s, the database has a %T", want, stored)
}

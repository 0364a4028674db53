package sqldb

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/schema"
)

func TestLenientReading(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 30, 0, 0, time.UTC)
	milli := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	tests := []struct {
		name   string
		field  schema.Field
		stored any
		want   any
	}{
		{"text", schema.Field{}, "x", "x"},
		{"text of bytes", schema.Field{}, []byte("x"), "x"},
		{"text of number", schema.Field{}, int64(7), "7"},
		{"foreign id", schema.Field{References: &schema.Reference{Model: "f"}}, int64(42), "42"},
		{"number", schema.Field{Type: schema.Number}, int64(7), int64(7)},
		{"number of float", schema.Field{Type: schema.Number}, 7.0, int64(7)},
		{"fraction", schema.Field{Type: schema.Number}, 7.5, 7.5},
		{"number of text", schema.Field{Type: schema.Number}, " 12 ", int64(12)},
		{"boolean 1", schema.Field{Type: schema.Boolean}, int64(1), true},
		{"boolean 0", schema.Field{Type: schema.Boolean}, int64(0), false},
		{"boolean text", schema.Field{Type: schema.Boolean}, "TRUE", true},
		{"boolean bit", schema.Field{Type: schema.Boolean}, []byte{1}, true},
		{"boolean native", schema.Field{Type: schema.Boolean}, true, true},
		{"date", schema.Field{Type: schema.Date}, "2026-01-02T03:04:05.678Z", milli},
		{"date of epoch", schema.Field{Type: schema.Date}, milli.UnixMilli(), milli},
		{"date of float", schema.Field{Type: schema.Date}, float64(milli.UnixMilli()), milli},
		{"date with micros", schema.Field{Type: schema.Date}, "2026-01-02T03:04:05.678999Z", milli},
		{"date with zone", schema.Field{Type: schema.Date}, "2026-01-02T05:04:05.678+02:00", milli},
		{"date with space", schema.Field{Type: schema.Date}, "2026-01-02 12:30:00", noon},
		{"date without seconds", schema.Field{Type: schema.Date}, "2026-01-02T12:30Z", noon},
		{"date without seconds and zone", schema.Field{Type: schema.Date}, "2026-01-02T12:30", noon},
		{"day", schema.Field{Type: schema.Date}, "2026-01-02", noon.Truncate(24 * time.Hour)},
		{"date native", schema.Field{Type: schema.Date}, milli.In(time.FixedZone("", 3600)), milli},
		{"JSON", schema.Field{Type: schema.JSON}, `{"a":1}`, json.RawMessage(`{"a":1}`)},
		{"JSON string without quotes", schema.Field{Type: schema.JSON}, `plain`, json.RawMessage(`"plain"`)},
		{"JSON number", schema.Field{Type: schema.JSON}, int64(3), json.RawMessage(`3`)},
		{"strings", schema.Field{Type: schema.StringArray}, `["a","b"]`, []string{"a", "b"}},
		{"no strings", schema.Field{Type: schema.StringArray}, `[]`, []string{}},
		{"null list", schema.Field{Type: schema.StringArray}, `null`, nil},
		{"numbers", schema.Field{Type: schema.NumberArray}, []byte(`[1,2.5]`), []float64{1, 2.5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := codecFor(t, tt.field).decode(tt.stored)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnreadableValuesAreErrorsThatKeepThemSecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, typ := range []schema.Type{schema.Number, schema.Date, schema.StringArray, schema.NumberArray} {
		_, err := codecFor(t, schema.Field{Type: typ}).decode(secret)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v", typ, err)
		}
	}
	for _, typ := range []schema.Type{schema.String, schema.Number, schema.Boolean, schema.Date, schema.JSON, schema.StringArray} {
		if _, err := codecFor(t, schema.Field{Type: typ}).decode(struct{}{}); err == nil {
			t.Errorf("%s: no error for a type that no driver returns", typ)
		}
	}
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("", 3600))
	tests := []struct {
		name  string
		field schema.Field
		value any
		want  any // nil when it must be refused
	}{
		{"text", schema.Field{}, "x", "x"},
		{"text of number", schema.Field{}, 7, nil},
		{"int", schema.Field{Type: schema.Number}, 7, int64(7)},
		{"float", schema.Field{Type: schema.Number}, 7.25, 7.25},
		{"not a number", schema.Field{Type: schema.Number}, math.NaN(), nil},
		{"infinity", schema.Field{Type: schema.Number}, math.Inf(1), nil},
		{"infinity as text", schema.Field{Type: schema.Number}, "Inf", nil},
		{"number of text", schema.Field{Type: schema.Number}, "25", int64(25)},
		{"number of other text", schema.Field{Type: schema.Number}, "1 or 1", nil},
		{"true", schema.Field{Type: schema.Boolean}, true, int64(1)},
		{"false as text", schema.Field{Type: schema.Boolean}, "false", int64(0)},
		{"date", schema.Field{Type: schema.Date}, at, "2026-01-02T02:04:05.678Z"},
		{"date of text", schema.Field{Type: schema.Date}, "2026-01-02", "2026-01-02T00:00:00.000Z"},
		{"date of other text", schema.Field{Type: schema.Date}, "soon", nil},
		{"year of five digits", schema.Field{Type: schema.Date}, at.AddDate(9000, 0, 0), nil},
		{"JSON", schema.Field{Type: schema.JSON}, json.RawMessage(`{"a":"<>"}`), `{"a":"<>"}`},
		{"bad JSON", schema.Field{Type: schema.JSON}, json.RawMessage(`{`), nil},
		{"JSON of a value", schema.Field{Type: schema.JSON}, map[string]any{"a": "<&>"}, `{"a":"<&>"}`},
		{"strings", schema.Field{Type: schema.StringArray}, []string{"a", "é<"}, `["a","é<"]`},
		{"numbers", schema.Field{Type: schema.NumberArray}, []float64{1, 2.5}, `[1,2.5]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := codecFor(t, tt.field).encode(tt.value)
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("got %v, %v", got, err)
			}
			if err == nil && got != tt.want {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func codecFor(t *testing.T, f schema.Field) codec {
	t.Helper()
	f.Name = "f"
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{{Key: "f", Fields: []schema.Field{f}}}})
	if err != nil {
		t.Fatal(err)
	}
	return (&core{dialect: numbered()}).codecOf(s.Table("f"), 1)
}

func FuzzDatesAreReadAsTimeParseReadsThem(f *testing.F) {
	f.Add("2026-01-02T03:04:05.678Z")
	f.Add("2024-02-29T23:59:59.999Z")
	f.Add("2025-02-29T00:00:00.000Z")
	f.Add("0000-00-00T00:00:00.000Z")
	f.Add("2026-01-02T24:00:00.000Z")
	f.Add("२०२६-01-02")
	f.Fuzz(func(t *testing.T, text string) {
		fast, ok := parseISO(text)
		slow, err := time.Parse(isoMilliseconds, text)
		if ok != (err == nil && len(text) == len(isoMilliseconds) && text[19] == '.') || ok && !fast.Equal(slow) {
			t.Errorf("%q: %v %v, time.Parse says %v %v", text, fast, ok, slow, err)
		}
		if got, err := parseDate(text); err == nil && got.Year() >= 0 && got.Year() <= 9999 {
			encoded, err := ISOTime(got)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := parseDate(encoded.(string)); err != nil || !again.Equal(got) {
				t.Errorf("%q: %v comes back as %v, %v", text, got, again, err)
			}
		}
	})
}

package schema_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/schema"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 123456789, time.FixedZone("", 3600))

func clock() time.Time { return noon }

// inputTable has the fields of the "fields" profile of the compatibility suite.
func inputTable(t testing.TB) (table *schema.Table, positions []int) {
	t.Helper()
	score := func(v any) (any, error) {
		n, ok := v.(int64)
		if !ok {
			return nil, errors.New("Invalid input: expected number")
		}
		if n < 0 || n > 100 {
			return nil, errors.New("Too big or too small")
		}
		return n, nil
	}
	table = compile(t, schema.Definition{
		Models: []schema.Model{schema.UserModel()},
		Additional: map[string][]schema.Field{"user": {
			{Name: "role", Optional: true, Default: "user", NoInput: true},
			{Name: "secretNote", Optional: true, Hidden: true},
			{Name: "age", Type: schema.Number, Optional: true},
			{Name: "newsletter", Type: schema.Boolean, Optional: true, Default: true},
			{Name: "birthday", Type: schema.Date, Optional: true},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "lang", Default: "en"},
			{Name: "company"},
			{Name: "code", Optional: true, NoInput: true, Default: func() any { return "generated-code" }},
			{Name: "closed", Optional: true, NoInput: true},
			{Name: "score", Type: schema.Number, Optional: true, Validate: score},
			{Name: "joined", Type: schema.Date, Default: schema.Now},
			{Name: "tries", Type: schema.Number, Default: 3},
			{Name: "numbers", Type: schema.NumberArray, Optional: true},
			{Name: "meta", Type: schema.JSON, Optional: true},
			{Name: "kind", Optional: true, Values: []string{"a", "b"}},
		}},
	}).Table("user")
	for i := schema.UserCoreFields; i < len(table.Fields); i++ {
		positions = append(positions, i)
	}
	return table, positions
}

func TestParseInputOnCreationFillsDefaults(t *testing.T) {
	t.Parallel()
	table, fields := inputTable(t)
	row, err := schema.ParseInput(table, fields, map[string]any{
		"company": "ACME", "age": float64(40), "role": "admin", "code": nil,
		"email": "ignored@x.com", "id": "ignored", "unknown": true,
	}, true, clock)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"company": "ACME", "age": int64(40), "role": "user", "code": "generated-code", "newsletter": true, "lang": "en",
		"joined": noon.UTC().Truncate(time.Millisecond), "tries": int64(3),
	}
	if d := cmp.Diff(want, row.Map()); d != "" {
		t.Error(d)
	}
}

func TestParseInputOnUpdateTakesOnlyWhatIsSent(t *testing.T) {
	t.Parallel()
	table, fields := inputTable(t)
	row, err := schema.ParseInput(table, fields, map[string]any{"age": nil, "tags": []any{}, "role": "", "code": nil, "closed": false, "name": "ignored"}, false, clock)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]any{"age": nil, "tags": []string{}}, row.Map()); d != "" {
		t.Error(d)
	}
}

func TestParseInputLooksOnlyAtTheGivenFields(t *testing.T) {
	t.Parallel()
	table, _ := inputTable(t)
	row, err := schema.ParseInput(table, []int{table.Position("age")}, map[string]any{"age": 1.0, "lang": "de"}, true, clock)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]any{"age": int64(1)}, row.Map()); d != "" {
		t.Error(d)
	}
}

func TestParseInputConverts(t *testing.T) {
	t.Parallel()
	at := time.Date(1990, 5, 5, 8, 0, 0, 0, time.UTC)
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	tests := []struct {
		field      string
		sent, want any
	}{
		{"age", 41.0, int64(41)},
		{"age", 1.5, 1.5},
		{"age", json.Number("9007199254740993"), int64(9007199254740993)},
		{"age", "41", int64(41)},
		{"age", "1.5", 1.5},
		{"age", true, int64(1)},
		{"age", "forty", "forty"},
		{"age", "", ""},
		{"age", 1e300, 1e300},
		{"age", "0x10", "0x10"},
		{"age", "NaN", "NaN"},
		{"age", "1e999", "1e999"},
		{"age", nil, nil},
		{"newsletter", false, false},
		{"newsletter", 1.0, true},
		{"newsletter", 0.0, false},
		{"newsletter", 2.0, false},
		{"newsletter", "true", true},
		{"newsletter", "yes", "yes"},
		{"newsletter", nil, nil},
		{"birthday", "1990-05-05T10:00:00+02:00", at},
		{"birthday", "1990-05-05T08:00:00.000Z", at},
		{"birthday", "1990-05-05T08:00", at},
		{"birthday", "1990-05-05", at.Add(-8 * time.Hour)},
		{"birthday", "1990", time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"birthday", float64(at.UnixMilli()), at},
		{"birthday", at.Add(999), at},
		{"birthday", nil, nil},
		{"tags", []any{"a", "b"}, []string{"a", "b"}},
		{"tags", []any{"a", 1.0}, []string{"a", "1"}},
		{"tags", `["q"]`, []string{"q"}},
		{"tags", []string{"x"}, []string{"x"}},
		{"numbers", []any{1.0, 2.5, "3"}, []float64{1, 2.5, 3}},
		{"numbers", "[1]", []float64{1}},
		{"numbers", []float64{7}, []float64{7}},
		{"secretNote", "x", "x"},
		{"secretNote", 5.0, "5"},
		{"secretNote", 5.5, "5.5"},
		{"secretNote", true, "1"},
		{"secretNote", "", ""},
		{"lang", nil, nil},
		{"kind", "a", "a"},
		{"kind", nil, nil},
		{"score", 7.0, int64(7)},
		{"meta", map[string]any{"a": 1.0}, raw(`{"a":1}`)},
		{"meta", []any{1.0}, raw(`[1]`)},
		{"meta", `{"a":1}`, raw(`{"a":1}`)},
		{"meta", "plain", raw(`"plain"`)},
		{"meta", 5.0, raw(`5`)},
		{"meta", true, raw(`true`)},
		{"meta", nil, nil},
		{"meta", raw(`[]`), raw(`[]`)},
	}
	table, fields := inputTable(t)
	for _, test := range tests {
		row, err := schema.ParseInput(table, fields, map[string]any{test.field: test.sent}, false, clock)
		if err != nil {
			t.Errorf("%s %#v: %v", test.field, test.sent, err)
			continue
		}
		if d := cmp.Diff(map[string]any{test.field: test.want}, row.Map()); d != "" {
			t.Errorf("%s %#v (-want +got):\n%s", test.field, test.sent, d)
		}
	}
}

func TestParseInputRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		data    map[string]any
		create  bool
		code    string
		message string
	}{
		{"a missing field", nil, true, schema.MissingField, "company is required"},
		{"a closed field on update", map[string]any{"role": "admin"}, false, schema.FieldNotAllowed, "role is not allowed to be set"},
		{"a closed field without default", map[string]any{"company": "x", "closed": "x"}, true, schema.FieldNotAllowed, "closed is not allowed to be set"},
		{"an empty list in a closed field", map[string]any{"closed": []any{}}, false, schema.FieldNotAllowed, "closed is not allowed to be set"},
		{"what the validator refuses", map[string]any{"score": 101.0}, false, schema.ValidationError, "Too big or too small"},
		{"null where the validator refuses it", map[string]any{"score": nil}, false, schema.ValidationError, "Invalid input: expected number"},
		{"text where the validator wants a number", map[string]any{"score": "5"}, false, schema.ValidationError, "Invalid input: expected number"},
		{"an object for a number", map[string]any{"age": map[string]any{}}, false, schema.ValidationError, "Invalid input: expected number, received object"},
		{"a list for a string", map[string]any{"lang": []any{}}, false, schema.ValidationError, "Invalid input: expected string, received array"},
		{"a list for a boolean", map[string]any{"newsletter": []any{}}, false, schema.ValidationError, "Invalid input: expected boolean, received array"},
		{"no date", map[string]any{"birthday": "not a date"}, false, schema.ValidationError, "Invalid input: expected date, received string"},
		{"a date beyond JSON", map[string]any{"birthday": 1e18}, false, schema.ValidationError, "Invalid input: expected date, received number"},
		{"a boolean for a date", map[string]any{"birthday": true}, false, schema.ValidationError, "Invalid input: expected date, received boolean"},
		{"text for a list", map[string]any{"tags": "x"}, false, schema.ValidationError, "Invalid input: expected array, received string"},
		{"null in a list", map[string]any{"tags": []any{nil}}, false, schema.ValidationError, "Invalid input: expected array, received array"},
		{"text in a list of numbers", map[string]any{"numbers": []any{"x"}}, false, schema.ValidationError, "Invalid input: expected array, received array"},
		{"none of the values", map[string]any{"kind": "c"}, false, schema.ValidationError, `Invalid option: expected one of "a"|"b"`},
		{"a number beyond numbers", map[string]any{"age": math.Inf(1)}, false, schema.ValidationError, "Invalid input: expected number, received object"},
	}
	table, fields := inputTable(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			row, err := schema.ParseInput(table, fields, test.data, test.create, clock)
			var refused *schema.InputError
			if !errors.As(err, &refused) || !row.IsZero() {
				t.Fatalf("got error %v and row %v", err, row)
			}
			if d := cmp.Diff(&schema.InputError{Code: test.code, Message: test.message, Status: 400}, refused); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzParseInput(f *testing.F) {
	for _, seed := range []string{
		`{"company":"ACME","age":40}`, `{"age":"forty","newsletter":"yes","company":5}`, `{"birthday":"1990-05-05T00:00:00Z"}`,
		`{"birthday":-62167219200001}`, `{"tags":[1,null,{}],"numbers":["1e5"]}`, `{"meta":{"a":[1]},"kind":"c","role":{}}`, `{"score":1e30}`, `{"tags":"[\"\\ud800\"]"}`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	table, fields := inputTable(f)
	f.Fuzz(func(t *testing.T, body string, create bool) {
		var data map[string]any
		if json.Unmarshal([]byte(body), &data) != nil {
			return
		}
		row, err := schema.ParseInput(table, fields, data, create, clock)
		if err != nil {
			var refused *schema.InputError
			if !errors.As(err, &refused) || refused.Message == "" || refused.Status != 400 {
				t.Fatalf("unexpected error %#v", err)
			}
			return
		}
		for name := range row.Map() {
			if table.Position(name) < schema.UserCoreFields {
				t.Fatalf("the built-in field %s was set", name)
			}
		}
		if role := row.Get("role"); role != nil && role != "user" {
			t.Fatalf("role was set to %v", role)
		}
		if _, err := json.Marshal(row.Map()); err != nil && !strings.Contains(err.Error(), "func") {
			t.Fatalf("the row cannot be encoded: %v", err)
		}
	})
}

func BenchmarkParseInput(b *testing.B) {
	table, fields := inputTable(b)
	data := map[string]any{"company": "ACME", "age": 40.0, "birthday": "1990-05-05T00:00:00.000Z", "tags": []any{"a", "b"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.ParseInput(table, fields, data, true, clock); err != nil {
			b.Fatal(err)
		}
	}
}

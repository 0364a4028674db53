package schema_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/schema"
)

func jsonTable(t *testing.T) *schema.Table {
	t.Helper()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{{Key: "thing", Fields: []schema.Field{
		{Name: "text"},
		{Name: "number", Type: schema.Number},
		{Name: "yes", Type: schema.Boolean},
		{Name: "at", Type: schema.Date},
		{Name: "any", Type: schema.JSON},
		{Name: "texts", Type: schema.StringArray},
		{Name: "numbers", Type: schema.NumberArray},
		{Name: "renamed", Column: "re_named"},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	return s.Table("thing")
}

func TestARowSurvivesJSON(t *testing.T) {
	t.Parallel()
	table := jsonTable(t)
	row := table.NewRow().Set("id", "1").Set("text", "<\"ü\u2028").Set("number", int64(1)<<60+1).Set("yes", true).
		Set("at", time.Date(2026, 3, 1, 12, 0, 0, 120e6, time.UTC)).Set("any", json.RawMessage(`{"a":[1,"2026-03-01T12:00:00.000Z"]}`)).
		Set("texts", []string{"a", "b"}).Set("numbers", []float64{1, 2.5}).Set("renamed", nil)
	text, err := row.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"1","text":"<\"ü` + "\u2028" + `","number":1152921504606846977,"yes":true,"at":"2026-03-01T12:00:00.120Z",` +
		`"any":{"a":[1,"2026-03-01T12:00:00.000Z"]},"texts":["a","b"],"numbers":[1,2.5],"renamed":null}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	back, err := table.ParseRow(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(row.Map(), back.Map()); diff != "" {
		t.Error(diff)
	}
}

func TestRowsOfOthersAreReadWhereTheirMeaningIsClear(t *testing.T) {
	t.Parallel()
	table := jsonTable(t)
	row, err := table.ParseRow([]byte(`{"id": 7, "yes": 1, "at": 1767225600000, "unknown": {"a": 1}, "any": "[1]", "renamed": "x"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"id": "7", "yes": true, "at": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "any": json.RawMessage(`[1]`), "renamed": "x",
	}
	if diff := cmp.Diff(want, row.Map()); diff != "" {
		t.Error(diff)
	}
}

func TestMalformedRowsAreRefused(t *testing.T) {
	t.Parallel()
	table := jsonTable(t)
	for _, text := range []string{"", "null", "7", "[]", "{", `{"at":"soon"}`, `{"text":{}}`, `{"any":{]}`, `{"number":1e}`, `{"id":"1"}x`} {
		if row, err := table.ParseRow([]byte(text)); err == nil {
			t.Errorf("%s is %v", text, row.Map())
		}
	}
}

package schema_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/schema"
)

func rowTable(t testing.TB) *schema.Table {
	t.Helper()
	return compile(t, schema.Definition{Models: []schema.Model{{Key: "m", Fields: []schema.Field{
		{Name: "text"},
		{Name: "flag", Type: schema.Boolean},
		{Name: "number", Type: schema.Number, Column: "n"},
		{Name: "at", Type: schema.Date},
		{Name: "words", Type: schema.StringArray},
	}}}}).Table("m")
}

func TestRowTellsAbsentFromNull(t *testing.T) {
	t.Parallel()
	table := rowTable(t)
	row := table.NewRow()
	if !row.IsEmpty() || row.IsZero() || !(schema.Row{}).IsZero() || row.Table() != table {
		t.Error("a new row is not an empty row of its table")
	}
	row.Set("text", nil).Set("words", []string{"a"})
	if !row.Given("text") || !row.Has(1) || row.Get("text") != nil || row.At(1) != nil {
		t.Error("null is not given")
	}
	if row.Given("flag") || row.Has(2) || row.Get("flag") != nil || row.IsEmpty() {
		t.Error("absent is given")
	}
	if row.Given("nothing") || row.Get("nothing") != nil {
		t.Error("an unknown field is given")
	}
	if d := cmp.Diff(map[string]any{"text": nil, "words": []string{"a"}}, row.Map()); d != "" {
		t.Error(d)
	}
	row.Unset(1)
	if row.Has(1) {
		t.Error("Unset leaves the field")
	}
}

func TestRowReadsTypedValuesAndZeroOtherwise(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	full := rowTable(t).RowOf([]any{"id", "text", true, int64(5), now, nil})
	if full.ID() != "id" || full.StringAt(1) != "text" || *full.TextAt(1) != "text" || !full.BoolAt(2) || full.IntAt(3) != 5 || !full.TimeAt(4).Equal(now) {
		t.Errorf("got %v", full.Map())
	}
	if full.Get("n") != int64(5) {
		t.Error("a field is not found by its column")
	}
	full.SetAt(3, 7.9)
	if full.IntAt(3) != 7 {
		t.Errorf("got %d", full.IntAt(3))
	}
	for _, row := range []schema.Row{rowTable(t).NewRow(), rowTable(t).RowOf(make([]any, 6)), rowTable(t).RowOf([]any{1, 2, "x", "x", "x", "x"})} {
		if row.ID() != "" || row.StringAt(1) != "" || row.TextAt(1) != nil || row.BoolAt(2) || row.IntAt(3) != 0 || !row.TimeAt(4).IsZero() {
			t.Errorf("got %v", row.Map())
		}
	}
}

func TestRowCloneAndMerge(t *testing.T) {
	t.Parallel()
	table := rowTable(t)
	row := table.NewRow().Set("text", "a").Set("flag", true)
	clone := row.Clone()
	clone.Set("text", "b").Set("flag", nil)
	if row.Get("text") != "a" || row.Get("flag") != true {
		t.Error("a change of the clone changes the row")
	}
	row.Merge(table.NewRow().Set("flag", nil).Set("n", int64(1)))
	if d := cmp.Diff(map[string]any{"text": "a", "flag": nil, "number": int64(1)}, row.Map()); d != "" {
		t.Error(d)
	}
}

func TestRowPanicsOnMistakesOfTheProgram(t *testing.T) {
	t.Parallel()
	table := rowTable(t)
	for name, mistake := range map[string]func(){
		"unknown field":        func() { table.NewRow().Set("nothing", 1) },
		"wrong number of rows": func() { table.RowOf(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			mistake()
		}()
	}
}

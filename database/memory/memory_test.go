package memory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/schema"
)

func TestAdapter(t *testing.T) {
	t.Parallel()
	databasetest.Run(t, func(testing.TB, *schema.Schema) database.Adapter { return memory.New() })
}

// family has one table that the others reference, each with another action.
func family(t testing.TB) *schema.Schema {
	t.Helper()
	child := func(key string, action schema.OnDelete, optional bool) schema.Model {
		return schema.Model{Key: key, Fields: []schema.Field{
			{Name: "parent", Optional: optional, Default: "nobody", References: &schema.Reference{Model: "parent", OnDelete: action}},
			{Name: "size", Type: schema.Number, Optional: true},
			{Name: "mail", Unique: true, Optional: true},
		}}
	}
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{
		{Key: "parent", Fields: []schema.Field{{Name: "name", Optional: true}}},
		child("cascading", "", false), child("restricting", schema.Restrict, false),
		child("defaulting", schema.SetDefault, false), child("nulling", schema.SetNull, true),
		{Key: "grandchild", Fields: []schema.Field{{Name: "of", References: &schema.Reference{Model: "cascading"}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t testing.TB, a database.Adapter, row schema.Row) schema.Row {
	t.Helper()
	created, err := a.Create(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func only(t testing.TB, a database.Adapter, table *schema.Table) map[string]any {
	t.Helper()
	found, err := a.FindMany(t.Context(), database.Query{Table: table, Limit: 10})
	if err != nil || len(found) != 1 {
		t.Fatalf("got %d rows and error %v, want one row", len(found), err)
	}
	return found[0].Map()
}

func TestDeleteFollowsForeignKeys(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	parent := create(t, a, s.Table("parent").NewRow().Set("id", "p"))
	cascading := create(t, a, s.Table("cascading").NewRow().Set("parent", "p"))
	create(t, a, s.Table("grandchild").NewRow().Set("of", cascading.ID()))
	create(t, a, s.Table("defaulting").NewRow().Set("id", "d").Set("parent", "p"))
	create(t, a, s.Table("nulling").NewRow().Set("id", "n").Set("parent", "p"))

	if err := a.Delete(t.Context(), parent.Table(), []database.Where{database.Eq("id", "p")}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"parent", "cascading", "grandchild"} {
		if n, err := a.Count(t.Context(), s.Table(key), nil); n != 0 || err != nil {
			t.Errorf("%d rows of %s are left, error %v", n, key, err)
		}
	}
	if got := only(t, a, s.Table("defaulting"))["parent"]; got != "nobody" {
		t.Errorf("defaulting child has parent %v", got)
	}
	if got := only(t, a, s.Table("nulling"))["parent"]; got != nil {
		t.Errorf("nulling child has parent %v", got)
	}
}

func TestDeleteThatIsRestrictedChangesNothing(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	create(t, a, s.Table("parent").NewRow().Set("id", "a"))
	create(t, a, s.Table("parent").NewRow().Set("id", "b"))
	create(t, a, s.Table("cascading").NewRow().Set("parent", "a"))
	create(t, a, s.Table("restricting").NewRow().Set("parent", "b"))

	if _, err := a.DeleteMany(t.Context(), s.Table("parent"), nil); err == nil {
		t.Fatal("got no error")
	}
	for key, want := range map[string]int64{"parent": 2, "cascading": 1, "restricting": 1} {
		if n, _ := a.Count(t.Context(), s.Table(key), nil); n != want {
			t.Errorf("%s has %d rows, want %d", key, n, want)
		}
	}
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	table := s.Table("cascading")
	create(t, a, table.NewRow().Set("id", "1").Set("parent", "p").Set("mail", "m").Set("size", int64(math.MaxInt64)))
	create(t, a, table.NewRow().Set("id", "2").Set("parent", "p"))
	create(t, a, table.NewRow().Set("id", "3").Set("parent", "p")) // nulls are not duplicates

	tests := map[string]func() error{
		"a required field is missing": func() error { _, err := a.Create(t.Context(), table.NewRow()); return err },
		"a required field is set to null": func() error {
			_, err := a.UpdateMany(t.Context(), nil, table.NewRow().Set("parent", nil))
			return err
		},
		"the id is no string": func() error {
			_, err := a.Create(t.Context(), table.NewRow().Set("id", int64(5)).Set("parent", "p"))
			return err
		},
		"the id is set to null": func() error {
			_, err := a.UpdateMany(t.Context(), nil, table.NewRow().Set("id", nil))
			return err
		},
		"a sum overflows": func() error {
			_, err := a.IncrementOne(t.Context(), []database.Where{database.Eq("id", "1")}, []database.Increment{{Field: "size", Delta: 1}}, table.NewRow())
			return err
		},
		"a field is incremented and set": func() error {
			_, err := a.IncrementOne(t.Context(), []database.Where{database.Eq("id", "2")}, []database.Increment{{Field: "size", Delta: 1}}, table.NewRow().Set("size", int64(1)))
			return err
		},
		"no table is given": func() error { _, err := a.Create(t.Context(), schema.Row{}); return err },
		"no table is asked": func() error { _, err := a.FindOne(t.Context(), database.Query{}); return err },
	}
	for name, operation := range tests {
		if operation() == nil {
			t.Errorf("%s, and there is no error", name)
		}
	}
	if _, err := a.UpdateMany(t.Context(), []database.Where{database.Eq("id", "2")}, table.NewRow().Set("mail", "m")); !errors.Is(err, database.ErrDuplicate) {
		t.Errorf("got error %v, want a duplicate", err)
	}
}

func TestSerialIDs(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	table := s.Table("parent")
	var got []string
	for _, given := range []any{nil, "41", "", "7", nil, "text"} {
		row := table.NewRow()
		if given != nil {
			row.Set("id", given)
		}
		got = append(got, create(t, a, row).ID())
	}
	if d := cmp.Diff([]string{"1", "41", "42", "7", "43", "text"}, got); d != "" {
		t.Error(d)
	}
}

func TestSchemasWithEqualTablesShareRows(t *testing.T) {
	t.Parallel()
	one, two, a := family(t), family(t), memory.New()
	create(t, a, one.Table("parent").NewRow().Set("id", "p"))
	create(t, a, two.Table("cascading").NewRow().Set("parent", "p"))
	join, err := database.Relate(two.Table("parent"), two.Table("cascading"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := a.FindOne(t.Context(), database.Query{Table: two.Table("parent"), Joins: []database.Join{join}})
	if err != nil || found == nil || len(found.Joined[0]) != 1 || found.Table() != two.Table("parent") {
		t.Fatalf("got %v and error %v", found, err)
	}

	other, err := schema.Compile(schema.Definition{Models: []schema.Model{{Key: "parent"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Count(t.Context(), other.Table("parent"), nil); err == nil {
		t.Error("a table with other columns is accepted")
	}
}

func TestWritersWaitForTheTransactionAndGiveUpWithTheirContext(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	err := a.Transaction(t.Context(), func(database.Adapter) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := make(chan error)
		go func() {
			_, err := a.Create(ctx, s.Table("parent").NewRow())
			cancelled <- err
		}()
		cancel()
		if err := <-cancelled; !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v", err)
		}
		n, err := a.Count(t.Context(), s.Table("parent"), nil) // reads do not wait
		if n != 0 {
			t.Errorf("%d rows are visible", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRolledBackRowsAreFoundByTheirOldValues(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	table := s.Table("cascading")
	create(t, a, table.NewRow().Set("id", "1").Set("parent", "p").Set("mail", "old"))
	planned := errors.New("planned")
	err := a.Transaction(t.Context(), func(tx database.Adapter) error {
		for _, mail := range []string{"new", "newer", "old", "newest"} {
			if _, err := tx.UpdateMany(t.Context(), nil, table.NewRow().Set("mail", mail)); err != nil {
				return err
			}
		}
		outside, err := a.FindOne(t.Context(), database.Query{Table: table, Where: []database.Where{database.Eq("mail", "old")}})
		if err != nil || outside == nil || outside.Get("mail") != "old" {
			t.Errorf("outside is %v, error %v", outside, err)
		}
		// A freed value can be used within the transaction.
		if _, err := tx.Create(t.Context(), table.NewRow().Set("id", "2").Set("parent", "p").Set("mail", "old")); err != nil {
			return err
		}
		return planned
	})
	if !errors.Is(err, planned) {
		t.Fatal(err)
	}
	for mail, want := range map[string]int64{"old": 1, "new": 0, "newer": 0, "newest": 0} {
		if n, _ := a.Count(t.Context(), table, []database.Where{database.Eq("mail", mail)}); n != want {
			t.Errorf("%d rows with %s, want %d", n, mail, want)
		}
	}
}

func TestManyDeletedRowsAreForgotten(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	table := s.Table("parent")
	for i := range 500 {
		create(t, a, table.NewRow().Set("id", fmt.Sprint(i)))
		if i%5 != 0 {
			if _, err := a.ConsumeOne(t.Context(), table, []database.Where{database.Eq("id", fmt.Sprint(i))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	found, err := a.FindMany(t.Context(), database.Query{Table: table, Limit: 1000})
	if err != nil || len(found) != 100 {
		t.Fatalf("got %d rows and error %v", len(found), err)
	}
	for i, rec := range found {
		if rec.ID() != fmt.Sprint(5*i) {
			t.Fatalf("row %d has id %s: the order is lost", i, rec.ID())
		}
	}
}

func TestValuesOfAnotherTypeAreKept(t *testing.T) {
	t.Parallel()
	s, a := family(t), memory.New()
	table := s.Table("cascading")
	for i, v := range []any{"forty", true, 1.5, int64(2), json.RawMessage(`{}`), []string{"x"}, []float64{1}} {
		id := fmt.Sprint("v", i)
		got := create(t, a, table.NewRow().Set("id", id).Set("parent", "p").Set("size", v))
		if d := cmp.Diff(v, got.Get("size")); d != "" {
			t.Error(d)
		}
		n, err := a.Count(t.Context(), table, []database.Where{database.Eq("size", v)})
		if err != nil || n != 1 {
			t.Errorf("%d rows have %v, error %v", n, v, err)
		}
	}
	whole := create(t, a, table.NewRow().Set("parent", "p").Set("size", 3.0))
	if whole.Get("size") != int64(3) {
		t.Errorf("a whole number is a %T", whole.Get("size"))
	}
	q := database.Query{Table: table, Sort: []database.Sort{{Field: "size"}}, Limit: 10}
	if _, err := a.FindMany(t.Context(), q); err != nil {
		t.Error(err)
	}
}

func FuzzConditions(f *testing.F) {
	for _, op := range []string{"eq", "ne", "lt", "gte", "contains", "starts_with", "ends_with", "in", ""} {
		f.Add("name", op, "abc", true)
	}
	f.Add("id", "eq", "%", false)
	s := family(f)
	table := s.Table("parent")
	f.Fuzz(func(t *testing.T, field, op, value string, insensitive bool) {
		a := memory.New()
		create(t, a, table.NewRow().Set("id", "1").Set("name", value))
		where := []database.Where{{Field: field, Operator: database.Operator(op), Value: value, Insensitive: insensitive}}
		n, err := a.Count(t.Context(), table, where)
		if err == nil && field == "name" && n != 1 {
			switch database.Operator(op) {
			case database.NotEqual, database.Less, database.Greater:
			default:
				t.Errorf("%s %q does not find itself", op, value)
			}
		}
	})
}

func users(b *testing.B, n int) (*database.DB, *schema.Schema) {
	b.Helper()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{schema.UserModel(), schema.SessionModel()}})
	if err != nil {
		b.Fatal(err)
	}
	db, err := database.New(memory.New(), s, database.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		id := fmt.Sprint(i)
		user := s.Table("user").NewRow().Set("id", id).Set("name", "A").Set("email", id+"@x.com")
		session := s.Table("session").NewRow().Set("id", id).Set("token", "t"+id).Set("userId", id).Set("expiresAt", time.Unix(0, 0)).Set("updatedAt", time.Unix(0, 0))
		for _, row := range []schema.Row{user, session} {
			if _, err := db.Create(b.Context(), row); err != nil {
				b.Fatal(err)
			}
		}
	}
	return db, s
}

func BenchmarkFindSessionWithUser(b *testing.B) {
	db, s := users(b, 10_000)
	join, err := database.Relate(s.Table("session"), s.Table("user"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		rec, err := db.FindOne(b.Context(), database.Query{Table: s.Table("session"), Where: []database.Where{database.Eq("token", "t5000")}, Joins: []database.Join{join}})
		if err != nil || rec == nil || len(rec.Joined[0]) != 1 {
			b.Fatal(rec, err)
		}
	}
}

func BenchmarkCreateAndConsume(b *testing.B) {
	db, s := users(b, 10_000)
	user := s.Table("user").NewRow().Set("id", "new").Set("name", "A").Set("email", "new@x.com")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := db.Create(b.Context(), user); err != nil {
			b.Fatal(err)
		}
		if _, err := db.ConsumeOne(b.Context(), user.Table(), database.Eq("id", "new")); err != nil {
			b.Fatal(err)
		}
	}
}

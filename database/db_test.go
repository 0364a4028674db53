package database_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/schema"
)

// fakeClock is a clock that goes when it is told to.
type fakeClock struct{ at time.Time }

func (c *fakeClock) now() time.Time { return c.at }

var start = time.Date(2026, 3, 14, 13, 0, 0, 123456789, time.FixedZone("", 3600))

func compile(t testing.TB, ids schema.IDStrategy, more ...schema.Field) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(schema.Definition{
		IDs:        ids,
		Models:     []schema.Model{schema.UserModel(), schema.SessionModel(), schema.AccountModel()},
		Additional: map[string][]schema.Field{"user": more},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, a database.Adapter, s *schema.Schema, o database.Options) *database.DB {
	t.Helper()
	db, err := database.New(a, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func newUser(s *schema.Schema) schema.Row {
	return s.Table("user").NewRow().Set("name", "Alice").Set("email", "alice@x.com")
}

func TestCreateFillsDefaultsByTheClock(t *testing.T) {
	t.Parallel()
	calls := 0
	s := compile(t, "", schema.Field{Name: "static", Default: "s"}, schema.Field{Name: "whole", Type: schema.Number, Default: 5},
		schema.Field{Name: "called", Type: schema.Number, Default: func() any { calls++; return int64(calls) }},
		schema.Field{Name: "optional", Optional: true, Default: "o"}, schema.Field{Name: "changed", Optional: true, OnUpdate: "u"})
	clock := &fakeClock{start}
	db := open(t, memory.New(), s, database.Options{Now: clock.now, NewID: func(model string) string { return model + "-id" }})
	got, err := db.Create(t.Context(), newUser(s).Set("optional", nil).Set("static", nil))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 14, 12, 0, 0, 123e6, time.UTC)
	want := map[string]any{
		"id": "user-id", "name": "Alice", "email": "alice@x.com", "emailVerified": false, "image": nil, "createdAt": at, "updatedAt": at,
		"static": "s", "whole": int64(5), "called": int64(1), "optional": nil, "changed": nil,
	}
	if d := cmp.Diff(want, got.Map()); d != "" {
		t.Error(d)
	}

	clock.at = start.Add(time.Hour)
	updated, err := db.Update(t.Context(), s.Table("user").NewRow().Set("name", "Bob"), database.Eq("id", "user-id"))
	if err != nil {
		t.Fatal(err)
	}
	want["name"], want["updatedAt"], want["changed"] = "Bob", at.Add(time.Hour), "u"
	if d := cmp.Diff(want, updated.Map()); d != "" {
		t.Error(d)
	}

	given := start.Add(-time.Hour)
	updated, err = db.Update(t.Context(), s.Table("user").NewRow().Set("updatedAt", given).Set("changed", nil), database.Eq("id", "user-id"))
	if err != nil {
		t.Fatal(err)
	}
	want["updatedAt"], want["changed"] = database.Milliseconds(given), nil
	if d := cmp.Diff(want, updated.Map()); d != "" {
		t.Error(d)
	}
}

func TestIDsFollowTheStrategy(t *testing.T) {
	t.Parallel()
	const uuid, other = "0191b5c4-0000-4000-8000-00000000000a", "not-an-id"
	tests := []struct {
		strategy schema.IDStrategy
		given    string
		made     string
		want     string
	}{
		{schema.TextIDs, "", "made", "made"},
		{schema.TextIDs, other, "made", other},
		{schema.TextIDs, "", "", "1"}, // left to the store
		{schema.UUIDs, "", uuid, uuid},
		{schema.UUIDs, strings.ToUpper(uuid), "made", strings.ToUpper(uuid)},
		{schema.UUIDs, other, uuid, uuid},
		{schema.UUIDs, "0191b5c4-0000-7000-8000-00000000000a", uuid, uuid}, // no version above 5
		{schema.SerialIDs, "", "made", "1"},
		{schema.SerialIDs, "12", "made", "12"},
		{schema.SerialIDs, "012", "made", "1"},
		{schema.SerialIDs, "-1", "made", "1"},
		{schema.SerialIDs, "99999999999999999999", "made", "1"},
		{schema.SerialIDs, other, "made", "1"},
		{schema.DatabaseIDs, "", "made", "1"},
		{schema.DatabaseIDs, other, "made", other},
	}
	for _, test := range tests {
		s := compile(t, test.strategy)
		db := open(t, memory.New(), s, database.Options{NewID: func(string) string { return test.made }})
		got, err := db.Create(t.Context(), newUser(s).Set("id", test.given))
		if err != nil {
			t.Fatal(err)
		}
		if got.ID() != test.want {
			t.Errorf("%q ids: %q becomes %q, want %q", test.strategy, test.given, got.ID(), test.want)
		}
	}
}

// An id is left to a store that makes UUIDs itself, unless the row has one.
func TestIDsOfAStoreThatMakesUUIDs(t *testing.T) {
	t.Parallel()
	const uuid = "0191b5c4-0000-4000-8000-00000000000a"
	s := compile(t, schema.UUIDs)
	a := limited{memory.New(), database.Capabilities{GeneratesUUIDs: true}}
	db := open(t, a, s, database.Options{NewID: func(string) string { t.Error("an id was made"); return "" }})
	for given, kept := range map[string]bool{uuid: true, "": false, "not-an-id": false} {
		row := db.Complete(newUser(s).Set("id", given))
		if row.Has(0) != kept || kept && row.ID() != given {
			t.Errorf("%q becomes %q, want it kept: %t", given, row.ID(), kept)
		}
	}
	own := open(t, a, s, database.Options{NewID: func(string) string { return uuid }, OwnIDs: true})
	if row := own.Complete(newUser(s)); row.ID() != uuid {
		t.Errorf("the application's own id is %q", row.ID())
	}
}

// limited is an adapter that lacks what a test takes away.
type limited struct {
	database.Adapter
	caps database.Capabilities
}

func (a limited) Capabilities() database.Capabilities { return a.caps }

// Transaction calls fn without one, as adapters without transactions do.
func (a limited) Transaction(_ context.Context, fn func(database.Adapter) error) error { return fn(a) }

func TestNewRefusesIDsThatTheAdapterCannotMake(t *testing.T) {
	t.Parallel()
	_, err := database.New(limited{Adapter: memory.New()}, compile(t, schema.SerialIDs), database.Options{})
	if err == nil {
		t.Error("got no error")
	}
}

func TestEncodingErrorsNameTheField(t *testing.T) {
	t.Parallel()
	broken := func(any) (any, error) { return nil, errors.New("broken") }
	for _, field := range []schema.Field{{Name: "odd", Optional: true, Encode: broken}, {Name: "odd", Optional: true, Decode: broken}} {
		s := compile(t, "", field)
		db := open(t, memory.New(), s, database.Options{NewID: func(string) string { return "id" }})
		_, err := db.Create(t.Context(), newUser(s).Set("odd", "x"))
		if err == nil || !strings.Contains(err.Error(), "user.odd") {
			t.Errorf("got error %v", err)
		}
	}
}

func TestRelate(t *testing.T) {
	t.Parallel()
	to := func(name, model, field string, unique bool) schema.Field {
		return schema.Field{Name: name, Unique: unique, References: &schema.Reference{Model: model, Field: field}}
	}
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{
		schema.UserModel(), schema.SessionModel(),
		{Key: "badge", Fields: []schema.Field{to("holder", "user", "", true)}},
		{Key: "contact", Fields: []schema.Field{to("address", "user", "email", false)}},
		{Key: "transfer", Fields: []schema.Field{to("from", "user", "", false), to("to", "user", "", false)}},
		{Key: "alone"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		from, to string
		want     database.Join
		problem  string
	}{
		{"user", "session", database.Join{From: "id", On: "userId"}, ""},
		{"session", "user", database.Join{From: "userId", On: "id", One: true}, ""},
		{"user", "badge", database.Join{From: "id", On: "holder", One: true}, ""},
		{"badge", "user", database.Join{From: "holder", On: "id", One: true}, ""},
		{"user", "contact", database.Join{From: "email", On: "address"}, ""},
		{"contact", "user", database.Join{From: "address", On: "email", One: true}, ""},
		{"user", "transfer", database.Join{}, "2 foreign keys"},
		{"transfer", "user", database.Join{}, "2 foreign keys"},
		{"user", "alone", database.Join{}, "0 foreign keys"},
	}
	for _, test := range tests {
		got, err := database.Relate(s.Table(test.from), s.Table(test.to))
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%s to %s: got error %v", test.from, test.to, err)
			}
			continue
		}
		if err != nil || got.Table != s.Table(test.to) || got.From != test.want.From || got.On != test.want.On || got.One != test.want.One {
			t.Errorf("%s to %s: got %s → %s, one %t, error %v", test.from, test.to, got.From, got.On, got.One, err)
		}
	}
}

// joiner records how many joins it is asked for, and follows them when it says
// so by returning a row of its own.
type joiner struct {
	database.Adapter
	follows bool
	asked   []int
	joined  schema.Row
}

func (a *joiner) Capabilities() database.Capabilities { return database.Capabilities{Joins: a.follows} }

func (a *joiner) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	found, err := a.FindMany(ctx, q)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

func (a *joiner) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	a.asked = append(a.asked, len(q.Joins))
	follow := len(q.Joins) > 0
	q.Joins = nil
	found, err := a.Adapter.FindMany(ctx, q)
	for i := range found {
		if follow {
			found[i].Joined = [][]schema.Row{{a.joined}}
		}
	}
	return found, err
}

func TestJoinsAreAskedOfAdaptersThatFollowThem(t *testing.T) {
	t.Parallel()
	for _, follows := range []bool{false, true} {
		s := compile(t, "")
		sessions := s.Table("session")
		a := &joiner{Adapter: memory.New(), follows: follows, joined: sessions.NewRow().Set("id", "own").Set("userId", "u")}
		db := open(t, a, s, database.Options{})
		if _, err := db.Create(t.Context(), newUser(s).Set("id", "u")); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Create(t.Context(), sessions.NewRow().Set("id", "stored").Set("userId", "u").Set("token", "t").Set("expiresAt", start).Set("updatedAt", start)); err != nil {
			t.Fatal(err)
		}
		join, err := database.Relate(s.Table("user"), sessions)
		if err != nil {
			t.Fatal(err)
		}
		q := database.Query{Table: s.Table("user"), Joins: []database.Join{join}}
		one, err := db.FindOne(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		many, err := db.FindMany(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want, asked := "stored", []int{0, 0, 0, 0} // two queries each, none of them with a join
		if follows {
			want, asked = "own", []int{1, 1}
		}
		for _, rec := range append(many, *one) {
			if len(rec.Joined) != 1 || len(rec.Joined[0]) != 1 || rec.Joined[0][0].ID() != want {
				t.Errorf("follows joins %t: joined %v, want %s", follows, rec.Joined, want)
			}
		}
		if d := cmp.Diff(asked, a.asked); d != "" {
			t.Errorf("follows joins %t: %s", follows, d)
		}
	}
}

func TestWorkAfterAFailureRunsWhenNothingCouldBeUndone(t *testing.T) {
	t.Parallel()
	planned := errors.New("planned")
	for _, supported := range []bool{false, true} {
		a := limited{Adapter: memory.New(), caps: database.Capabilities{Transactions: supported}}
		db := open(t, a, compile(t, ""), database.Options{})
		ran := 0
		err := db.InTransaction(t.Context(), func(ctx context.Context) error {
			for range 2 {
				if err := db.AfterCommit(ctx, func(context.Context) error { ran++; return nil }); err != nil {
					return err
				}
			}
			return planned
		})
		if !errors.Is(err, planned) || (ran == 2) == supported {
			t.Errorf("with transactions %t the work ran %d times, error %v", supported, ran, err)
		}
	}
}

// repeating calls the function of a transaction twice, as stores do that find
// at the commit that they have to try again.
type repeating struct{ database.Adapter }

func (a repeating) Transaction(ctx context.Context, fn func(database.Adapter) error) error {
	again := errors.New("again")
	_ = a.Adapter.Transaction(ctx, func(tx database.Adapter) error { _ = fn(tx); return again })
	return a.Adapter.Transaction(ctx, fn)
}

func TestWorkAfterACommitRunsOnceWhenTheAdapterTriesAgain(t *testing.T) {
	t.Parallel()
	s := compile(t, "")
	db := open(t, repeating{memory.New()}, s, database.Options{NewID: func(string) string { return "id" }})
	ran := 0
	err := db.InTransaction(t.Context(), func(ctx context.Context) error {
		if err := db.AfterCommit(ctx, func(context.Context) error { ran++; return nil }); err != nil {
			return err
		}
		_, err := db.Create(ctx, newUser(s))
		return err
	})
	if err != nil || ran != 1 {
		t.Errorf("the work ran %d times, error %v", ran, err)
	}
}

func TestTransactionsOfTwoDatabasesAreApart(t *testing.T) {
	t.Parallel()
	s := compile(t, "")
	one, two := open(t, memory.New(), s, database.Options{}), open(t, memory.New(), s, database.Options{})
	planned := errors.New("planned")
	err := one.InTransaction(t.Context(), func(ctx context.Context) error {
		if _, err := two.Create(ctx, newUser(s)); err != nil {
			return err
		}
		return planned
	})
	if n, _ := two.Count(t.Context(), s.Table("user")); !errors.Is(err, planned) || n != 1 {
		t.Errorf("the other database has %d rows, error %v", n, err)
	}
}

func TestErrorsSayWhatWasDone(t *testing.T) {
	t.Parallel()
	s := compile(t, "")
	db := open(t, memory.New(), s, database.Options{})
	user := s.Table("user")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	where := database.Eq("id", "1")
	for want, operation := range map[string]func() error{
		"create user":    func() error { _, err := db.Create(ctx, newUser(s)); return err },
		"find user":      func() error { _, err := db.FindOne(ctx, database.Query{Table: user}); return err },
		"count user":     func() error { _, err := db.Count(ctx, user); return err },
		"update user":    func() error { _, err := db.UpdateMany(ctx, user.NewRow()); return err },
		"delete user":    func() error { return db.Delete(ctx, user, where) },
		"consume user":   func() error { _, err := db.ConsumeOne(ctx, user, where); return err },
		"increment user": func() error { _, err := db.IncrementOne(ctx, user.NewRow().Set("name", "x"), nil, where); return err },
	} {
		if err := operation(); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
}

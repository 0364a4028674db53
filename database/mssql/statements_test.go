package mssql_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mssql"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"

	mssqldriver "github.com/microsoft/go-mssqldb"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden compares a text with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSuffix(string(want), "\n"), got); diff != "" {
		t.Errorf("%s differs (-file +statements):\n%s", path, diff)
	}
}

func compile(t *testing.T, d schema.Definition) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func definition(ids schema.IDStrategy) schema.Definition {
	return schema.Definition{
		IDs: ids, Models: []schema.Model{schema.UserModel(), schema.SessionModel(), schema.RateLimitModel()},
		Plugins: []schema.Model{{
			Key: "thing", Table: "odd]name",
			Fields: []schema.Field{
				{Name: "ownerId", Optional: true, References: &schema.Reference{Model: "user", OnDelete: schema.SetNull}},
				{Name: "mail", References: &schema.Reference{Model: "user", Field: "email", OnDelete: schema.Restrict}},
				{Name: "kind"},
				{Name: "label", Index: true},
				{Name: "words", Type: schema.StringArray},
			},
			Indexes: []schema.Index{{Fields: []string{"kind", "label"}, Unique: true}},
		}},
		Additional: map[string][]schema.Field{schema.UserKey: {
			{Name: "handle", Unique: true, Optional: true},
			{Name: "beta", Type: schema.Boolean, Default: true},
			{Name: "seenAt", Type: schema.Date, Default: schema.Now},
			{Name: "plan", Default: "it's"},
		}},
	}
}

// What each operation says to the server.
func TestStatements(t *testing.T) {
	t.Parallel()
	s, serial := compile(t, schema.Definition{Models: definition("").Models}), compile(t, schema.Definition{IDs: schema.SerialIDs, Models: definition("").Models})
	users, limits := s.Table(schema.UserKey), s.Table(schema.RateLimitKey)
	r := &recorder{}
	a := r.open(t)
	ctx := t.Context()
	eq, compare := database.Eq, database.Compare
	find := func(q database.Query) { _, _ = a.FindMany(ctx, q) }
	join, err := database.Relate(s.Table(schema.SessionKey), users)
	if err != nil {
		t.Fatal(err)
	}
	many, err := database.Relate(users, s.Table(schema.SessionKey))
	if err != nil {
		t.Fatal(err)
	}
	session := database.Query{Table: s.Table(schema.SessionKey), Where: []database.Where{eq("token", "t")}, Joins: []database.Join{join}}
	var text strings.Builder
	for _, op := range []struct {
		name string
		run  func()
	}{
		{"create", func() { _, _ = a.Create(ctx, limits.NewRow().Set("id", "1").Set("key", "k").Set("count", int64(1))) }},
		{"create with an id that the table counts up", func() {
			_, _ = a.Create(ctx, serial.Table(schema.RateLimitKey).NewRow().Set("id", "7").Set("key", "k"))
		}},
		{"create with an id that the table gives", func() { _, _ = a.Create(ctx, serial.Table(schema.RateLimitKey).NewRow().Set("key", "k")) }},
		{"create without values", func() { _, _ = a.Create(ctx, limits.NewRow()) }},
		{"find one by id", func() { _, _ = a.FindOne(ctx, database.Query{Table: limits, Where: []database.Where{eq("id", "1")}}) }},
		{"find one by a foreign key and its row", func() { _, _ = a.FindOne(ctx, session) }},
		{"find a page", func() {
			find(database.Query{Table: limits, Sort: []database.Sort{{Field: "count", Descending: true}, {Field: "key"}}, Limit: 10, Offset: 20})
		}},
		{"find a part in any order", func() { find(database.Query{Table: limits, Limit: 10}) }},
		{"find by text", func() {
			find(database.Query{Table: limits, Where: []database.Where{
				compare("key", database.Contains, "a"),
				{Field: "key", Operator: database.StartsWith, Value: "a", Insensitive: true},
				{Field: "key", Value: "A", Insensitive: true},
				compare("key", database.NotEqual, "b"),
			}})
		}},
		{"find by lists", func() {
			find(database.Query{Table: limits, Where: []database.Where{
				database.OneOf("id", "1", "2", "3"), compare("key", database.NotIn, []any{"x"}), database.Or(database.OneOf[string]("key")), database.Or(eq("count", nil)),
			}})
		}},
		{"find by comparison", func() {
			find(database.Query{Table: users, Where: []database.Where{compare("createdAt", database.Less, time.Unix(0, 0)), eq("emailVerified", true)}})
		}},
		{"count", func() {
			_, _ = a.Count(ctx, limits, []database.Where{compare("count", database.GreaterOrEqual, int64(3))})
		}},
		{"update one by id", func() { _, _ = a.Update(ctx, []database.Where{eq("id", "1")}, limits.NewRow().Set("key", "k")) }},
		{"update one of several", func() { _, _ = a.Update(ctx, []database.Where{eq("count", int64(1))}, limits.NewRow().Set("key", "k")) }},
		{"update all that match", func() {
			_, _ = a.UpdateMany(ctx, []database.Where{eq("count", int64(1))}, limits.NewRow().Set("key", "k"))
		}},
		{"delete all that match", func() { _, _ = a.DeleteMany(ctx, limits, []database.Where{compare("count", database.Less, int64(1))}) }},
		{"consume one", func() { _, _ = a.ConsumeOne(ctx, limits, []database.Where{eq("key", "k")}) }},
		{"increment one", func() {
			_, _ = a.IncrementOne(ctx, []database.Where{eq("key", "k"), compare("count", database.Less, int64(3))},
				[]database.Increment{{Field: "count", Delta: 1}}, limits.NewRow().Set("lastRequest", int64(5)))
		}},
		{"find and hold", func() {
			_ = a.Transaction(ctx, func(tx database.Adapter) error {
				_, err := tx.FindOne(ctx, database.Query{Table: users, Where: []database.Where{eq("id", "u")}, ForUpdate: true})
				return err
			})
		}},
	} {
		op.run()
		text.WriteString("-- " + op.name + "\n" + r.taken() + "\n\n")
	}
	// Rows of several parents are read at once, and numbered.
	two := [][]driver.Value{make([]driver.Value, len(users.Fields)), make([]driver.Value, len(users.Fields))}
	two[0][0], two[1][0] = "a", "b"
	r.answers = []answer{{contains: "FROM [user]", rows: two}}
	find(database.Query{Table: users, Joins: []database.Join{many}})
	text.WriteString("-- find many and what belongs to each\n" + r.taken() + "\n\n")

	for _, op := range []struct {
		operator database.Operator
		value    string
	}{{database.Contains, "50%_[a-z]!"}, {database.StartsWith, "^x]"}, {database.EndsWith, "\\"}} {
		text.WriteString("-- pattern of " + string(op.operator) + " " + op.value + "\n" + mssql.Pattern(op.operator, op.value) + "\n\n")
	}
	golden(t, "statements.sql", strings.TrimSpace(text.String()))
}

// The tables of an empty database.
func TestTables(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string]schema.IDStrategy{"tables.sql": schema.TextIDs, "serial.sql": schema.SerialIDs} {
		r := &recorder{answers: []answer{{contains: "DATABASE_DEFAULT", rows: [][]driver.Value{{true}}}}}
		m, err := migrate.For(r.open(t), compile(t, definition(ids)))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := m.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Findings) > 0 {
			t.Errorf("findings in an empty database: %v", plan.Findings)
		}
		golden(t, name, plan.SQL())
	}
}

// A database that Better Auth has made is added to, and nothing that is there is
// planned again.
func TestAdditionsToTheTablesOfBetterAuth(t *testing.T) {
	t.Parallel()
	column := func(name, kind string, notNull, filled bool) []driver.Value {
		return []driver.Value{"user", name, kind, notNull, filled}
	}
	r := &recorder{answers: []answer{
		{contains: "DATABASE_DEFAULT", rows: [][]driver.Value{{true}}},
		{contains: "sys.types", rows: [][]driver.Value{
			column("id", "varchar", true, false), column("name", "varchar", true, false), column("email", "varchar", true, false),
			column("emailVerified", "smallint", true, false), column("image", "varchar", false, false),
			column("createdAt", "datetime2", true, true), column("updatedAt", "datetime2", true, true),
		}},
		{contains: "sys.indexes", rows: [][]driver.Value{
			{"user", "PK__user", true, false, "id"}, {"user", "UQ__user", true, false, "email"},
		}},
		{contains: "COUNT(*)", rows: [][]driver.Value{{int64(2)}}},
		{contains: "sp_getapplock", rows: [][]driver.Value{{int64(1)}}},
	}}
	m, err := migrate.For(r.open(t), compile(t, definition(schema.TextIDs)))
	if err != nil {
		t.Fatal(err)
	}
	r.taken()
	plan, err := m.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range plan.Refused() {
		t.Errorf("refused: %s", f.Message)
	}
	golden(t, "additions.sql", r.taken())
}

func TestErrors(t *testing.T) {
	t.Parallel()
	limits := compile(t, definition("")).Table(schema.RateLimitKey)
	for n, want := range map[int32]error{
		2627: database.ErrDuplicate, 2601: database.ErrDuplicate, 1222: database.ErrUnavailable, 3906: database.ErrUnavailable,
		9002: database.ErrUnavailable, 40613: database.ErrUnavailable, 18456: nil, 4060: nil, 208: nil,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r := &recorder{answers: []answer{{contains: "INSERT", err: mssqldriver.Error{Number: n}}}}
		a := r.open(t)
		_, err := a.Create(ctx, limits.NewRow().Set("key", "k"))
		cancel()
		var original mssqldriver.Error
		if !errors.As(err, &original) || original.Number != n {
			t.Errorf("%d: got error %v", n, err)
		}
		for _, kind := range []error{database.ErrDuplicate, database.ErrUnavailable} {
			if is := errors.Is(err, kind); is != errors.Is(want, kind) {
				t.Errorf("%d is %v: %t", n, kind, is)
			}
		}
	}
}

// A transaction that was the victim of a deadlock is run again.
func TestDeadlocksAreRunAgain(t *testing.T) {
	t.Parallel()
	limits := compile(t, definition("")).Table(schema.RateLimitKey)
	r := &recorder{answers: []answer{{contains: "UPDATE", err: mssqldriver.Error{Number: 1205}}}}
	a := r.open(t)
	attempts := 0
	err := a.Transaction(t.Context(), func(tx database.Adapter) error {
		if attempts++; attempts > 1 {
			return nil
		}
		_, err := tx.UpdateMany(t.Context(), nil, limits.NewRow().Set("key", "k"))
		return err
	})
	if err != nil || attempts != 2 {
		t.Errorf("%d attempts, error %v", attempts, err)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "sqlserver://u:secret@host", "sqlserver://u:sec%ret@host?database=d", "sqlserver://u:secret@host:x?database=d"} {
		if _, err := mssql.Open(url); err == nil {
			t.Errorf("%q was accepted", url)
		} else if strings.Contains(err.Error(), "sec") && !strings.Contains(err.Error(), "want sqlserver") || strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	a, err := mssql.Open("sqlserver://u:secret@127.0.0.1:1433?database=d&encrypt=true")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

package migrate_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// The files were written by Better Auth 1.7.25; see testdata/make.mjs.
func TestStatementsAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	core := schema.Definition{Models: coreModels()}
	serial := core
	serial.IDs = schema.SerialIDs
	people := core
	people.Renames = map[string]schema.Rename{"user": {Table: "people", Columns: map[string]string{"email": "email_address"}}}
	tests := []golden{
		{name: "core", schema: core},
		{name: "serial", schema: serial},
		{name: "extended", schema: extended(people)},
		{name: "added", schema: extended(people), before: &people},
	}
	uuids := core
	uuids.IDs = schema.UUIDs
	tests = append(tests, golden{name: "uuid", schema: uuids})
	for folder, empty := range databases {
		for _, tt := range tests {
			t.Run(folder+tt.name, func(t *testing.T) {
				t.Parallel()
				tt.compare(t, folder, empty(t))
			})
		}
	}
}

// databases open an empty database of each kind, by the folder of its statements.
var databases = map[string]func(t testing.TB) database.Adapter{
	"": func(t testing.TB) database.Adapter { return open(t, sqlite.Memory) },
	"postgres/": func(t testing.TB) database.Adapter {
		a, err := postgres.Open(testservice.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		return a
	},
	"mysql/": func(t testing.TB) database.Adapter {
		a, err := mysql.Open(testservice.MariaDB(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		return a
	},
}

// golden is a schema whose statements there is a file of.
type golden struct {
	name   string
	schema schema.Definition
	before *schema.Definition
}

func (tt golden) compare(t *testing.T, folder string, a database.Adapter) {
	t.Helper()
	golden, err := os.ReadFile("testdata/" + folder + tt.name + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	if tt.before != nil {
		apply(t, a, *tt.before)
	}
	plan := planFor(t, a, tt.schema)
	if diff := cmp.Diff(strings.TrimSpace(string(golden)), plan.SQL()); diff != "" {
		t.Error("statements differ (-Better Auth +Ostiary):\n" + diff)
	}
	if folder == "mysql/" && strings.Contains(plan.SQL(), longTable) {
		return // too long for the names that MariaDB gives to the foreign keys of a table
	}
	if len(plan.Findings) > 0 {
		t.Errorf("findings on a new database: %v", plan.Findings)
	}
	apply(t, a, tt.schema)
	if again := planFor(t, a, tt.schema); !again.Empty() || len(again.Findings) > 0 {
		t.Errorf("a second run would execute %s, and finds %v", again.SQL(), again.Findings)
	}
}

func coreModels() []schema.Model {
	return []schema.Model{schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel()}
}

const longTable = "a_rather_long_table_name_that_leaves_little_room_for_columns"

// extended adds what testdata/make.mjs adds.
func extended(d schema.Definition) schema.Definition {
	d.Additional = map[string][]schema.Field{"user": {
		{Name: "role", Default: "user"},
		{Name: "level", Type: schema.Number, Optional: true, Default: 3},
		{Name: "big", Type: schema.Number, BigInt: true, Optional: true},
		{Name: "beta", Type: schema.Boolean, Default: true},
		{Name: "handle", Unique: true, Optional: true},
		{Name: "code", Unique: true, Default: "it's"},
		{Name: "seenAt", Type: schema.Date, Optional: true, Default: schema.Now},
		{Name: "tags", Type: schema.StringArray, Optional: true},
		{Name: "scores", Type: schema.NumberArray, Optional: true},
		{Name: "extra", Type: schema.JSON, Optional: true},
		{Name: "city", Optional: true, Index: true},
	}}
	d.Plugins = []schema.Model{{
		Key:   "thing",
		Table: longTable,
		Fields: []schema.Field{
			{Name: "ownerId", Optional: true, References: &schema.Reference{Model: "user", OnDelete: schema.SetNull}},
			{Name: "mail", References: &schema.Reference{Model: "user", Field: "email", OnDelete: schema.Restrict}},
			{Name: "label", Index: true},
			{Name: "kind"},
			{Name: "secret", Unique: true, Index: true},
		},
		Indexes: []schema.Index{
			{Fields: []string{"kind", "label"}, Unique: true},
			{Fields: []string{"label", "kind"}, Name: "thing_lookup"},
		},
	}, schema.RateLimitModel()}
	return d
}

func open(t testing.TB, path string) *sqlite.Adapter {
	t.Helper()
	a := sqlite.Open(path)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func compile(t testing.TB, d schema.Definition) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func migrator(t testing.TB, a database.Adapter, d schema.Definition) *migrate.Migrator {
	t.Helper()
	m, err := migrate.For(a, compile(t, d))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func planFor(t testing.TB, a database.Adapter, d schema.Definition) *migrate.Plan {
	t.Helper()
	plan, err := migrator(t, a, d).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func apply(t testing.TB, a database.Adapter, d schema.Definition) *migrate.Plan {
	t.Helper()
	plan, err := migrator(t, a, d).Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

package migrate_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// file opens a database file both as an adapter and for statements of the test.
func file(t *testing.T, statements ...string) (*sqlite.Adapter, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth.db")
	a := open(t, path)
	if err := a.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	execute(t, db, statements...)
	return a, db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func core() schema.Definition { return schema.Definition{Models: coreModels()} }

// items is a schema of one table with the given fields.
func items(fields ...schema.Field) schema.Definition {
	return schema.Definition{Models: []schema.Model{{Key: "item", Fields: fields}}}
}

func kinds(findings []migrate.Finding) []migrate.Kind {
	var list []migrate.Kind
	for _, f := range findings {
		list = append(list, f.Kind)
	}
	return list
}

func TestSecondRunFindsNothing(t *testing.T) {
	t.Parallel()
	a, _ := file(t)
	if plan := apply(t, a, core()); len(plan.Statements) != 7 {
		t.Errorf("%d statements, want 7", len(plan.Statements))
	}
	if plan := apply(t, a, core()); !plan.Empty() || plan.SQL() != "" {
		t.Errorf("second run: %s", plan.SQL())
	}
	if findings, err := migrator(t, a, core()).Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("check: %v, %v", findings, err)
	}
}

func TestCheckNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	a, _ := file(t,
		`create table item (id text not null primary key, other text not null, filled text not null default '')`)
	d := items(schema.Field{Name: "label"})
	d.Models = append(d.Models, schema.Model{Key: "second"})
	findings, err := migrator(t, a, d).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []migrate.Kind{migrate.MissingColumn, migrate.UnexpectedRequiredColumn, migrate.MissingTable}
	if diff := cmp.Diff(want, kinds(findings)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotOursStaysAsItIs(t *testing.T) {
	t.Parallel()
	a, db := file(t,
		`create table orders (id integer primary key, note text)`,
		`insert into orders (note) values ('keep me')`,
		`create table user (id text not null primary key, name text not null, email text not null unique, favourite text)`,
		`insert into user values ('u', 'Ada', 'ada@example.com', 'blue')`,
		`create view recent as select * from orders`,
	)
	apply(t, a, core())
	var note, favourite string
	if err := db.QueryRow(`select note, favourite from orders, user`).Scan(&note, &favourite); err != nil {
		t.Fatal(err)
	}
	if note != "keep me" || favourite != "blue" {
		t.Errorf("note %q, favourite %q", note, favourite)
	}
	if plan := planFor(t, a, core()); !plan.Empty() {
		t.Error(plan.SQL())
	}
}

func TestOnlyAdditionsAreEverPlanned(t *testing.T) {
	t.Parallel()
	a, _ := file(t,
		`create table user (id integer primary key, email blob, Email_Verified integer, extra text not null)`,
		`create table sessions (id text)`,
		`insert into user (extra) values ('x')`,
	)
	for _, s := range planFor(t, a, core()).Statements {
		add := strings.HasPrefix(s.SQL, "create ") || strings.HasPrefix(s.SQL, "alter table ") && strings.Contains(s.SQL, " add column ")
		if !add || strings.Contains(s.SQL, "drop") {
			t.Error(s.SQL)
		}
	}
}

func TestProcessesMigrateOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	var worked atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		m := migrator(t, open(t, path), extended(core()))
		wait.Go(func() {
			plan, err := m.Apply(t.Context())
			if err != nil {
				t.Error(err)
			} else if !plan.Empty() {
				worked.Add(1)
			}
		})
	}
	wait.Wait()
	if worked.Load() != 1 {
		t.Errorf("%d processes did the work, want 1", worked.Load())
	}
}

func TestColumnsOfFilledTables(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		rows  int
		field schema.Field
		sql   string
		found []migrate.Kind
	}{
		{"optional", 2, schema.Field{Name: "f", Optional: true}, `alter table "item" add column "f" text`, nil},
		{"default", 2, schema.Field{Name: "f", Default: "x"}, `alter table "item" add column "f" text default 'x' not null`, nil},
		{"quoted default", 2, schema.Field{Name: "f", Default: "'; drop table item; --"}, `alter table "item" add column "f" text default '''; drop table item; --' not null`, nil},
		{"boolean default", 2, schema.Field{Name: "f", Type: schema.Boolean, Default: false}, `alter table "item" add column "f" integer default 0 not null`, nil},
		{"empty table", 0, schema.Field{Name: "f"}, `alter table "item" add column "f" text not null`, nil},
		{"no default", 1, schema.Field{Name: "f"}, "", []migrate.Kind{migrate.RequiredColumn}},
		{"date", 1, schema.Field{Name: "f", Type: schema.Date, Default: schema.Now}, "", []migrate.Kind{migrate.RequiredColumn}},
		{"function default", 1, schema.Field{Name: "f", Default: func() any { return "x" }}, "", []migrate.Kind{migrate.RequiredColumn}},
		{
			"unique default, one row", 1,
			schema.Field{Name: "f", Unique: true, Default: "x"},
			`alter table "item" add column "f" text default 'x' not null;` + "\n\n" + `create unique index "item_f_uidx" on "item" ("f")`, nil,
		},
		{
			"unique default, two rows", 2,
			schema.Field{Name: "f", Unique: true, Default: "x"},
			"",
			[]migrate.Kind{migrate.RequiredColumn},
		},
		{
			"reference with default", 1,
			schema.Field{Name: "f", Default: "x", References: &schema.Reference{Model: "item"}},
			"",
			[]migrate.Kind{migrate.RequiredColumn},
		},
		{
			"index", 1,
			schema.Field{Name: "f", Index: true, Optional: true},
			`alter table "item" add column "f" text;` + "\n\n" + `create index "item_f_idx" on "item" ("f")`, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, db := file(t, `create table item (id text not null primary key)`)
			for i := range tt.rows {
				execute(t, db, fmt.Sprintf(`insert into item values ('%d')`, i))
			}
			plan := apply(t, a, items(tt.field))
			if diff := cmp.Diff(tt.sql, strings.TrimSuffix(plan.SQL(), ";")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.found, kinds(plan.Findings)); diff != "" {
				t.Error(diff)
			}
			if again := planFor(t, a, items(tt.field)); !again.Empty() {
				t.Errorf("second run: %s", again.SQL())
			}
		})
	}
}

func TestJudgements(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		table  string
		field  schema.Field
		kind   migrate.Kind
		column string
		remedy string
	}{
		{"nullable", `f text`, schema.Field{Name: "f"}, migrate.NullableColumn, "f", ""},
		{"type", `f text`, schema.Field{Name: "f", Type: schema.Number, Optional: true}, migrate.TypeMismatch, "f", ""},
		{"name of the index taken", `f text, g text unique); create index item_f_idx on item (g`, schema.Field{Name: "f", Optional: true, Index: true}, migrate.MissingIndex, "f", `create index "item_f_idx" on "item" ("f");`},
		{"no foreign key", `f text`, schema.Field{Name: "f", Optional: true, References: &schema.Reference{Model: "item"}}, migrate.MissingForeignKey, "f", ""},
		{"left over", `f text, issuer text not null`, schema.Field{Name: "f", Optional: true}, migrate.UnexpectedRequiredColumn, "issuer", `alter table "item" drop column "issuer";`},
		{"renamed by spelling", `user_id text`, schema.Field{Name: "userId", Optional: true}, migrate.RenamedColumn, "userId", `alter table "item" rename column "user_id" to "userId";`},
		{"renamed by option", `email text`, schema.Field{Name: "email", Column: "mail", Optional: true}, migrate.RenamedColumn, "mail", `alter table "item" rename column "email" to "mail";`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, db := file(t, `create table item (id text not null primary key, `+tt.table+`)`)
			if tt.kind == migrate.RenamedColumn {
				execute(t, db, `insert into item (id) values ('1')`)
			}
			plan := planFor(t, a, items(tt.field))
			if !plan.Empty() {
				t.Errorf("planned %s", plan.SQL())
			}
			if len(plan.Findings) != 1 {
				t.Fatalf("findings %v", plan.Findings)
			}
			f := plan.Findings[0]
			if f.Kind != tt.kind || f.Table != "item" || f.Column != tt.column || f.Remedy != tt.remedy || f.Message == "" {
				t.Errorf("%#v", f)
			}
			if !strings.Contains(f.String(), f.Message) {
				t.Error(f.String())
			}
		})
	}
}

func TestMissingIndexesOfColumnsThatExistAreAdded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		field schema.Field
		rows  []string
		sql   string
		found []migrate.Kind
	}{
		{"index", schema.Field{Name: "f", Optional: true, Index: true}, []string{`'a'`, `'a'`}, `create index "item_f_idx" on "item" ("f");`, nil},
		{"unique", schema.Field{Name: "f", Optional: true, Unique: true}, []string{`'a'`, `'b'`}, `create unique index "item_f_uidx" on "item" ("f");`, nil},
		{"unique over nulls", schema.Field{Name: "f", Optional: true, Unique: true}, []string{`null`, `null`}, `create unique index "item_f_uidx" on "item" ("f");`, nil},
		{"unique over duplicates", schema.Field{Name: "f", Optional: true, Unique: true}, []string{`'a'`, `'b'`, `'a'`}, "", []migrate.Kind{migrate.MissingUnique}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, db := file(t, `create table item (id text not null primary key, f text)`)
			for i, value := range tt.rows {
				execute(t, db, fmt.Sprintf(`insert into item values ('%d', %s)`, i, value))
			}
			plan := apply(t, a, items(tt.field))
			if plan.SQL() != tt.sql {
				t.Errorf("planned %s", plan.SQL())
			}
			if diff := cmp.Diff(tt.found, kinds(plan.Findings)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.found, kinds(plan.Refused())); diff != "" {
				t.Error(diff)
			}
			if again := planFor(t, a, items(tt.field)); !again.Empty() {
				t.Errorf("second run: %s", again.SQL())
			}
		})
	}
}

func TestUniqueIndexOverDuplicatesIsRefusedUntilTheyAreGone(t *testing.T) {
	t.Parallel()
	a, db := file(t,
		`create table item (id text not null primary key, a text not null, b text not null)`,
		`insert into item values ('1', 'x', 'y'), ('2', 'x', 'y')`,
	)
	d := items(schema.Field{Name: "a"}, schema.Field{Name: "b"})
	d.Models[0].Indexes = []schema.Index{{Fields: []string{"a", "b"}, Unique: true}}
	plan := apply(t, a, d)
	if !plan.Empty() || len(plan.Refused()) != 1 || !strings.Contains(plan.Findings[0].Message, "having count(*) > 1") {
		t.Fatalf("plan %s, findings %v", plan.SQL(), plan.Findings)
	}
	execute(t, db, `update item set b = 'z' where id = '2'`)
	if plan = apply(t, a, d); plan.SQL() != `create unique index "item_a_b_uidx" on "item" ("a", "b");` || len(plan.Findings) > 0 {
		t.Errorf("plan %s, findings %v", plan.SQL(), plan.Findings)
	}
}

// Columns that are added with a default have the same value in every row.
func TestUniqueIndexOverAddedColumnsIsRefusedWhenTheirDefaultsAreDuplicates(t *testing.T) {
	t.Parallel()
	filled := func(name string) schema.Field { return schema.Field{Name: name, Default: "it's"} }
	for name, test := range map[string]struct {
		rows    []string // values of a
		fields  []schema.Field
		refused int
	}{
		"all columns are added, to several rows": {[]string{"x", "y"}, []schema.Field{filled("b"), filled("c")}, 1},
		"all columns are added, to one row":      {[]string{"x"}, []schema.Field{filled("b"), filled("c")}, 0},
		"the others differ":                      {[]string{"x", "y"}, []schema.Field{{Name: "a"}, filled("b")}, 0},
		"the others agree":                       {[]string{"x", "x"}, []schema.Field{{Name: "a"}, filled("b")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, db := file(t, `create table item (id text not null primary key, a text not null)`)
			for i, value := range test.rows {
				execute(t, db, fmt.Sprintf(`insert into item values ('%d', '%s')`, i, value))
			}
			d := items(append([]schema.Field{{Name: "a"}}, slices.DeleteFunc(slices.Clone(test.fields), func(f schema.Field) bool { return f.Name == "a" })...)...)
			d.Models[0].Indexes = []schema.Index{{Fields: []string{test.fields[0].Name, test.fields[1].Name}, Unique: true}}
			if plan := apply(t, a, d); len(plan.Refused()) != test.refused {
				t.Fatalf("plan %s, findings %v", plan.SQL(), plan.Findings)
			}
			if plan := planFor(t, a, d); !plan.Empty() || len(plan.Refused()) != test.refused {
				t.Errorf("afterwards: plan %s, findings %v", plan.SQL(), plan.Findings)
			}
		})
	}
}

func TestRefusedColumnCanBeAddedByTheRemedy(t *testing.T) {
	t.Parallel()
	a, db := file(t, `create table item (id text not null primary key)`, `insert into item values ('1'), ('2')`)
	d := items(schema.Field{Name: "f", Unique: true})
	plan := apply(t, a, d)
	if len(plan.Refused()) != 1 {
		t.Fatalf("findings %v", plan.Findings)
	}
	execute(t, db, strings.Replace(plan.Findings[0].Remedy, "…", `"id"`, 1))
	plan = planFor(t, a, d)
	if diff := cmp.Diff([]migrate.Kind{migrate.NullableColumn}, kinds(plan.Findings)); diff != "" || !plan.Empty() {
		t.Error(plan.SQL(), diff)
	}
}

func TestRenamedTableIsReported(t *testing.T) {
	t.Parallel()
	a, db := file(t)
	apply(t, a, core())
	execute(t, db, `drop table session`, `drop table account`)
	renamed := core()
	renamed.Renames = map[string]schema.Rename{"user": {Table: "people"}}
	plan := planFor(t, a, renamed)
	at := slices.IndexFunc(plan.Findings, func(f migrate.Finding) bool { return f.Kind == migrate.RenamedTable })
	if at < 0 || plan.Findings[at].Remedy != `alter table "user" rename to "people";` {
		t.Errorf("%v", plan.Findings)
	}

	other, _ := file(t, `create table user (id integer primary key, login text)`) // an application's own
	if plan := planFor(t, other, renamed); len(plan.Findings) > 0 {
		t.Errorf("%v", plan.Findings)
	}
}

func TestIndexConflicts(t *testing.T) {
	t.Parallel()
	definition := items(schema.Field{Name: "a"}, schema.Field{Name: "b"})
	definition.Models[0].Indexes = []schema.Index{{Name: "pair", Fields: []string{"a", "b"}, Unique: true}}
	const table = `create table item (id text not null primary key, a text not null, b text not null)`
	tests := []struct {
		name       string
		statements []string
		problem    string // "" when the plan must be empty
	}{
		{"same", []string{table, `create unique index PAIR on item (A, b)`}, ""},
		{"other columns", []string{table, `create unique index pair on item (b, a)`}, "does not match"},
		{"not unique", []string{table, `create index pair on item (a, b)`}, "does not match"},
		{"partial", []string{table, `create unique index pair on item (a, b) where a > ''`}, "does not match"},
		{"expression", []string{table, `create unique index pair on item (a, lower(b))`}, "does not match"},
		{"other table", []string{table, `create table other (a text)`, `create index pair on other (a)`}, "belongs to the table"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _ := file(t, tt.statements...)
			plan, err := migrator(t, a, definition).Plan(t.Context())
			switch {
			case tt.problem == "" && (err != nil || !plan.Empty()):
				t.Errorf("plan %v, %v", plan, err)
			case tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)):
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestContradictingSchemas(t *testing.T) {
	t.Parallel()
	optional := schema.Field{Name: "o", Optional: true}
	tests := map[string]schema.Model{
		"cannot be indexed":    {Key: "item", Fields: []schema.Field{{Name: "j", Type: schema.JSON}}, Indexes: []schema.Index{{Fields: []string{"j"}}}},
		"optional field":       {Key: "item", Fields: []schema.Field{optional}, Indexes: []schema.Index{{Fields: []string{"o"}, Unique: true}}},
		"twice":                {Key: "item", Fields: []schema.Field{optional}, Indexes: []schema.Index{{Fields: []string{"o", "o"}}}},
		"must be letters":      {Key: "item", Fields: []schema.Field{optional}, Indexes: []schema.Index{{Name: "a b", Fields: []string{"o"}}}},
		"name of a table":      {Key: "item", Fields: []schema.Field{optional}, Indexes: []schema.Index{{Name: "Item", Fields: []string{"o"}}}},
		"both have an index":   {Key: "item", Fields: []schema.Field{{Name: "o", Index: true}}, Indexes: []schema.Index{{Name: "item_o_idx", Fields: []string{"o"}}}},
		"63 characters at mos": {Key: "item", Fields: []schema.Field{optional}, Indexes: []schema.Index{{Name: strings.Repeat("a", 64), Fields: []string{"o"}}}},
	}
	for problem, model := range tests {
		t.Run(problem, func(t *testing.T) {
			t.Parallel()
			s := compile(t, schema.Definition{Models: []schema.Model{model}})
			_, err := migrate.For(open(t, sqlite.Memory), s)
			if err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestUnmanagedTablesAreLeftAlone(t *testing.T) {
	t.Parallel()
	a, _ := file(t)
	d := schema.Definition{Models: []schema.Model{{Key: "shown"}, {Key: "hidden", Unmanaged: true}}}
	if got := apply(t, a, d).SQL(); got != `create table "shown" ("id" text not null primary key);` {
		t.Errorf("got %s", got)
	}
	if findings, err := migrator(t, a, d).Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("check: %v, %v", findings, err)
	}
}

func TestHostileNamesAreQuoted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`a"b`, `a b`, `a;b`, `'`, `"; drop table safe; --`, `a'b"c`, "[x]", "`x`", "ünïcödé", "%", "?", "$1", "select"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, db := file(t, `create table safe (x text)`)
			d := schema.Definition{Models: []schema.Model{
				{Key: "one", Table: name, Fields: []schema.Field{{Name: "f", Column: name, Unique: true}}},
				{Key: "two", Table: name + "2", Fields: []schema.Field{
					{Name: "oneId", Column: name, Index: true, References: &schema.Reference{Model: "one"}},
					{Name: "text", Column: name + "3", References: &schema.Reference{Model: "one", Field: "f"}},
				}},
			}}
			apply(t, a, d)
			if plan := planFor(t, a, d); !plan.Empty() || len(plan.Findings) > 0 {
				t.Errorf("second run: %s %v", plan.SQL(), plan.Findings)
			}
			execute(t, db, `insert into safe values ('still here')`)
			s := compile(t, d)
			row := s.Table("one").NewRow().Set("id", "1").Set("f", name)
			if _, err := a.Create(t.Context(), row); err != nil {
				t.Fatal(err)
			}
			found, err := a.FindOne(t.Context(), database.Query{Table: s.Table("one"), Where: []database.Where{database.Eq("f", name)}})
			if err != nil || found == nil || found.Get("f") != name {
				t.Error(found, err)
			}
		})
	}
}

func TestFailedMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	a, db := file(t,
		`create table user (id text not null primary key)`,
		`create view session as select 1`, // in the way of the table
	)
	if _, err := migrator(t, a, core()).Apply(t.Context()); err == nil {
		t.Fatal("no error")
	}
	var columns int
	if err := db.QueryRow(`select count(*) from pragma_table_info('user')`).Scan(&columns); err != nil || columns != 1 {
		t.Errorf("%d columns, %v", columns, err)
	}
	execute(t, db, `drop view session`)
	apply(t, a, core()) // the connection is usable and the lock is gone
}

func TestSerialIDsAreCounted(t *testing.T) {
	t.Parallel()
	a, _ := file(t)
	d := core()
	d.IDs = schema.SerialIDs
	apply(t, a, d)
	s := compile(t, d)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, want := range []string{"1", "2"} {
		row, err := a.Create(t.Context(), s.Table("user").NewRow().Set("id", "not a number").Set("name", want).
			Set("email", want).Set("emailVerified", true).Set("createdAt", now).Set("updatedAt", now))
		if err != nil || row.ID() != want {
			t.Errorf("id %q, %v; want %s", row.ID(), err, want)
		}
	}
}

func TestAdapterWithoutTables(t *testing.T) {
	t.Parallel()
	if _, err := migrate.For(keyValue{}, compile(t, core())); err == nil || !strings.Contains(err.Error(), "keyvalue") {
		t.Error(err)
	}
}

// keyValue is an adapter that cannot be migrated.
type keyValue struct{ database.Adapter }

func (keyValue) Capabilities() database.Capabilities { return database.Capabilities{Name: "keyvalue"} }

package migrate_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// engine is a kind of database that migrations are tried on.
type engine struct {
	// fresh opens an empty database, both as an adapter and for statements of the
	// test, and returns what removes it.
	fresh func() (a database.Adapter, db *sql.DB, remove func(), err error)
	quote func(name string) string
}

// Whatever the order in which fields, tables, indexes and names come and go:
// a migration leaves nothing to migrate, and every row as it was.
func TestMigrationsConvergeAndKeepEveryRow(t *testing.T) {
	t.Parallel()
	convergence(t, engine{quote: migrate.QuoteName, fresh: func() (database.Adapter, *sql.DB, func(), error) {
		db, err := sql.Open("sqlite", ":memory:?_pragma=foreign_keys(1)")
		if err != nil {
			return nil, nil, nil, err
		}
		db.SetMaxOpenConns(1) // each connection would have a database of its own
		return sqlite.FromDB(db), db, func() { _ = db.Close() }, nil
	}})
}

func TestMigrationsConvergeAndKeepEveryRowOnPostgreSQL(t *testing.T) {
	t.Parallel()
	// Statements that were prepared before a migration fail after it.
	db, err := sql.Open("pgx", with(testservice.Postgres(t), "default_query_exec_mode=exec"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	convergence(t, engine{quote: migrate.QuoteName, fresh: func() (database.Adapter, *sql.DB, func(), error) {
		return postgres.FromDB(db), db, func() { dropAll(t, db, migrate.QuoteName, " CASCADE") }, nil
	}})
}

func TestMigrationsConvergeAndKeepEveryRowOnMariaDB(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("mysql", with(testservice.MariaDB(t), "parseTime=true&loc=UTC&time_zone=%27%2B00%3A00%27&clientFoundRows=true&foreign_key_checks=1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	quote := func(name string) string { return "`" + name + "`" }
	convergence(t, engine{quote: quote, fresh: func() (database.Adapter, *sql.DB, func(), error) {
		return mysql.FromDB(db), db, func() { dropAll(t, db, quote, "") }, nil
	}})
}

// with adds parameters to an address.
func with(address, parameters string) string {
	if strings.Contains(address, "?") {
		return address + "&" + parameters
	}
	return address + "?" + parameters
}

// dropAll drops the tables, those first that reference others.
func dropAll(t *testing.T, db *sql.DB, quote func(string) string, how string) {
	t.Helper()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if how == "" {
		if _, err := conn.ExecContext(context.Background(), "SET foreign_key_checks = 0"); err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = conn.ExecContext(context.Background(), "SET foreign_key_checks = 1") }()
	}
	for _, table := range slices.Backward(modelKeys) {
		if _, err := conn.ExecContext(context.Background(), "DROP TABLE IF EXISTS "+quote(table)+how); err != nil {
			t.Fatal(err)
		}
	}
}

// convergence checks the property on one kind of database.
func convergence(t *testing.T, e engine) {
	t.Helper()
	var migrations, statements, refusals, rows int
	rapid.Check(t, func(r *rapid.T) {
		a, db, remove, err := e.fresh()
		if err != nil {
			r.Fatal(err)
		}
		defer remove()
		defer func() { _ = a.Close() }()
		w := &world{T: r, engine: e, adapter: a, db: db, definition: schema.Definition{Models: []schema.Model{{Key: "one"}}}}
		for range rapid.IntRange(2, 6).Draw(r, "steps") {
			for range rapid.IntRange(1, 4).Draw(r, "changes") {
				w.change()
			}
			plan := w.migrate()
			migrations++
			statements += len(plan.Statements)
			refusals += len(plan.Refused())
			rows += w.fill()
		}
	})
	t.Logf("%d migrations with %d statements and %d refusals, over %d rows", migrations, statements, refusals, rows)
	if statements == 0 || refusals == 0 || rows == 0 {
		t.Error("the property was never put to the test")
	}
}

// world is a database and the schema that it should have.
type world struct {
	*rapid.T
	engine
	adapter    database.Adapter
	db         *sql.DB
	definition schema.Definition
	created    int
}

var (
	modelKeys  = []string{"one", "two", "three"}
	fieldNames = []string{"alpha", "beta", "gamma", "delta", "epsilon"}
	fieldTypes = []schema.Type{schema.String, schema.Number, schema.Boolean, schema.Date, schema.JSON, schema.StringArray}
)

// change makes one random change to the schema.
func (w *world) change() {
	key := rapid.SampledFrom(modelKeys).Draw(w.T, "model")
	at := slices.IndexFunc(w.definition.Models, func(m schema.Model) bool { return m.Key == key })
	if at < 0 {
		w.definition.Models = append(w.definition.Models, schema.Model{Key: key})
		return
	}
	m := &w.definition.Models[at]
	name := rapid.SampledFrom(fieldNames).Draw(w.T, "field")
	field := slices.IndexFunc(m.Fields, func(f schema.Field) bool { return f.Name == name })
	if field < 0 {
		m.Fields = append(m.Fields, w.field(name))
		return
	}
	switch rapid.SampledFrom([]string{"remove", "rename", "redefine", "unique", "index", "pair"}).Draw(w.T, "change") {
	case "remove":
		m.Indexes = nil
		m.Fields = slices.Delete(m.Fields, field, field+1)
	case "rename":
		m.Fields[field].Column = rapid.SampledFrom([]string{"", name + "_column", strings.ToUpper(name)}).Draw(w.T, "column")
	case "redefine":
		m.Indexes = nil
		m.Fields[field] = w.field(name)
	case "unique":
		m.Fields[field].Unique = indexable(m.Fields[field])
	case "index":
		m.Fields[field].Index = indexable(m.Fields[field])
	case "pair":
		m.Indexes = w.pair(m)
	}
}

func indexable(f schema.Field) bool {
	return f.Type == schema.String || f.Type == schema.Number || f.Type == schema.Date
}

func (w *world) field(name string) schema.Field {
	f := schema.Field{
		Name:     name,
		Type:     rapid.SampledFrom(fieldTypes).Draw(w.T, "type"),
		Optional: rapid.Bool().Draw(w.T, "optional"),
	}
	if f.Type == schema.Number {
		f.BigInt = rapid.Bool().Draw(w.T, "bigint")
	}
	if indexable(f) {
		f.Index = rapid.Bool().Draw(w.T, "index")
		f.Unique = rapid.IntRange(0, 3).Draw(w.T, "unique") == 0
	}
	if rapid.Bool().Draw(w.T, "default") {
		f.Default = map[schema.Type]any{schema.String: "it's", schema.Number: 3, schema.Boolean: true, schema.Date: schema.Now}[f.Type]
	}
	if f.Type == schema.String && rapid.IntRange(0, 3).Draw(w.T, "reference") == 0 {
		f.References = &schema.Reference{Model: "one", OnDelete: rapid.SampledFrom([]schema.OnDelete{"", schema.Restrict, schema.NoAction}).Draw(w.T, "action")}
		f.Default = nil
	}
	return f
}

// pair is an index over the first two fields that can have one.
func (w *world) pair(m *schema.Model) []schema.Index {
	index := schema.Index{Unique: rapid.Bool().Draw(w.T, "unique pair")}
	for _, f := range m.Fields {
		if indexable(f) && !(f.Optional && index.Unique) && len(index.Fields) < 2 {
			index.Fields = append(index.Fields, f.Name)
		}
	}
	if len(index.Fields) < 2 {
		return nil
	}
	return []schema.Index{index}
}

// migrate migrates, and checks what must be true of it.
func (w *world) migrate() *migrate.Plan {
	s, err := schema.Compile(w.definition)
	if err != nil {
		w.Fatal(err)
	}
	m, err := migrate.For(w.adapter, s)
	if err != nil {
		w.Fatal(err)
	}
	before := w.rows()
	shown, err := m.Plan(w.Context())
	if err != nil && strings.Contains(err.Error(), "rename or replace it") {
		return &migrate.Plan{} // another index has the name: a person has to decide, and nothing is done
	}
	if err != nil {
		w.Fatal(err)
	}
	done, err := m.Apply(w.Context())
	if err != nil {
		w.Fatalf("%v\nof\n%s", err, shown.SQL())
	}
	if done.SQL() != shown.SQL() {
		w.Fatalf("planned\n%s\nbut did\n%s", shown.SQL(), done.SQL())
	}
	again, err := m.Plan(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	if !again.Empty() {
		w.Fatalf("after\n%s\nthere is still to do\n%s", done.SQL(), again.SQL())
	}
	if diff := cmp.Diff(kinds(done.Refused()), kinds(again.Refused())); diff != "" {
		w.Fatalf("refused something else the second time: %s", diff)
	}
	after := w.rows()
	for table, old := range before {
		if len(old) != len(after[table]) {
			w.Fatalf("%s had %d rows, and has %d", table, len(old), len(after[table]))
		}
		for i, row := range old {
			for column, value := range row {
				if diff := cmp.Diff(value, after[table][i][column]); diff != "" {
					w.Fatalf("%s\nchanged column %s of a row of %s: %s", done.SQL(), column, table, diff)
				}
			}
		}
	}
	return done
}

// rows reads everything.
func (w *world) rows() map[string][]map[string]any {
	all := map[string][]map[string]any{}
	for _, table := range modelKeys {
		all[table] = w.rowsOf(table)
	}
	return all
}

func (w *world) rowsOf(table string) []map[string]any {
	found, err := w.db.QueryContext(w.Context(), "SELECT * FROM "+w.quote(table)+" ORDER BY "+w.quote("id"))
	if err != nil {
		return nil // there is no such table yet
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		w.Fatal(err)
	}
	var rows []map[string]any
	for found.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := found.Scan(targets...); err != nil {
			w.Fatal(err)
		}
		row := map[string]any{}
		for i, column := range columns {
			row[column] = values[i]
		}
		rows = append(rows, row)
	}
	if err := found.Err(); err != nil {
		w.Fatal(err)
	}
	return rows
}

// fill creates a row or two in every table that takes one, and returns how many
// it did. Rows that the schema or the database refuses are none of its business.
func (w *world) fill() int {
	s, err := schema.Compile(w.definition)
	if err != nil {
		w.Fatal(err)
	}
	done := 0
	for _, t := range s.Tables {
		for range rapid.IntRange(0, 2).Draw(w.T, "rows") {
			w.created++
			row := t.NewRow().Set("id", fmt.Sprintf("id%d", w.created))
			for i := 1; i < len(t.Fields); i++ {
				f := &t.Fields[i]
				switch {
				case f.Optional && rapid.Bool().Draw(w.T, "absent"):
				case f.References != nil:
					row = row.Set(f.Name, "id1")
				default:
					row = row.Set(f.Name, w.value(f))
				}
			}
			if _, err := w.adapter.Create(w.Context(), row); err == nil {
				done++
			}
		}
	}
	return done
}

func (w *world) value(f *schema.Field) any {
	n := rapid.IntRange(0, 9).Draw(w.T, "value")
	switch f.Type {
	case schema.Number:
		return int64(n)
	case schema.Boolean:
		return n%2 == 0
	case schema.Date:
		return time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC)
	case schema.JSON:
		return []byte(fmt.Sprintf(`{"n":%d}`, n))
	case schema.StringArray:
		return []string{fmt.Sprint(n)}
	}
	return fmt.Sprint("text ", n)
}

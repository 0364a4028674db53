package postgres_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// A pooler in transaction mode keeps no statements of its clients.
func TestConformanceWithoutPreparedStatements(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
				a := fromURL(t, testservice.Postgres(t)+"&default_query_exec_mode="+mode)
				migrateTo(t, a, s)
				return a
			})
		})
	}
}

func TestTablesOfASchema(t *testing.T) {
	t.Parallel()
	address := testservice.Postgres(t)
	behind, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	s := coreSchema(t)
	public := fromURL(t, address)
	migrateTo(t, public, s)

	a, err := postgres.OpenWith(postgres.Options{URL: address, Schema: `au"th`})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	m, err := migrate.For(a, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), "create the schema") {
		t.Errorf("plan for a schema that does not exist: %v", err)
	}
	execute(t, behind, `CREATE SCHEMA "au""th"`)
	migrateTo(t, a, s)
	if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
		t.Fatal(err)
	}
	if n, err := public.Count(t.Context(), s.Table("user"), nil); n != 0 || err != nil {
		t.Errorf("%d rows in the other schema, %v", n, err)
	}
	var tables int
	if err := behind.QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'au"th'`).Scan(&tables); err != nil || tables != 5 {
		t.Errorf("%d tables, %v", tables, err)
	}
	for _, adapter := range []*postgres.Adapter{public, a} {
		m, err := migrate.For(adapter, s)
		if err != nil {
			t.Fatal(err)
		}
		if plan, err := m.Plan(t.Context()); err != nil || !plan.Empty() || len(plan.Findings) > 0 {
			t.Errorf("%v, %v", plan, err)
		}
	}
}

func TestTableNamesWithASchema(t *testing.T) {
	t.Parallel()
	address := testservice.Postgres(t)
	behind, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	execute(t, behind, "CREATE SCHEMA internal")
	s, err := schema.Compile(schema.Definition{
		Models:  []schema.Model{schema.UserModel(), schema.SessionModel()},
		Renames: map[string]schema.Rename{"user": {Table: "internal.users"}, "session": {Table: "internal.sessions"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := fromURL(t, address)
	migrateTo(t, a, s)
	m, err := migrate.For(a, s)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err := m.Plan(t.Context()); err != nil || !plan.Empty() || len(plan.Findings) > 0 {
		t.Errorf("%v, %v", plan, err)
	}
	if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := behind.QueryRow("SELECT count(*) FROM internal.users").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "postgres://[", "postgres://u:secret@host:port/db", "nonsense"} {
		if _, err := postgres.Open(url); err == nil {
			t.Errorf("%q was accepted", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

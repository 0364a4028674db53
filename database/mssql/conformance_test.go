package mssql_test

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/mssql"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// serverVariable names a server to use, by a URL whose user may create databases:
// sqlserver://sa:password@127.0.0.1:1433
const serverVariable = "OSTIARY_TEST_MSSQL"

func TestConformance(t *testing.T) {
	t.Parallel()
	server := os.Getenv(serverVariable)
	if server == "" {
		t.Skip(serverVariable + " names no server")
	}
	databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
		a, err := mssql.Open(newDatabase(t, server))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		m, err := migrate.For(a, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		if plan, err := m.Plan(t.Context()); err != nil || !plan.Empty() {
			t.Fatalf("a second run would execute %v, error %v", plan, err)
		}
		return a
	})
}

// newDatabase returns the URL of a database that is dropped when the test ends.
func newDatabase(t testing.TB, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("the URL of the server cannot be read")
	}
	db, err := sql.Open("sqlserver", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	name := "ostiary_" + rand.Text()[:12]
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("ALTER DATABASE " + name + " SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE " + name); err != nil {
			t.Error(err)
		}
	})
	query := u.Query()
	query.Set("database", name)
	u.RawQuery = query.Encode()
	return u.String()
}

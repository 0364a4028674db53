package sqlite_test

import (
	"testing"

	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// migrated opens a database with the tables of a schema.
func migrated(t testing.TB, path string, s *schema.Schema) *sqlite.Adapter {
	t.Helper()
	a := sqlite.Open(path)
	t.Cleanup(func() { _ = a.Close() })
	migrateTo(t, a, s)
	return a
}

func migrateTo(t testing.TB, a *sqlite.Adapter, s *schema.Schema) {
	t.Helper()
	m, err := migrate.For(a, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func coreSchema(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{
		schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel(),
	}, Plugins: []schema.Model{schema.RateLimitModel()}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

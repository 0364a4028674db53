package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, string) *postgres.Adapter{"url": fromURL, "pool": fromPool} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
				a := open(t, testservice.Postgres(t))
				migrateTo(t, a, s)
				return a
			})
		})
	}
}

func fromURL(t testing.TB, url string) *postgres.Adapter {
	t.Helper()
	a, err := postgres.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func fromPool(t testing.TB, url string) *postgres.Adapter {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return postgres.FromPool(pool)
}

func fromDB(t testing.TB, url string) *postgres.Adapter {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return postgres.FromDB(db)
}

func migrateTo(t testing.TB, a *postgres.Adapter, s *schema.Schema) {
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

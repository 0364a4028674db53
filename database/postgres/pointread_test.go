package postgres_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/pointread"
	"github.com/ostiary/ostiary/internal/testservice"
)

const pointRead = `SELECT "id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt" FROM "user" WHERE "email" = $1`

// Each way to connect is compared with the bare driver used in the same way. pgx
// prepares a statement when it first runs and keeps it, so that its text is the
// prepared statement.
func BenchmarkPointRead(b *testing.B) {
	b.Run("pool", func(b *testing.B) { benchmark(b, fromPool, barePool) })
	b.Run("url", func(b *testing.B) { benchmark(b, fromURL, barePool) })
	b.Run("db", func(b *testing.B) { benchmark(b, fromDB, bareDB) })
}

type query func(ctx context.Context, email string) (pointread.User, error)

func benchmark(b *testing.B, open func(testing.TB, string) *postgres.Adapter, bare func(*testing.B, string) query) {
	b.Helper()
	url := testservice.Postgres(b)
	s := pointread.Schema(b)
	a := open(b, url)
	migrateTo(b, a, s)
	pointread.Compare(b, a, s, bare(b, url))
}

func barePool(b *testing.B, url string) query {
	b.Helper()
	pool, err := pgxpool.New(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return func(ctx context.Context, email string) (u pointread.User, err error) {
		err = pool.QueryRow(ctx, pointRead, email).Scan(&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, &u.CreatedAt, &u.UpdatedAt)
		return u, err
	}
}

func bareDB(b *testing.B, url string) query {
	b.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	stmt, err := db.Prepare(pointRead)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = stmt.Close() })
	return func(ctx context.Context, email string) (u pointread.User, err error) {
		err = stmt.QueryRowContext(ctx, email).Scan(&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, &u.CreatedAt, &u.UpdatedAt)
		return u, err
	}
}

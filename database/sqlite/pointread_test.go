package sqlite_test

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/ostiary/ostiary/internal/pointread"
)

func BenchmarkPointRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.db")
	s := pointread.Schema(b)
	a := migrated(b, path, s)
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	stmt, err := db.Prepare(`SELECT "id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt" FROM "user" WHERE "email" = ?`)
	if err != nil {
		b.Fatal(err)
	}
	defer stmt.Close()
	pointread.Compare(b, a, s, func(ctx context.Context, email string) (u pointread.User, err error) {
		err = stmt.QueryRowContext(ctx, email).Scan(&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, &u.CreatedAt, &u.UpdatedAt)
		return u, err
	})
}

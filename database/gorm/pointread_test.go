package gorm_test

import (
	"context"
	"testing"

	"github.com/ostiary/ostiary/database/gorm"
	"github.com/ostiary/ostiary/internal/pointread"
	"github.com/ostiary/ostiary/migrate"
)

func BenchmarkPointRead(b *testing.B) {
	owned := open(b, sqliteFile(b))
	a, err := gorm.New(owned)
	if err != nil {
		b.Fatal(err)
	}
	s := pointread.Schema(b)
	m, err := migrate.For(a, s)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := m.Apply(b.Context()); err != nil {
		b.Fatal(err)
	}
	db, err := owned.DB()
	if err != nil {
		b.Fatal(err)
	}
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

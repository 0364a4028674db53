package postgres_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/sidebyside"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

const benchUsers = 2000

// userByEmail is a look-up written by hand.
const userByEmail = `SELECT "id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt" FROM "user" WHERE "email" = $1`

// handWritten is what it reads.
type handWritten struct {
	id, name, email  string
	verified         bool
	image            *string
	created, updated time.Time
}

func (u *handWritten) fields() []any {
	return []any{&u.id, &u.name, &u.email, &u.verified, &u.image, &u.created, &u.updated}
}

func email(i int) string { return fmt.Sprintf("ada-%d@example.com", i%benchUsers) }

// BenchmarkFindOne finds a row by a unique key, and compares with a prepared
// statement of the driver.
func BenchmarkFindOne(b *testing.B) {
	address, s := testservice.Postgres(b), coreSchema(b)
	a := fromURL(b, address)
	migrateTo(b, a, s)
	for i := range benchUsers {
		if _, err := a.Create(b.Context(), newUser(s, fmt.Sprint("user-", i), email(i))); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("database sql", func(b *testing.B) {
		db, err := sql.Open("pgx", address)
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		stmt, err := db.Prepare(userByEmail)
		if err != nil {
			b.Fatal(err)
		}
		defer stmt.Close()
		sidebyside.Run(b, sidebyside.Variant{Name: "bare", Do: func(i int) error {
			var u handWritten
			return stmt.QueryRowContext(b.Context(), email(i)).Scan(u.fields()...)
		}}, find(b, "adapter", a, s))
	})
	b.Run("pool", func(b *testing.B) {
		pool, err := pgxpool.New(b.Context(), address)
		if err != nil {
			b.Fatal(err)
		}
		defer pool.Close()
		sidebyside.Run(b, sidebyside.Variant{Name: "bare", Do: func(i int) error {
			var u handWritten
			return pool.QueryRow(b.Context(), userByEmail, email(i)).Scan(u.fields()...)
		}}, find(b, "adapter", fromPool(b, address), s))
	})
}

func find(b *testing.B, name string, a database.Adapter, s *schema.Schema) sidebyside.Variant {
	b.Helper()
	return sidebyside.Variant{Name: name, Do: func(i int) error {
		found, err := a.FindOne(b.Context(), database.Query{Table: s.Table("user"), Where: []database.Where{database.Eq("email", email(i))}})
		if err == nil && found == nil {
			err = fmt.Errorf("user %d not found", i)
		}
		return err
	}}
}

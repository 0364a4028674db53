package main

import (
	"context"
	"database/sql"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
)

const (
	sqliteSeries   = "(WITH RECURSIVE g(n) AS (SELECT %d UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g) AS g"
	postgresSeries = "generate_series(%d, %d) AS g(n)"
)

// filler multiplies the user who signed up first.
type filler struct {
	driver, dsn    string
	series, padded string // in the dialect of the database

	db              *sql.DB
	sessions, users int // that are there
}

const firstAddress = "first@growth.test"

func (f *filler) open(ctx context.Context, auth *ostiary.Auth) (err error) {
	_, err = ostiary.Invoke(ctx, auth, api.SignUpEmail, api.SignUpEmailInput{Name: "First", Email: firstAddress, Password: password})
	if err != nil {
		return err
	}
	f.db, err = sql.Open(f.driver, f.dsn)
	return err
}

func (f *filler) close() error { return f.db.Close() }

// fill brings the tables to so many rows.
func (f *filler) fill(ctx context.Context, sessions, users int) error {
	newUsers := fmt.Sprintf(f.series, f.users, users-1)
	newSessions := fmt.Sprintf(f.series, f.sessions, sessions-1)
	for _, statement := range []string{
		`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
			SELECT 'u' || n, 'User', 'user' || n || '@growth.test', t."emailVerified", t."createdAt", t."updatedAt"
			FROM "user" t, ` + newUsers + ` WHERE t.email = '` + firstAddress + `'`,
		`INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
			SELECT 'a' || n, 'u' || n, t."providerId", 'u' || n, t.password, t."createdAt", t."updatedAt"
			FROM account t, ` + newUsers + ` WHERE t."userId" = (SELECT id FROM "user" WHERE email = '` + firstAddress + `')`,
		`INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
			SELECT 's' || n, ` + f.padded + `, 'u' || (n % ` + fmt.Sprint(users) + `), t."expiresAt", t."createdAt", t."updatedAt"
			FROM session t, ` + newSessions + ` WHERE t."userId" = (SELECT id FROM "user" WHERE email = '` + firstAddress + `')`,
		"ANALYZE",
	} {
		if _, err := f.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	f.sessions, f.users = sessions, users
	return nil
}

// expire makes sessions that have expired: copies of others.
func (f *filler) expire(ctx context.Context, n int) error {
	_, err := f.db.ExecContext(ctx, `INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
		SELECT 'x' || n, 'x' || n, t."userId", t."createdAt", t."createdAt", t."updatedAt"
		FROM session t, `+fmt.Sprintf(f.series, 1, n)+` WHERE t.id = 's0'`)
	return err
}

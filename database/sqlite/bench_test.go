package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/schema"
)

const benchSessions = 10_000

// sessionFile makes a file with many sessions and returns its adapter.
func sessionFile(b *testing.B) (*sqlite.Adapter, *schema.Schema, string) {
	b.Helper()
	s := coreSchema(b)
	path := filepath.Join(b.TempDir(), "bench.db")
	a := migrated(b, path, s)
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	err := a.Transaction(b.Context(), func(tx database.Adapter) error {
		for i := range benchSessions {
			user := s.Table("user").NewRow().Set("id", fmt.Sprintf("user-%032d", i)).Set("name", "Ada Lovelace").
				Set("email", fmt.Sprintf("ada-%d@example.com", i)).Set("emailVerified", true).
				Set("createdAt", now).Set("updatedAt", now)
			if _, err := tx.Create(b.Context(), user); err != nil {
				return err
			}
			session := s.Table("session").NewRow().Set("id", fmt.Sprintf("session-%032d", i)).Set("token", token(i)).
				Set("userId", user.ID()).Set("expiresAt", now).Set("createdAt", now).Set("updatedAt", now).
				Set("ipAddress", "203.0.113.7").Set("userAgent", "Mozilla/5.0 (X11; Linux x86_64)")
			if _, err := tx.Create(b.Context(), session); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return a, s, path
}

func token(i int) string { return fmt.Sprintf("token-%026d", i) }

// BenchmarkSession reads a session with its user, which nearly every request
// does, and compares with the same statement written by hand.
func BenchmarkSession(b *testing.B) {
	a, s, path := sessionFile(b)
	join, err := database.Relate(s.Table("session"), s.Table("user"))
	if err != nil {
		b.Fatal(err)
	}
	table, joins := s.Table("session"), []database.Join{join}
	read := func(ctx context.Context, i int) error {
		q := database.Query{Table: table, Where: []database.Where{database.Eq("token", token(i%benchSessions))}, Joins: joins}
		found, err := a.FindOne(ctx, q)
		if err == nil && (found == nil || len(found.Joined[0]) != 1) {
			err = fmt.Errorf("session %d not found", i)
		}
		return err
	}
	b.Run("adapter", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := read(b.Context(), i); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("adapter parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if err := read(b.Context(), i); err != nil {
					b.Error(err)
				}
			}
		})
	})

	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for name, plus := range map[string]string{"by hand": "", "by hand without declared types": "+"} {
		b.Run(name, func(b *testing.B) { benchmarkByHand(b, db, plus) })
	}
}

func benchmarkByHand(b *testing.B, db *sql.DB, plus string) {
	b.Helper()
	stmt, err := db.Prepare(fmt.Sprintf(`SELECT %[1]ss."id", %[1]ss."expiresAt", %[1]ss."token", %[1]ss."createdAt", %[1]ss."updatedAt", %[1]ss."ipAddress", %[1]ss."userAgent", %[1]ss."userId",
		%[1]su."id", %[1]su."name", %[1]su."email", %[1]su."emailVerified", %[1]su."image", %[1]su."createdAt", %[1]su."updatedAt"
		FROM "session" AS s LEFT JOIN "user" AS u ON u."id" = s."userId" WHERE s."token" = ? LIMIT 1`, plus))
	if err != nil {
		b.Fatal(err)
	}
	defer stmt.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var id, tok, userID, uid, name, email string
		var ip, agent, image sql.NullString
		var verified bool
		var err error
		row := stmt.QueryRowContext(b.Context(), token(i%benchSessions))
		if plus == "" {
			var expires, created, updated, userCreated, userUpdated time.Time
			err = row.Scan(&id, &expires, &tok, &created, &updated, &ip, &agent, &userID, &uid, &name, &email, &verified, &image, &userCreated, &userUpdated)
		} else {
			var expires, created, updated, userCreated, userUpdated string
			err = row.Scan(&id, &expires, &tok, &created, &updated, &ip, &agent, &userID, &uid, &name, &email, &verified, &image, &userCreated, &userUpdated)
			for _, text := range []string{expires, created, updated, userCreated, userUpdated} {
				if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreateSession(b *testing.B) {
	a, s, _ := sessionFile(b)
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		row := s.Table("session").NewRow().Set("id", fmt.Sprintf("new-%d", i)).Set("token", fmt.Sprintf("new-%d", i)).
			Set("userId", fmt.Sprintf("user-%032d", i%benchSessions)).Set("expiresAt", now).Set("createdAt", now).Set("updatedAt", now)
		if _, err := a.Create(b.Context(), row); err != nil {
			b.Fatal(err)
		}
	}
}

package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// The file was written by Better Auth 1.7.25; see testdata/make.mjs.
func TestReadsWhatBetterAuthWrote(t *testing.T) {
	t.Parallel()
	a, s := betterAuthFile(t)

	user, err := a.FindOne(t.Context(), database.Query{
		Table: s.Table("user"),
		Where: []database.Where{database.Eq("email", "zhanna@example.com")},
	})
	if err != nil || user == nil {
		t.Fatal(user, err)
	}
	if got, want := user.StringAt(schema.UserName), "Жанна Ålström 🦉"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	if got := user.TextAt(schema.UserImage); got == nil || *got != "https://example.com/zhanna.png" {
		t.Errorf("image %v", got)
	}
	if user.At(schema.UserEmailVerified) != false {
		t.Errorf("emailVerified is %v", user.At(schema.UserEmailVerified))
	}
	if at := user.TimeAt(schema.UserCreatedAt); at.Year() < 2020 || at.Location() != time.UTC {
		t.Errorf("createdAt %v", at)
	}

	join, err := database.Relate(s.Table("session"), s.Table("user"))
	if err != nil {
		t.Fatal(err)
	}
	session, err := a.FindOne(t.Context(), database.Query{
		Table: s.Table("session"),
		Where: []database.Where{database.Eq("token", "token-until-2099")},
		Joins: []database.Join{join},
	})
	if err != nil || session == nil {
		t.Fatal(session, err)
	}
	ada := session.Joined[0][0]
	created := time.Date(2025, 1, 2, 3, 4, 5, 6e6, time.UTC)
	want := map[string]any{
		"id": "session-until-2099", "token": "token-until-2099", "userId": ada.ID(),
		"expiresAt": time.Date(2099, 12, 31, 23, 59, 59, 999e6, time.UTC),
		"createdAt": created, "updatedAt": created, "ipAddress": "203.0.113.7", "userAgent": "test/1.0",
	}
	if diff := cmp.Diff(want, session.Map()); diff != "" {
		t.Error(diff)
	}
	if ada.StringAt(schema.UserEmail) != "ada@example.com" || ada.At(schema.UserImage) != nil {
		t.Errorf("joined user %v", ada.Map())
	}

	counts := map[string]int64{"user": 3, "session": 4, "account": 4, "verification": 1}
	for key, want := range counts {
		if n, err := a.Count(t.Context(), s.Table(key), nil); err != nil || n != want {
			t.Errorf("%d rows of %s (%v), want %d", n, key, err, want)
		}
	}
	account, err := a.FindOne(t.Context(), database.Query{
		Table: s.Table("account"),
		Where: []database.Where{database.Eq("providerId", "github")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := account.TimeAt(schema.AccountAccessTokenExpiresAt); got.Year() != 2099 {
		t.Errorf("accessTokenExpiresAt %v", got)
	}
	if account.At(schema.AccountPassword) != nil || account.StringAt(schema.AccountScope) != "read:user,user:email" {
		t.Errorf("account %v", account.Map())
	}
}

func TestBetterAuthFileNeedsNoMigration(t *testing.T) {
	t.Parallel()
	a, s := betterAuthFile(t)
	m, err := migrate.For(a, s)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := m.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !plan.Empty() || len(plan.Findings) > 0 {
		t.Errorf("plan %q with findings %v", plan.SQL(), plan.Findings)
	}
	if findings, err := m.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("check found %v, %v", findings, err)
	}
}

// betterAuthFile opens a copy of the file.
func betterAuthFile(t *testing.T) (*sqlite.Adapter, *schema.Schema) {
	t.Helper()
	data, err := os.ReadFile("testdata/better-auth-1.7.25.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{
		schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	a := sqlite.Open(path)
	t.Cleanup(func() { _ = a.Close() })
	return a, s
}

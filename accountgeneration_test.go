package ostiary_test

import (
	"database/sql"
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// The account table as each generation of Better Auth made it on SQLite: those
// before 1.7.0 and from 1.7.3 on alike, 1.7.0 to 1.7.2 with an issuer, and one of
// these that was adapted for 1.7.3.
var accountTables = map[migrate.AccountGeneration][]string{
	migrate.WithoutIssuer: {accountTable("")},
	migrate.IssuerRequired: {
		accountTable(`"issuer" text not null, `),
		`create unique index "account_issuer_accountId_uidx" on "account" ("issuer", "accountId")`,
	},
	migrate.IssuerOptional: {
		accountTable(`"issuer" text, `),
		`create unique index "account_issuer_accountId_uidx" on "account" ("issuer", "accountId")`,
	},
}

func accountTable(issuer string) string {
	return `create table "account" ("id" text not null primary key, ` + issuer + `"accountId" text not null, "providerId" text not null,
		"userId" text not null references "user" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text,
		"accessTokenExpiresAt" date, "refreshTokenExpiresAt" date, "scope" text, "password" text, "createdAt" date not null, "updatedAt" date not null)`
}

// withAccountTable gives a server a migrated database whose account table is of
// a generation, and returns the file.
func withAccountTable(t *testing.T, generation migrate.AccountGeneration) (*server, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth.db")
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.Database = sqlite.Open(path) })
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range append([]string{`drop table account`}, accountTables[generation]...) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s, db
}

func TestEveryGenerationOfTheAccountTableIsServed(t *testing.T) {
	t.Parallel()
	for generation := range accountTables {
		t.Run(string(generation), func(t *testing.T) {
			t.Parallel()
			s, db := withAccountTable(t, generation)
			m, err := migrate.For(s.Kernel().DB.Adapter(), s.Kernel().DB.Schema())
			if err != nil {
				t.Fatal(err)
			}
			state, err := m.Inspect(t.Context())
			if err != nil || state.Accounts.Generation != generation || len(state.Findings) > 0 {
				t.Fatalf("inspection %+v, %v", state, err)
			}
			up, err := s.API.SignUpEmail(t.Context(), api.SignUpEmailInput{Name: "Ann", Email: "ann@example.com", Password: goodPassword})
			if err != nil {
				t.Fatal("sign-up:", err)
			}
			if _, err := s.API.SignInEmail(t.Context(), api.SignInEmailInput{Email: "ann@example.com", Password: goodPassword}); err != nil {
				t.Fatal("sign-in:", err)
			}
			k := s.Kernel()
			google := k.Accounts.Table().NewRow().Set("userId", up.User.ID).Set("providerId", "google").Set("accountId", "g-1")
			if _, err := k.Accounts.Create(t.Context(), google); err != nil {
				t.Fatal("linking:", err)
			}
			found, err := k.Accounts.ByKey(t.Context(), "google", "g-1")
			if err != nil || found == nil || found.UserID != up.User.ID {
				t.Fatalf("linked account %+v, %v", found, err)
			}
			if generation != migrate.IssuerRequired {
				return
			}
			for provider, want := range map[string]string{"credential": "local:credential", "google": "https://accounts.google.com"} {
				if got := issuerOf(t, db, provider); got != want {
					t.Errorf("issuer of %s is %q, want %q", provider, got, want)
				}
			}
		})
	}
}

// What Better Auth 1.7.1 stores as the issuer of accounts.
func TestIssuersAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	s, db := withAccountTable(t, migrate.IssuerRequired)
	k := s.Kernel()
	user, err := k.Users.Create(t.Context(), k.Users.Table().NewRow().Set("name", "Ann").Set("email", "ann@example.com"), core.Source{})
	if err != nil {
		t.Fatal(err)
	}
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://tenant.example.com/v2.0"}`)) + ".c2ln"
	for provider, want := range map[string]string{
		"github": "local:oauth:github", "my company": "local:oauth:my%20company", "siwe": "local:siwe",
		"apple": "https://appleid.apple.com", "line": "https://access.line.me", "facebook": "https://www.facebook.com",
		"microsoft": "https://tenant.example.com/v2.0", "gitlab": "local:oauth:gitlab",
	} {
		row := k.Accounts.Table().NewRow().Set("userId", user.ID).Set("providerId", provider).Set("accountId", "of "+provider).Set("idToken", token)
		if _, err := k.Accounts.Create(t.Context(), row); err != nil {
			t.Fatal(provider, err)
		}
		if got := issuerOf(t, db, provider); got != want {
			t.Errorf("issuer of %s is %q, want %q", provider, got, want)
		}
	}
	// An identity that another provider's account has already does not keep the user out.
	if _, err := db.ExecContext(t.Context(), `update account set providerId = 'apple-app' where providerId = 'apple'`); err != nil {
		t.Fatal(err)
	}
	again := k.Accounts.Table().NewRow().Set("userId", user.ID).Set("providerId", "apple").Set("accountId", "of apple")
	if _, err := k.Accounts.Create(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if got := issuerOf(t, db, "apple"); got != "local:oauth:apple" {
		t.Errorf("issuer %q", got)
	}
}

func issuerOf(t *testing.T, db *sql.DB, provider string) string {
	t.Helper()
	var issuer string
	if err := db.QueryRowContext(t.Context(), `select issuer from account where providerId = ?`, provider).Scan(&issuer); err != nil {
		t.Fatal(err)
	}
	return issuer
}

// A database that lacks a column is refused with the column and the command.
func TestADatabaseThatLacksAColumnIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.Database = sqlite.Open(path)
		o.User.Fields = []schema.Field{{Name: "department", Optional: true}}
	})
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), `alter table "user" drop column department`); err != nil {
		t.Fatal(err)
	}
	in := api.SignUpEmailInput{Name: "Ann", Email: "ann@example.com", Password: goodPassword}
	const says = "Column \"department\" of table \"user\" is missing. `ostiary migrate` adds it"
	if err := s.CheckSchema(t.Context()); !core.IsSchemaMismatch(err) || !strings.Contains(err.Error(), says) {
		t.Fatalf("check: %v", err)
	}
	if _, err := s.API.SignUpEmail(t.Context(), in); err == nil {
		t.Fatal("signed up")
	}
	if !strings.Contains(s.logs.String(), "department") {
		t.Errorf("the log does not name the column: %s", s.logs.String())
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.API.SignUpEmail(t.Context(), in); err != nil {
		t.Fatal("after the migration:", err)
	}
}

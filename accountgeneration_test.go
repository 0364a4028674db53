package ostiary_test

import (
	"database/sql"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// accountTables are the versions of Better Auth that made the tables of each
// generation, and what was done to them since. What they made is in
// testdata/account, for each kind of database.
var accountTables = map[migrate.AccountGeneration]struct{ version, since string }{
	migrate.WithoutIssuer:  {version: "1.6.11"},
	migrate.IssuerRequired: {version: "1.7.1"},
	migrate.IssuerOptional: {version: "1.7.1", since: "optional"},
}

// makeOptional are the statements by which the issuer of a table of 1.7.1 becomes
// optional.
var makeOptional = map[string][]string{
	"sqlite": {
		`drop index "account_issuer_accountId_uidx"`, `alter table "account" rename column "issuer" to "old"`,
		`alter table "account" add column "issuer" text`, `alter table "account" drop column "old"`,
		`create unique index "account_issuer_accountId_uidx" on "account" ("issuer", "accountId")`,
	},
	"postgres": {`alter table "account" alter column "issuer" drop not null`},
	"mysql":    {`alter table "account" modify "issuer" varchar(191)`},
}

// rawDatabases open an empty database for a server, and beside it with its driver;
// all understand names in double quotes.
var rawDatabases = map[string]func(t *testing.T) (database.Adapter, *sql.DB){
	"sqlite": func(t *testing.T) (database.Adapter, *sql.DB) {
		path := filepath.Join(t.TempDir(), "auth.db")
		return sqlite.Open(path), rawDatabase(t, "sqlite", path)
	},
	"postgres": func(t *testing.T) (database.Adapter, *sql.DB) {
		dsn := testservice.Postgres(t)
		return opened(t, func() (database.Adapter, error) { return postgres.Open(dsn) }), rawDatabase(t, "pgx", dsn)
	},
	"mysql": func(t *testing.T) (database.Adapter, *sql.DB) {
		dsn := testservice.MariaDB(t)
		return opened(t, func() (database.Adapter, error) { return mysql.Open(dsn) }), rawDatabase(t, "mysql", dsn+"?sql_mode=ANSI_QUOTES")
	},
}

func rawDatabase(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// onEveryDatabaseOf runs a test on tables of a generation on every kind of
// database. They have a user with a password and an account at Google, as Better
// Auth stored them.
func onEveryDatabaseOf(t *testing.T, generation migrate.AccountGeneration, test func(t *testing.T, s *server, db *sql.DB)) {
	t.Helper()
	for kind, open := range rawDatabases {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a, db := open(t)
			made := accountTables[generation]
			tables, err := os.ReadFile(filepath.Join("testdata", "account", "better-auth-"+made.version+"-"+kind+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			execute(t, db, strings.Split(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(tables)), ";")), ";\n")...)
			issuer := [3]string{}
			if made.version == "1.7.1" {
				issuer = [3]string{`"issuer", `, `'local:credential', `, `'https://accounts.google.com', `}
			}
			const now = "'2026-01-02 03:04:05.678'"
			execute(t, db,
				`insert into "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt") values ('ada', 'Ada', 'ada@example.com', true, `+now+`, `+now+`)`,
				`insert into "account" ("id", `+issuer[0]+`"accountId", "providerId", "userId", "password", "createdAt", "updatedAt") values
					('a1', `+issuer[1]+`'ada', 'credential', 'ada', 'plain:`+goodPassword+`', `+now+`, `+now+`),
					('a2', `+issuer[2]+`'g-ada', 'google', 'ada', null, `+now+`, `+now+`)`)
			if made.since == "optional" {
				execute(t, db, makeOptional[kind]...)
			}
			test(t, newServer(t, func(_ *server, o *ostiary.Options) { o.Database = a }), db)
		})
	}
}

func TestEveryGenerationOfTheAccountTableIsServed(t *testing.T) {
	t.Parallel()
	for generation := range accountTables {
		t.Run(string(generation), func(t *testing.T) {
			t.Parallel()
			onEveryDatabaseOf(t, generation, func(t *testing.T, s *server, db *sql.DB) {
				m, err := migrate.For(s.Kernel().DB.Adapter(), s.Kernel().DB.Schema())
				if err != nil {
					t.Fatal(err)
				}
				state, err := m.Inspect(t.Context())
				if err != nil || state.Accounts.Generation != generation || len(state.Findings) > 0 {
					t.Fatalf("inspection %+v, %v", state, err)
				}
				servesAccounts(t, s)
				if generation != migrate.IssuerRequired {
					return
				}
				for id, want := range map[string]string{"g-ann": "https://accounts.google.com", "h-ann": "local:oauth:github"} {
					if got := issuerOf(t, db, id); got != want {
						t.Errorf("issuer of %s is %q, want %q", id, got, want)
					}
				}
			})
		})
	}
}

// servesAccounts: who was there can sign in, and so can who comes.
func servesAccounts(t *testing.T, s *server) {
	t.Helper()
	k := s.Kernel()
	if _, err := s.API.SignUpEmail(t.Context(), api.SignUpEmailInput{Name: "Ann", Email: "ann@example.com", Password: goodPassword}); err != nil {
		t.Fatal("sign-up:", err)
	}
	for _, email := range []string{"ada@example.com", "ann@example.com"} {
		in, err := s.API.SignInEmail(t.Context(), api.SignInEmailInput{Email: email, Password: goodPassword})
		if err != nil {
			t.Fatalf("sign-in of %s: %v", email, err)
		}
		short := in.User.Name
		for provider, id := range map[string]string{"google": "g-" + strings.ToLower(short), "github": "h-" + strings.ToLower(short)} {
			if id != "g-ada" { // which is there
				row := k.Accounts.Table().NewRow().Set("userId", in.User.ID).Set("providerId", provider).Set("accountId", id)
				if _, err := k.Accounts.Create(t.Context(), row); err != nil {
					t.Fatal("linking:", err)
				}
			}
			found, err := k.Accounts.ByKey(t.Context(), provider, id)
			if err != nil || found == nil || found.UserID != in.User.ID {
				t.Fatalf("account %s: %+v, %v", id, found, err)
			}
		}
	}
}

// What Better Auth 1.7.1 stores as the issuer of accounts.
func TestIssuersAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	onEveryDatabaseOf(t, migrate.IssuerRequired, func(t *testing.T, s *server, db *sql.DB) {
		k := s.Kernel()
		token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://tenant.example.com/v2.0"}`)) + ".c2ln"
		for provider, want := range map[string]string{
			"github": "local:oauth:github", "my company": "local:oauth:my%20company", "siwe": "local:siwe",
			"apple": "https://appleid.apple.com", "line": "https://access.line.me", "facebook": "https://www.facebook.com",
			"microsoft": "https://tenant.example.com/v2.0", "gitlab": "local:oauth:gitlab",
		} {
			row := k.Accounts.Table().NewRow().Set("userId", "ada").Set("providerId", provider).Set("accountId", "of "+provider).Set("idToken", token)
			if _, err := k.Accounts.Create(t.Context(), row); err != nil {
				t.Fatal(provider, err)
			}
			if got := issuerOf(t, db, "of "+provider); got != want {
				t.Errorf("issuer of %s is %q, want %q", provider, got, want)
			}
		}
		// An identity that another provider's account has already does not keep the user out.
		execute(t, db, `update "account" set "providerId" = 'apple-app' where "providerId" = 'apple'`)
		again := k.Accounts.Table().NewRow().Set("userId", "ada").Set("providerId", "apple").Set("accountId", "of apple")
		if _, err := k.Accounts.Create(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		var issuer string
		if err := db.QueryRowContext(t.Context(), `select "issuer" from "account" where "providerId" = 'apple'`).Scan(&issuer); err != nil || issuer != "local:oauth:apple" {
			t.Errorf("issuer %q, %v", issuer, err)
		}
	})
}

func issuerOf(t *testing.T, db *sql.DB, accountID string) string {
	t.Helper()
	var issuer string
	if err := db.QueryRowContext(t.Context(), `select "issuer" from "account" where "accountId" = '`+accountID+`'`).Scan(&issuer); err != nil {
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

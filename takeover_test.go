package ostiary_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/migrate"
)

// takeOver opens a copy of the database file that Better Auth wrote, with the
// secret that it used.
func takeOver(t *testing.T) *ostiary.Auth {
	t.Helper()
	data, err := os.ReadFile("database/sqlite/testdata/better-auth-1.7.25.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "taken-over.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	o := ostiary.Options{
		BaseURL:     ostiary.StaticURL("http://localhost:3000"),
		Secret:      betterAuthSecret,
		Development: true,
		Database:    sqlite.Open(path),
		Logger:      slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	o.EmailAndPassword.Enabled = true
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return auth
}

const betterAuthSecret = "a secret for test data that nobody else uses"

// A database of Better Auth works as it is. What a migration would add to it are
// the indexes by which expired rows are found.
func TestADatabaseOfBetterAuthNeedsNoMigration(t *testing.T) {
	t.Parallel()
	auth := takeOver(t)
	m, err := migrate.For(auth.Kernel().DB.Adapter(), auth.Kernel().DB.Schema())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := m.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const indexes = `create index "session_expiresAt_idx" on "session" ("expiresAt");

create index "verification_expiresAt_idx" on "verification" ("expiresAt");`
	if plan.SQL() != indexes || len(plan.Findings) > 0 {
		t.Errorf("statements %q, findings %v", plan.SQL(), plan.Findings)
	}
	if lacks, err := m.Check(t.Context()); err != nil || len(lacks) > 0 {
		t.Errorf("lacks %v, error %v", lacks, err)
	}
}

func TestUsersOfBetterAuthKeepTheirPasswords(t *testing.T) {
	t.Parallel()
	auth := takeOver(t)
	for _, email := range []string{"ada@example.com", "ZHANNA@example.com", "bob@example.com"} {
		out, err := auth.API.SignInEmail(t.Context(), api.SignInEmailInput{Email: email, Password: "correct horse battery"})
		if err != nil {
			t.Errorf("%s: %v", email, err)
			continue
		}
		if !strings.EqualFold(out.User.Email, email) || out.User.Name == "" {
			t.Errorf("%s: signed in as %+v", email, out.User)
		}
	}
}

func TestSessionsOfBetterAuthStayValid(t *testing.T) {
	t.Parallel()
	auth := takeOver(t)
	keys, err := secret.NewKeyring(secret.Options{Secret: betterAuthSecret})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", "better-auth.session_token="+cookie.EncodeURIComponent(keys.SignedValue("token-until-2099")))
	id, err := auth.Session(r)
	if err != nil || id == nil {
		t.Fatalf("%v, %v", id, err)
	}
	if id.User.Email != "ada@example.com" || id.Session.ID != "session-until-2099" {
		t.Errorf("got session %q of %q", id.Session.ID, id.User.Email)
	}
}

func TestAResetTokenOfBetterAuthCanBeUsed(t *testing.T) {
	t.Parallel()
	auth := takeOver(t)
	if _, err := auth.API.ResetPassword(t.Context(), api.ResetPasswordInput{Token: "abc", NewPassword: "a brand new password"}); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.API.SignInEmail(t.Context(), api.SignInEmailInput{Email: "ada@example.com", Password: "a brand new password"}); err != nil {
		t.Error(err)
	}
}

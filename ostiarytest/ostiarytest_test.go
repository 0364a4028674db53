package ostiarytest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/ostiarytest"
)

func me(a *ostiarytest.Auth) http.Handler {
	return a.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(ostiary.SessionFrom(r.Context()).User.Email))
	}))
}

func TestBrowsersSignUpInAndOut(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]ostiary.Options{
		"memory": {},
		"SQLite": {Database: sqlite.Open(sqlite.Memory)},
		"http":   {BaseURL: ostiary.StaticURL("http://localhost:3000")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ostiarytest.New(t, o)
			ada := a.SignUp(t, "ada@example.com")
			ostiarytest.AssertSignedIn(t, ada, "ada@example.com")
			if w := ada.Do(me(a), httptest.NewRequest("GET", "/me", nil)); w.Code != 200 || w.Body.String() != "ada@example.com" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			ada.Post("/sign-out", map[string]any{})
			ostiarytest.AssertSignedOut(t, ada)
			again := a.SignIn(t, "ada@example.com", ostiarytest.Password)
			a.Clock.Advance(8 * 24 * time.Hour)
			ostiarytest.AssertSignedOut(t, again)
		})
	}
}

func TestAnyRequestCanBeSignedIn(t *testing.T) {
	t.Parallel()
	a := ostiarytest.New(t, ostiary.Options{})
	r := a.SignedIn(t, httptest.NewRequest("GET", "/me", nil), a.User(t, "ada@example.com"))
	w := httptest.NewRecorder()
	me(a).ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != "ada@example.com" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := a.Browser(t).Do(me(a), httptest.NewRequest("GET", "/me", nil)); w.Code != http.StatusUnauthorized {
		t.Errorf("a stranger: %d", w.Code)
	}
}

func TestMailsAreKept(t *testing.T) {
	t.Parallel()
	a := ostiarytest.New(t, ostiary.Options{})
	b := a.SignUp(t, "ada@example.com")
	b.Post("/send-verification-email", map[string]any{"email": "ada@example.com"})
	b.Get(a.Mails.Last(t, ostiarytest.VerificationMail).URL)
	if !b.Session().User.EmailVerified {
		t.Error("the link did not verify the address")
	}
	b.Post("/request-password-reset", map[string]any{"email": "ada@example.com"})
	token := a.Mails.Last(t, ostiarytest.ResetMail).Token
	b.Post("/reset-password", map[string]any{"token": token, "newPassword": "another password"})
	a.SignIn(t, "ada@example.com", "another password")
	if got := len(a.Mails.All()); got != 2 {
		t.Errorf("%d mails", got)
	}
}

func TestCookiesAreFound(t *testing.T) {
	t.Parallel()
	a := ostiarytest.New(t, ostiary.Options{})
	w := a.Browser(t).Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": ostiarytest.Password})
	if c := ostiarytest.AssertCookie(t, w, "better-auth.session_token"); c == nil || !c.HttpOnly || !c.Secure {
		t.Errorf("cookie %v", c)
	}
}

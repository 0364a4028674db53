package multisession_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/multisession"
)

func start(t testing.TB, o multisession.Options, configure ...func(*ostiary.Options)) *plugintest.Server {
	return plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = []core.Plugin{multisession.New(o)}
		for _, fn := range configure {
			fn(so)
		}
	})
}

const cookieName = "better-auth.session_token"

func multi(token string) string { return cookieName + "_multi-" + strings.ToLower(token) }

// listed returns whose sessions the browser has.
func listed(t *testing.T, b *plugintest.Browser) []string {
	t.Helper()
	r := b.Get("/multi-session/list-device-sessions")
	var out []struct {
		User api.User `json:"user"`
	}
	r.Decode(&out)
	emails := []string{}
	for _, s := range out {
		emails = append(emails, s.User.Email)
	}
	return emails
}

func sessionToken(token string) map[string]any { return map[string]any{"sessionToken": token} }

func TestUsersOfOneBrowserTakeTurns(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	b := s.Browser(t)
	ada, bob := *b.SignUp("ada@example.com").Token, *b.SignUp("bob@example.com").Token
	if got := b.Email(); got != "bob@example.com" {
		t.Errorf("signed in as %q", got)
	}
	if got := listed(t, b); len(got) != 2 {
		t.Errorf("sessions of %v", got)
	}
	r := b.Post("/multi-session/set-active", sessionToken(ada))
	if r.Status != http.StatusOK || len(r.Cookies) != 1 || b.Email() != "ada@example.com" {
		t.Errorf("switch: %d %s %v", r.Status, r.Text, r.Cookies)
	}
	if r := b.Post("/multi-session/set-active", sessionToken(strings.ToLower(bob))); r.Status != http.StatusOK || b.Email() != "bob@example.com" {
		t.Errorf("switch by the name of the cookie: %d %s", r.Status, r.Text)
	}
}

func TestOnlySessionsOfTheBrowserCount(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	b, other := s.Browser(t), s.Browser(t)
	b.SignUp("ada@example.com")
	foreign := *other.SignUp("bob@example.com").Token
	for _, path := range []string{"/multi-session/set-active", "/multi-session/revoke"} {
		for _, token := range []string{foreign, "nothing", ""} {
			if r := b.Post(path, sessionToken(token)); r.Status != http.StatusUnauthorized || r.Code() != "INVALID_SESSION_TOKEN" {
				t.Errorf("%s %q: %d %s", path, token, r.Status, r.Text)
			}
		}
	}
	if other.Email() != "bob@example.com" {
		t.Error("the session of another browser was ended")
	}
	if r := s.Browser(t).Post("/multi-session/revoke", sessionToken(foreign)); r.Code() != "UNAUTHORIZED" {
		t.Errorf("revoke without a session: %d %s", r.Status, r.Text)
	}
	if r := s.Browser(t).Get("/multi-session/list-device-sessions"); r.Status != http.StatusOK || r.Text != "[]" {
		t.Errorf("list without sessions: %d %s", r.Status, r.Text)
	}
}

func TestRevokingTheCurrentSessionActivatesAnother(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	b := s.Browser(t)
	ada, bob := *b.SignUp("ada@example.com").Token, *b.SignUp("bob@example.com").Token
	old := b.Clone()
	if r := b.Post("/multi-session/revoke", sessionToken(bob)); r.Status != http.StatusOK || b.Email() != "ada@example.com" {
		t.Errorf("revoke: %d %s; signed in as %q", r.Status, r.Text, b.Email())
	}
	if old.Email() != "" {
		t.Error("the session still works")
	}
	if r := b.Post("/multi-session/revoke", sessionToken(ada)); r.Status != http.StatusOK || len(b.Cookies) != 0 {
		t.Errorf("revoke the last: %d %s; cookies %v", r.Status, r.Text, b.Cookies)
	}
}

func TestRevokingAnotherSessionKeepsTheCurrent(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	b := s.Browser(t)
	ada := *b.SignUp("ada@example.com").Token
	b.SignUp("bob@example.com")
	b.Post("/multi-session/revoke", sessionToken(ada))
	if diff := cmp.Diff([]string{"bob@example.com"}, listed(t, b)); diff != "" || b.Email() != "bob@example.com" {
		t.Errorf("signed in as %q %s", b.Email(), diff)
	}
}

func TestEndedSessionCannotBeSwitchedTo(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{}, func(o *ostiary.Options) { o.Session.ExpiresIn = time.Hour })
	b := s.Browser(t)
	ada := *b.SignUp("ada@example.com").Token
	s.Clock.Advance(time.Hour)
	r := b.Post("/multi-session/set-active", sessionToken(ada))
	if c := r.Cookie(multi(ada)); r.Code() != "INVALID_SESSION_TOKEN" || c == nil || c.MaxAge >= 0 {
		t.Errorf("%d %s %v", r.Status, r.Text, r.Cookies)
	}
	if got := listed(t, b); len(got) != 0 {
		t.Errorf("sessions of %v", got)
	}
}

func TestUserHasOneSessionInABrowser(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	b := s.Browser(t)
	first := *b.SignUp("ada@example.com").Token
	old := b.Clone()
	r := b.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": plugintest.Password})
	if c := r.Cookie(multi(first)); c == nil || c.MaxAge >= 0 || old.Email() != "" {
		t.Errorf("the first session was kept: %v", r.Cookies)
	}
	if diff := cmp.Diff([]string{"ada@example.com"}, listed(t, b)); diff != "" {
		t.Error(diff)
	}
}

func TestSessionsBeyondTheMaximumAreNotKept(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{MaximumSessions: 2})
	b := s.Browser(t)
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		b.SignUp(email)
	}
	if b.Email() != "c@example.com" {
		t.Errorf("signed in as %q", b.Email())
	}
	if got := listed(t, b); len(got) != 2 || len(b.Cookies) != 3 {
		t.Errorf("sessions of %v; cookies %v", got, b.Cookies)
	}
}

func TestSigningOutEndsAllSessionsOfTheBrowser(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	ada := b.Clone()
	b.SignUp("bob@example.com")
	b.Post("/sign-out", map[string]any{})
	if len(b.Cookies) != 0 || ada.Email() != "" {
		t.Errorf("cookies %v, Ada signed in as %q", b.Cookies, ada.Email())
	}
}

// GHSA-wmjr-v86c-m9jj: signing out ended the sessions named in cookies whose
// signature nobody had checked.
func TestAdvisory_BA10_ForgedCookiesEndNothing(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	victim := s.Browser(t)
	token := *victim.SignUp("victim@example.com").Token
	for name, value := range map[string]string{
		"no signature":        token,
		"a forged signature":  token + ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"a short signature":   token + ".AAAA",
		"an empty signature":  token + ".",
		"only the name is so": "x",
	} {
		attacker := s.Browser(t)
		attacker.SignUp(strings.ReplaceAll(name, " ", "-") + "@example.com")
		attacker.Cookies[multi(token)] = value
		if r := attacker.Post("/multi-session/set-active", sessionToken(token)); r.Status != http.StatusUnauthorized {
			t.Errorf("%s: switched to: %d %s", name, r.Status, r.Text)
		}
		if r := attacker.Post("/multi-session/revoke", sessionToken(token)); r.Status != http.StatusUnauthorized {
			t.Errorf("%s: revoked: %d %s", name, r.Status, r.Text)
		}
		if got := listed(t, attacker); len(got) != 1 {
			t.Errorf("%s: sessions of %v", name, got)
		}
		if r := attacker.Post("/sign-out", map[string]any{}); r.Status != http.StatusOK {
			t.Errorf("%s: sign out: %d %s", name, r.Status, r.Text)
		}
		if victim.Email() != "victim@example.com" {
			t.Fatalf("%s: the victim's session was ended", name)
		}
	}
}

// A cookie is what its signed value says, whatever it is called.
func TestNameOfACookieProvesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, multisession.Options{})
	victim := s.Browser(t)
	token := *victim.SignUp("victim@example.com").Token
	b := s.Browser(t)
	own := *b.SignUp("ada@example.com").Token
	b.Cookies[multi(token)] = b.Cookies[multi(own)]
	delete(b.Cookies, multi(own))
	if r := b.Post("/multi-session/set-active", sessionToken(token)); r.Status != http.StatusUnauthorized {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	b.Post("/sign-out", map[string]any{})
	if victim.Email() != "victim@example.com" {
		t.Error("the victim's session was ended")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := ostiary.New(ostiary.Options{Development: true, Plugins: []core.Plugin{multisession.New(multisession.Options{MaximumSessions: -1})}})
	if err == nil || !strings.Contains(err.Error(), "multisession.Options.MaximumSessions") {
		t.Errorf("error %v", err)
	}
}

func FuzzCookies(f *testing.F) {
	for _, seed := range []string{"", "x", "a.b", cookieName + "_multi-=a.b", "; " + cookieName + "_multi-x=%00.", strings.Repeat(cookieName+"_multi-a=b;", 100)} {
		f.Add(seed)
	}
	s := start(f, multisession.Options{})
	f.Fuzz(func(t *testing.T, header string) {
		b := s.Browser(t)
		b.Header.Set("Cookie", header)
		if r := b.Get("/multi-session/list-device-sessions"); r.Status != http.StatusOK || r.Text != "[]" {
			t.Errorf("%q: %d %s", header, r.Status, r.Text)
		}
		if r := b.Post("/sign-out", map[string]any{}); r.Status != http.StatusOK {
			t.Errorf("%q: %d %s", header, r.Status, r.Text)
		}
	})
}

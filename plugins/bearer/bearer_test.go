package bearer_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/bearer"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
)

func start(t testing.TB, o bearer.Options) *plugintest.Server {
	return plugintest.New(t, func(so *ostiary.Options) { so.Plugins = []core.Plugin{bearer.New(o)} })
}

// client is an app without cookies and without an origin.
func client(t testing.TB, s *plugintest.Server, authorization string) *plugintest.Browser {
	b := s.Browser(t)
	b.Header = http.Header{"Authorization": {authorization}}
	return b
}

// signedToken returns the token that the server sends on sign-up.
func signedToken(t testing.TB, s *plugintest.Server, email string) (signed, bare string) {
	t.Helper()
	r := s.Browser(t).Post("/sign-up/email", map[string]any{"email": email, "password": plugintest.Password, "name": "x"})
	signed = r.Header.Get("set-auth-token")
	bare, _, _ = strings.Cut(signed, ".")
	if bare == "" || r.Header.Get("Access-Control-Expose-Headers") != "set-auth-token" {
		t.Fatalf("sign up: %d %v", r.Status, r.Header)
	}
	return signed, bare
}

func TestTokenSaysWhoIsAsking(t *testing.T) {
	t.Parallel()
	s, strict := start(t, bearer.Options{}), start(t, bearer.Options{RequireSignature: true})
	signed, bare := signedToken(t, s, "a@example.com")
	strictSigned, strictBare := signedToken(t, strict, "a@example.com")
	forged := bare + ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for _, c := range []struct {
		name, authorization string
		server              *plugintest.Server
		want                string
	}{
		{"signed", "Bearer " + signed, s, "a@example.com"},
		{"percent-encoded", "Bearer " + url.QueryEscape(signed), s, "a@example.com"},
		{"bare", "Bearer " + bare, s, "a@example.com"},
		{"scheme in another case", "bEARER   " + bare + "  ", s, "a@example.com"},
		{"forged signature", "Bearer " + forged, s, ""},
		{"another token's signature", "Bearer x" + signed, s, ""},
		{"one part too many", "Bearer " + signed + ".x", s, ""},
		{"bad percent-encoding", "Bearer " + signed + "%", s, ""},
		{"unknown", "Bearer nothing", s, ""},
		{"empty", "Bearer ", s, ""},
		{"another scheme", "Basic " + bare, s, ""},
		{"signed, where demanded", "Bearer " + strictSigned, strict, "a@example.com"},
		{"bare, where a signature is demanded", "Bearer " + strictBare, strict, ""},
		{"signed by another server's user", "Bearer " + signed, strict, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := client(t, c.server, c.authorization).Email(); got != c.want {
				t.Errorf("signed in as %q, want %q", got, c.want)
			}
		})
	}
}

func TestTokenWinsOverTheCookie(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	b := s.Browser(t)
	b.SignUp("cookie@example.com")
	_, bare := signedToken(t, s, "bearer@example.com")
	b.Header.Set("Authorization", "Bearer "+bare)
	if got := b.Email(); got != "bearer@example.com" {
		t.Errorf("signed in as %q", got)
	}
	b.Header.Set("Authorization", "Bearer "+bare+".forged")
	if got := b.Email(); got != "cookie@example.com" {
		t.Errorf("with a token that counts as none: signed in as %q", got)
	}
}

// A token is no cookie, so no other page can send it: no origin is demanded.
func TestRequestsWithoutCookiesNeedNoOrigin(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	_, bare := signedToken(t, s, "a@example.com")
	if r := client(t, s, "Bearer "+bare).Post("/update-user", map[string]any{"name": "y"}); r.Status != http.StatusOK {
		t.Errorf("update: %d %s", r.Status, r.Text)
	}
	body := map[string]any{"email": "a@example.com", "password": plugintest.Password}
	if r := client(t, s, "Bearer "+bare).Post("/sign-in/email", body); r.Status != http.StatusOK {
		t.Errorf("sign in: %d %s", r.Status, r.Text)
	}
	b := s.Browser(t)
	b.SignUp("b@example.com")
	b.Header = http.Header{"Authorization": {"Bearer " + bare}, "Origin": {"https://evil.example"}}
	if r := b.Post("/update-user", map[string]any{"name": "z"}); r.Status != http.StatusForbidden {
		t.Errorf("update with cookies from a foreign page: %d %s", r.Status, r.Text)
	}
}

func TestSignOutEndsTheSessionAndSendsNoToken(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	signed, _ := signedToken(t, s, "a@example.com")
	c := client(t, s, "Bearer "+signed)
	if r := c.Post("/sign-out", map[string]any{}); r.Status != http.StatusOK || r.Header.Get("set-auth-token") != "" {
		t.Errorf("sign out: %d %v", r.Status, r.Header)
	}
	if got := c.Email(); got != "" {
		t.Errorf("still signed in as %q", got)
	}
}

func TestTokenCountsInMiddlewareAndInProcess(t *testing.T) {
	t.Parallel()
	s := start(t, bearer.Options{})
	_, bare := signedToken(t, s, "a@example.com")
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	r.Header.Set("Authorization", "Bearer "+bare)
	w := httptest.NewRecorder()
	s.Auth.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(ostiary.SessionFrom(r.Context()).User.Email))
	})).ServeHTTP(w, r)
	if w.Body.String() != "a@example.com" {
		t.Errorf("middleware: %d %s", w.Code, w.Body)
	}
	if _, ok := r.Header["Cookie"]; ok {
		t.Error("the request of the caller was changed")
	}
	out, err := s.Auth.API.GetSession(t.Context(), api.GetSessionInput{}, ostiary.WithHeader(r.Header))
	if err != nil || out == nil || out.User.Email != "a@example.com" {
		t.Errorf("in process: %+v, %v", out, err)
	}
}

func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer .", "Bearer a.b", "Bearer %", "Bearer %2E%2e", "bearer \x00;a=b", "Bearer a; better-auth.session_token=b"} {
		f.Add(seed)
	}
	s := start(f, bearer.Options{})
	f.Fuzz(func(t *testing.T, authorization string) {
		if got := client(t, s, authorization).Email(); got != "" {
			t.Errorf("%q signs in as %q", authorization, got)
		}
	})
}

func BenchmarkSessionToken(b *testing.B) {
	p := bearer.New(bearer.Options{})
	s := plugintest.New(b, func(o *ostiary.Options) { o.Plugins = []core.Plugin{p} })
	signed, _ := signedToken(b, s, "a@example.com")
	c := &core.Context{Context: b.Context(), Kernel: s.Auth.Kernel(), Header: http.Header{"Authorization": {"Bearer " + signed}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.SessionToken(c); !ok {
			b.Fatal("no token")
		}
	}
}

package onetimetoken_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/onetimetoken"
	"github.com/ostiary/ostiary/route"
)

func start(t testing.TB, o onetimetoken.Options, configure ...func(*ostiary.Options)) *plugintest.Server {
	return plugintest.New(t, func(so *ostiary.Options) {
		so.Plugins = []core.Plugin{onetimetoken.New(o)}
		for _, fn := range configure {
			fn(so)
		}
	})
}

// generate returns a token for the session of a browser.
func generate(t *testing.T, b *plugintest.Browser) string {
	t.Helper()
	r := b.Get("/one-time-token/generate")
	var out onetimetoken.GenerateOutput
	r.Decode(&out)
	if r.Status != http.StatusOK || out.Token == "" {
		t.Fatalf("generate: %d %s", r.Status, r.Text)
	}
	return out.Token
}

func verify(b *plugintest.Browser, token string) *plugintest.Response {
	return b.Post("/one-time-token/verify", map[string]any{"token": token})
}

// wantRefused fails unless the answer is a refusal with that message, which sets
// no cookies.
func wantRefused(t *testing.T, r *plugintest.Response, code api.Code) {
	t.Helper()
	if r.Status != http.StatusBadRequest || r.Text != `{"message":"`+code.Message+`"}` || len(r.Cookies) > 0 {
		t.Errorf("answer %d %s with cookies %v, want 400 %s", r.Status, r.Text, r.Cookies, code.Message)
	}
}

func TestTokenHandsTheSessionOver(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{})
	b, other := s.Browser(t), s.Browser(t)
	session := *b.SignUp("ada@example.com").Token
	r := verify(other, generate(t, b))
	var out api.SessionAndUser
	r.Decode(&out)
	if r.Status != http.StatusOK || out.Session.Token != session || out.User.Email != "ada@example.com" {
		t.Errorf("verify: %d %s", r.Status, r.Text)
	}
	if b.Email() != "ada@example.com" || other.Email() != "ada@example.com" {
		t.Error("not both browsers are signed in")
	}
	other.Post("/sign-out", map[string]any{})
	if b.Email() != "" {
		t.Error("the session is not a shared one")
	}
}

func TestSeveralTokensMayBeOutstanding(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	first, second := generate(t, b), generate(t, b)
	for _, token := range []string{second, first} {
		if r := verify(s.Browser(t), token); r.Status != http.StatusOK {
			t.Errorf("verify: %d %s", r.Status, r.Text)
		}
	}
}

func TestUselessTokensAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{}, func(o *ostiary.Options) { o.Session.ExpiresIn = time.Hour })
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	used, late := generate(t, b), generate(t, b)
	verify(s.Browser(t), used)
	s.Clock.Advance(3 * time.Minute)
	for name, token := range map[string]string{"used": used, "expired": late, "wrong": "wrong", "empty": "", "with its purpose": "one-time-token:" + used} {
		t.Log(name)
		wantRefused(t, verify(s.Browser(t), token), onetimetoken.InvalidToken)
	}
	signedOut := generate(t, b)
	b.Post("/sign-out", map[string]any{})
	wantRefused(t, verify(s.Browser(t), signedOut), onetimetoken.SessionNotFound)
	if r := s.Browser(t).Get("/one-time-token/generate"); r.Code() != "UNAUTHORIZED" {
		t.Errorf("generate without a session: %d %s", r.Status, r.Text)
	}
	for _, body := range []any{nil, map[string]any{}, map[string]any{"token": 1}, map[string]any{"token": []string{"a"}}, []string{"a"}} {
		if r := s.Browser(t).Post("/one-time-token/verify", body); r.Status != http.StatusBadRequest {
			t.Errorf("body %v: %d %s", body, r.Status, r.Text)
		}
	}
}

// Better Auth sets the cookie of an expired session before it refuses it.
func TestExpiredSessionSetsNoCookie(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{ExpiresIn: 2 * time.Hour}, func(o *ostiary.Options) { o.Session.ExpiresIn = time.Hour })
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	token := generate(t, b)
	s.Clock.Advance(time.Hour)
	wantRefused(t, verify(s.Browser(t), token), onetimetoken.SessionExpired)
}

func TestTokensAreStoredHashed(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]onetimetoken.Options{
		"by SHA-256":       {HashTokens: true},
		"by one's own way": {HashToken: func(token string) string { return "x" + token[:min(8, len(token))] }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, o)
			b := s.Browser(t)
			b.SignUp("ada@example.com")
			token := generate(t, b)
			if found, err := s.Auth.Kernel().Verifications.Latest(t.Context(), "one-time-token:"+token); err != nil || found != nil {
				t.Errorf("the token itself is stored: %v, %v", found, err)
			}
			if r := verify(s.Browser(t), token); r.Status != http.StatusOK {
				t.Errorf("verify: %d %s", r.Status, r.Text)
			}
		})
	}
}

func TestOnlyProgramsMakeTokensIfClientsMayNot(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{DisableClientRequest: true})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	wantRefused(t, b.Get("/one-time-token/generate"), onetimetoken.ClientRequestsDisabled)
	header := http.Header{}
	for name, value := range b.Cookies {
		header.Add("Cookie", name+"="+value)
	}
	made, err := ostiary.Invoke(t.Context(), s.Auth, onetimetoken.Generate, route.None{}, ostiary.WithHeader(header))
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(s.Browser(t), made.Value.Token); r.Status != http.StatusOK {
		t.Errorf("verify: %d %s", r.Status, r.Text)
	}
}

func TestTokensCanBeMadeByTheApplication(t *testing.T) {
	t.Parallel()
	answer, failure := "hand-made", error(nil)
	s := start(t, onetimetoken.Options{GenerateToken: func(_ context.Context, id *core.Identity) (string, error) {
		if id.User.Email != "ada@example.com" {
			return "", errors.New("who is that?")
		}
		return answer, failure
	}})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	if got := generate(t, b); got != "hand-made" {
		t.Errorf("token %q", got)
	}
	if r := verify(s.Browser(t), "hand-made"); r.Status != http.StatusOK {
		t.Errorf("verify: %d %s", r.Status, r.Text)
	}
	for _, failure = range []error{nil, errors.New("no tokens today")} {
		answer = ""
		if r := b.Get("/one-time-token/generate"); r.Status != http.StatusInternalServerError || strings.Contains(r.Text, "today") {
			t.Errorf("%d %s", r.Status, r.Text)
		}
	}
}

func TestRedeemingNeedNotSignIn(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{DisableSetSessionCookie: true, SetHeaderOnNewSession: true})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	r := verify(s.Browser(t), generate(t, b))
	if r.Status != http.StatusOK || len(r.Cookies) > 0 || r.Header.Get("set-ott") != "" {
		t.Errorf("%d %s %v", r.Status, r.Text, r.Header)
	}
}

func TestNewSessionsComeWithATokenInAHeader(t *testing.T) {
	t.Parallel()
	s := start(t, onetimetoken.Options{SetHeaderOnNewSession: true})
	b := s.Browser(t)
	b.SignUp("ada@example.com")
	r := b.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": plugintest.Password})
	if r.Header.Get("Access-Control-Expose-Headers") != "set-ott" {
		t.Errorf("header %v", r.Header)
	}
	if r := verify(s.Browser(t), r.Header.Get("set-ott")); r.Status != http.StatusOK || r.Header.Get("set-ott") == "" {
		t.Errorf("verify: %d %s %v", r.Status, r.Text, r.Header)
	}
	for _, r := range []*plugintest.Response{
		b.Get("/get-session"), b.Post("/sign-out", map[string]any{}),
		b.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "a wrong one"}),
	} {
		if r.Header.Get("set-ott") != "" {
			t.Errorf("a token for no new session: %d %s", r.Status, r.Text)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := ostiary.New(ostiary.Options{Development: true, Plugins: []core.Plugin{onetimetoken.New(onetimetoken.Options{ExpiresIn: -1})}})
	if err == nil || !strings.Contains(err.Error(), "onetimetoken.Options.ExpiresIn") {
		t.Errorf("error %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	for _, seed := range []string{"", "x", "one-time-token:x", "%00", "é", strings.Repeat("a", 4096)} {
		f.Add(seed)
	}
	s := start(f, onetimetoken.Options{HashTokens: true})
	f.Fuzz(func(t *testing.T, token string) {
		if r := verify(s.Browser(t), token); r.Status != http.StatusBadRequest || len(r.Cookies) > 0 {
			t.Errorf("%q: %d %s", token, r.Status, r.Text)
		}
	})
}

package ostiary_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

func TestATokenWithoutAGoodSignatureIsAnonymous(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	signed := c.cookies()[0].Value
	token := c.session().Session.Token
	other := newServer(t, func(_ *server, o *ostiary.Options) { o.Secret = strings.Repeat("another-secret-", 4) })
	foreign := other.Kernel().Secrets.SignedValue(token)
	for name, value := range map[string]string{
		"no signature":         token,
		"empty signature":      token + ".",
		"signature cut":        signed[:len(signed)-5],
		"one character more":   signed + "A",
		"other secret":         foreign,
		"token case flipped":   strings.ToUpper(token) + strings.TrimPrefix(signed, token),
		"token cut":            signed[1:],
		"signature of another": token + strings.TrimPrefix(s.Kernel().Secrets.SignedValue("true"), "true"),
		"only a dot":           ".",
		"nothing":              "",
	} {
		stranger := s.client()
		stranger.setCookie(sessionCookie, value)
		r := stranger.get("/get-session").ok(t)
		if r.body != "null" {
			t.Errorf("%s: get-session answers %v, want null", name, r)
		}
		if len(r.header["Set-Cookie"]) != 0 {
			t.Errorf("%s: the cookie is touched: %v", name, r.header["Set-Cookie"])
		}
		stranger.get("/list-sessions").want(t, 401, "UNAUTHORIZED")
	}
	if c.session() == nil {
		t.Error("the right cookie is not accepted")
	}
}

func TestAResponseNeverSetsACookieThatItAlsoDeletes(t *testing.T) {
	t.Parallel()
	s := newServer(t, withCache(core.CompactCache))
	c := s.signUp("ada@example.com")
	c.setCookie(cacheCookie+".0", "left")
	c.setCookie(cacheCookie+".1", "over")
	steps := []func() reply{
		func() reply { return c.get("/get-session?disableCookieCache=true") },
		func() reply { return c.post("/update-user", fields{"name": "Eve"}) },
		func() reply {
			return c.post("/change-password", fields{"newPassword": "another good one", "currentPassword": goodPassword, "revokeOtherSessions": true})
		},
		func() reply { return c.signIn("ada@example.com", "another good one") },
		func() reply {
			return c.post("/sign-in/email", fields{"email": "ada@example.com", "password": "another good one", "rememberMe": false})
		},
		func() reply { s.clock.Advance(25 * time.Hour); return c.get("/get-session") },
		func() reply { return c.post("/sign-out", nil) },
	}
	for i, step := range steps {
		live := map[string]bool{}
		for _, k := range (&http.Response{Header: step().header}).Cookies() {
			if k.MaxAge < 0 && live[k.Name] {
				t.Errorf("step %d: %s is set and deleted by one response", i, k.Name)
			}
			live[k.Name] = live[k.Name] || k.MaxAge >= 0
		}
	}
}

func TestSR_040_EverySignInMakesANewSessionAndAdoptsNoToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	first := c.session().Session.Token
	fixed := s.client()
	fixed.setCookie(sessionCookie, s.Kernel().Secrets.SignedValue("chosen-by-the-attacker-000000000"))
	fixed.signIn("ada@example.com", goodPassword).ok(t)
	second := fixed.session().Session.Token
	if second == first || strings.HasPrefix(second, "chosen") || len(second) != 32 {
		t.Errorf("the second token is %q after %q", second, first)
	}
	s.wantRows(1, 2, 1)

	c.post("/revoke-session", fields{"token": second}).ok(t)
	if fixed.session() != nil || c.session() == nil {
		t.Error("revoking one session ended the wrong one")
	}
	fixed.signIn("ada@example.com", goodPassword).ok(t)
	r := c.post("/revoke-sessions", nil).ok(t)
	if k := r.cookie(sessionCookie); k == nil || k.MaxAge >= 0 {
		t.Errorf("revoke-sessions leaves the cookie: %v", r.header["Set-Cookie"])
	}
	s.wantRows(1, 0, 1)
	if fixed.session() != nil {
		t.Error("another device is still signed in")
	}
}

func TestRevokingIsLimitedToOnesOwnSessions(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	ada, eve := s.signUp("ada@example.com"), s.signUp("eve@example.com")
	eve.post("/revoke-session", fields{"token": ada.session().Session.Token}).ok(t)
	if ada.session() == nil {
		t.Error("a stranger ended a session")
	}
	eve.post("/revoke-other-sessions", nil).ok(t)
	eve.post("/revoke-sessions", nil).ok(t)
	if ada.session() == nil {
		t.Error("a stranger ended all sessions")
	}
}

func TestSlidingExpiryKeepsTheTimeOfSignIn(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		c := s.signUp("ada@example.com")
		signedIn := c.session().Session
		s.clock.Advance(24*time.Hour - time.Millisecond)
		if r := c.get("/get-session"); len(r.header["Set-Cookie"]) != 0 {
			t.Errorf("a session younger than updateAge was refreshed: %v", r.header["Set-Cookie"])
		}
		c.get("/list-sessions").ok(t)
		s.clock.Advance(time.Millisecond)
		r := c.get("/get-session")
		got := c.sessionOf(r).Session
		if !got.CreatedAt.Equal(signedIn.CreatedAt) || got.Token != signedIn.Token || !got.ExpiresAt.Equal(s.clock.Now().Add(7*24*time.Hour)) {
			t.Errorf("after the refresh the session is %+v, was %+v", got, signedIn)
		}
		if k := r.cookie(sessionCookie); k == nil || k.MaxAge != 604800 {
			t.Errorf("the refresh sets %v", k)
		}
		c.get("/list-sessions").want(t, 403, "SESSION_NOT_FRESH")
		c.post("/unlink-account", fields{"accountId": "x"}).want(t, 403, "SESSION_NOT_FRESH")
		for range 6 {
			s.clock.Advance(6 * 24 * time.Hour)
			if c.session() == nil {
				t.Fatal("a session in use ended")
			}
		}
		s.clock.Advance(7 * 24 * time.Hour)
		r = c.get("/get-session")
		if k := r.cookie(sessionCookie); r.body != "null" || k == nil || k.MaxAge >= 0 {
			t.Errorf("an expired session answers %v and sets %v", r, k)
		}
		s.wantRows(1, 0, 1)
	})
}

func TestNotRememberedSessionsEndAfterADay(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	s.signUp("ada@example.com")
	c := s.client()
	r := c.post("/sign-in/email", fields{"email": "ada@example.com", "password": goodPassword, "rememberMe": false}).ok(t)
	if k := r.cookie(sessionCookie); k.MaxAge != 0 {
		t.Errorf("the cookie outlives the browser session: %v", k)
	}
	s.clock.Advance(24*time.Hour - time.Second)
	if c.session() == nil {
		t.Fatal("ended too early")
	}
	s.clock.Advance(time.Second)
	if c.session() != nil {
		t.Error("was prolonged")
	}
}

func TestDeferredRefreshNeverWritesOnGet(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite, func(_ *server, o *ostiary.Options) { o.Session.DeferRefresh = true })
	c := s.signUp("ada@example.com")
	before := c.session()
	if before.NeedsRefresh == nil || *before.NeedsRefresh {
		t.Errorf("needsRefresh of a new session is %v, want false", before.NeedsRefresh)
	}
	s.clock.Advance(2 * 24 * time.Hour)
	got := c.session()
	if got.NeedsRefresh == nil || !*got.NeedsRefresh || !got.Session.ExpiresAt.Equal(before.Session.ExpiresAt) {
		t.Errorf("a GET on a session that is due answers %+v", got)
	}
	posted := c.sessionOf(c.post("/get-session", nil))
	if posted.NeedsRefresh != nil || !posted.Session.ExpiresAt.Equal(s.clock.Now().Add(7*24*time.Hour)) {
		t.Errorf("a POST answers %+v", posted)
	}
	s.clock.Advance(8 * 24 * time.Hour)
	if c.session() != nil {
		t.Error("expired but still answered")
	}
	s.wantRows(1, 1, 1) // a GET did not delete the row
	plain := newServer(t)
	plain.signUp("ada@example.com").post("/get-session", nil).want(t, 405, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED")
}

func TestSensitiveEndpointsAskTheStoreAndNotTheCache(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{core.CompactCache, core.JWTCache, core.JWECache} {
		s := newServer(t, onSQLite, withCache(strategy), func(_ *server, o *ostiary.Options) { o.User.ChangeEmail.UpdateWithoutVerification = true })
		c := s.signUp("ada@example.com")
		elsewhere := s.client()
		elsewhere.signIn("ada@example.com", goodPassword).ok(t)
		elsewhere.post("/revoke-other-sessions", nil).ok(t)
		if c.copyOf().session() == nil {
			t.Errorf("%s: the cache is not used", strategy)
		}
		for path, body := range map[string]fields{
			"/change-password":       {"newPassword": "another good one", "currentPassword": goodPassword},
			"/verify-password":       {"password": goodPassword},
			"/change-email":          {"newEmail": "eve@example.com"},
			"/delete-user":           {"password": goodPassword},
			"/revoke-session":        {"token": "x"},
			"/revoke-sessions":       {},
			"/revoke-other-sessions": {},
		} {
			r := c.copyOf().post(path, body).want(t, 401, "UNAUTHORIZED")
			if k := r.cookie(sessionCookie); k == nil || k.MaxAge >= 0 {
				t.Errorf("%s: %s leaves the cookies of a dead session: %v", strategy, path, r.header["Set-Cookie"])
			}
		}
		s.clock.Advance(5*time.Minute + time.Second)
		if c.session() != nil {
			t.Errorf("%s: a revoked session outlives the cache", strategy)
		}
	}
}

func TestSecretsRotateWithoutSigningAnybodyOutIfAsked(t *testing.T) {
	t.Parallel()
	old, next := core.VersionedSecret{Version: 1, Value: strings.Repeat("old-secret-", 4)}, core.VersionedSecret{Version: 2, Value: strings.Repeat("new-secret-", 4)}
	for _, accept := range []bool{false, true} {
		before := newServer(t, func(_ *server, o *ostiary.Options) { o.Secret, o.Secrets = "", []core.VersionedSecret{old} })
		c := before.signUp("ada@example.com")
		after := newServer(t, func(_ *server, o *ostiary.Options) {
			o.Secret, o.Secrets, o.AcceptPreviousSecrets = "", []core.VersionedSecret{next, old}, accept
			o.Database = before.Kernel().DB.Adapter()
		})
		moved := after.client()
		moved.setCookie(sessionCookie, c.cookies()[0].Value)
		if signedIn := moved.session() != nil; signedIn != accept {
			t.Errorf("AcceptPreviousSecrets %v: signed in is %v", accept, signedIn)
		}
		if signed := after.Kernel().Secrets.SignedValue("x"); strings.HasSuffix(before.Kernel().Secrets.SignedValue("x"), signed) {
			t.Error("the previous secret still signs")
		}
	}
}

func TestSR_048_TwoSessionCookiesNeverMix(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{core.CompactCache, core.JWTCache, core.JWECache} {
		s := newServer(t, withCache(strategy))
		ada, eve := s.signUp("ada@example.com"), s.signUp("eve@example.com")
		value := func(c *client, name string) string {
			for _, k := range c.cookies() {
				if k.Name == name {
					return k.Value
				}
			}
			t.Fatalf("no cookie %s", name)
			return ""
		}
		mixed := s.client()
		mixed.setCookie(sessionCookie, value(ada, sessionCookie))
		mixed.setCookie(cacheCookie, value(eve, cacheCookie))
		r := mixed.get("/get-session")
		if got := mixed.sessionOf(r); got == nil || got.User.Email != "ada@example.com" {
			t.Errorf("%s: token of Ada with cache of Eve is %+v", strategy, got)
		}
		for _, header := range []string{
			sessionCookie + "=" + value(ada, sessionCookie) + "; " + sessionCookie + "=" + value(eve, sessionCookie) + "; " + cacheCookie + "=" + value(eve, cacheCookie),
			sessionCookie + "=" + value(ada, sessionCookie) + "; " + cacheCookie + ".0=" + value(eve, cacheCookie)[:20] + "; " + cacheCookie + ".1=" + value(ada, cacheCookie)[20:],
		} {
			tossed := s.client()
			tossed.header.Set("Cookie", header)
			if got := tossed.session(); got == nil || got.User.Email != "ada@example.com" {
				t.Errorf("%s: with cookies %q the session is %+v, want that of Ada", strategy, header, got)
			}
		}
	}
}

func TestSR_049_NoSignedOrSealedValueOpensAnotherDoor(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{core.CompactCache, core.JWTCache, core.JWECache} {
		s := newServer(t, onSQLite, withCache(strategy), withDeleteMail)
		c := s.signUp("ada@example.com")
		c.post("/sign-in/email", fields{"email": "ada@example.com", "password": goodPassword, "rememberMe": false}).ok(t)
		c.post("/send-verification-email", fields{"email": "ada@example.com"}).ok(t)
		c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
		c.post("/delete-user", fields{}).ok(t)
		values := map[string]string{
			"verification": s.mails.last(t, "verification").token, "reset": s.mails.last(t, "reset").token, "delete": s.mails.last(t, "delete").token,
			"signed reset":  s.Kernel().Secrets.SignedValue(s.mails.last(t, "reset").token),
			"session token": c.session().Session.Token, "session id": c.session().Session.ID, "user id": c.session().User.ID,
		}
		for _, k := range c.cookies() {
			if k.Name != sessionCookie {
				values["cookie "+k.Name] = k.Value
			}
		}
		for name, value := range values {
			thief := s.client()
			thief.setCookie(sessionCookie, value)
			if thief.session() != nil {
				t.Errorf("%s: %s works as session cookie", strategy, name)
			}
			alone := s.client()
			alone.setCookie(cacheCookie, value)
			if alone.session() != nil {
				t.Errorf("%s: %s alone works as session cache", strategy, name)
			}
			if name != "verification" {
				s.client().get("/verify-email?token="+value).want(t, 401, "INVALID_TOKEN")
			}
			if name != "reset" {
				s.client().post("/reset-password", fields{"newPassword": "another good one", "token": value}).want(t, 400, "INVALID_TOKEN")
			}
			if name != "delete" {
				c.post("/delete-user", fields{"token": value}).want(t, 404, "INVALID_TOKEN")
			}
		}
		s.wantRows(1, 2, 1)
		s.client().post("/reset-password", fields{"newPassword": "another good one", "token": values["reset"]}).ok(t)
	}
}

func TestStatelessSessionsLiveInTheCookie(t *testing.T) {
	t.Parallel()
	stateless := func(_ *server, o *ostiary.Options) { o.Database = nil }
	first, second := newServer(t, stateless), newServer(t, stateless)
	second.clock = first.clock
	second = newServer(t, stateless, func(_ *server, o *ostiary.Options) { o.Advanced.Now = first.clock.Now })
	c := first.signUp("ada@example.com")
	if !strings.Contains(first.logs.String(), "cannot be revoked") {
		t.Error("there is no warning that sessions cannot be revoked")
	}
	move := func() *client {
		moved := second.client()
		for _, k := range c.cookies() {
			moved.setCookie(k.Name, k.Value)
		}
		return moved
	}
	elsewhere := move()
	if got := elsewhere.session(); got == nil || got.User.Email != "ada@example.com" {
		t.Fatalf("another node answers %+v", got)
	}
	elsewhere.post("/update-user", fields{"name": "Lady Ada"}).ok(t)
	if got := elsewhere.session(); got.User.Name != "Lady Ada" {
		t.Errorf("the name in the cookie is %q", got.User.Name)
	}
	created := c.session().Session.CreatedAt
	for range 6 {
		first.clock.Advance(24 * time.Hour)
		if elsewhere.session() == nil {
			t.Fatal("ended too early")
		}
	}
	first.clock.Advance(24*time.Hour + time.Second)
	if got := elsewhere.session(); got != nil {
		t.Errorf("a session of %v outlives %v: %+v", created, first.clock.Now(), got.Session)
	}
}

func TestGuardsDenyWhenNobodyIsSignedIn(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	guarded := s.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(ostiary.SessionFrom(r.Context()).User.Email))
	}))
	ask := func(cookies string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, siteURL+"/me", nil)
		if cookies != "" {
			r.Header.Set("Cookie", cookies)
		}
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		return w
	}
	if w := ask(c.cookieHeader()); w.Code != 200 || w.Body.String() != "ada@example.com" {
		t.Errorf("a signed-in user gets %d %s", w.Code, w.Body)
	}
	for _, cookies := range []string{"", "a=b", sessionCookie + "=forged.AAAA"} {
		if w := ask(cookies); w.Code != http.StatusUnauthorized || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("cookies %q get %d %s", cookies, w.Code, w.Body)
		}
	}
	if ostiary.SessionFrom(context.Background()) != nil {
		t.Error("a context without session has one")
	}
}

func TestListedSessionsAreThoseThatLive(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		s.signUp("eve@example.com")
		c := s.signUp("ada@example.com")
		c.post("/sign-in/email", fields{"email": "ada@example.com", "password": goodPassword, "rememberMe": false}).ok(t)
		var sessions []api.Session
		c.get("/list-sessions").ok(t).decode(t, &sessions)
		if len(sessions) != 2 {
			t.Errorf("%d sessions are listed, want 2", len(sessions))
		}
		s.clock.Advance(24*time.Hour + time.Millisecond)
		fresh := s.client()
		fresh.signIn("ada@example.com", goodPassword).ok(t)
		fresh.get("/list-sessions").ok(t).decode(t, &sessions)
		if len(sessions) != 2 {
			t.Errorf("%d sessions are listed after one expired, want 2", len(sessions))
		}
	})
}

func TestSessionFieldsHiddenFromClientsStayHidden(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{"", core.CompactCache, core.JWTCache} {
		s := newServer(t, onSQLite, func(_ *server, o *ostiary.Options) {
			o.User.Fields = []schema.Field{{Name: "note", Default: "canary-of-user", Hidden: true, NoInput: true}}
			o.Session.Fields = []schema.Field{{Name: "mark", Default: "canary-of-session", Hidden: true, NoInput: true}}
			o.Account.Fields = []schema.Field{{Name: "grade", Default: "canary-of-account", Hidden: true, NoInput: true}}
			o.Session.CookieCache = core.CookieCacheOptions{Enabled: strategy != "", Strategy: strategy}
		})
		c := s.client()
		replies := []reply{
			c.post("/sign-up/email", fields{"name": "N", "email": "ada@example.com", "password": goodPassword}).ok(t),
			c.signIn("ada@example.com", goodPassword).ok(t), c.get("/get-session").ok(t), c.get("/list-sessions").ok(t), c.get("/list-accounts").ok(t),
			c.post("/update-user", fields{"name": "M"}).ok(t),
			c.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": "another good one", "revokeOtherSessions": true}).ok(t),
			c.get("/get-session?disableCookieCache=1").ok(t),
		}
		for i, r := range replies {
			if strings.Contains(r.body, "canary") {
				t.Errorf("answer %d shows a hidden field: %s", i, r.body)
			}
			for _, k := range (&http.Response{Header: r.header}).Cookies() {
				if strings.Contains(readable(k.Value), "canary") {
					t.Errorf("answer %d has a hidden field in the cookie %s", i, k.Name)
				}
			}
		}
	}
}

func TestSR_147_WhatClientsMakeUpIsBounded(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.client()
	c.header["User-Agent"] = []string{strings.Repeat("\xff", 500_000)}
	c.post("/sign-up/email", fields{"name": strings.Repeat("x", 1_000_000), "email": "ada@example.com", "password": goodPassword}).want(t, 400, "VALIDATION_ERROR")
	s.wantRows(0, 0, 0)
	c.post("/sign-up/email", fields{"name": strings.Repeat("x", 1024), "email": "ada@example.com", "password": goodPassword}).ok(t)
	c.post("/update-user", fields{"name": strings.Repeat("x", 1025)}).want(t, 400, "VALIDATION_ERROR")
	agent := *c.session().Session.UserAgent
	if len(agent) > 4096 || !utf8.ValidString(agent) {
		t.Errorf("%d bytes of the user agent are kept", len(agent))
	}
}

package ostiary_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	scrypt "github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/schema"
)

func TestAdvisory_BA02_TheErrorPageRunsNoScript(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.Development, o.AppName = true, `<b>App</b>` })
	for _, code := range []string{"<script>alert(1)</script>", "a b", `"x"`, "", strings.Repeat("x", 101), "Ünïcode", "a\x00"} {
		r := s.client().get("/error?error=" + url.QueryEscape(code) + "&error_description=" + url.QueryEscape(`"><img src=x onerror=1>`+"\xff\u202e"))
		if r.status != 200 || strings.Contains(r.body, "<img") || strings.Contains(r.body, "<script") || strings.Contains(r.body, "<b>") || !strings.Contains(r.body, "UNKNOWN") {
			t.Errorf("with code %q the page is\n%s", code, r.body)
		}
		policy := r.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("Content-Security-Policy is %q", policy)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Type": "text/html; charset=utf-8"} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	}
	production := newServer(t)
	r := production.client().get("/error?error=" + url.QueryEscape("//evil.example") + "&error_description=" + url.QueryEscape("x\r\nSet-Cookie: a=b"))
	if l := r.header.Get("Location"); r.status != 302 || l != "/?error=UNKNOWN&error_description=x%0D%0ASet-Cookie%3A+a%3Db" {
		t.Errorf("in production the page leads to %q", l)
	}
}

func TestAdvisory_BA08_NothingOfARequestIsRememberedForOthers(t *testing.T) {
	t.Parallel()
	s := newServer(t, inferred)
	s.signUp("ada@example.com")
	ask := func(host, path, body string) reply {
		c := s.client()
		c.origin = ""
		r := c.request(http.MethodPost, path, []byte(body))
		r.Host = host
		return c.do(r)
	}
	first := s.client().request(http.MethodGet, "/ok", nil)
	first.Host, first.URL.Path = "evil.example", "/other/api/auth/ok"
	s.client().do(first)
	ask("evil.example", "/request-password-reset", `{"email":"ada@example.com"}`).ok(t)
	ask("app.example.com", "/request-password-reset", `{"email":"ada@example.com"}`).ok(t)
	if link := s.mails.last(t, "reset").url; !strings.HasPrefix(link, "http://app.example.com/api/auth/") {
		t.Errorf("the link is %s", link)
	}
	if !strings.Contains(s.logs.String(), "BaseURL is not set") {
		t.Error("there is no warning that the base URL is not set")
	}
}

// inferred leaves the base URL to the requests, which come without TLS.
func inferred(s *server, o *ostiary.Options) {
	s.url, o.BaseURL = "http://app.example.com", core.BaseURL{}
}

func TestAdvisory_L2_NoHeaderChangesTheHostOfALink(t *testing.T) {
	t.Parallel()
	headers := []string{"X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Original-Host", "X-Host", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Server", "X-Forwarded-Port", "X-Forwarded-Prefix", "Origin", "Referer"}
	modes := map[string]setting{
		"static":                func(*server, *ostiary.Options) {},
		"static behind a proxy": func(_ *server, o *ostiary.Options) { o.Advanced.TrustedProxyHeaders = true },
		"inferred":              func(_ *server, o *ostiary.Options) { o.BaseURL = core.BaseURL{} },
		"allowed hosts": func(_ *server, o *ostiary.Options) {
			o.BaseURL = ostiary.HostURLs("app.example.com", "*.app.example.com")
		},
		"allowed hosts behind a proxy": func(_ *server, o *ostiary.Options) {
			o.BaseURL, o.Advanced.TrustedProxyHeaders = ostiary.HostURLs("app.example.com"), true
		},
		"allowed hosts with a fallback": func(_ *server, o *ostiary.Options) {
			o.BaseURL = core.BaseURL{AllowedHosts: []string{"app.example.com"}, Fallback: siteURL}
		},
		"inferred, proxy sends one only": func(s *server, o *ostiary.Options) { inferred(s, o); o.Advanced.TrustedProxyHeaders = true },
	}
	for name, mode := range modes {
		s := newServer(t, mode, func(s *server, o *ostiary.Options) {
			if len(o.BaseURL.AllowedHosts) > 0 && o.BaseURL.Fallback == "" {
				s.url = "http://app.example.com"
			}
			o.TrustedOrigins = []string{"http://app.example.com"}
		})
		if s.withPassword("ada@example.com") == nil {
			t.Fatal(name)
		}
		for _, header := range headers {
			for _, value := range []string{"evil.example", "https://evil.example", "evil.example, app.example.com", "for=x;host=evil.example;proto=https", "/evil"} {
				c := s.client()
				c.origin = ""
				r := c.request(http.MethodPost, "/request-password-reset", []byte(`{"email":"ada@example.com"}`))
				r.Header.Set(header, value)
				answer := c.do(r)
				if answer.status != 200 && answer.status != 403 && answer.status != 421 {
					t.Errorf("%s: %s: %s answers %v", name, header, value, answer)
				}
				if answer.status != 200 {
					continue
				}
				if link, err := url.Parse(s.mails.last(t, "reset").url); err != nil || link.Host != "app.example.com" {
					t.Errorf("%s: with %s: %s the link leads to %v", name, header, value, link)
				}
			}
		}
	}
}

func TestDynamicHostsServeEachTheirOwnLinks(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.BaseURL = core.BaseURL{AllowedHosts: []string{"*.example.net", "localhost:*"}, Protocol: "https"}
	})
	for host, want := range map[string]int{"a.example.net": 200, "B.EXAMPLE.NET": 200, "localhost:3000": 200, "example.net": 421, "a.example.net.evil.example": 421, "a.example.net:81": 421, "evil.example": 421} {
		c := s.client()
		c.origin = "https://" + strings.ToLower(host)
		r := c.request(http.MethodPost, "/sign-up/email", []byte(`{"name":"N","email":"`+strings.NewReplacer(":", "-", ".", "-").Replace(host)+`@example.com","password":"`+goodPassword+`"}`))
		r.Host = host
		if answer := c.do(r); answer.status != want {
			t.Errorf("host %s answers %v, want %d", host, answer, want)
		}
	}
	if strings.Contains(s.logs.String(), "level=ERROR") {
		t.Error("a stranger's host is logged as a failure of the server")
	}
}

func TestCookiesSharedBySubdomains(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set    setting
		domain string
	}{
		"given": {func(_ *server, o *ostiary.Options) {
			o.Cookies.CrossSubDomain = core.CrossSubDomain{Enabled: true, Domain: "example.com"}
		}, "example.com"},
		"taken": {func(_ *server, o *ostiary.Options) { o.Cookies.CrossSubDomain.Enabled = true }, "app.example.com"},
		"dynamic": {func(_ *server, o *ostiary.Options) {
			o.Cookies.CrossSubDomain.Enabled = true
			o.BaseURL = core.BaseURL{AllowedHosts: []string{"*.example.com"}, Protocol: "https"}
		}, "app.example.com"},
		"off": {func(*server, *ostiary.Options) {}, ""},
	} {
		s := newServer(t, tt.set)
		r := s.client().post("/sign-up/email", fields{"name": "N", "email": "ada@example.com", "password": goodPassword}).ok(t)
		if k := r.cookie(sessionCookie); k == nil || k.Domain != tt.domain {
			t.Errorf("%s: the cookie is %v, want domain %q", name, k, tt.domain)
		}
	}
}

func TestSR_047_CookiesAreSafeOnHTTPSAndDeletedAsTheyWereSet(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		s := newServer(t, withCache(core.CompactCache), func(_ *server, o *ostiary.Options) {
			if plain {
				o.BaseURL = ostiary.StaticURL("http://app.example.com")
			}
		})
		c := s.client()
		c.origin = s.Kernel().StaticBaseURL()
		in := c.post("/sign-up/email", fields{"name": "N", "email": "ada@example.com", "password": goodPassword, "rememberMe": false}).ok(t)
		out := c.post("/sign-out", nil).ok(t)
		set := (&http.Response{Header: in.header}).Cookies()
		if len(set) != 3 {
			t.Errorf("sign-up sets %d cookies, want 3", len(set))
		}
		for _, k := range set {
			if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Secure == plain || strings.HasPrefix(k.Name, "__Secure-") == plain {
				t.Errorf("plain %v: cookie %s", plain, k.Raw)
			}
			gone := out.cookie(k.Name)
			if gone == nil || gone.MaxAge != -1 || gone.Value != "" {
				t.Fatalf("plain %v: %s is not deleted: %v", plain, k.Name, gone)
			}
			gone.MaxAge, gone.Value, gone.Raw = k.MaxAge, k.Value, k.Raw
			if diff := cmp.Diff(k, gone); diff != "" {
				t.Errorf("plain %v: %s is deleted with other attributes:\n%s", plain, k.Name, diff)
			}
		}
	}
}

func TestAdvisory_BA15_ADeletedUserIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	ways := map[string]func(t *testing.T, s *server, c *client) reply{
		"at once": func(_ *testing.T, _ *server, c *client) reply { return c.post("/delete-user", fields{}) },
		"with password": func(_ *testing.T, _ *server, c *client) reply {
			return c.post("/delete-user", fields{"password": goodPassword})
		},
		"with token": func(t *testing.T, s *server, c *client) reply {
			c.post("/delete-user", fields{}).ok(t)
			return c.post("/delete-user", fields{"token": s.mails.last(t, "delete").token})
		},
		"by link": func(t *testing.T, s *server, c *client) reply {
			c.post("/delete-user", fields{}).ok(t)
			return c.get("/delete-user/callback?token=" + s.mails.last(t, "delete").token)
		},
	}
	for name, remove := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEveryStore(t, func(t *testing.T, store setting) {
				s := newServer(t, store, withCache(core.CompactCache), func(s *server, o *ostiary.Options) {
					if strings.Contains(name, "token") || strings.Contains(name, "link") {
						withDeleteMail(s, o)
					}
				})
				s.signUp("eve@example.com")
				c := s.signUp("ada@example.com")
				elsewhere := s.client()
				elsewhere.signIn("ada@example.com", goodPassword).ok(t)
				s.linkAccount(s.userByEmail("ada@example.com"), "github", "1")
				r := remove(t, s, c).ok(t)
				for _, name := range []string{sessionCookie, cacheCookie} {
					if k := r.cookie(name); k == nil || k.MaxAge >= 0 {
						t.Errorf("the cookie %s stays", name)
					}
				}
				s.wantRows(1, 1, 1) // those of Eve
				s.clock.Advance(6 * time.Minute)
				if elsewhere.session() != nil {
					t.Error("another device is still signed in")
				}
				s.client().signIn("ada@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
			})
		})
	}
}

func TestADeletionTokenOfAnotherUserDeletesNobody(t *testing.T) {
	t.Parallel()
	s := newServer(t, withDeleteMail)
	ada, eve := s.signUp("ada@example.com"), s.signUp("eve@example.com")
	ada.post("/delete-user", fields{}).ok(t)
	token := s.mails.last(t, "delete").token
	eve.get("/delete-user/callback?token="+token).want(t, 404, "INVALID_TOKEN")
	s.client().get("/delete-user/callback?token="+token).want(t, 404, "FAILED_TO_GET_USER_INFO")
	s.wantRows(2, 2, 2)
}

// notAddresses are texts that some mail library would deliver somewhere.
var notAddresses = []string{
	"a@evil.example,v@corp.example", "a@evil.example;v@corp.example", "a@evil.example v@corp.example", "a@evil.example\nv@corp.example", "a@evil.example\r\nBcc: v@corp.example", "V <v@corp.example>", `"a@b"@c.example`,
	`"v@corp.example x"@evil.example`, "v＠corp.example@evil.example", "v﹫corp.example", "v@corp。example", "v@corp.example,<a href=x>", "v@x.example,<a href=…>", "v@@corp.example", "@corp.example", "v@", "v@corp", "v@corp.", "v@.example",
	".v@corp.example", "v.@corp.example", "v..w@corp.example", "v@corp..example", "v@[127.0.0.1]", "v@corp.example\x00", "\u200bv@corp.example", "v\u202e@corp.example", "ⅴ@corp.example", "v(comment)@corp.example", "v@corp.example(comment)", "mailto:v@corp.example",
	" v@corp.example", "v@corp.example ", "v%corp.example@evil.example", "v!corp@evil.example", "=?utf-8?q?v?=@corp.example", "v@c\u00f6rp.example", "v@xn--.example.", strings.Repeat("v", 5000) + "@corp.example", "v@" + strings.Repeat("c.", 3000) + "example",
}

func TestAdvisory_AJ05_AJ07_AJ11_AJ12_OneRequestNamesOneMailbox(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.signUp("ada@example.com")
	s.verifyAddress("ada@example.com")
	for _, address := range notAddresses {
		if len(address) > 1000 {
			continue // SR-146 has its own test
		}
		for path, body := range map[string]fields{
			"/sign-up/email":           {"name": "N", "email": address, "password": goodPassword},
			"/sign-in/email":           {"email": address, "password": goodPassword},
			"/request-password-reset":  {"email": address},
			"/send-verification-email": {"email": address},
			"/change-email":            {"newEmail": address},
		} {
			if r := c.post(path, body); r.status != http.StatusBadRequest {
				t.Errorf("%s with %q answers %v", path, address, r)
			}
		}
	}
	if mails := s.mails.list(); len(mails) > 0 {
		t.Errorf("mails were sent: %v", mails)
	}
	s.wantRows(1, 1, 1)
}

func TestSR_146_AddressesAreNoLongerThanMailAllows(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.signUp("ada@example.com")
	for _, address := range []string{strings.Repeat("v", 255) + "@corp.example", "v@" + strings.Repeat("c.", 3000) + "example"} {
		for path, body := range map[string]fields{
			"/sign-up/email":          {"name": "N", "email": address, "password": goodPassword},
			"/request-password-reset": {"email": address},
			"/change-email":           {"newEmail": address},
		} {
			if r := c.post(path, body); r.status != http.StatusBadRequest {
				t.Errorf("%s with an address of %d characters answers %v", path, len(address), clip(r.String()))
			}
		}
	}
	s.wantRows(1, 1, 1)
}

func TestAdvisory_AJ15_AGuardWhoseStoreFailsLetsNobodyThrough(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	if err := s.Kernel().DB.Close(); err != nil {
		t.Fatal(err)
	}
	passed := false
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { passed = ostiary.SessionFrom(r.Context()) != nil })
	for name, guard := range map[string]http.Handler{"require": s.RequireSession(next), "optional": s.OptionalSession(next)} {
		r := httptest.NewRequest(http.MethodGet, siteURL+"/me", nil)
		r.Header.Set("Cookie", c.cookieHeader())
		w := httptest.NewRecorder()
		guard.ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable || passed {
			t.Errorf("%s: answered %d %s, passed is %v", name, w.Code, w.Body, passed)
		}
	}
	if r := c.get("/get-session"); r.status < 500 || strings.Contains(r.body, "ada@") || len(r.header["Set-Cookie"]) > 0 {
		t.Errorf("get-session answers %v and sets %v", r, r.header["Set-Cookie"])
	}
	if r := c.post("/update-user", fields{"name": "x"}); r.status < 500 {
		t.Errorf("update-user answers %v", r)
	}
}

func TestAdvisory_AJ14_MalformedEncodingsAreNoToken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, value := range []string{"%E0%A4%A", "%", "%zz.AAAA", "%00"} {
		c := s.client()
		c.header.Set("Authorization", "Bearer "+value)
		c.header.Set("Cookie", sessionCookie+"="+value)
		if r := c.get("/get-session"); r.status != 200 || r.body != "null" {
			t.Errorf("%q answers %v", value, r)
		}
	}
}

func TestAdvisory_AJ04_ABadTargetIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, target := range []string{"%", "http://[", "/" + strings.Repeat("%", 50_000), strings.Repeat("/", 100_000), "http://" + strings.Repeat("a.", 50_000), strings.Repeat("\\", 100_000)} {
		// Directly, because Go's client fails on a Location like "/%".
		begin, w := time.Now(), httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, siteURL+basePath+"/verify-email?token=x&callbackURL="+url.QueryEscape(target), nil))
		if l := w.Header().Get("Location"); w.Code >= 500 || time.Since(begin) > 10*time.Second || (l != "" && l[0] != '/') {
			t.Errorf("%q answers %d, Location %q, after %v", clip(target), w.Code, clip(l), time.Since(begin))
		}
	}
}

// The two halves of a hasher.
type (
	hashing interface {
		Hash(ctx context.Context, password string) (string, error)
	}
	verifying interface {
		Verify(ctx context.Context, hash, password string) (bool, error)
	}
)

func TestSR_010_APasswordThatCannotBeReadIsAWrongOne(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite, func(s *server, o *ostiary.Options) {
		o.EmailAndPassword.Hasher = struct {
			hashing
			verifying
		}{s.hasher, scrypt.NewScrypt(scrypt.Limits{})}
	})
	c := s.sessionFor(s.withPassword("ada@example.com"))
	account := s.rows(schema.AccountKey)[1]
	for _, hash := range []string{"", ":", "x", "no-colon", strings.Repeat("a", 32) + ":", ":" + strings.Repeat("a", 128), strings.Repeat("A", 32) + ":" + strings.Repeat("B", 128), strings.Repeat("g", 32) + ":" + strings.Repeat("g", 128), strings.Repeat("a", 1_000_000), "$2b$31$" + strings.Repeat("x", 53), "$scrypt$ln=30,r=8,p=1$aa$bb", "\x00"} {
		change := s.Kernel().Accounts.Table().NewRow().Set("password", hash)
		if _, err := s.Kernel().DB.Update(t.Context(), change, idIs(account.ID())); err != nil {
			t.Fatal(err)
		}
		s.client().signIn("ada@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
		for path, body := range map[string]fields{"/verify-password": {"password": goodPassword}, "/change-password": {"currentPassword": goodPassword, "newPassword": "another good one"}, "/delete-user": {"password": goodPassword}} {
			if r := c.post(path, body); r.status != http.StatusBadRequest {
				t.Errorf("hash %q: %s answers %v", clip(hash), path, r)
			}
		}
	}
	s.wantRows(1, 1, 2)
}

func TestSR_012_WaitingEndsWhenTheClientGoesAway(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUp("ada@example.com")
	gate := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	s.hasher.gate.Store(&gate)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		parallel(50, func(int) int {
			r := httptest.NewRequest(http.MethodPost, siteURL+basePath+"/sign-in/email", strings.NewReader(`{"email":"ada@example.com","password":"`+goodPassword+`"}`)).WithContext(ctx)
			r.Header.Set("Content-Type", "application/json")
			s.ServeHTTP(httptest.NewRecorder(), r)
			return 0
		})
	}()
	cancel()
	<-done // hangs, and so fails, if the context is not handed on
	if strings.Contains(s.logs.String(), "level=ERROR") {
		t.Errorf("clients that go away are logged as failures of the server: %s", clip(s.logs.String()))
	}
}

func TestSR_025_WhoeverFailsToSignInCostsTheSame(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store)
		s.signUp("known@example.com")
		s.withoutPassword("social@example.com")
		var first []string
		for _, email := range []string{"known@example.com", "unknown@example.com", "social@example.com", "KNOWN@example.com"} {
			before := s.hasher.work()
			r := s.client().signIn(email, "a wrong password").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
			if work := s.hasher.work() - before; work != 1 {
				t.Errorf("%s: %d hashes, want 1", email, work)
			}
			shape := append(maskIdentity(r), fmt.Sprint(r.header))
			if first == nil {
				first = shape
			}
			if diff := cmp.Diff(first, shape); diff != "" {
				t.Errorf("%s is answered otherwise:\n%s", email, diff)
			}
		}
	})
}

func TestSR_026_AskingForAMailDoesNotTellWhoExists(t *testing.T) {
	t.Parallel()
	for _, failing := range []error{nil, errors.New("the mail server is down"), core.FailWith(418, "TEAPOT", "No")} {
		s := newServer(t)
		s.signUp("unverified@example.com")
		s.signUp("verified@example.com")
		s.verifyAddress("verified@example.com")
		s.mails.fail = failing
		for _, path := range []string{"/request-password-reset", "/send-verification-email"} {
			var first []string
			replies := parallel(3, func(i int) reply {
				return s.client().post(path, fields{"email": []string{"unverified@example.com", "verified@example.com", "unknown@example.com"}[i]})
			})
			for i, r := range replies {
				shape := append(maskIdentity(r), fmt.Sprint(r.header), fmt.Sprint(r.status))
				if first == nil {
					first = shape
				}
				if diff := cmp.Diff(first, shape); diff != "" {
					t.Errorf("mailer says %v: %s: answer %d differs from the first:\n%s", failing, path, i, diff)
				}
			}
		}
	}
}

func TestSR_026_MailsAreSentInTheBackgroundIfThatIsWanted(t *testing.T) {
	t.Parallel()
	var tasks []func()
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.Background = func(task func()) { tasks = append(tasks, task) }
		o.EmailAndPassword.RequireEmailVerification = true
	})
	s.client().post("/sign-up/email", fields{"name": "N", "email": "ada@example.com", "password": goodPassword}).ok(t)
	s.client().post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
	s.client().post("/send-verification-email", fields{"email": "ada@example.com"}).ok(t)
	if n := len(s.mails.list()); n != 0 {
		t.Errorf("%d mails were sent before the answer", n)
	}
	for _, task := range tasks {
		task()
	}
	if n := len(s.mails.list()); n != 3 {
		t.Errorf("%d mails were sent, want 3", n)
	}
}

func TestCloseWaitsForBackgroundWork(t *testing.T) {
	t.Parallel()
	s := &server{t: t, clock: newClock(), mails: &outbox{}, hasher: &hasher{}, logs: &logBuffer{}, url: siteURL}
	o := s.options()
	goOn, sent := make(chan struct{}), false
	o.Background = func(task func()) { go task() }
	o.EmailAndPassword.SendResetPassword = func(context.Context, emailReset) error { <-goOn; sent = true; return nil }
	auth, err := ostiary.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Auth = auth
	s.signUp("ada@example.com")
	s.client().post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err := auth.Close(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("an impatient Close returns %v", err)
	}
	close(goOn)
	if err := auth.Close(t.Context()); err != nil || !sent {
		t.Errorf("Close returns %v, sent is %v", err, sent)
	}
}

func TestChangedAddressesAreProvenAndLinksWorkOnce(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withChangeConfirmation)
		c := s.signUp("old@example.com")
		s.verifyAddress("old@example.com")
		c.post("/change-email", fields{"newEmail": "new@example.com"}).ok(t)
		confirmation := s.mails.last(t, "confirmation")
		if confirmation.to != "old@example.com" || s.mails.count("verification") != 0 {
			t.Fatalf("the first mail goes to %s, and %d to the new address", confirmation.to, s.mails.count("verification"))
		}
		eve := s.signUp("eve@example.com")
		eve.get("/verify-email?token="+confirmation.token).want(t, 401, "INVALID_USER")
		s.client().get("/verify-email?token=" + confirmation.token).ok(t)
		verification := s.mails.last(t, "verification")
		if verification.to != "new@example.com" || s.userByEmail("old@example.com") == nil {
			t.Fatalf("the second mail goes to %s", verification.to)
		}
		c.get("/verify-email?token=" + verification.token).ok(t)
		if c.session().User.Email != "new@example.com" {
			t.Error("the session has the old address")
		}
		for _, m := range []mail{confirmation, verification} {
			s.client().get("/verify-email?token="+m.token).want(t, 401, "INVALID_TOKEN")
		}
		s.client().signIn("old@example.com", goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
		s.client().signIn("new@example.com", goodPassword).ok(t)

		c.post("/change-email", fields{"newEmail": "eve@example.com"}).ok(t) // taken, but that is not told
		if n := s.mails.count("confirmation"); n != 1 {
			t.Errorf("%d confirmations were sent, want 1", n)
		}
	})
}

func TestMailedLinksExpire(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withDeleteMail)
		c := s.signUp("ada@example.com")
		ask := func() {
			c.post("/send-verification-email", fields{"email": "ada@example.com"}).ok(t)
			c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
		}
		ask()
		s.clock.Advance(time.Hour)
		s.client().get("/verify-email?token="+s.mails.last(t, "verification").token).want(t, 401, "TOKEN_EXPIRED")
		s.client().post("/reset-password", fields{"token": s.mails.last(t, "reset").token, "newPassword": "another good one"}).want(t, 400, "INVALID_TOKEN")
		ask()
		c.post("/delete-user", fields{}).ok(t)
		s.clock.Advance(time.Hour - time.Second)
		s.client().get("/verify-email?token=" + s.mails.last(t, "verification").token).ok(t)
		s.client().post("/reset-password", fields{"token": s.mails.last(t, "reset").token, "newPassword": "another good one"}).ok(t)
		s.clock.Advance(23*time.Hour + time.Second)
		fresh := s.client()
		fresh.signIn("ada@example.com", "another good one").ok(t)
		fresh.get("/delete-user/callback?token="+s.mails.last(t, "delete").token).want(t, 404, "INVALID_TOKEN")
		s.wantRows(1, 2, 1)
		s.clock.Advance(2 * time.Minute)
		s.client().post("/reset-password", fields{"token": "x", "newPassword": "another good one"})
		if n := len(s.rows(schema.VerificationKey)); n != 0 {
			t.Errorf("%d expired rows are kept", n)
		}
	})
}

func TestAdvisory_L11_TokensThatAreAlmostRightAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	c.post("/send-verification-email", fields{"email": "ada@example.com"}).ok(t)
	c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
	for kind, token := range map[string]string{"reset": s.mails.last(t, "reset").token, "verification": s.mails.last(t, "verification").token} {
		for _, bent := range []string{token[:len(token)-1], token + "A", token + "=", " " + token, token + " ", strings.ToLower(token), strings.ToUpper(token), token + "\x00", "%" + token, token + "%", strings.Replace(token, token[:1], "_", 1), "reset-password:" + token, "*", "%25"} {
			if bent == token {
				continue
			}
			var r reply
			if kind == "reset" {
				r = s.client().post("/reset-password", fields{"token": bent, "newPassword": "another good one"})
			} else {
				r = s.client().get("/verify-email?token=" + url.QueryEscape(bent))
			}
			if r.code() != "INVALID_TOKEN" {
				t.Errorf("%s token %q answers %v", kind, bent, r)
			}
		}
	}
	if s.userByEmail("ada@example.com").EmailVerified {
		t.Error("the address was verified")
	}
	s.client().signIn("ada@example.com", goodPassword).ok(t)
}

func TestUnverifiedUsersLearnThatOnlyWithTheRightPassword(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.EmailAndPassword.RequireEmailVerification, o.EmailVerification.SendOnSignIn = true, true
	})
	c := s.client()
	r := c.post("/sign-up/email", fields{"name": "N", "email": "ada@example.com", "password": goodPassword}).ok(t)
	if len(r.header["Set-Cookie"]) > 0 || strings.Contains(r.body, `"token":"`) {
		t.Errorf("sign-up signs in: %v", r)
	}
	sent := len(s.mails.list())
	c.signIn("ada@example.com", "a wrong password").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
	if len(s.mails.list()) != sent {
		t.Error("a wrong password sends mail")
	}
	r = c.signIn("ada@example.com", goodPassword).want(t, 403, "EMAIL_NOT_VERIFIED")
	if len(r.header["Set-Cookie"]) > 0 || len(s.mails.list()) != sent+1 {
		t.Errorf("an unverified user gets cookies %v and %d mails", r.header["Set-Cookie"], len(s.mails.list())-sent)
	}
	s.wantRows(1, 0, 1)
	c.get("/verify-email?token=" + s.mails.last(t, "verification").token).ok(t)
	c.signIn("ada@example.com", goodPassword).ok(t)
}

func TestSR_031_AnswersWithTokensOrUserDataAreNotStored(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.Session.Fields = []schema.Field{{Name: "theme", Optional: true}}
	})
	c := s.client()
	for name, r := range map[string]reply{
		"sign-up":     c.post("/sign-up/email", fields{"name": "N", "email": "ada@example.com", "password": goodPassword}),
		"sign-in":     c.signIn("ada@example.com", goodPassword),
		"get-session": c.get("/get-session"),
	} {
		if r.ok(t).header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", name, r.header.Get("Cache-Control"))
		}
	}
	for name, r := range map[string]reply{
		"list-sessions": c.get("/list-sessions"), "list-accounts": c.get("/list-accounts"), "update-session": c.post("/update-session", fields{"theme": "x"}),
		"change-password": c.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": "another good one"}),
	} {
		if r.ok(t).header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", name, r.header.Get("Cache-Control"))
		}
	}
}

func TestAdvisory_L23_ARevocationThatFailedIsNotReportedAsDone(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	if err := s.Kernel().DB.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/revoke-sessions", "/revoke-other-sessions", "/sign-out"} {
		if r := c.post(path, nil); r.status < 500 {
			t.Errorf("%s answers %v", path, r)
		} else if k := r.cookie(sessionCookie); path == "/sign-out" && (k == nil || k.MaxAge >= 0) {
			t.Errorf("sign-out leaves the cookie: %v", r.header["Set-Cookie"])
		}
	}
}

func TestSR_011_WhereThereIsTooMuchToHashTheAnswerIsToComeBackLater(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUp("ada@example.com")
	busy := func(context.Context) error { return scrypt.ErrBusy{RetryAfter: 1500 * time.Millisecond} }
	s.hasher.gate.Store(&busy)
	s.hasher.hashGate.Store(&busy)
	for _, r := range []reply{
		s.client().signIn("ada@example.com", goodPassword), s.client().signIn("unknown@example.com", goodPassword),
		s.client().post("/sign-up/email", fields{"name": "N", "email": "eve@example.com", "password": goodPassword}),
	} {
		if r.want(t, 503, "SERVICE_UNAVAILABLE").header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
		}
	}
	s.wantRows(1, 1, 1)
}

func TestSR_045_RevokingIsSeenByOtherNodes(t *testing.T) {
	t.Parallel()
	one := newServer(t, onSQLite, withCache(core.CompactCache))
	two := newServer(t, withCache(core.CompactCache), func(_ *server, o *ostiary.Options) {
		o.Database, o.Advanced.Now = one.Kernel().DB.Adapter(), one.clock.Now
	})
	c := one.signUp("ada@example.com")
	there := two.client()
	for _, k := range c.cookies() {
		there.setCookie(k.Name, k.Value)
	}
	there.post("/verify-password", fields{"password": goodPassword}).ok(t)
	there = there.copyOf()
	c.post("/revoke-sessions", nil).ok(t)
	if there.copyOf().session() == nil {
		t.Error("the cache of the other node is not used")
	}
	there.copyOf().post("/verify-password", fields{"password": goodPassword}).want(t, 401, "UNAUTHORIZED")
	one.clock.Advance(5*time.Minute + time.Second)
	if there.session() != nil {
		t.Error("a revoked session outlives the cache on the other node")
	}
}

// The table of advisories names tests, which must be there.
func TestTableOfAdvisoriesNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("\\| `(Test\\w+)` \\| (\\S+_test\\.go) \\|").FindAllStringSubmatch(string(text), -1)
	if len(rows) < 20 {
		t.Errorf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		file, err := os.ReadFile(row[2])
		if err != nil || !strings.Contains(string(file), "func "+row[1]+"(t *testing.T)") {
			t.Errorf("%s has no %s (%v)", row[2], row[1], err)
		}
	}
}

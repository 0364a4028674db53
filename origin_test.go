package ostiary_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/route"
)

// hostileTargets are redirect targets that lead elsewhere than they look.
var hostileTargets = []string{
	"//evil.example", "/\\evil.example", "/%5cevil.example", "/%2f%2fevil.example", "/\t/evil.example", "https:evil.example", "https:/evil.example",
	" https://evil.example", "https://evil.example", "http://evil.example", "https://app.example.com.evil.example", "https://app.example.com@evil.example",
	"https://evil.example/.app.example.com", "https://evil.example?.app.example.com", "https://evil.example#.app.example.com", "https://app-example.com",
	"http://app.example.com", "https://app.example.com:8443", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "\tjavascript:alert(1)", "data:text/html,x",
	"vbscript:x", "\\\\evil.example", "///evil.example", "/..//evil.example", "/%2e%2e//evil.example", "https://app.example.com\\@evil.example",
	"https://[::1", "http://[", "%", "https://app.example.com%00.evil.example", "https://app.example.com%2eevil.example", "evil.example", "./x", "?x",
	"https://аpp.example.com", "https://app.example.com\u3002evil.example", "https://app。example.com", "https://evil.example\r\nSet-Cookie: x=1", "/ok\r\nSet-Cookie: x=1", "/\x00",
	"https://0x7f000001", "https://127.1", "blob:https://app.example.com/x", "file:///etc/passwd", "ftp://app.example.com", "https://app.example.com.", "https://user:pass@evil.example/@app.example.com",
}

func TestAdvisory_BA01_BA03_BA04_HostileRedirectTargetsAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite, withDeleteMail)
	c := s.signUp("ada@example.com")
	c.post("/send-verification-email", fields{"email": "ada@example.com"}).ok(t)
	c.post("/request-password-reset", fields{"email": "ada@example.com"}).ok(t)
	c.post("/delete-user", fields{}).ok(t)
	verification, reset, deletion := s.mails.last(t, "verification").token, s.mails.last(t, "reset").token, s.mails.last(t, "delete").token
	sent := len(s.mails.list())
	for _, target := range hostileTargets {
		q := "callbackURL=" + url.QueryEscape(target)
		for _, path := range []string{"/verify-email?token=" + verification, "/reset-password/" + reset + "?", "/delete-user/callback?token=" + deletion, "/reset-password/unknown?"} {
			r := c.get(path + "&" + q)
			if r.status != http.StatusForbidden || r.code() != "INVALID_CALLBACK_URL" || r.header.Get("Location") != "" {
				t.Errorf("GET %s with %q answers %v, Location %q", path, target, r, r.header.Get("Location"))
			}
		}
		for _, browser := range []*client{c, s.client()} {
			browser.post("/request-password-reset", fields{"email": "ada@example.com", "redirectTo": target}).want(t, 403, "INVALID_REDIRECT_URL")
			browser.post("/send-verification-email", fields{"email": "ada@example.com", "callbackURL": target}).want(t, 403, "INVALID_CALLBACK_URL")
			browser.post("/sign-in/email", fields{"email": "ada@example.com", "password": goodPassword, "callbackURL": target}).want(t, 403, "INVALID_CALLBACK_URL")
			browser.post("/sign-up/email", fields{"name": "x", "email": "x@example.com", "password": goodPassword, "callbackURL": target}).want(t, 403, "INVALID_CALLBACK_URL")
		}
		c.post("/change-email", fields{"newEmail": "eve@example.com", "callbackURL": target}).want(t, 403, "INVALID_CALLBACK_URL")
		c.post("/delete-user", fields{"callbackURL": target}).want(t, 403, "INVALID_CALLBACK_URL")
		c.post("/sign-out", fields{"callbackURL": target}).want(t, 403, "INVALID_CALLBACK_URL")
	}
	if got := len(s.mails.list()); got != sent {
		t.Errorf("%d mails were sent", got-sent)
	}
	if s.userByEmail("ada@example.com").EmailVerified {
		t.Error("the address was verified")
	}
	s.wantRows(1, 1, 1)
}

// TestAdvisory_BA05 takes the list of what redirects from the routes
// themselves, so that a new one cannot be forgotten.
func TestAdvisory_BA05_EveryRouteThatTakesARedirectTargetChecksIt(t *testing.T) {
	t.Parallel()
	s := newServer(t, onSQLite)
	c := s.signUp("ada@example.com")
	names := []string{"callbackURL", "redirectTo", "errorCallbackURL", "newUserCallbackURL", "post_logout_redirect_uri"}
	checked := 0
	for _, r := range s.Kernel().Endpoints() {
		spec := r.Describe()
		if spec.ServerOnly() {
			continue
		}
		for _, f := range r.InputShape().Fields {
			if !slices.Contains(names, f.Name) {
				continue
			}
			checked++
			for _, target := range hostileTargets {
				var answer reply
				path := pathOf(r)
				if f.Source == route.Query {
					answer = c.do(c.request(spec.Method(), path+"?token=x&"+f.Name+"="+url.QueryEscape(target), nil))
				} else {
					answer = c.post(path, fields{f.Name: target, "email": "ada@example.com", "newEmail": "x@example.com", "name": "x", "password": goodPassword})
				}
				if answer.status < 400 || answer.status > 499 || answer.header.Get("Location") != "" {
					t.Errorf("%s %s with %s=%q answers %v, Location %q", spec.Method(), path, f.Name, target, answer, answer.header.Get("Location"))
				}
			}
		}
	}
	if checked < 9 {
		t.Errorf("only %d redirect inputs were found; the test looks for the wrong names", checked)
	}
}

func TestRedirectTargetsThatAreNoTextAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.client()
	for _, value := range []any{[]any{"/ok", "//evil.example"}, []any{"//evil.example"}, fields{"href": "//evil.example"}, 7, true} {
		r := c.post("/sign-in/email", fields{"email": "ada@example.com", "password": goodPassword, "callbackURL": value})
		if r.status != http.StatusBadRequest {
			t.Errorf("callbackURL %v answers %v", value, r)
		}
	}
	r := c.get("/verify-email?token=x&callbackURL=/ok&callbackURL=//evil.example")
	if r.status < 400 || r.header.Get("Location") != "" {
		t.Errorf("two callbackURLs answer %v, Location %q", r, r.header.Get("Location"))
	}
}

func TestSR_100_SR_102_RequestsWithCookiesNeedATrustedOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.TrustedOrigins = []string{"https://other.example", "*.example.net", "https://*.example.org:8443"}
	})
	c := s.signUp("ada@example.com")
	ask := func(header map[string]string) reply {
		browser := c.copyOf()
		browser.origin = ""
		for name, value := range header {
			browser.header.Set(name, value)
		}
		return browser.post("/update-user", fields{"name": "N"})
	}
	for _, good := range []map[string]string{
		{"Origin": "https://app.example.com"},
		{"Origin": "https://other.example"},
		{"Origin": "https://a.b.example.net"},
		{"Origin": "http://a.example.net"},
		{"Origin": "https://a.example.org:8443"},
		{"Referer": "https://app.example.com/page?x=1"},
		{"Origin": "https://app.example.com", "Referer": "https://evil.example"},
		{"Origin": "null", "Sec-Fetch-Site": "same-origin"},
	} {
		r := ask(good)
		if good["Origin"] == "null" {
			// The request arrived by plain HTTP, so to say, which is not https://app.example.com.
			r.want(t, 403, "INVALID_ORIGIN")
			continue
		}
		if r.status != http.StatusOK {
			t.Errorf("%v is refused: %v", good, r)
		}
	}
	for _, evil := range []string{
		"https://evil.example", "http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.example", "https://example.net", "https://evilexample.net",
		"https://a.example.org", "http://a.example.org:8443", "https://app.example.com@evil.example", "file://", "https://evil.example#app.example.com", "garbage", "https://", "https://app.example.com,https://evil.example",
		"chrome-extension://app.example.com", "https://a.example.net.evil.example", "https://evil.example/a.example.net",
	} {
		ask(map[string]string{"Origin": evil}).want(t, 403, "INVALID_ORIGIN")
		ask(map[string]string{"Referer": evil + "/"}).want(t, 403, "INVALID_ORIGIN")
	}
	for _, none := range []map[string]string{{}, {"Origin": "null"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null", "Referer": "https://app.example.com/"}} {
		ask(none).want(t, 403, "MISSING_OR_NULL_ORIGIN")
	}
}

func TestSR_100_EveryRouteThatIsNoGetChecksTheOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.signUp("ada@example.com")
	evil := c.copyOf()
	evil.origin = "https://evil.example"
	for _, r := range s.Kernel().Endpoints() {
		spec := r.Describe()
		for _, method := range spec.Methods {
			if method == http.MethodGet || spec.ServerOnly() {
				continue
			}
			evil.do(evil.request(method, pathOf(r), []byte("{}"))).want(t, 403, "INVALID_ORIGIN")
		}
	}
	s.wantRows(1, 1, 1)
}

func TestSR_101_SimpleRequestsOfForeignPagesAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.signUp("ada@example.com")
	forms := []string{"/sign-up/email", "/sign-in/email"}
	for _, r := range s.Kernel().Endpoints() {
		spec := r.Describe()
		if spec.ServerOnly() || spec.NoBody || spec.Method() != http.MethodPost {
			continue
		}
		for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "text/json", "application/json-patch+json", ";", "application/jsonx"} {
			if strings.Contains(media, "urlencoded") && slices.Contains(forms, spec.Path) {
				continue
			}
			request := c.request(http.MethodPost, spec.Path, []byte(`{"a":1}`))
			request.Header.Set("Content-Type", media)
			c.do(request).want(t, 415, "UNSUPPORTED_MEDIA_TYPE")
		}
	}
}

func TestSR_052_ForeignPagesCannotSignAVictimIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.signUp("eve@example.com")
	form := []byte(url.Values{"email": {"eve@example.com"}, "password": {goodPassword}}.Encode())
	ask := func(cookies bool, header map[string]string) reply {
		browser := s.client()
		browser.origin = ""
		if cookies {
			browser.setCookie("theme", "dark")
		}
		request := browser.request(http.MethodPost, "/sign-in/email", form)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range header {
			request.Header.Set(name, value)
		}
		return browser.do(request)
	}
	ask(false, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Origin": "https://evil.example"}).want(t, 403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
	ask(false, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "https://evil.example"}).want(t, 403, "INVALID_ORIGIN")
	ask(false, map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Origin": "https://evil.example"}).want(t, 403, "INVALID_ORIGIN")
	ask(false, map[string]string{"Origin": "https://evil.example"}).want(t, 403, "INVALID_ORIGIN")
	ask(false, map[string]string{"Referer": "https://evil.example/x"}).want(t, 403, "INVALID_ORIGIN")
	ask(true, map[string]string{"Origin": "https://evil.example"}).want(t, 403, "INVALID_ORIGIN")
	ask(true, nil).want(t, 403, "MISSING_OR_NULL_ORIGIN")
	ask(false, map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": "https://app.example.com"}).ok(t)
}

func TestSR_104_ATargetThatIsNoLongerTrustedIsRefusedWhenTheLinkIsFollowed(t *testing.T) {
	t.Parallel()
	before := newServer(t, func(_ *server, o *ostiary.Options) { o.TrustedOrigins = []string{"https://old.example"} })
	c := before.signUp("ada@example.com")
	c.post("/request-password-reset", fields{"email": "ada@example.com", "redirectTo": "https://old.example/reset"}).ok(t)
	c.post("/send-verification-email", fields{"email": "ada@example.com", "callbackURL": "https://old.example/done"}).ok(t)
	after := newServer(t, func(_ *server, o *ostiary.Options) { o.Database = before.Kernel().DB.Adapter() })
	for _, kind := range []string{"reset", "verification"} {
		link := before.mails.last(t, kind).url
		if r := before.client().follow(link); r.status != http.StatusFound || !strings.HasPrefix(r.header.Get("Location"), "https://old.example/") {
			t.Errorf("%s link leads to %v %q", kind, r, r.header.Get("Location"))
		}
		after.client().follow(link).want(t, 403, "INVALID_CALLBACK_URL")
	}
}

func TestUnsafeOptionsDoWhatTheySayAndNoMore(t *testing.T) {
	t.Parallel()
	evil := func(s *server, path string, body fields) reply {
		c := s.signUp("ada@example.com")
		c.origin = "https://evil.example"
		return c.post(path, body)
	}
	target := fields{"email": "ada@example.com", "redirectTo": "https://evil.example"}
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.Advanced.DisableCSRFCheck = true })
	evil(s, "/request-password-reset", target).want(t, 403, "INVALID_REDIRECT_URL")
	s = newServer(t, func(_ *server, o *ostiary.Options) { o.Advanced.DisableOriginCheck = true })
	evil(s, "/request-password-reset", target).ok(t)
	s = newServer(t, func(_ *server, o *ostiary.Options) { o.Advanced.OriginCheckExempt = []string{"/update-user"} })
	evil(s, "/update-user", fields{"name": "x"}).ok(t)
	s = newServer(t, func(_ *server, o *ostiary.Options) { o.Advanced.OriginCheckExempt = []string{"/update"} })
	evil(s, "/update-user", fields{"name": "x"}).want(t, 403, "INVALID_ORIGIN")
}

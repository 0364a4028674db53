package ostiary_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// respond answers a request in-process.
func (s *server) respond(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// FuzzBody sends bodies to every route that takes one.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `{"email":"a@example.com","password":"12345678","name":"N"}`, `{"email":"a@example.com","password":"12345678","name":"N","image":null,"rememberMe":false,"callbackURL":"/x"}`,
		`{"name":"\ud800","age":1e400}`, `{"token":"x","newPassword":"12345678"}`, `{"newEmail":"b@example.com"}`, `{"a":{"b":[1,2,{"c":null}]}}`, "{\"a\":\"\xff\"}", `{"about":{"x":1},"tags":["a",2],"born":"2020-01-01","age":"41"}`,
	} {
		f.Add(body)
	}
	s := newServer(f, withEverything)
	c := s.signUp("ada@example.com")
	cookies := c.cookieHeader()
	var paths []string
	for _, r := range s.Kernel().Endpoints() {
		if spec := r.Describe(); !spec.ServerOnly() && spec.Method() == http.MethodPost && spec.Path != "/send-verification-email" {
			paths = append(paths, spec.Path)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range paths {
			r := httptest.NewRequest(http.MethodPost, siteURL+basePath+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Origin", siteURL)
			r.Header.Set("Cookie", cookies)
			w := s.respond(r)
			if w.Code >= 500 {
				t.Errorf("%s answers %d: %s", path, w.Code, s.logs)
			}
			if w.Code >= 400 && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s answers %q, which is no JSON", path, w.Body)
			}
		}
	})
}

// FuzzCallbackURL looks for a target that leads off the site. What a redirect
// leads to is decided in the way of browsers, not of this project.
func FuzzCallbackURL(f *testing.F) {
	for _, target := range hostileTargets {
		f.Add(target)
	}
	for _, target := range []string{"/", "/a?b=c#d", "https://app.example.com/x", "https://app.example.com", "/%", "/a/../b", "?x", "#x", "/\u00e9", "/ x"} {
		f.Add(target)
	}
	s := newServer(f)
	f.Fuzz(func(t *testing.T, target string) {
		for _, path := range []string{"/verify-email?token=x&callbackURL=", "/reset-password/x?callbackURL="} {
			w := s.respond(httptest.NewRequest(http.MethodGet, siteURL+basePath+path+url.QueryEscape(target), nil))
			if w.Code >= 500 {
				t.Fatalf("%q answers %d", target, w.Code)
			}
			if to := w.Header().Get("Location"); to != "" && leavesSite(to) {
				t.Errorf("%q leads to %q", target, to)
			}
		}
	})
}

// leavesSite reports whether a browser at siteURL that is sent to a URL could
// end up elsewhere (WHATWG URL, section 4.4, cut down to the question): it drops
// tabs and line breaks, trims control characters, and takes \ for /.
func leavesSite(to string) bool {
	to = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(to)
	to = strings.TrimFunc(to, func(r rune) bool { return r <= ' ' })
	to = strings.ReplaceAll(to, `\`, "/")
	if strings.HasPrefix(to, "//") {
		return true
	}
	if strings.HasPrefix(to, "/") {
		return false
	}
	rest, ok := strings.CutPrefix(strings.ToLower(to), siteURL)
	return !ok || (rest != "" && !strings.ContainsAny(rest[:1], "/?#"))
}

// FuzzForwardedFor looks for a header that makes anything but one canonical
// address, or none, of a client.
func FuzzForwardedFor(f *testing.F) {
	for _, header := range []string{"", "192.0.2.1", "192.0.2.1, 10.0.0.1", "::1", "::ffff:192.0.2.1", "2001:DB8::1", "[::1]:80", "1.2.3.4:5", "fe80::1%eth0", "x", ",,,", "192.0.2.01", "1.2.3.4\x00", "0x7f.1", strings.Repeat("1.1.1.1,", 100)} {
		f.Add(header)
	}
	s := newServer(f)
	u := s.withPassword("ada@example.com")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodPost, siteURL+basePath+"/sign-in/email", strings.NewReader(`{"email":"`+u.Email+`","password":"`+goodPassword+`"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header["X-Forwarded-For"] = []string{header}
		if w := s.respond(r); w.Code != http.StatusOK {
			t.Fatalf("sign-in answers %d %s", w.Code, w.Body)
		}
		session, err := s.Kernel().DB.FindOne(t.Context(), database.Query{Table: s.Kernel().Sessions.Table()})
		if err != nil {
			t.Fatal(err)
		}
		ip := session.StringAt(schema.SessionIPAddress)
		if ip != "" {
			address, err := netip.ParseAddr(ip)
			if err != nil || address.Zone() != "" || address.Is4In6() || (address.Is4() && address.String() != ip) || (address.Is6() && address.StringExpanded() != ip) {
				t.Errorf("%q makes the address %q", header, ip)
			}
		}
		if _, err := s.Kernel().DB.DeleteMany(t.Context(), s.Kernel().Sessions.Table()); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzCookies sends cookies to get-session: nothing but a cookie that the server
// has made signs anybody in.
func FuzzCookies(f *testing.F) {
	for _, header := range []string{
		"", "a=b", sessionCookie + "=", sessionCookie + "=x.y", sessionCookie + `="x"`, cacheCookie + "=e30", cacheCookie + ".0=a; " + cacheCookie + ".1=b", sessionCookie + "=%E0%A4%A", ";=;", "\x00", strings.Repeat("a=b;", 50),
		cacheCookie + "=eyJhbGciOiJub25lIn0.e30.; " + sessionCookie + "=x." + strings.Repeat("A", 43) + "%3D",
	} {
		f.Add(header)
	}
	var servers []*server
	var good []string
	for _, strategy := range []core.CacheStrategy{core.CompactCache, core.JWTCache, core.JWECache} {
		s := newServer(f, withCache(strategy))
		c := s.signUp("ada@example.com")
		servers, good = append(servers, s), append(good, c.cookieHeader())
		f.Add(c.cookieHeader()[:40])
	}
	f.Fuzz(func(t *testing.T, header string) {
		for i, s := range servers {
			for _, cookies := range []string{header, header + "; " + good[i], good[i] + "; " + header} {
				r := httptest.NewRequest(http.MethodGet, siteURL+basePath+"/get-session", nil)
				r.Header["Cookie"] = []string{cookies}
				w := s.respond(r)
				if w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
					t.Errorf("cookies %q are answered %d %s", cookies, w.Code, w.Body)
				}
				if cookies == header && w.Body.String() != "null" {
					t.Errorf("cookies %q sign in", cookies)
				}
			}
		}
	})
}

package ostiarytest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/api"
)

// Browser keeps cookies between requests and says from where it asks. It follows
// no redirects. It belongs to one goroutine.
type Browser struct {
	t    testing.TB
	auth *Auth
	base *url.URL
	jar  *cookiejar.Jar
}

// Browser returns a browser without cookies.
func (a *Auth) Browser(t testing.TB) *Browser {
	t.Helper()
	address := a.Kernel().StaticBaseURL()
	if address == "" {
		address = Origin + "/api/auth"
	}
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t: t, auth: a, base: base, jar: jar}
}

// SignUp returns the browser of a new user with the password [Password].
func (a *Auth) SignUp(t testing.TB, email string) *Browser {
	t.Helper()
	b := a.Browser(t)
	b.must("/sign-up/email", map[string]any{"name": nameOf(email), "email": email, "password": Password})
	return b
}

// SignIn returns the browser of a user who signs in with a password.
func (a *Auth) SignIn(t testing.TB, email, password string) *Browser {
	t.Helper()
	b := a.Browser(t)
	b.must("/sign-in/email", map[string]any{"email": email, "password": password})
	return b
}

func (b *Browser) must(path string, body any) {
	b.t.Helper()
	if w := b.Post(path, body); w.Code != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

func nameOf(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return name
}

// Get requests an endpoint below the base path, or an absolute URL such as a
// mailed link, from the authentication server.
func (b *Browser) Get(address string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.ask(http.MethodGet, address, nil)
}

// Post sends JSON to an endpoint below the base path.
func (b *Browser) Post(path string, body any) *httptest.ResponseRecorder {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.ask(http.MethodPost, path, text)
}

func (b *Browser) ask(method, address string, body []byte) *httptest.ResponseRecorder {
	if strings.HasPrefix(address, "/") {
		address = b.base.String() + address
	}
	r := httptest.NewRequest(method, address, bytes.NewReader(body))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return b.Do(b.auth, r)
}

// Do sends a request to any handler, such as the application's own, with the
// cookies of the browser, and keeps those of the answer. A path alone, such as
// "/me", is one of the server's origin.
func (b *Browser) Do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	at := *r.URL
	if at.Host == "" {
		at.Scheme, at.Host, r.Host = b.base.Scheme, b.base.Host, b.base.Host
	}
	if r.Header.Get("Origin") == "" {
		r.Header.Set("Origin", b.base.Scheme+"://"+b.base.Host)
	}
	for _, c := range b.jar.Cookies(&at) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b.jar.SetCookies(&at, (&http.Response{Header: w.Header()}).Cookies())
	return w
}

// Session returns the session of the browser, or nil when nobody is signed in.
func (b *Browser) Session() *api.SessionAndUser {
	b.t.Helper()
	w := b.Get("/get-session")
	var out *api.SessionAndUser
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		b.t.Fatalf("get session: %d %s", w.Code, w.Body)
	}
	return out
}

// AssertSignedIn fails unless the browser is signed in as a user.
func AssertSignedIn(t testing.TB, b *Browser, email string) {
	t.Helper()
	switch s := b.Session(); {
	case s == nil:
		t.Errorf("nobody is signed in, want %s", email)
	case s.User.Email != email:
		t.Errorf("%s is signed in, want %s", s.User.Email, email)
	}
}

// AssertSignedOut fails if somebody is signed in to the browser.
func AssertSignedOut(t testing.TB, b *Browser) {
	t.Helper()
	if s := b.Session(); s != nil {
		t.Errorf("%s is signed in, want nobody", s.User.Email)
	}
}

// AssertCookie fails unless an answer sets a cookie, which it returns; nil when
// there is none. The prefix "__Secure-" may be left out.
func AssertCookie(t testing.TB, answer *httptest.ResponseRecorder, name string) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: answer.Header()}).Cookies() {
		if strings.TrimPrefix(c.Name, "__Secure-") == strings.TrimPrefix(name, "__Secure-") && c.MaxAge >= 0 {
			return c
		}
	}
	t.Errorf("the answer sets no cookie %s", name)
	return nil
}

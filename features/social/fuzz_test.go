package social_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever comes to the callback, nobody is signed in, nothing fails, and the
// browser is sent to the error page of the server or refused.
func FuzzCallback(f *testing.F) {
	f.Add("acme", "code=a&state=b", "")
	f.Add("acme", "error=x&error_description=y&state=", "__Secure-better-auth.state=x.y")
	f.Add("nobody", "state=%00&iss=&user={}", "__Secure-better-auth.oauth_state=$ba$1$00")
	f.Add("%2e%2e", "code=a&code=b", "a=b; __Secure-better-auth.state=\"")
	f.Add("acme", "%zz", ";;;=;")
	s := newSite(f)
	f.Fuzz(func(t *testing.T, provider, query, cookies string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+"/callback/acme", nil)
		r.URL.Path, r.URL.RawQuery = "/api/auth/callback/"+provider, query
		r.Header.Set("Cookie", cookies)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("answer %d", w.Code)
		}
		for _, c := range w.Result().Cookies() {
			if c.MaxAge >= 0 {
				t.Fatalf("set %s", c.Name)
			}
		}
		if to := w.Header().Get("Location"); to != "" {
			if u, err := url.Parse(to); err != nil || !strings.HasPrefix(to, base+"/error?error=") || u.Query().Get("error") == "" {
				t.Fatalf("redirects to %q", to)
			}
		}
	})
}

func FuzzSignInSocial(f *testing.F) {
	f.Add(`{"provider":"acme"}`)
	f.Add(`{"provider":"acme","idToken":{"token":"a.b.c","nonce":"n"}}`)
	f.Add(`{"provider":"plain","additionalData":{"a":{"b":[1,null,"\u0000"]}},"scopes":["a b"],"additionalParams":{"x":"&state=1"}}`)
	f.Add(`[]`)
	s := newSite(f)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, base+"/sign-in/social", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("answer %d to %s", w.Code, body)
		}
		for _, c := range w.Result().Cookies() {
			if strings.Contains(c.Name, "session") && c.MaxAge >= 0 {
				t.Fatalf("set %s", c.Name)
			}
		}
	})
}

package oauthpopup

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
)

const app = "https://app.example.com"

// site is a server with the plugin and the provider plain.test.
type site struct {
	*plugintest.Server
	net *plugintest.Internet
}

func newSite(t *testing.T, configure ...func(o *ostiary.Options)) *site {
	t.Helper()
	s := &site{}
	s.Server = plugintest.New(t, func(o *ostiary.Options) {
		s.net = plugintest.NewInternet(t, o.Advanced.Now)
		o.Advanced.HTTPClient = s.net.Client()
		o.TrustedOrigins = []string{app}
		o.SocialProviders = []social.Provider{social.Definition{
			ID: "plain", AuthorizationEndpoint: "https://plain.test/authorize", TokenEndpoint: "https://plain.test/token",
			Fetch: social.FetchFrom("https://plain.test/user"),
			Profile: func(raw map[string]any) *social.Profile {
				return &social.Profile{Subject: social.Subject(raw["id"]), Name: "Ann", Email: social.Text(raw, "email"), EmailVerified: true}
			},
		}.New(social.Client{ID: "client", Secret: "secret"})}
		o.Plugins = []core.Plugin{New()}
		for _, change := range configure {
			change(o)
		}
	})
	return s
}

func address(pairs ...string) string {
	q := url.Values{"provider": {"plain"}, "popupOrigin": {app}, "popupNonce": {"n-1"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/oauth-popup/start?" + q.Encode()
}

var ann = map[string]any{"id": "a-1", "email": "ann@example.com"}

// result returns the message on a page.
func result(t *testing.T, r *plugintest.Response) message {
	t.Helper()
	_, data, found := strings.Cut(r.Text, `id="better-auth-oauth-popup">`)
	data, _, closed := strings.Cut(data, "</script>")
	var m message
	if !found || !closed || r.Status != http.StatusOK || json.Unmarshal([]byte(data), &m) != nil {
		t.Fatalf("no result on the page: %d %s", r.Status, r.Text)
	}
	return m
}

func TestTheScriptIsTheOneThatThePolicyAllows(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(script))
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != scriptHash {
		t.Errorf("scriptHash is %s, want %s", scriptHash, got)
	}
}

func TestSignIn_hands_the_token_to_the_opener(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.Browser(t)
	to := b.Get(address("callbackURL", "/in", "scopes", "a, b", "additionalData", `{"codeVerifier":"mine","x":1}`)).Location()
	if to.Host != "plain.test" || to.Query().Get("scope") != "a b" {
		t.Errorf("led to %s", to)
	}
	r := b.Get(s.net.Approve(to.String(), ann))
	m := result(t, r)
	if m.Type != "better-auth:oauth-popup" || m.TargetOrigin != app || m.Nonce != "n-1" || m.RedirectTo != "/in" || m.Error != nil {
		t.Errorf("message %+v", m)
	}
	if value, err := url.PathUnescape(b.Cookies["better-auth.session_token"]); err != nil || value != m.Token || m.Token == "" {
		t.Errorf("the token is %q, the cookie %q", m.Token, value)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Pragma": "no-cache",
		"Content-Security-Policy": "default-src 'none'; script-src 'sha256-" + scriptHash + "'; base-uri 'none'",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, kept := b.Cookies["better-auth.oauth_popup"]; kept {
		t.Error("the cookie of the window is still there")
	}
	if b.Email() != "ann@example.com" {
		t.Errorf("signed in as %q", b.Email())
	}
}

func TestSignIn_tells_the_opener_what_went_wrong(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.Browser(t)
	to := b.Get(address("errorCallbackURL", "/oops")).Location()
	back := plugintest.Origin + "/api/auth/callback/plain?error=access_denied&error_description=%3C/script%3E&state=" + to.Query().Get("state")
	r := b.Get(back)
	m := result(t, r)
	if m.Token != "" || m.Error == nil || *m.Error != (failure{"access_denied", "</script>"}) {
		t.Errorf("message %+v", m)
	}
	if strings.Count(r.Text, "</script>") != 2 {
		t.Errorf("a description ends the element that it is in: %s", r.Text)
	}
}

func TestStart_posts_nothing_to_strangers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, origin := range []string{
		"https://evil.test", "https://app.example.com.evil.test", "/", "", "*", "null", "javascript:alert(1)", "https://app.example.com@evil.test",
		app + "/path", "https://APP.example.com", "http://app.example.com",
	} {
		r := s.Browser(t).Get(address("popupOrigin", origin))
		if r.Status != http.StatusForbidden || r.Code() != "INVALID_ORIGIN" {
			t.Errorf("%q: %d %s", origin, r.Status, r.Text)
		}
	}
}

func TestStart_tells_what_is_wrong(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, test := range []struct{ name, value, code, description string }{
		{"callbackURL", "https://evil.test/", "invalid_callback_url", "Untrusted URL: https://evil.test/"},
		{"errorCallbackURL", "//evil.test", "invalid_error_callback_url", "Untrusted URL: //evil.test"},
		{"newUserCallbackURL", "javascript:alert(1)", "invalid_new_user_callback_url", "Untrusted URL: javascript:alert(1)"},
		{"provider", "nobody", "provider_not_found", "Unknown provider: nobody"},
		{"additionalData", "no JSON", "popup_sign_in_failed", "Failed to start the OAuth flow."},
		{"additionalData", `{"a":"` + strings.Repeat("x", 20<<10) + `"}`, "popup_sign_in_failed", "Failed to start the OAuth flow."},
	} {
		r := s.Browser(t).Get(address(test.name, test.value))
		if m := result(t, r); m.Error == nil || *m.Error != (failure{test.code, test.description}) || m.TargetOrigin != app || m.Nonce != "n-1" {
			t.Errorf("%s: %+v", test.name, m)
		}
	}
}

// A window that was opened and left does not take over a sign-in without one.
func TestSignIn_without_window_is_left_alone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.Browser(t)
	b.Get(address())
	var out struct{ URL string }
	b.Post("/sign-in/social", map[string]any{"provider": "plain", "callbackURL": "/in"}).Decode(&out)
	if r := b.Get(s.net.Approve(out.URL, ann)); r.Status != http.StatusFound || r.Location().String() != "/in" {
		t.Errorf("ended with %d %s", r.Status, r.Text)
	}
}

func TestSignIn_in_another_browser_gets_no_token(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attacker, victim := s.Browser(t), s.Browser(t)
	back := s.net.Approve(attacker.Get(address()).Location().String(), ann)
	if r := victim.Get(back); r.Status != http.StatusFound || r.Location().Query().Get("error") != "state_mismatch" || victim.Email() != "" {
		t.Errorf("ended with %d %s", r.Status, r.Text)
	}
}

func TestCookie_of_the_window_cannot_be_made_up(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.Browser(t)
	var out struct{ URL string }
	b.Post("/sign-in/social", map[string]any{"provider": "plain", "callbackURL": "/in"}).Decode(&out)
	u, err := url.Parse(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	b.Cookies["better-auth.oauth_popup"] = url.QueryEscape(`{"popupOrigin":"https://app.example.com","state":"`+u.Query().Get("state")+`"}`) + ".AAAA"
	if r := b.Get(s.net.Approve(out.URL, ann)); r.Status != http.StatusFound {
		t.Errorf("ended with %d %s", r.Status, r.Text)
	}
}

func TestSignIn_with_the_state_in_a_cookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *ostiary.Options) { o.Account.StateStrategy = core.StateInCookie })
	b := s.Browser(t)
	if m := result(t, b.Get(s.net.Approve(b.Get(address()).Location().String(), ann))); m.Token == "" {
		t.Errorf("message %+v", m)
	}
}

package oauthproxy_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
	"github.com/ostiary/ostiary/plugins/oauthproxy"
)

const (
	previewURL    = "https://preview.example.com"
	productionURL = "https://app.example.com"
	shared        = "a-secret-that-both-servers-know-0123456789-abcdefgh"
)

func provider(id string) social.Provider {
	return social.Definition{
		ID: id, AuthorizationEndpoint: "https://plain.test/authorize", TokenEndpoint: "https://plain.test/token",
		Fetch: social.FetchFrom("https://plain.test/user"),
		Profile: func(raw map[string]any) *social.Profile {
			return &social.Profile{
				Subject: social.Subject(raw["id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
				EmailVerified: social.True(raw["email_verified"]),
			}
		},
	}.New(social.Client{ID: "client", Secret: "secret"})
}

// world is a preview and production, which share nothing but a secret.
type world struct {
	preview, production *plugintest.Server
	net                 *plugintest.Internet
}

func newWorld(t *testing.T, configure ...func(o *ostiary.Options)) *world {
	t.Helper()
	w := &world{}
	clock := plugintest.NewClock()
	w.net = plugintest.NewInternet(t, clock.Now)
	server := func(address, main string) *plugintest.Server {
		s := plugintest.New(t, func(o *ostiary.Options) {
			o.BaseURL, o.Secret = ostiary.StaticURL(address), main
			o.Advanced.HTTPClient, o.Advanced.Now = w.net.Client(), clock.Now
			o.SocialProviders = []social.Provider{provider("plain"), provider("other")}
			o.Plugins = []core.Plugin{oauthproxy.New(oauthproxy.Options{ProductionURL: productionURL, Secret: shared})}
			for _, change := range configure {
				change(o)
			}
		})
		s.Clock = clock
		return s
	}
	w.preview = server(previewURL, "the-secret-of-the-preview-0123456789-abcdefghijkl")
	w.production = server(productionURL, "the-secret-of-production-0123456789-abcdefghijkl")
	return w
}

// browser is one browser, which keeps the cookies of the two servers apart.
type browser struct{ preview, production *plugintest.Browser }

func (w *world) browser(t *testing.T) browser {
	t.Helper()
	b := browser{w.preview.Browser(t), w.production.Browser(t)}
	b.preview.Header.Set("Origin", previewURL)
	b.production.Header.Set("Origin", productionURL)
	return b
}

func ann() map[string]any {
	return map[string]any{"id": "ann-1", "name": "Ann", "email": "ann@example.com", "email_verified": true}
}

// start begins a sign-in at the preview and returns the address of the provider.
func start(t *testing.T, b *plugintest.Browser, more map[string]any) string {
	t.Helper()
	in := map[string]any{"provider": "plain", "callbackURL": "/in", "errorCallbackURL": "/oops", "newUserCallbackURL": ""}
	for name, value := range more {
		in[name] = value
	}
	r := b.Post("/sign-in/social", in)
	var out struct{ URL string }
	r.Decode(&out)
	if out.URL == "" || r.Header.Get("Location") != out.URL {
		t.Fatalf("start: %d %s %q", r.Status, r.Text, r.Header.Get("Location"))
	}
	return out.URL
}

// through goes from the provider's address through production and returns where
// the preview is called.
func (w *world) through(t *testing.T, b browser, address string) string {
	t.Helper()
	back := w.net.Approve(address, ann())
	if !strings.HasPrefix(back, productionURL+"/api/auth/callback/plain?") {
		t.Fatalf("the provider sends the user to %s", back)
	}
	return b.production.Get(back).Location().String()
}

func users(t *testing.T, s *plugintest.Server) int {
	t.Helper()
	user, err := s.Auth.Kernel().Users.ByEmail(t.Context(), "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if user == nil {
		return 0
	}
	return 1
}

func eachStrategy(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, strategy := range []core.StateStrategy{core.StateInDatabase, core.StateInCookie} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, func(o *ostiary.Options) { o.Account.StateStrategy = strategy }))
		})
	}
}

func TestSignIn_by_way_of_production(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, w *world) {
		b := w.browser(t)
		at := w.through(t, b, start(t, b.preview, nil))
		if !strings.HasPrefix(at, previewURL+"/api/auth/callback/plain/oauth-proxy?callbackURL=%2Fin&profile=") {
			t.Fatalf("production sends the user to %s", at)
		}
		if to := b.preview.Get(at).Location().String(); to != "/in" || b.preview.Email() != "ann@example.com" {
			t.Errorf("ended at %q as %q", to, b.preview.Email())
		}
		if users(t, w.production) != 0 || users(t, w.preview) != 1 {
			t.Error("production has made a user, or the preview none")
		}
		account, err := w.preview.Auth.Kernel().Accounts.ByKey(t.Context(), "plain", "ann-1")
		if err != nil || account == nil || *account.AccessToken != "access-2" || *account.RefreshToken != "refresh-2" || *account.Scope != "a,b" ||
			!account.AccessTokenExpiresAt.Equal(w.preview.Clock.Now().Add(time.Hour)) {
			t.Errorf("account %+v %v", account, err)
		}
		// A profile is good once.
		other := w.browser(t)
		for name, value := range b.preview.Cookies {
			other.preview.Cookies[name] = value
		}
		if to := other.preview.Get(at).Location(); to.Query().Get("error") != "state_mismatch" {
			t.Errorf("the second time: %s", to)
		}
	})
}

func TestNewUsers_go_where_the_client_says(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	for _, want := range []string{"/new", "/in"} {
		at := w.through(t, b, start(t, b.preview, map[string]any{"newUserCallbackURL": "/new"}))
		if to := b.preview.Get(at).Location().String(); to != want {
			t.Errorf("ended at %q, want %q", to, want)
		}
	}
}

func TestLink_by_way_of_production(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.preview.SignUp("ann@example.com")
	var out struct{ URL string }
	b.preview.Post("/link-social", map[string]any{"provider": "plain", "callbackURL": "/linked"}).Decode(&out)
	if to := b.preview.Get(w.through(t, b, out.URL)).Location().String(); to != "/linked" {
		t.Errorf("ended at %q", to)
	}
	if account, err := w.preview.Auth.Kernel().Accounts.ByKey(t.Context(), "plain", "ann-1"); err != nil || account == nil {
		t.Errorf("account %v %v", account, err)
	}
}

func TestProduction_tells_the_preview_what_went_wrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	oops := previewURL + "/oops?error="
	for name, test := range map[string]struct {
		change func(back string) string
		want   string
	}{
		"refused":        {func(s string) string { return s + "&error=access_denied&error_description=no" }, oops + "access_denied&error_description=no"},
		"no code":        {func(s string) string { return strings.Replace(s, "code=", "cod=", 1) }, oops + "no_code"},
		"wrong code":     {func(s string) string { return strings.Replace(s, "code=", "code=x", 1) }, oops + "invalid_code"},
		"other provider": {func(s string) string { return strings.Replace(s, "/callback/plain", "/callback/other", 1) }, oops + "state_mismatch"},
		"no provider":    {func(s string) string { return strings.Replace(s, "/callback/plain", "/callback/nobody", 1) }, oops + "state_mismatch"},
		"broken state":   {func(s string) string { return strings.Replace(s, "state=", "state=00", 1) }, productionURL + "/api/auth/error?error=state_mismatch"},
	} {
		back := test.change(w.net.Approve(start(t, b.preview, nil), ann()))
		if to := b.production.Get(back).Location().String(); to != test.want {
			t.Errorf("%s: ended at %q, want %q", name, to, test.want)
		}
	}
	w.net.Handle("GET plain.test/user", func(plugintest.Request) (int, any) { return http.StatusOK, map[string]any{"id": "x"} })
	if to := b.production.Get(w.net.Approve(start(t, b.preview, nil), nil)).Location().String(); to != oops+"email_not_found" {
		t.Errorf("no address: ended at %q", to)
	}
	late := w.net.Approve(start(t, b.preview, nil), ann())
	w.preview.Clock.Advance(11 * time.Minute)
	if to := b.production.Get(late).Location().String(); to != oops+"state_mismatch" {
		t.Errorf("late: ended at %q", to)
	}
}

func TestProfile_that_is_not_good_signs_nobody_in(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, w *world) {
		keys, err := secret.NewKeyring(secret.Options{Secret: shared})
		if err != nil {
			t.Fatal(err)
		}
		page := previewURL + "/api/auth/error?error="
		for name, test := range map[string]struct {
			change func(b browser, at string) string
			want   string
		}{
			"none":        {func(_ browser, at string) string { return cut(at) }, page + "missing_profile"},
			"noise":       {func(_ browser, at string) string { return cut(at) + "&profile=00ff" }, page + "invalid_profile"},
			"another key": {func(_ browser, at string) string { return cut(at) + "&profile=" + keys.Encrypt([]byte("{}")) }, page + "invalid_profile"},
			"no members": {func(_ browser, at string) string {
				return cut(at) + "&profile=" + keys.Purpose("oauth-proxy-profile").Encrypt([]byte("{}"))
			}, page + "invalid_payload"},
			"of another provider": {func(_ browser, at string) string { return strings.Replace(at, "/plain/", "/other/", 1) }, previewURL + "/oops?error=provider_mismatch"},
			"late": {func(_ browser, at string) string {
				w.preview.Clock.Advance(61 * time.Second)
				return at
			}, previewURL + "/oops?error=payload_expired"},
			"in another browser": {func(b browser, at string) string {
				clear(b.preview.Cookies)
				return at
			}, previewURL + "/oops?error=state_mismatch"},
			"a foreign target": {func(_ browser, at string) string { return strings.Replace(at, "%2Fin", "https%3A%2F%2Fevil.test", 1) }, ""},
		} {
			b := w.browser(t)
			r := b.preview.Get(test.change(b, w.through(t, b, start(t, b.preview, nil))))
			if test.want == "" {
				if r.Status != http.StatusForbidden || r.Code() != "INVALID_CALLBACK_URL" {
					t.Errorf("%s: %d %s", name, r.Status, r.Text)
				}
			} else if to := r.Location().String(); to != test.want {
				t.Errorf("%s: ended at %q, want %q", name, to, test.want)
			}
			if b.preview.Email() != "" || users(t, w.preview) != 0 {
				t.Errorf("%s: somebody is signed in", name)
			}
		}
	})
}

// cut removes the profile from an address.
func cut(at string) string {
	at, _, _ = strings.Cut(at, "&profile=")
	return at
}

// BA-34: the cookie with the state was sealed with the key of profiles, so that
// what a client had put into it could be passed off as a profile.
func TestAdvisory_BA34_a_state_is_no_profile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *ostiary.Options) {
		o.Account.StateStrategy = core.StateInCookie
		o.Secret, o.Plugins = shared, []core.Plugin{oauthproxy.New(oauthproxy.Options{ProductionURL: productionURL})}
	})
	b := w.browser(t)
	now := w.preview.Clock.Now().UnixMilli()
	address := start(t, b.preview, map[string]any{"additionalData": map[string]any{
		"userInfo": map[string]any{"id": "v", "email": "victim@example.com", "emailVerified": true},
		"account":  map[string]any{"providerId": "plain", "accountId": "v"}, "state": "s", "timestamp": now,
	}})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secret.NewKeyring(secret.Options{Secret: shared})
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.Purpose("oauth-proxy-package").Decrypt(u.Query().Get("state"))
	var sealed struct{ StateCookie string }
	if err != nil || json.Unmarshal(text, &sealed) != nil || sealed.StateCookie == "" {
		t.Fatal("the state is no bundle", err)
	}
	for name, blob := range map[string]string{
		"the cookie": b.preview.Cookies["__Secure-better-auth.oauth_state"], "the bundle": u.Query().Get("state"), "the flow in it": sealed.StateCookie,
	} {
		to := b.preview.Get("/callback/plain/oauth-proxy?callbackURL=%2F&profile=" + url.QueryEscape(blob)).Location()
		if to.Query().Get("error") != "invalid_profile" || b.preview.Email() != "" {
			t.Errorf("%s: ended at %s", name, to)
		}
	}
}

// BA-14 (CVE-2026-53516): whoever signed up with the victim's address first kept
// the password.
func TestAdvisory_BA14_an_unproven_user_is_never_linked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.browser(t).preview.SignUp("ann@example.com")
	b := w.browser(t)
	if to := b.preview.Get(w.through(t, b, start(t, b.preview, nil))).Location().String(); to != "/oops?error=account_not_linked" || b.preview.Email() != "" {
		t.Errorf("ended at %q", to)
	}
}

func TestPreview_uses_the_older_path_of_production_too(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	at := strings.Replace(w.through(t, b, start(t, b.preview, nil)), "/callback/plain/oauth-proxy", "/oauth-proxy-callback", 1)
	if to := b.preview.Get(at).Location().String(); to != "/in" {
		t.Errorf("ended at %q", to)
	}
}

func TestFlows_that_need_no_proxy_are_left_alone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	if back := w.net.Approve(start(t, b.production, nil), ann()); !strings.HasPrefix(back, productionURL) {
		t.Errorf("production's own: %s", back)
	} else if to := b.production.Get(back).Location().String(); to != "/in" {
		t.Errorf("production's own: ended at %q", to)
	}
	b.preview.Header.Set("X-Skip-OAuth-Proxy", "true")
	if back := w.net.Approve(start(t, b.preview, nil), ann()); !strings.HasPrefix(back, previewURL) {
		t.Errorf("with the header: %s", back)
	}
}

// What a provider posts to production goes through, too.
func TestSignIn_with_an_answer_by_form(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	u, err := url.Parse(w.net.Approve(start(t, b.preview, nil), ann()))
	if err != nil {
		t.Fatal(err)
	}
	get := b.production.PostForm("/callback/plain", u.Query()).Location().String()
	if to := b.preview.Get(b.production.Get(get).Location().String()).Location().String(); to != "/in" {
		t.Errorf("ended at %q", to)
	}
}

func TestNew_tells_what_is_wrong(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]oauthproxy.Options{
		"MaxAge: must not be negative": {MaxAge: -1},
		"ProductionURL: \"x\" is not":  {ProductionURL: "x"},
		"CurrentURL: \"//y\" is not":   {CurrentURL: "//y"},
		"Secret: option `secrets`":     {Secrets: []core.VersionedSecret{{Version: -1, Value: "v"}}},
	} {
		_, err := ostiary.New(ostiary.Options{BaseURL: ostiary.StaticURL(previewURL), Secret: shared, Plugins: []core.Plugin{oauthproxy.New(o)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

package genericoauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/genericoauth"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
)

const discoveryURL = "https://idp.test/.well-known/openid-configuration"

func idp(change func(p *genericoauth.Provider)) genericoauth.Provider {
	p := genericoauth.Provider{ID: "idp", ClientID: "idp-client", ClientSecret: "idp-secret", Scopes: []string{"email"}, DiscoveryURL: discoveryURL}
	if change != nil {
		change(&p)
	}
	return p
}

func plain(change func(p *genericoauth.Provider)) genericoauth.Provider {
	p := genericoauth.Provider{
		ID: "plain", ClientID: "plain-client", ClientSecret: "plain-secret",
		AuthorizationURL: "https://plain.test/authorize", TokenURL: "https://plain.test/token", UserInfoURL: "https://plain.test/user",
	}
	if change != nil {
		change(&p)
	}
	return p
}

// site is a server with providers, and the internet in which they are.
type site struct {
	*plugintest.Server
	net    *plugintest.Internet
	plugin *genericoauth.Plugin
}

func newSite(t *testing.T, providers ...genericoauth.Provider) *site {
	t.Helper()
	s := &site{plugin: genericoauth.New(genericoauth.Options{Providers: providers})}
	s.Server = plugintest.New(t, func(o *ostiary.Options) {
		s.net = plugintest.NewInternet(t, o.Advanced.Now)
		o.Advanced.HTTPClient = s.net.Client()
		o.Plugins = []core.Plugin{s.plugin}
	})
	return s
}

func ann() map[string]any {
	return map[string]any{"sub": "ann-1", "name": "Ann", "email": "ann@example.com", "email_verified": true, "picture": "https://img.test/ann.png"}
}

func with(user map[string]any, pairs ...any) map[string]any {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == nil {
			delete(user, pairs[i].(string))
		} else {
			user[pairs[i].(string)] = pairs[i+1]
		}
	}
	return user
}

// start begins a sign-in and returns the address of the provider.
func start(t *testing.T, b *plugintest.Browser, provider string, more map[string]any) string {
	t.Helper()
	in := map[string]any{"provider": provider, "callbackURL": "/in", "errorCallbackURL": "/oops"}
	for name, value := range more {
		in[name] = value
	}
	r := b.Post("/sign-in/social", in)
	var out struct {
		URL string `json:"url"`
	}
	r.Decode(&out)
	if out.URL == "" {
		t.Fatalf("start: %d %s", r.Status, r.Text)
	}
	return out.URL
}

// via signs in and returns where the browser ends up.
func (s *site) via(t *testing.T, b *plugintest.Browser, provider string, user map[string]any) string {
	t.Helper()
	return b.Get(s.net.Approve(start(t, b, provider, nil), user)).Location().String()
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestSignIn_with_a_provider_that_is_discovered(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(nil))
	b := s.Browser(t)
	if at := s.via(t, b, "idp", ann()); at != "/in" || b.Email() != "ann@example.com" {
		t.Fatalf("ended at %q as %q", at, b.Email())
	}
	if at := s.via(t, s.Browser(t), "idp", ann()); at != "/in" {
		t.Errorf("again: %q", at)
	}
	if n := len(s.net.Requests("GET idp.test/.well-known")); n != 1 {
		t.Errorf("discovered %d times", n)
	}
	if n := len(s.net.Requests("GET idp.test/userinfo")); n != 0 {
		t.Errorf("asked for the profile %d times although the ID token has it", n)
	}
}

func TestAuthorizationURL(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(func(p *genericoauth.Provider) {
		p.AuthorizationParams = social.Params{{Name: "audience", Value: "api"}, {Name: "resource", Value: "r"}}
		p.AccessType, p.Prompt, p.ResponseMode = "offline", "consent", "form_post"
	}), plain(func(p *genericoauth.Provider) { p.WithoutPKCE = true }))
	q := query(t, start(t, s.Browser(t), "idp", map[string]any{
		"scopes": []string{"extra"}, "loginHint": "ann@example.com", "additionalParams": map[string]string{"resource": "mine"},
	}))
	for name, want := range map[string]string{
		"scope": "openid extra email", "audience": "api", "resource": "mine", "access_type": "offline", "prompt": "consent",
		"response_mode": "form_post", "response_type": "code", "login_hint": "ann@example.com", "client_id": "idp-client",
		"code_challenge_method": "S256", "redirect_uri": plugintest.Origin + "/api/auth/callback/idp",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if q.Get("nonce") == "" || q.Get("code_challenge") == "" {
		t.Errorf("nonce or challenge missing: %v", q)
	}
	q = query(t, start(t, s.Browser(t), "plain", nil))
	if q.Has("code_challenge") || q.Has("nonce") || q.Has("scope") {
		t.Errorf("plain: %v", q)
	}
}

func TestDiscovery_is_tried_again_and_asked_for_once(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(nil))
	up := false
	s.net.Handle("GET idp.test/.well-known/openid-configuration", func(plugintest.Request) (int, any) {
		if !up {
			return http.StatusServiceUnavailable, "down"
		}
		return http.StatusOK, s.net.Metadata()
	})
	b := s.Browser(t)
	for range 3 {
		if r := b.Post("/sign-in/social", map[string]any{"provider": "idp"}); r.Status != http.StatusNotFound || r.Code() != "PROVIDER_NOT_FOUND" {
			t.Errorf("unreachable: %d %s", r.Status, r.Text)
		}
	}
	if err := s.plugin.Discover(t.Context()); err == nil || !strings.Contains(err.Error(), "provider idp: discovery: idp.test answered 503") {
		t.Errorf("Discover: %v", err)
	}
	if n := len(s.net.Requests("GET idp.test/.well-known")); n != 1 {
		t.Errorf("%d requests within the cooldown", n)
	}
	up = true
	s.Clock.Advance(11 * time.Second)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := s.plugin.Discover(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(s.net.Requests("GET idp.test/.well-known")); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	if at := s.via(t, b, "idp", ann()); at != "/in" {
		t.Errorf("ended at %q", at)
	}
	// What was discovered is good for a day, and beyond if the provider is down.
	up = false
	s.Clock.Advance(25 * time.Hour)
	if at := s.via(t, b, "idp", ann()); at != "/in" {
		t.Errorf("a day later: %q", at)
	}
	if n := len(s.net.Requests("GET idp.test/.well-known")); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestDiscovery_refuses_documents_that_cannot_be_used(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(m map[string]any){
		"no issuer":            func(m map[string]any) { delete(m, "issuer") },
		"an issuer that is no": func(m map[string]any) { m["issuer"] = "idp" },
		"script":               func(m map[string]any) { m["authorization_endpoint"] = "javascript:alert(1)" },
		"no authorisation":     func(m map[string]any) { delete(m, "authorization_endpoint") },
		"no token endpoint":    func(m map[string]any) { delete(m, "token_endpoint") },
		"no keys":              func(m map[string]any) { delete(m, "jwks_uri") },
		"shared secrets only":  func(m map[string]any) { m["id_token_signing_alg_values_supported"] = []string{"HS256", "none"} },
	} {
		s := newSite(t, idp(func(p *genericoauth.Provider) { p.RequireIDToken = true }))
		s.net.Handle("GET idp.test/.well-known/openid-configuration", func(plugintest.Request) (int, any) {
			m := s.net.Metadata()
			change(m)
			return http.StatusOK, m
		})
		if err := s.plugin.Discover(t.Context()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDiscovery_follows_redirects_within_the_origin_only(t *testing.T) {
	t.Parallel()
	for to, ok := range map[string]bool{"https://idp.test/elsewhere": true, "https://evil.test/x": false, "http://idp.test/elsewhere": false} {
		s := newSite(t, idp(func(p *genericoauth.Provider) { p.DiscoveryHeader = http.Header{"X-Key": {"k"}} }))
		s.net.Handle("GET idp.test/.well-known/openid-configuration", func(plugintest.Request) (int, any) { return http.StatusFound, to })
		answer := func(plugintest.Request) (int, any) { return http.StatusOK, s.net.Metadata() }
		s.net.Handle("GET idp.test/elsewhere", answer)
		s.net.Handle("GET evil.test/x", answer)
		if err := s.plugin.Discover(t.Context()); (err == nil) != ok {
			t.Errorf("redirect to %s: %v", to, err)
		}
		if !ok {
			continue
		}
		if at := s.via(t, s.Browser(t), "idp", ann()); at != "/in" {
			t.Errorf("ended at %q", at)
		}
		if keys := s.net.Requests("GET idp.test/keys"); len(keys) != 1 || keys[0].Header.Get("X-Key") != "k" {
			t.Errorf("the keys were asked for without the header")
		}
	}
}

// What a provider, or whoever stands between, might send in place of a good ID
// token.
func TestIDToken_that_is_not_good_signs_nobody_in(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(nil))
	unsigned := func(header string, claims map[string]any) string {
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(header)) + "." + enc(text) + "."
	}
	for name, token := range map[string]func(claims map[string]any) string{
		"other nonce":               func(c map[string]any) string { c["nonce"] = "other"; return plugintest.Sign(t, c) },
		"no nonce":                  func(c map[string]any) string { delete(c, "nonce"); return plugintest.Sign(t, c) },
		"other audience":            func(c map[string]any) string { c["aud"] = "another"; return plugintest.Sign(t, c) },
		"other issuer":              func(c map[string]any) string { c["iss"] = "https://evil.test"; return plugintest.Sign(t, c) },
		"expired":                   func(c map[string]any) string { c["exp"] = c["iat"].(int64) - 60; return plugintest.Sign(t, c) },
		"no subject":                func(c map[string]any) string { delete(c, "sub"); return plugintest.Sign(t, c) },
		"alg none":                  func(c map[string]any) string { return unsigned(`{"alg":"none"}`, c) },
		"HS256 with the public key": func(c map[string]any) string { return signHS256(t, c) },
		"not a token":               func(map[string]any) string { return "opaque" },
	} {
		b := s.Browser(t)
		address := start(t, b, "idp", nil)
		claims := s.net.Claims("idp-client", ann())
		claims["nonce"] = query(t, address).Get("nonce")
		s.net.Handle("POST idp.test/token", func(plugintest.Request) (int, any) {
			return http.StatusOK, map[string]any{"access_token": "a", "id_token": token(claims)}
		})
		if at := b.Get(s.net.Approve(address, ann())).Location().String(); at != "/oops?error=unable_to_get_user_info" || b.Email() != "" {
			t.Errorf("%s: ended at %q as %q", name, at, b.Email())
		}
	}
}

func TestProfile_and_ID_token_are_of_one_user(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(nil))
	s.net.Handle("GET idp.test/userinfo", func(plugintest.Request) (int, any) { return http.StatusOK, with(ann(), "sub", "somebody-else") })
	if at := s.via(t, s.Browser(t), "idp", with(ann(), "email", nil)); at != "/oops?error=unable_to_get_user_info" {
		t.Errorf("ended at %q", at)
	}
}

func TestIdentity_is_never_read_from_another_member(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		provider string
		user     map[string]any
		want     string
	}{
		"OAuth with id":               {"plain", with(ann(), "sub", nil, "id", 77), "/in"},
		"OAuth with sub only":         {"plain", ann(), "/oops?error=unable_to_get_user_info"},
		"OAuth with a word for none":  {"plain", with(ann(), "id", "undefined"), "/oops?error=unable_to_get_user_info"},
		"OpenID Connect with id only": {"idp", with(ann(), "sub", nil, "id", "ann"), "/oops?error=unable_to_get_user_info"},
	} {
		s := newSite(t, idp(nil), plain(nil))
		if at := s.via(t, s.Browser(t), test.provider, test.user); at != test.want {
			t.Errorf("%s: ended at %q, want %q", name, at, test.want)
		}
	}
}

func TestIssuer_of_the_answer(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(func(p *genericoauth.Provider) { p.RequireIssuer = true }), plain(func(p *genericoauth.Provider) { p.Issuer = "https://plain.test" }))
	for _, test := range []struct{ provider, more, want string }{
		{"idp", "&iss=https%3A%2F%2Fidp.test", "/in"},
		{"idp", "", "/oops?error=issuer_mismatch"},
		{"idp", "&iss=https%3A%2F%2Fevil.test", "/oops?error=issuer_mismatch"},
		{"plain", "", "/in"},
		{"plain", "&iss=https%3A%2F%2Fevil.test", "/oops?error=issuer_mismatch"},
	} {
		b := s.Browser(t)
		address := s.net.Approve(start(t, b, test.provider, nil), with(ann(), "id", "ann-1", "email", test.provider+"@example.com"))
		if at := b.Get(address + test.more).Location().String(); at != test.want {
			t.Errorf("%s%s: ended at %q, want %q", test.provider, test.more, at, test.want)
		}
	}
}

func TestTokenRequests_prove_who_the_client_is(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t,
		plain(func(p *genericoauth.Provider) {
			p.ID, p.Auth = "basic", genericoauth.SecretInBasic
			p.TokenParams, p.TokenHeader = social.Params{{Name: "resource", Value: "r"}, {Name: "code", Value: "mine"}}, http.Header{"x-version": {"2"}}
		}),
		plain(func(p *genericoauth.Provider) { p.ID = "post" }),
		plain(func(p *genericoauth.Provider) { p.ID, p.ClientSecret = "public", "" }),
		plain(func(p *genericoauth.Provider) {
			p.ID, p.ClientSecret, p.Auth = "jwt", "", genericoauth.PrivateKeyJWT
			p.Assertion = &social.ClientAssertion{Key: key, KeyID: "own"}
		}),
	)
	sent := func(id string) plugintest.Request {
		before := len(s.net.Requests("POST "))
		if at := s.via(t, s.Browser(t), id, with(ann(), "id", id, "email", id+"@example.com")); at != "/in" {
			t.Errorf("%s: ended at %q", id, at)
		}
		return s.net.Requests("POST ")[before]
	}
	if r := sent("basic"); r.Header.Get("Authorization") != "Basic cGxhaW4tY2xpZW50OnBsYWluLXNlY3JldA==" || r.Form.Has("client_secret") ||
		r.Form.Get("resource") != "r" || r.Header.Get("X-Version") != "2" || r.Form.Get("code") == "mine" {
		t.Errorf("basic: %v %v", r.Header, r.Form)
	}
	if r := sent("post"); r.Header.Get("Authorization") != "" || r.Form.Get("client_secret") != "plain-secret" {
		t.Errorf("post: %v %v", r.Header, r.Form)
	}
	if r := sent("public"); r.Header.Get("Authorization") != "" || r.Form.Get("client_id") != "plain-client" || r.Form.Has("client_secret") {
		t.Errorf("public: %v %v", r.Header, r.Form)
	}
	r := sent("jwt")
	signed, err := jose.ParseSignedCompact(r.Form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.Verify(key.Public())
	var claims map[string]any
	if err != nil || json.Unmarshal(text, &claims) != nil || claims["aud"] != "https://plain.test/token" || claims["sub"] != "plain-client" ||
		signed.Signatures[0].Header.KeyID != "own" || r.Form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		t.Errorf("assertion: %v %s %v", err, text, r.Form)
	}
}

func TestOwnFunctions_take_the_place_of_requests(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain(func(p *genericoauth.Provider) {
		p.ExchangeCode = func(_ context.Context, r social.CodeExchange) (*social.Tokens, error) {
			return &social.Tokens{AccessToken: "own-" + r.Code}, nil
		}
		p.FetchProfile = func(_ context.Context, g social.Grant) (map[string]any, error) {
			return map[string]any{"key": "k-1", "mail": "own@example.com", "token": g.AccessToken}, nil
		}
		p.MapProfile = func(raw map[string]any, p *social.Profile) { p.Email, p.Name = social.Text(raw, "mail"), "Own" }
		p.Subject = func(_, raw map[string]any) string { return social.Text(raw, "key") }
		p.AccessTokenExpiresIn = time.Minute
	}))
	b := s.Browser(t)
	if at := s.via(t, b, "plain", ann()); at != "/in" || b.Email() != "own@example.com" {
		t.Errorf("ended at %q as %q", at, b.Email())
	}
	if n := len(s.net.Requests("")); n != 0 {
		t.Errorf("%d requests", n)
	}
	account, err := s.Auth.Kernel().Accounts.ByKey(t.Context(), "plain", "k-1")
	if err != nil || account == nil || !account.AccessTokenExpiresAt.Equal(s.Clock.Now().Add(time.Minute)) {
		t.Errorf("account %+v %v", account, err)
	}
}

func TestRefresh_and_account_info(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(func(p *genericoauth.Provider) {
		p.RefreshParams = social.Params{{Name: "resource", Value: "r"}, {Name: "grant_type", Value: "mine"}}
		p.RefreshParamsFunc = func(ctx context.Context) (social.Params, error) {
			return social.Params{{Name: "tenant", Value: core.FromContext(ctx).Header.Get("X-Tenant")}}, nil
		}
	}))
	b := s.Browser(t)
	if at := s.via(t, b, "idp", ann()); at != "/in" {
		t.Fatalf("ended at %q", at)
	}
	account, err := s.Auth.Kernel().Accounts.ByKey(t.Context(), "idp", "ann-1")
	if err != nil || account == nil {
		t.Fatal(account, err)
	}
	s.Clock.Advance(2 * time.Hour) // also beyond the end of the ID token
	b.Header.Set("X-Tenant", "acme")
	r := b.Get("/account-info?accountId=" + account.ID)
	var info struct{ User struct{ Email string } }
	r.Decode(&info)
	if r.Status != http.StatusOK || info.User.Email != "ann@example.com" {
		t.Errorf("account info: %d %s", r.Status, r.Text)
	}
	requests := s.net.Requests("POST idp.test/token")
	form := requests[len(requests)-1].Form
	if form.Get("grant_type") != "refresh_token" || form.Get("tenant") != "acme" || form.Get("resource") != "r" || form.Get("client_secret") != "idp-secret" {
		t.Errorf("refresh sent %v", form)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	s := newSite(t, idp(nil))
	b := s.Browser(t)
	b.SignUp("ann@example.com")
	var out struct{ URL string }
	b.Post("/link-social", map[string]any{"provider": "idp", "callbackURL": "/linked"}).Decode(&out)
	if at := b.Get(s.net.Approve(out.URL, ann())).Location().String(); at != "/linked" {
		t.Errorf("ended at %q", at)
	}
}

func TestSignOut_leads_to_the_provider(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		change func(p *genericoauth.Provider)
		in     map[string]any
		want   string // the query without the token
	}{
		{nil, map[string]any{"callbackURL": "/bye", "state": "s"}, "client_id=idp-client&post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fbye&state=s"},
		{func(p *genericoauth.Provider) { p.PostLogoutRedirectURI = "/gone" }, map[string]any{}, "client_id=idp-client&post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fgone"},
		{nil, map[string]any{}, ""},
		{func(p *genericoauth.Provider) { p.DisableProviderLogout = true }, map[string]any{}, "-"},
	} {
		s := newSite(t, idp(test.change))
		b := s.Browser(t)
		if at := s.via(t, b, "idp", ann()); at != "/in" {
			t.Fatalf("ended at %q", at)
		}
		var out struct{ URL string }
		b.Post("/sign-out", test.in).Decode(&out)
		if test.want == "-" {
			if out.URL != "" {
				t.Errorf("led to %q", out.URL)
			}
			continue
		}
		u, err := url.Parse(out.URL)
		if err != nil || u.Host+u.Path != "idp.test/logout" {
			t.Fatalf("led to %q", out.URL)
		}
		q := u.Query()
		if q.Get("id_token_hint") == "" {
			t.Error("no id_token_hint")
		}
		q.Del("id_token_hint")
		if q.Encode() != test.want {
			t.Errorf("query %q, want %q", q.Encode(), test.want)
		}
	}
}

func TestNew_tells_what_is_wrong(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, p := range map[string]genericoauth.Provider{
		"ClientID is not set":                idp(func(p *genericoauth.Provider) { p.ClientID = "" }),
		"set DiscoveryURL, or":               idp(func(p *genericoauth.Provider) { p.DiscoveryURL = "" }),
		"RequireIDToken needs":               plain(func(p *genericoauth.Provider) { p.RequireIDToken = true }),
		`"ftp://x" is not`:                   idp(func(p *genericoauth.Provider) { p.DiscoveryURL = "ftp://x" }),
		`"state" is set by the server`:       idp(func(p *genericoauth.Provider) { p.AuthorizationParams = social.Params{{Name: "state", Value: "x"}} }),
		"private_key_jwt needs an Assertion": idp(func(p *genericoauth.Provider) { p.Auth, p.ClientSecret = genericoauth.PrivateKeyJWT, "" }),
		"uses no secret":                     idp(func(p *genericoauth.Provider) { p.Auth = genericoauth.NoSecret }),
		"needs a ClientSecret":               idp(func(p *genericoauth.Provider) { p.Auth, p.ClientSecret = genericoauth.SecretInBasic, "" }),
		`"digest" is unknown`:                idp(func(p *genericoauth.Provider) { p.Auth = "digest" }),
		"not the id of a tenant":             genericoauth.MicrosoftEntraID("common", genericoauth.Provider{ClientID: "c"}),
		"does not fit the algorithm": idp(func(p *genericoauth.Provider) {
			p.Auth, p.ClientSecret, p.Assertion = genericoauth.PrivateKeyJWT, "", &social.ClientAssertion{Key: key, Algorithm: "RS256"}
		}),
	} {
		_, err := ostiary.New(ostiary.Options{
			BaseURL: ostiary.StaticURL(plugintest.Origin), Development: true,
			Plugins: []core.Plugin{genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{p}})},
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestProviders_take_the_place_of_built_in_ones(t *testing.T) {
	t.Parallel()
	var s site
	s.Server = plugintest.New(t, func(o *ostiary.Options) {
		s.net = plugintest.NewInternet(t, o.Advanced.Now)
		o.Advanced.HTTPClient = s.net.Client()
		o.SocialProviders = []social.Provider{social.Definition{ID: "plain", AuthorizationEndpoint: "https://other.test/authorize"}.New(social.Client{ID: "other"})}
		o.Plugins = []core.Plugin{genericoauth.New(genericoauth.Options{Providers: []genericoauth.Provider{plain(nil)}})}
	})
	if address := start(t, s.Browser(t), "plain", nil); !strings.HasPrefix(address, "https://plain.test/") {
		t.Errorf("led to %q", address)
	}
}

func TestSignUp_rules(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain(func(p *genericoauth.Provider) { p.DisableImplicitSignUp = true }))
	user := with(ann(), "id", "a")
	if at := s.via(t, s.Browser(t), "plain", user); at != "/oops?error=signup_disabled" {
		t.Errorf("ended at %q", at)
	}
	b := s.Browser(t)
	if at := b.Get(s.net.Approve(start(t, b, "plain", map[string]any{"requestSignUp": true}), user)).Location().String(); at != "/in" {
		t.Errorf("on request: ended at %q", at)
	}
	if b.Email() != "ann@example.com" {
		t.Errorf("signed in as %q", b.Email())
	}
}

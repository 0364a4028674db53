package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/server/internal/configfile"
)

// recorder remembers requests, and answers as if tokens were good.
type recorder struct{ asked []string }

func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	r.asked = append(r.asked, q.URL.String())
	return &http.Response{StatusCode: http.StatusOK, Request: q, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"data":{"is_valid":true,"app_id":"id","user_id":"u"}}`))}, nil
}

// noon is the time of the tests.
var noon = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// seen is all that can be seen of a provider without it: where it sends users,
// what it is asked, and what it can do.
func seen(t *testing.T, text string) (string, social.Traits) {
	t.Helper()
	c := parse(t, text)
	o, problems := translate(&c)
	for _, p := range problems {
		if strings.HasPrefix(p.Error(), "socialProviders") {
			t.Errorf("%s: %v", text, p)
		}
	}
	if len(o.SocialProviders) != 1 {
		t.Fatalf("%s: %d providers", text, len(o.SocialProviders))
	}
	var net recorder
	k, err := core.New(core.Config{Development: true, Now: func() time.Time { return noon }, Logger: slog.New(slog.DiscardHandler), HTTPClient: &http.Client{Transport: &net}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close(context.Background()) })
	p := o.SocialProviders[0]
	address, err := p.AuthorizationURL(t.Context(), k, social.AuthorizationRequest{State: "s", Verifier: "v", RedirectURI: "https://a.example/cb"})
	if err != nil {
		address = "error: " + err.Error()
	}
	for _, audience := range []string{"more", "bundle"} {
		_ = p.VerifyIDToken(t.Context(), k, social.IDToken{Token: tokenFor(t, "https://appleid.apple.com", audience)})
	}
	for _, token := range []string{tokenFor(t, "https://login.microsoftonline.com/t/v2.0", "id"), ""} {
		_, _ = p.Profile(t.Context(), k, social.Grant{Tokens: social.Tokens{AccessToken: "a", IDToken: token}})
	}
	return address + " " + strings.Join(net.asked, " "), p.Traits()
}

// tokenFor is an ID token for a client whose signature is none.
func tokenFor(t *testing.T, issuer, audience string) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{
		"iss": issuer, "sub": "s", "aud": audience, "iat": noon.Unix(), "exp": noon.Unix() + 60, "oid": "o", "tid": "t",
	})
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + enc(claims) + "." + enc([]byte("none"))
}

func TestKeysOfSocialProvidersReachThem(t *testing.T) {
	t.Parallel()
	const credentials = "clientId: id, clientSecret: secret"
	for _, test := range []struct{ key, provider, own, want string }{
		{"clientId", "github", "clientId: [id, more], clientSecret: s", "client_id=id&"},
		{"scope", "github", credentials + ", scope: [repo]", "+repo"},
		{"disableDefaultScope", "github", credentials + ", scope: [repo], disableDefaultScope: true", "scope=repo&"},
		{"authorizationEndpoint", "github", credentials + ", authorizationEndpoint: 'https://ghe.example/a'", "https://ghe.example/a?"},
		{"prompt", "google", credentials + ", prompt: consent", "prompt=consent"},
		{"responseMode", "google", credentials + ", responseMode: form_post", "response_mode=form_post"},
		{"accessType", "google", credentials + ", accessType: offline", "access_type=offline"},
		{"accessType", "dropbox", credentials + ", accessType: offline", "token_access_type=offline"},
		{"display", "google", credentials + ", display: page", "display=page"},
		{"hd", "google", credentials + ", hd: acme.example", "hd=acme.example"},
		{"authority", "microsoft", credentials + ", authority: 'https://login.example'", "https://login.example/common/"},
		{"tenantId", "microsoft", credentials + ", tenantId: organizations", "/organizations/oauth2/"},
		{"claims", "twitch", credentials + ", claims: [email]", "claims="},
		{"clientKey", "tiktok", "clientKey: key, clientSecret: s", "client_key=key"},
		{"configId", "facebook", credentials + ", configId: c7", "config_id=c7"},
		{"fields", "facebook", credentials + ", fields: [birthday]", "birthday"},
		{"domain", "cognito", credentials + ", domain: a.auth.example, region: eu, userPoolId: p", "https://a.auth.example/oauth2/authorize"},
		{"region", "cognito", credentials + ", domain: a.auth.example, region: eu, userPoolId: p", "https://a.auth.example/"},
		{"userPoolId", "cognito", credentials + ", domain: a.auth.example, region: eu, userPoolId: p", "https://a.auth.example/"},
		{"identityProvider", "cognito", credentials + ", domain: a.auth.example, region: eu, userPoolId: p, identityProvider: Google", "identity_provider=Google"},
		{"requireClientSecret", "cognito", "clientId: id, domain: a.auth.example, region: eu, userPoolId: p, requireClientSecret: true", "error: "},
		{"duration", "reddit", credentials + ", duration: permanent", "duration=permanent"},
		{"environment", "paypal", credentials + ", environment: live", "https://www.paypal.com/"},
		{"environment", "salesforce", credentials + ", environment: sandbox", "https://test.salesforce.com/"},
		{"loginUrl", "salesforce", credentials + ", loginUrl: acme.my.salesforce.com", "https://acme.my.salesforce.com/"},
		{"issuer", "gitlab", credentials + ", issuer: 'https://git.example'", "https://git.example/oauth/authorize"},
		{"issuer", "paybin", credentials + ", issuer: 'https://pay.example'", "https://pay.example/"},
		{"lang", "wechat", credentials + ", lang: en", "lang=en"},
		{"permissions", "discord", credentials + ", scope: [bot], permissions: 8", "permissions=8"},
		{"profilePhotoSize", "microsoft", credentials + ", profilePhotoSize: 96", "/me/photos/96x96/"},
		{"appBundleIdentifier", "apple", credentials + ", appBundleIdentifier: bundle", "https://appleid.apple.com/auth/keys"},
		{"audience", "apple", credentials + ", audience: [more, other]", "https://appleid.apple.com/auth/keys"},
	} {
		got, _ := seen(t, "socialProviders: {"+test.provider+": {"+test.own+"}}")
		if !strings.Contains(got, test.want) {
			t.Errorf("%s of %s: %q is not in %s", test.key, test.provider, test.want, got)
		}
	}
	for own, absent := range map[string]string{
		"google: {" + credentials + ", includeGrantedScopes: false}":  "include_granted_scopes",
		"zoom: {" + credentials + ", pkce: false}":                    "code_challenge",
		"microsoft: {" + credentials + ", disableProfilePhoto: true}": "/photos/",
		"apple: {" + credentials + ", audience: [other]}":             "/auth/keys",
	} {
		if got, _ := seen(t, "socialProviders: {"+own+"}"); strings.Contains(got, absent) {
			t.Errorf("%s: %q is in %s", own, absent, got)
		}
	}
}

func TestSwitchesOfSocialProvidersReachThem(t *testing.T) {
	t.Parallel()
	_, traits := seen(t, `socialProviders: {google: {clientId: [id, more], clientSecret: s, redirectURI: 'https://a.example/back',
		disableSignUp: true, disableImplicitSignUp: true, overrideUserInfoOnSignIn: true, requireEmailVerification: true, disableIdTokenSignIn: true}}`)
	if traits.RedirectURI != "https://a.example/back" || !traits.DisableSignUp || !traits.DisableImplicitSignUp || !traits.OverrideUserInfo ||
		!traits.RequireEmailVerification || traits.VerifiesIDTokens || !slices.Equal(traits.ClientIDs, []string{"id", "more"}) {
		t.Errorf("traits %+v", traits)
	}
}

func TestEverySocialProviderCanBeConfigured(t *testing.T) {
	t.Parallel()
	for id, m := range socialMakers() {
		s := SocialProvider{ClientID: ClientID{"id"}, ClientSecret: "secret", ClientKey: "id", Domain: "a.example", Region: "eu", UserPoolID: "p"}
		if got := m.make(&s, s.client()).ID(); got != id {
			t.Errorf("%s makes %s", id, got)
		}
		for _, key := range m.own {
			if !slices.Contains(Keys(), "socialProviders.*."+key) {
				t.Errorf("%s: %s is no key", id, key)
			}
		}
	}
}

func TestOwnKeysAreThoseOfSomeProvider(t *testing.T) {
	t.Parallel()
	owned := map[string]bool{}
	for _, m := range socialMakers() {
		for _, key := range m.own {
			owned[key] = true
		}
	}
	on := true
	all := SocialProvider{
		AccessType: "a", AppBundleIdentifier: "a", Audience: []string{"a"}, Authority: "a", Claims: []string{"a"}, ClientKey: "a", ConfigID: "a",
		DisableProfilePhoto: true, Display: "a", Domain: "a", Duration: "a", Environment: "a", Fields: []string{"a"}, HostedDomain: "a",
		IdentityProvider: "a", IncludeGrantedScopes: &on, Issuer: "a", Language: "a", LoginURL: "a", Permissions: 1, PKCE: &on,
		ProfilePhotoSize: 48, Region: "a", RequireClientSecret: true, TenantID: "a", UserPoolID: "a",
	}
	if got, want := all.ownKeys(), slices.Sorted(maps.Keys(owned)); !slices.Equal(got, want) {
		t.Errorf("own keys %v, of providers %v", got, want)
	}
}

func TestSocialProvidersThatCannotBe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"socialProviders: {gitub: {clientId: a}}":         "socialProviders.gitub: there is no such provider; use one of apple, atlassian",
		"socialProviders: {github: {clientId: a, hd: x}}": "socialProviders.github.hd: this provider knows no such option",
	} {
		c := parse(t, text)
		_, problems := translate(&c)
		if !slices.ContainsFunc(problems, func(err error) bool { return strings.HasPrefix(err.Error(), want) }) {
			t.Errorf("%s: %v", text, problems)
		}
	}
	c := parse(t, "socialProviders: {nobody: {enabled: false}}")
	if o, _ := translate(&c); len(o.SocialProviders) != 0 {
		t.Error("a provider that is not enabled is there")
	}
}

func TestCodeOfProvidersIsExplained(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"socialProviders: {github: {mapProfileToUser: x}}":       "socialProviders.github.mapProfileToUser: is code",
		"plugins: {genericOAuth: {config: [{}, {getToken: x}]}}": "plugins.genericOAuth.config[1].getToken: is code",
	} {
		file, err := configfile.Parse("ostiary.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decode(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

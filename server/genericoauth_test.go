package server

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/genericoauth"
)

func TestGenericProvidersBecomeThoseOfThePlugin(t *testing.T) {
	t.Parallel()
	c := parse(t, `
plugins:
  genericOAuth:
    config:
      - {providerId: acme, name: Acme, clientId: id, clientSecret: secret, discoveryUrl: "https://a.example/d", discoveryHeaders: {x-key: k},
         authorizationUrl: "https://a.example/a", tokenUrl: "https://a.example/t", userInfoUrl: "https://a.example/u", issuer: "https://a.example",
         endSessionEndpoint: "https://a.example/e", postLogoutRedirectURI: /bye, disableProviderLogout: true,
         requireIdTokenVerification: true, requireIssuerValidation: true, disableIdTokenNonceBinding: true,
         authentication: basic, scopes: [openid], redirectURI: "https://b.example/cb", responseType: code, responseMode: form_post,
         prompt: login, accessType: offline, pkce: false, accessTokenExpiresIn: 60, authorizationUrlParams: {b: "2", a: "1"},
         tokenUrlParams: {c: "3"}, refreshTokenParams: {d: "4"}, authorizationHeaders: {x-version: "5"},
         disableImplicitSignUp: true, disableSignUp: true, overrideUserInfo: true, requireEmailVerification: true, allowIdpInitiated: true}
      - {providerId: public, clientId: id, tokenEndpointAuth: none}
      - {preset: keycloak, issuer: "https://k.example/realms/r", clientId: id}
`)
	var got []genericoauth.Provider
	for i := range c.Plugins.GenericOAuth.Config {
		got = append(got, c.Plugins.GenericOAuth.Config[i].provider())
	}
	want := []genericoauth.Provider{
		{
			ID: "acme", Name: "Acme", ClientID: "id", ClientSecret: "secret", DiscoveryURL: "https://a.example/d",
			DiscoveryHeader: http.Header{"X-Key": {"k"}}, AuthorizationURL: "https://a.example/a", TokenURL: "https://a.example/t",
			UserInfoURL: "https://a.example/u", Issuer: "https://a.example", EndSessionEndpoint: "https://a.example/e",
			PostLogoutRedirectURI: "/bye", DisableProviderLogout: true, RequireIDToken: true, RequireIssuer: true, DisableNonce: true,
			Auth: genericoauth.SecretInBasic, Scopes: []string{"openid"}, ResponseType: "code", AccessType: "offline", WithoutPKCE: true,
			AccessTokenExpiresIn: time.Minute, AuthorizationParams: social.Params{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}},
			TokenParams: social.Params{{Name: "c", Value: "3"}}, RefreshParams: social.Params{{Name: "d", Value: "4"}},
			TokenHeader: http.Header{"X-Version": {"5"}},
			Settings: social.Settings{
				RedirectURI: "https://b.example/cb", ResponseMode: "form_post", Prompt: "login", DisableImplicitSignUp: true, DisableSignUp: true,
				OverrideUserInfo: true, RequireEmailVerification: true, AllowIDPInitiated: true,
			},
		},
		{ID: "public", ClientID: "id", Auth: genericoauth.NoSecret},
		{
			ID: "keycloak", ClientID: "id", DiscoveryURL: "https://k.example/realms/r/.well-known/openid-configuration",
			Scopes: []string{"openid", "profile", "email"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(genericoauth.Provider{})); diff != "" {
		t.Error(diff)
	}
	if o, _ := translate(&c); len(o.Plugins) != 1 || o.Plugins[0].ID() != "generic-oauth" {
		t.Errorf("plugins %v", o.Plugins)
	}
}

func TestPresetsCanBeConfigured(t *testing.T) {
	t.Parallel()
	const tenant = "11111111-2222-3333-4444-555555555555"
	for _, preset := range []string{"auth0", "okta", "keycloak", "microsoft-entra-id", "slack", "line", "hubspot", "patreon", "gumroad", "yandex"} {
		g := GenericProvider{Preset: preset, Domain: "a.example", TenantID: tenant, Issuer: "https://a.example", ClientID: "id"}
		p := g.provider()
		if p.ID != preset || p.DiscoveryURL == "" && p.AuthorizationURL == "" {
			t.Errorf("%s: %+v", preset, p)
		}
	}
}

func TestProfilesAreMappedByTheNamesOfMembers(t *testing.T) {
	t.Parallel()
	g := GenericProvider{
		MapProfileToUser: map[string]string{"name": "nick", "email": "mail", "emailVerified": "ok", "image": "pic", "team": "group", "gone": "none"},
		AccountSubject:   "uid",
	}
	p := g.provider()
	raw := map[string]any{"nick": "Ann", "mail": "ann@example.com", "ok": "true", "pic": "https://p.example", "group": "red", "uid": float64(7)}
	profile := social.Profile{Name: "other", Subject: "s"}
	p.MapProfile(raw, &profile)
	want := social.Profile{
		Subject: "s", Name: "Ann", Email: "ann@example.com", EmailVerified: true, Image: "https://p.example", Fields: map[string]any{"team": "red"},
	}
	if diff := cmp.Diff(want, profile); diff != "" {
		t.Error(diff)
	}
	if got := p.Subject(nil, raw); got != "7" {
		t.Errorf("subject %q", got)
	}
}

func TestGenericProvidersThatCannotBe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{clientId: a}":                             "plugins.genericOAuth.config[0].providerId: not set",
		"{preset: auth0, clientId: a}":              "plugins.genericOAuth.config[0].domain: not set; the preset auth0 needs it",
		"{preset: okta, clientId: a}":               "plugins.genericOAuth.config[0].issuer: not set; the preset okta needs it",
		"{preset: microsoft-entra-id, clientId: a}": "plugins.genericOAuth.config[0].tenantId: not set; the preset microsoft-entra-id needs it",
	} {
		c := parse(t, "plugins: {genericOAuth: {config: ["+text+"]}}")
		_, problems := translate(&c)
		if !slices.ContainsFunc(problems, func(err error) bool { return strings.Contains(err.Error(), want) }) {
			t.Errorf("%s: %v", text, problems)
		}
	}
}

func TestSecretsOfProvidersComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	c := parse(t, `
socialProviders: {github: {clientId: old, clientSecret: old}}
plugins: {genericOAuth: {config: [{providerId: acme-1, clientId: old}, {preset: okta, issuer: "https://o.example", clientId: old}]}}
`)
	err := c.ApplyEnvironment(environment(
		"OSTIARY_SOCIAL_GITHUB_CLIENT_ID", "new", "OSTIARY_SOCIAL_GITHUB_CLIENT_SECRET", "s1",
		"OSTIARY_OAUTH_ACME_1_CLIENT_SECRET", "s2", "OSTIARY_OAUTH_OKTA_CLIENT_ID", "new", "OSTIARY_OAUTH_OKTA_CLIENT_SECRET", "s3",
	))
	if err != nil {
		t.Fatal(err)
	}
	github, generic := c.SocialProviders[0].Value, c.Plugins.GenericOAuth.Config
	if github.ClientID[0] != "new" || github.ClientSecret.Reveal() != "s1" || generic[0].ClientID != "old" || generic[0].ClientSecret.Reveal() != "s2" ||
		generic[1].ClientID != "new" || generic[1].ClientSecret.Reveal() != "s3" {
		t.Error("the environment does not count")
	}
}

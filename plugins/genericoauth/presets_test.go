package genericoauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/plugins/genericoauth"
	"github.com/ostiary/ostiary/plugins/internal/plugintest"
)

const tenant = "11111111-2222-3333-4444-555555555555"

type object = map[string]any

// signedIn is what a sign-in leaves behind.
type signedIn struct {
	Subject, Name, Email, Image string
	EmailVerified               bool
}

// signInWith completes a sign-in at a provider that issues tokens and answers
// with profiles, and returns what was stored.
func signInWith(t *testing.T, p genericoauth.Provider, tokenURL string, idToken object, profiles map[string]object) (*site, string, signedIn) {
	t.Helper()
	p.ClientID, p.ClientSecret = "client", "secret"
	s := newSite(t, p)
	b := s.Browser(t)
	for at, profile := range profiles {
		s.net.Handle("GET "+at, func(plugintest.Request) (int, any) { return http.StatusOK, profile })
	}
	s.net.Handle("GET login.microsoftonline.com/"+tenant+"/v2.0/.well-known/openid-configuration", func(plugintest.Request) (int, any) {
		m := s.net.Metadata()
		m["issuer"] = "https://login.microsoftonline.com/" + tenant + "/v2.0"
		m["authorization_endpoint"] = "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/authorize"
		return http.StatusOK, m
	})
	address := start(t, b, p.ID, nil)
	s.net.Handle("POST "+tokenURL, func(plugintest.Request) (int, any) {
		answer := object{"access_token": "token-1"}
		if idToken != nil {
			claims := s.net.Claims("client", idToken)
			if nonce := query(t, address).Get("nonce"); nonce != "" {
				claims["nonce"] = nonce
			}
			answer["id_token"] = plugintest.Sign(t, claims)
		}
		return http.StatusOK, answer
	})
	at := b.Get(s.net.Approve(address, nil)).Location().String()
	var stored signedIn
	if email := b.Email(); email != "" {
		user, err := s.Auth.Kernel().Users.ByEmail(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		accounts, err := s.Auth.Kernel().Accounts.List(t.Context(), user.ID)
		if err != nil || len(accounts) != 1 {
			t.Fatal(accounts, err)
		}
		stored = signedIn{Subject: accounts[0].AccountID, Name: user.Name, Email: user.Email, EmailVerified: user.EmailVerified}
		if user.Image != nil {
			stored.Image = *user.Image
		}
	}
	return s, at, stored
}

func TestPresets_read_what_the_providers_say(t *testing.T) {
	t.Parallel()
	microsoft := "https://login.microsoftonline.com/" + tenant + "/v2.0"
	for name, test := range map[string]struct {
		provider  genericoauth.Provider
		authorize string
		scope     string
		token     string
		idToken   object
		profiles  map[string]object
		want      signedIn
	}{
		"slack": {
			provider: genericoauth.Slack(genericoauth.Provider{}), authorize: "https://slack.com/openid/connect/authorize?", scope: "openid profile email",
			token:    "slack.com/api/openid.connect.token",
			profiles: map[string]object{"slack.com/api/openid.connect.userInfo": {"sub": "U1", "name": "Ann", "email": "ann@example.com", "email_verified": true, "https://slack.com/user_image_512": "https://img.test/512"}},
			want:     signedIn{Subject: "U1", Name: "Ann", Email: "ann@example.com", EmailVerified: true, Image: "https://img.test/512"},
		},
		"line, whose word for addresses counts nothing": {
			provider: genericoauth.Line(genericoauth.Provider{}), authorize: "https://access.line.me/oauth2/v2.1/authorize?", scope: "openid profile email",
			token: "api.line.me/oauth2/v2.1/token", idToken: object{"sub": "L1", "name": "Ann", "email": "ann@example.com", "email_verified": true},
			want: signedIn{Subject: "L1", Name: "Ann", Email: "ann@example.com"},
		},
		"line without an address in the token": {
			provider: genericoauth.Line(genericoauth.Provider{}), authorize: "https://access.line.me/", scope: "openid profile email",
			token: "api.line.me/oauth2/v2.1/token", idToken: object{"sub": "L1"},
			profiles: map[string]object{"api.line.me/oauth2/v2.1/userinfo": {"sub": "L1", "name": "Ann", "email": "ann@example.com"}},
			want:     signedIn{Subject: "L1", Name: "Ann", Email: "ann@example.com"},
		},
		"hubspot": {
			provider: genericoauth.HubSpot(genericoauth.Provider{}), authorize: "https://app.hubspot.com/oauth/authorize?", scope: "oauth",
			token:    "api.hubapi.com/oauth/v1/token",
			profiles: map[string]object{"api.hubapi.com/oauth/v1/access-tokens/token-1": {"user": "ann@example.com", "signed_access_token": object{"userId": 4711}}},
			want:     signedIn{Subject: "4711", Name: "ann@example.com", Email: "ann@example.com"},
		},
		"patreon": {
			provider: genericoauth.Patreon(genericoauth.Provider{}), authorize: "https://www.patreon.com/oauth2/authorize?", scope: "identity[email]",
			token: "www.patreon.com/api/oauth2/token",
			profiles: map[string]object{"www.patreon.com/api/oauth2/v2/identity": {"data": object{"id": "9", "attributes": object{
				"full_name": "Ann", "email": "ann@example.com", "is_email_verified": true, "image_url": "https://img.test/a",
			}}}},
			want: signedIn{Subject: "9", Name: "Ann", Email: "ann@example.com", EmailVerified: true, Image: "https://img.test/a"},
		},
		"gumroad": {
			provider: genericoauth.Gumroad(genericoauth.Provider{}), authorize: "https://gumroad.com/oauth/authorize?", scope: "view_profile",
			token:    "api.gumroad.com/oauth/token",
			profiles: map[string]object{"api.gumroad.com/v2/user": {"success": true, "user": object{"user_id": "g-1", "name": "Ann", "email": "ann@example.com"}}},
			want:     signedIn{Subject: "g-1", Name: "Ann", Email: "ann@example.com"},
		},
		"yandex": {
			provider: genericoauth.Yandex(genericoauth.Provider{}), authorize: "https://oauth.yandex.com/authorize?", scope: "login:info login:email login:avatar",
			token: "oauth.yandex.com/token",
			profiles: map[string]object{"login.yandex.ru/info": {
				"id": "y-1", "login": "ann", "real_name": "Ann", "emails": []string{"ann@example.com"}, "default_avatar_id": "0/1",
			}},
			want: signedIn{Subject: "y-1", Name: "Ann", Email: "ann@example.com", Image: "https://avatars.yandex.net/get-yapic/0%2F1/islands-200"},
		},
		"entra: signed claims count more": {
			provider: genericoauth.MicrosoftEntraID(tenant, genericoauth.Provider{}), authorize: "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/authorize?",
			scope: "openid profile email", token: "idp.test/token",
			idToken:  object{"iss": microsoft, "sub": "s-1", "oid": "o-1", "name": "Ann", "email": "ann@example.com"},
			profiles: map[string]object{"graph.microsoft.com/oidc/userinfo": {"sub": "s-1", "email": "evil@example.com", "picture": "https://img.test/a"}},
			want:     signedIn{Subject: "o-1", Name: "Ann", Email: "ann@example.com", Image: "https://img.test/a"},
		},
		"entra: another user's profile counts nothing": {
			provider: genericoauth.MicrosoftEntraID(tenant, genericoauth.Provider{}), authorize: "https://login.microsoftonline.com/",
			scope: "openid profile email", token: "idp.test/token",
			idToken:  object{"iss": microsoft, "sub": "s-1", "oid": "o-1", "name": "Ann"},
			profiles: map[string]object{"graph.microsoft.com/oidc/userinfo": {"sub": "s-2", "email": "evil@example.com", "email_verified": true}},
			want:     signedIn{Subject: "o-1", Name: "Ann", Email: "o-1@microsoft-entra-id.placeholder.invalid"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, at, got := signInWith(t, test.provider, test.token, test.idToken, test.profiles)
			if diff := cmp.Diff(test.want, got); diff != "" || at != "/in" {
				t.Errorf("ended at %q: %s", at, diff)
			}
			address := start(t, s.Browser(t), test.provider.ID, nil)
			if scope := query(t, address).Get("scope"); !strings.HasPrefix(address, test.authorize) || scope != test.scope {
				t.Errorf("address %s, scope %q", address, scope)
			}
		})
	}
}

func TestPresets_refuse_users_without_identity(t *testing.T) {
	t.Parallel()
	microsoft := "https://login.microsoftonline.com/" + tenant + "/v2.0"
	for name, test := range map[string]struct {
		provider genericoauth.Provider
		token    string
		idToken  object
		profiles map[string]object
	}{
		"yandex without address": {
			genericoauth.Yandex(genericoauth.Provider{}), "oauth.yandex.com/token", nil, map[string]object{"login.yandex.ru/info": {"id": "1"}},
		},
		"gumroad without success": {
			genericoauth.Gumroad(genericoauth.Provider{}), "api.gumroad.com/oauth/token", nil,
			map[string]object{"api.gumroad.com/v2/user": {"success": false, "user": object{"user_id": "1", "email": "ann@example.com"}}},
		},
		"entra without object id": {
			genericoauth.MicrosoftEntraID(tenant, genericoauth.Provider{}), "idp.test/token",
			object{"iss": microsoft, "sub": "s-1", "email": "ann@example.com"},
			nil,
		},
		"entra without ID token": {genericoauth.MicrosoftEntraID(tenant, genericoauth.Provider{}), "idp.test/token", nil, nil},
		"entra of another tenant": {
			genericoauth.MicrosoftEntraID(tenant, genericoauth.Provider{}), "idp.test/token",
			object{"iss": strings.Replace(microsoft, "1", "2", 1), "sub": "s-1", "oid": "o-1", "email": "ann@example.com"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, at, got := signInWith(t, test.provider, test.token, test.idToken, test.profiles); at != "/oops?error=unable_to_get_user_info" {
				t.Errorf("ended at %q: %+v", at, got)
			}
		})
	}
}

func TestPresets_are_discovered_where_they_are(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]genericoauth.Provider{
		"https://acme.eu.auth0.com/.well-known/openid-configuration":            genericoauth.Auth0("https://acme.eu.auth0.com/", genericoauth.Provider{}),
		"https://acme.us.auth0.com/.well-known/openid-configuration":            genericoauth.Auth0("acme.us.auth0.com", genericoauth.Provider{}),
		"https://acme.okta.com/oauth2/default/.well-known/openid-configuration": genericoauth.Okta("https://acme.okta.com/oauth2/default/", genericoauth.Provider{}),
		"https://id.test/realms/staff/.well-known/openid-configuration":         genericoauth.Keycloak("https://id.test/realms/staff", genericoauth.Provider{}),
	} {
		if p.DiscoveryURL != want || strings.Join(p.Scopes, " ") != "openid profile email" {
			t.Errorf("%s: discovered at %q with %v", p.ID, p.DiscoveryURL, p.Scopes)
		}
	}
	if p := genericoauth.Okta("https://a.test", genericoauth.Provider{ID: "staff", Scopes: []string{"openid"}}); p.ID != "staff" || len(p.Scopes) != 1 {
		t.Errorf("the application's own words do not count: %+v", p)
	}
}

package server

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/plugins/genericoauth"
)

// GenericOAuth are providers that the file describes.
type GenericOAuth struct {
	// Config are the providers.
	Config []GenericProvider `key:"config"`
}

// GenericProvider is a provider that speaks OpenID Connect or OAuth 2.0.
type GenericProvider struct {
	// ProviderID names the provider. Required, unless there is a preset.
	ProviderID string `key:"providerId"`
	// Preset fills in what is known of a provider. It is Ostiary's own, like the
	// next two.
	Preset string `key:"preset" oneOf:"auth0,okta,keycloak,microsoft-entra-id,slack,line,hubspot,patreon,gumroad,yandex"`
	// Domain is that of an Auth0 tenant, TenantID the GUID of one of Entra ID.
	Domain   string `key:"domain"`
	TenantID string `key:"tenantId"`
	// Issuer is that of ID tokens, and where Okta and Keycloak are. Default:
	// discovered.
	Issuer string `key:"issuer"`
	// Name is the name for people. Default: the id.
	Name string `key:"name"`
	// ClientID is required. ClientSecret is best given as
	// OSTIARY_OAUTH_<ID>_CLIENT_SECRET.
	ClientID     string `key:"clientId"`
	ClientSecret Secret `key:"clientSecret"`
	// DiscoveryURL is where the provider publishes its addresses.
	DiscoveryURL     string            `key:"discoveryUrl"`
	DiscoveryHeaders map[string]string `key:"discoveryHeaders"`
	// The addresses replace those that are discovered.
	AuthorizationURL   string `key:"authorizationUrl"`
	TokenURL           string `key:"tokenUrl"`
	UserInfoURL        string `key:"userInfoUrl"`
	EndSessionEndpoint string `key:"endSessionEndpoint"`
	// PostLogoutRedirectURI is where users go who sign out at the provider.
	PostLogoutRedirectURI string `key:"postLogoutRedirectURI"`
	// DisableProviderLogout signs nobody out there. Default false.
	DisableProviderLogout bool `key:"disableProviderLogout"`
	// RequireIDTokenVerification needs ID tokens that can be verified. Default
	// false.
	RequireIDTokenVerification bool `key:"requireIdTokenVerification"`
	// RequireIssuerValidation needs answers that name the issuer. Default: if the
	// provider publishes that they do.
	RequireIssuerValidation bool `key:"requireIssuerValidation"`
	// DisableIDTokenNonceBinding does not bind ID tokens to sign-ins. Default
	// false.
	DisableIDTokenNonceBinding bool `key:"disableIdTokenNonceBinding"`
	// Authentication is "post" or "basic", TokenEndpointAuth the same by its
	// registered name, or "none". Default post.
	Authentication    string `key:"authentication" oneOf:"post,basic"`
	TokenEndpointAuth string `key:"tokenEndpointAuth" oneOf:"client_secret_post,client_secret_basic,none"`
	// Scopes are asked for.
	Scopes []string `key:"scopes"`
	// RedirectURI replaces the callback address.
	RedirectURI  string `key:"redirectURI"`
	ResponseType string `key:"responseType"`
	ResponseMode string `key:"responseMode"`
	Prompt       string `key:"prompt"`
	AccessType   string `key:"accessType"`
	// PKCE sends code challenges. Default true.
	PKCE *bool `key:"pkce"`
	// AccessTokenExpiresIn is the lifetime where the provider tells none.
	AccessTokenExpiresIn time.Duration `key:"accessTokenExpiresIn" min:"1"`
	// The parameters and headers are sent along.
	AuthorizationURLParams map[string]string `key:"authorizationUrlParams"`
	TokenURLParams         map[string]string `key:"tokenUrlParams"`
	RefreshTokenParams     map[string]string `key:"refreshTokenParams"`
	AuthorizationHeaders   map[string]string `key:"authorizationHeaders"`
	// MapProfileToUser says, for fields of the user, from which member of the
	// profile they are taken.
	MapProfileToUser map[string]string `key:"mapProfileToUser"`
	// AccountSubject is the member of the profile that is the identity. Default
	// "sub", or "id" without OpenID Connect.
	AccountSubject           string `key:"accountSubject"`
	DisableImplicitSignUp    bool   `key:"disableImplicitSignUp"`
	DisableSignUp            bool   `key:"disableSignUp"`
	OverrideUserInfo         bool   `key:"overrideUserInfo"`
	RequireEmailVerification bool   `key:"requireEmailVerification"`
	AllowIDPInitiated        bool   `key:"allowIdpInitiated"`
}

// id returns the id of the provider.
func (g *GenericProvider) id() string {
	if g.ProviderID == "" {
		return g.Preset
	}
	return g.ProviderID
}

// provider returns the provider as the library describes it.
func (g *GenericProvider) provider() genericoauth.Provider {
	p := genericoauth.Provider{
		ID: g.ProviderID, Name: g.Name, ClientID: g.ClientID, ClientSecret: g.ClientSecret.Reveal(), Scopes: g.Scopes,
		Settings: social.Settings{
			RedirectURI: g.RedirectURI, Prompt: g.Prompt, ResponseMode: g.ResponseMode,
			DisableSignUp: g.DisableSignUp, DisableImplicitSignUp: g.DisableImplicitSignUp, AllowIDPInitiated: g.AllowIDPInitiated,
			OverrideUserInfo: g.OverrideUserInfo, RequireEmailVerification: g.RequireEmailVerification,
		},
		DiscoveryURL: g.DiscoveryURL, DiscoveryHeader: header(g.DiscoveryHeaders),
		AuthorizationURL: g.AuthorizationURL, TokenURL: g.TokenURL, UserInfoURL: g.UserInfoURL, EndSessionEndpoint: g.EndSessionEndpoint,
		RequireIssuer: g.RequireIssuerValidation, RequireIDToken: g.RequireIDTokenVerification,
		DisableNonce: g.DisableIDTokenNonceBinding, Auth: genericoauth.AuthMethod(g.TokenEndpointAuth), WithoutPKCE: !enabled(g.PKCE),
		ResponseType: g.ResponseType, AccessType: g.AccessType, AuthorizationParams: params(g.AuthorizationURLParams),
		TokenParams: params(g.TokenURLParams), TokenHeader: header(g.AuthorizationHeaders), RefreshParams: params(g.RefreshTokenParams),
		AccessTokenExpiresIn: g.AccessTokenExpiresIn, PostLogoutRedirectURI: g.PostLogoutRedirectURI, DisableProviderLogout: g.DisableProviderLogout,
	}
	if g.Authentication != "" && p.Auth == "" && !(g.Authentication == "post" && p.ClientSecret == "") {
		p.Auth = genericoauth.AuthMethod("client_secret_" + g.Authentication)
	}
	if g.Preset != "okta" && g.Preset != "keycloak" {
		p.Issuer = g.Issuer
	}
	if len(g.MapProfileToUser) > 0 {
		p.MapProfile = g.mapProfile
	}
	if g.AccountSubject != "" {
		p.Subject = func(_, raw map[string]any) string { return social.Subject(raw[g.AccountSubject]) }
	}
	return g.complete(p)
}

// complete fills in what the preset knows.
func (g *GenericProvider) complete(p genericoauth.Provider) genericoauth.Provider {
	switch g.Preset {
	case "auth0":
		return genericoauth.Auth0(g.Domain, p)
	case "okta":
		return genericoauth.Okta(g.Issuer, p)
	case "keycloak":
		return genericoauth.Keycloak(g.Issuer, p)
	case "microsoft-entra-id":
		return genericoauth.MicrosoftEntraID(g.TenantID, p)
	case "slack":
		return genericoauth.Slack(p)
	case "line":
		return genericoauth.Line(p)
	case "hubspot":
		return genericoauth.HubSpot(p)
	case "patreon":
		return genericoauth.Patreon(p)
	case "gumroad":
		return genericoauth.Gumroad(p)
	case "yandex":
		return genericoauth.Yandex(p)
	}
	return p
}

// mapProfile takes fields of the user from members of the profile. Members that
// are not there change nothing.
func (g *GenericProvider) mapProfile(raw map[string]any, p *social.Profile) {
	for field, member := range g.MapProfileToUser {
		value, told := raw[member]
		if !told || value == nil {
			continue
		}
		switch field {
		case "name":
			p.Name = social.Text(raw, member)
		case "email":
			p.Email = social.Text(raw, member)
		case "image":
			p.Image = social.Text(raw, member)
		case "emailVerified":
			p.EmailVerified = social.True(value)
		default:
			if p.Fields == nil {
				p.Fields = map[string]any{}
			}
			p.Fields[field] = value
		}
	}
}

func params(m map[string]string) social.Params {
	var list social.Params
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, social.Param{Name: name, Value: m[name]})
	}
	return list
}

func header(m map[string]string) http.Header {
	var h http.Header
	for name, value := range m {
		if h == nil {
			h = http.Header{}
		}
		h.Set(name, value)
	}
	return h
}

// genericOAuth returns the plugin with the providers of the file.
func (t *translation) genericOAuth(g *GenericOAuth) *genericoauth.Plugin {
	var o genericoauth.Options
	for i := range g.Config {
		c := &g.Config[i]
		if c.id() == "" {
			t.problem("plugins.genericOAuth.config[%d].providerId: not set", i)
			continue
		}
		needed := map[string]string{"auth0": c.Domain, "okta": c.Issuer, "keycloak": c.Issuer, "microsoft-entra-id": c.TenantID}
		if value, needs := needed[c.Preset]; needs && value == "" {
			key := map[string]string{"auth0": "domain", "microsoft-entra-id": "tenantId"}[c.Preset]
			if key == "" {
				key = "issuer"
			}
			t.problem("plugins.genericOAuth.config[%d].%s: not set; the preset %s needs it", i, key, c.Preset)
			continue
		}
		o.Providers = append(o.Providers, c.provider())
	}
	return genericoauth.New(o)
}

// environmentName is how the id of a provider is written in the names of
// environment variables: github is GITHUB, microsoft-entra-id is
// MICROSOFT_ENTRA_ID.
func environmentName(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, id)
}

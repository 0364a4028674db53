package genericoauth

import (
	"context"
	"net/url"
	"slices"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/oauth"
)

// provider returns the provider that metadata describes; keys are those that it
// names.
func (p Provider) provider(m metadata, keys *oauth.KeySet) social.Provider {
	issuer := or(p.Issuer, m.Issuer)
	s := &subject{Provider: p, oidc: m.speaksOIDC(), userInfo: or(p.UserInfoURL, m.UserInfoEndpoint)}
	d := social.Definition{
		ID: p.ID, Name: or(p.Name, p.ID),
		AuthorizationEndpoint: or(p.AuthorizationURL, m.AuthorizationEndpoint),
		TokenEndpoint:         or(p.TokenURL, m.TokenEndpoint),
		RequestScopesFirst:    true,
		WithoutPKCE:           p.WithoutPKCE,
		BasicAuth:             p.Auth == SecretInBasic,
		Assertion:             p.Assertion,
		ForwardsLoginHint:     true,
		AcceptsPrompt:         true,
		ResponseType:          p.ResponseType,
		Params:                p.AuthorizationParams,
		TokenParams:           p.TokenParams,
		TokenHeader:           p.TokenHeader,
		RefreshParams:         p.RefreshParams,
		MoreRefreshParams:     p.RefreshParamsFunc,
		AccessTokenLifetime:   p.AccessTokenExpiresIn,
		Issuer:                issuer,
		IssuerRequired:        p.RequireIssuer || m.NamesIssuer,
		Read:                  s.profile,
	}
	d.Authorize = func(a *social.Authorization) {
		a.AccessType = p.AccessType
		if m.speaksOIDC() && !slices.Contains(a.Scopes, "openid") {
			a.Scopes = append([]string{"openid"}, a.Scopes...)
		}
	}
	if p.ExchangeCode != nil {
		d.ExchangeCode = func(ctx context.Context, _ *core.Kernel, r social.CodeExchange) (*social.Tokens, error) {
			return p.ExchangeCode(ctx, r)
		}
	}
	if m.verifiable() {
		s.rules = &social.IDTokenRules{
			Issuers: []string{issuer}, Audiences: append([]string{p.ClientID}, p.MoreClientIDs...),
			Algorithms: m.algorithms(), Keys: keys,
		}
		d.IDTokens = s.rules
		d.Nonce = !p.DisableNonce
	}
	if address := or(p.EndSessionEndpoint, m.EndSessionEndpoint); address != "" && !p.DisableProviderLogout {
		d.EndSession = func(r social.EndSession) string { return p.endSessionURL(address, r) }
	}
	settings := p.Settings
	settings.FetchProfile = nil // subject.profile calls it, after it has verified the ID token
	return d.New(social.Client{ID: p.ClientID, Secret: p.ClientSecret, Scopes: p.Scopes, Settings: settings})
}

// endSessionURL returns where the provider signs a user out (OpenID Connect
// RP-Initiated Logout 1.0, section 2).
func (p *Provider) endSessionURL(endpoint string, r social.EndSession) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	q := u.Query()
	back := r.PostLogoutRedirectURI
	if back == "" && p.PostLogoutRedirectURI != "" {
		if base, err := url.Parse(r.BaseURL); err == nil {
			if absolute, err := base.Parse(p.PostLogoutRedirectURI); err == nil {
				back = absolute.String()
			}
		}
	}
	if r.IDToken != "" {
		q.Set("id_token_hint", r.IDToken)
	}
	if back != "" {
		q.Set("post_logout_redirect_uri", back)
		if r.State != "" {
			q.Set("state", r.State)
		}
	}
	if back != "" || r.IDToken == "" {
		q.Set("client_id", p.ClientID)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

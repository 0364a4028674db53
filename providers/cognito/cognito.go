// Package cognito signs users in with Amazon Cognito.
package cognito

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. The client id and what names the user pool are
// required, a secret unless the client is public.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid, profile and email.
	Scopes []string
	social.Settings

	// Domain of the hosted pages, for example "app.auth.eu-west-1.amazoncognito.com".
	Domain string
	// Region and UserPoolID name the user pool.
	Region, UserPoolID string
	// RequireClientSecret refuses to start without a secret.
	RequireClientSecret bool
	// IdentityProvider sends users on to one of the pool's own providers.
	IdentityProvider string
}

// New returns the provider.
func New(o Options) social.Provider {
	_, domain, ok := strings.Cut(o.Domain, "://")
	if !ok {
		domain = o.Domain
	}
	domain = "https://" + strings.TrimRight(domain, "/")
	issuer := "https://cognito-idp." + o.Region + ".amazonaws.com/" + o.UserPoolID
	d := social.Definition{
		ID: "cognito", Name: "Cognito",
		AuthorizationEndpoint: domain + "/oauth2/authorize",
		TokenEndpoint:         domain + "/oauth2/token",
		DefaultScopes:         []string{"openid", "profile", "email"},
		SecretRequired:        o.RequireClientSecret,
		AcceptsPrompt:         true,
		Authorize: func(a *social.Authorization) {
			a.PercentSpaces = true
			a.Params.Set("identity_provider", o.IdentityProvider)
		},
		IDTokens: &social.IDTokenRules{
			Issuers:    []string{issuer},
			Algorithms: []string{"RS256"},
			Keys:       social.NewKeySet(issuer + "/.well-known/jwks.json"),
			MaxAge:     time.Hour,
		},
		Fetch:   fetchFrom(domain + "/oauth2/userinfo"),
		Profile: profile,
	}
	if o.Domain == "" || o.Region == "" || o.UserPoolID == "" {
		d.Problem = errors.New("Domain, Region and UserPoolID must be set")
	}
	return d.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// fetchFrom prefers the claims of the ID token, if there is one.
func fetchFrom(address string) func(context.Context, *core.Kernel, social.Grant) (map[string]any, error) {
	ask := social.FetchFrom(address)
	return func(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
		if g.IDToken != "" {
			return social.Claims(g)
		}
		return ask(ctx, k, g)
	}
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name", "given_name", "username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

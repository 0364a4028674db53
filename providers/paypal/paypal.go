// Package paypal signs users in with PayPal.
package paypal

import (
	"context"
	"errors"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required. What a user is
// asked to agree to is configured at PayPal.
type Options struct {
	ClientID, ClientSecret string
	social.Settings

	// Live uses PayPal itself. Default: its sandbox.
	Live bool
}

// New returns the provider.
func New(o Options) social.Provider {
	pages, api := "https://www.sandbox.paypal.com", "https://api-m.sandbox.paypal.com"
	if o.Live {
		pages, api = "https://www.paypal.com", "https://api-m.paypal.com"
	}
	return social.Definition{
		ID: "paypal", Name: "PayPal",
		AuthorizationEndpoint: pages + "/signin/authorize",
		TokenEndpoint:         api + "/v1/oauth2/token",
		SecretRequired:        true,
		BasicAuth:             true,
		AcceptsPrompt:         true,
		Authorize:             func(a *social.Authorization) { a.Scopes = nil },
		Fetch:                 fetchFrom(api + "/v1/identity/oauth2/userinfo?schema=paypalv1.1"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Settings: o.Settings})
}

// fetchFrom gets the profile. If there is an ID token as well, both must be
// about the same user.
func fetchFrom(address string) func(context.Context, *core.Kernel, social.Grant) (map[string]any, error) {
	return func(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
		raw, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: address, Token: g.AccessToken})
		if err != nil || g.IDToken == "" {
			return raw, err
		}
		claims, err := social.Claims(g)
		if err != nil {
			return nil, err
		}
		subject := social.Subject(raw["sub"])
		if subject == "" {
			subject = social.Subject(raw["user_id"])
		}
		if social.Subject(claims["sub"]) != subject {
			return nil, errors.New("ID token and profile are about different users")
		}
		return raw, nil
	}
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["user_id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

// Package polar signs users in with Polar.
package polar

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid, profile and email.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "polar", Name: "Polar",
		AuthorizationEndpoint: "https://polar.sh/oauth2/authorize",
		TokenEndpoint:         "https://api.polar.sh/v1/oauth2/token",
		DefaultScopes:         []string{"openid", "profile", "email"},
		AcceptsPrompt:         true,
		Fetch:                 social.FetchFrom("https://api.polar.sh/v1/oauth2/userinfo"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "public_name", "username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "avatar_url"),
	}
}

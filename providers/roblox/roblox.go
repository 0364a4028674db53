// Package roblox signs users in with Roblox.
package roblox

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid and profile.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "roblox", Name: "Roblox",
		AuthorizationEndpoint: "https://apis.roblox.com/oauth/v1/authorize",
		TokenEndpoint:         "https://apis.roblox.com/oauth/v1/token",
		DefaultScopes:         []string{"openid", "profile"},
		WithoutPKCE:           true,
		DefaultPrompt:         "select_account consent",
		AcceptsPrompt:         true,
		Fetch:                 social.FetchFrom("https://apis.roblox.com/oauth/v1/userinfo"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// profile reads a profile, which has no address.
func profile(raw map[string]any) *social.Profile {
	subject := social.Subject(raw["sub"])
	return &social.Profile{
		Subject: subject, Name: social.Text(raw, "nickname", "preferred_username"), Email: social.Placeholder(subject, "roblox"),
		EmailVerified: false, Image: social.Text(raw, "picture"),
	}
}

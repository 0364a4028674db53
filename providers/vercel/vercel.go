// Package vercel signs users in with Vercel.
package vercel

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. The client id is required, a secret unless the client is public.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for; by default none are.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "vercel", Name: "Vercel",
		AuthorizationEndpoint: "https://vercel.com/oauth/authorize",
		TokenEndpoint:         "https://api.vercel.com/login/oauth/token",
		WithoutRefresh:        true,
		Fetch:                 social.FetchFrom("https://api.vercel.com/login/oauth/userinfo"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name", "preferred_username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

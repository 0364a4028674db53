// Package figma signs users in with Figma.
package figma

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides current_user:read.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "figma", Name: "Figma",
		AuthorizationEndpoint: "https://www.figma.com/oauth",
		TokenEndpoint:         "https://api.figma.com/v1/oauth/token",
		DefaultScopes:         []string{"current_user:read"},
		SecretRequired:        true,
		BasicAuth:             true,
		Fetch:                 social.FetchFrom("https://api.figma.com/v1/me"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "handle"), Email: social.Text(raw, "email"),
		EmailVerified: false, Image: social.Text(raw, "img_url"),
	}
}

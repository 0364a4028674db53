// Package linkedin signs users in with LinkedIn.
package linkedin

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides profile, email and openid.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "linkedin", Name: "LinkedIn",
		AuthorizationEndpoint: "https://www.linkedin.com/oauth/v2/authorization",
		TokenEndpoint:         "https://www.linkedin.com/oauth/v2/accessToken",
		DefaultScopes:         []string{"profile", "email", "openid"},
		WithoutPKCE:           true,
		ForwardsLoginHint:     true,
		Fetch:                 social.FetchFrom("https://api.linkedin.com/v2/userinfo"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

// Package railway signs users in with Railway.
package railway

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid, email and profile.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "railway", Name: "Railway",
		AuthorizationEndpoint: "https://backboard.railway.com/oauth/auth",
		TokenEndpoint:         "https://backboard.railway.com/oauth/token",
		DefaultScopes:         []string{"openid", "email", "profile"},
		BasicAuth:             true,
		Fetch:                 social.FetchFrom("https://backboard.railway.com/oauth/me"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: false, Image: social.Text(raw, "picture"),
	}
}

// Package zoom signs users in with Zoom.
package zoom

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required. What a user is
// asked to agree to is configured at Zoom.
type Options struct {
	ClientID, ClientSecret string
	social.Settings

	// WithoutPKCE is for applications at Zoom for which PKCE is turned off.
	WithoutPKCE bool
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "zoom", Name: "Zoom",
		AuthorizationEndpoint: "https://zoom.us/oauth/authorize",
		TokenEndpoint:         "https://zoom.us/oauth/token",
		WithoutPKCE:           o.WithoutPKCE,
		Authorize:             func(a *social.Authorization) { a.Scopes = nil },
		Fetch:                 social.FetchFrom("https://api.zoom.us/v2/users/me"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	verified, _ := raw["verified"].(float64) // 1 for yes
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "display_name"), Email: social.Text(raw, "email"),
		EmailVerified: verified == 1 || raw["verified"] == true, Image: social.Text(raw, "pic_url"),
	}
}

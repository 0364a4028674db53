// Package spotify signs users in with Spotify.
package spotify

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides user-read-email.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "spotify", Name: "Spotify",
		AuthorizationEndpoint: "https://accounts.spotify.com/authorize",
		TokenEndpoint:         "https://accounts.spotify.com/api/token",
		DefaultScopes:         []string{"user-read-email"},
		Fetch:                 social.FetchFrom("https://api.spotify.com/v1/me"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	image := ""
	if images, ok := raw["images"].([]any); ok && len(images) > 0 {
		image = social.Text(social.Object(images[0]), "url")
	}
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "display_name"), Email: social.Text(raw, "email"),
		EmailVerified: false, Image: image,
	}
}

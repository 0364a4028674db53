// Package reddit signs users in with Reddit.
package reddit

import (
	"net/http"
	"strings"

	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides identity.
	Scopes []string
	social.Settings

	// Duration "permanent" asks for a refresh token.
	Duration string
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "reddit", Name: "Reddit",
		AuthorizationEndpoint: "https://www.reddit.com/api/v1/authorize",
		TokenEndpoint:         "https://www.reddit.com/api/v1/access_token",
		DefaultScopes:         []string{"identity"},
		WithoutPKCE:           true,
		BasicAuth:             true,
		Params:                social.Params{{Name: "duration", Value: o.Duration}},
		// Reddit turns away programs that do not say who they are.
		TokenHeader: http.Header{"User-Agent": {social.UserAgent}},
		Fetch:       social.FetchFrom("https://oauth.reddit.com/api/v1/me"),
		Profile:     profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// profile reads a profile, which has no address.
func profile(raw map[string]any) *social.Profile {
	subject := social.Subject(raw["id"])
	image, _, _ := strings.Cut(social.Text(raw, "icon_img"), "?")
	return &social.Profile{Subject: subject, Name: social.Text(raw, "name"), Email: social.Placeholder(subject, "reddit"), Image: image}
}

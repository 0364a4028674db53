// Package slack signs users in with Slack.
package slack

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
		ID: "slack", Name: "Slack",
		AuthorizationEndpoint: "https://slack.com/openid/connect/authorize",
		TokenEndpoint:         "https://slack.com/api/openid.connect.token",
		DefaultScopes:         []string{"openid", "profile", "email"},
		RequestScopesFirst:    true,
		WithoutPKCE:           true,
		Fetch:                 social.FetchFrom("https://slack.com/api/openid.connect.userInfo"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["https://slack.com/user_id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture", "https://slack.com/user_image_512"),
	}
}

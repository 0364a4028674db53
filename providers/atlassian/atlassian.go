// Package atlassian signs users in with Atlassian.
package atlassian

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides read:jira-user and offline_access.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "atlassian", Name: "Atlassian",
		AuthorizationEndpoint: "https://auth.atlassian.com/authorize",
		TokenEndpoint:         "https://auth.atlassian.com/oauth/token",
		DefaultScopes:         []string{"read:jira-user", "offline_access"},
		SecretRequired:        true,
		AcceptsPrompt:         true,
		Params:                social.Params{{Name: "audience", Value: "api.atlassian.com"}},
		Fetch:                 social.FetchFrom("https://api.atlassian.com/me"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["account_id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: false, Image: social.Text(raw, "picture"),
	}
}

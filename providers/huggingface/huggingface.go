// Package huggingface signs users in with Hugging Face.
package huggingface

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
		ID: "huggingface", Name: "Hugging Face",
		AuthorizationEndpoint: "https://huggingface.co/oauth/authorize",
		TokenEndpoint:         "https://huggingface.co/oauth/token",
		DefaultScopes:         []string{"openid", "profile", "email"},
		Fetch:                 social.FetchFrom("https://huggingface.co/oauth/userinfo"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name", "preferred_username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

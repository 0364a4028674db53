// Package naver signs users in with Naver.
package naver

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides profile and email.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "naver", Name: "Naver",
		AuthorizationEndpoint: "https://nid.naver.com/oauth2.0/authorize",
		TokenEndpoint:         "https://nid.naver.com/oauth2.0/token",
		DefaultScopes:         []string{"profile", "email"},
		WithoutPKCE:           true,
		Fetch:                 social.FetchFrom("https://openapi.naver.com/v1/nid/me"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	if raw["resultcode"] != "00" {
		return nil
	}
	told := social.Object(raw["response"])
	return &social.Profile{
		Subject: social.Subject(told["id"]), Name: social.Text(told, "name", "nickname"), Email: social.Text(told, "email"),
		EmailVerified: false, Image: social.Text(told, "profile_image"),
	}
}

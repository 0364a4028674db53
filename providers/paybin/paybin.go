// Package paybin signs users in with Paybin.
package paybin

import (
	"strings"

	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid, email and profile.
	Scopes []string
	social.Settings

	// Issuer is the address of the server. Default "https://idp.paybin.io".
	Issuer string
}

// New returns the provider.
func New(o Options) social.Provider {
	issuer := strings.TrimRight(o.Issuer, "/")
	if issuer == "" {
		issuer = "https://idp.paybin.io"
	}
	return social.Definition{
		ID: "paybin", Name: "Paybin",
		AuthorizationEndpoint: issuer + "/oauth2/authorize",
		TokenEndpoint:         issuer + "/oauth2/token",
		DefaultScopes:         []string{"openid", "email", "profile"},
		SecretRequired:        true,
		ForwardsLoginHint:     true,
		AcceptsPrompt:         true,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name", "preferred_username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

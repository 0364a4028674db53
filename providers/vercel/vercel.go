// Package vercel signs users in with Vercel.
package vercel

import (
	"errors"

	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. The client id is required, a secret unless the client is public.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for; by default none are.
	Scopes []string
	social.Settings

	// SecretInHeader sends client id and secret in the Authorization header of
	// token requests instead of the body.
	SecretInHeader bool
	// Assertion proves who the client is by a signature instead of a secret
	// (private_key_jwt).
	Assertion *social.ClientAssertion
}

// New returns the provider.
func New(o Options) social.Provider {
	d := social.Definition{
		ID: "vercel", Name: "Vercel",
		AuthorizationEndpoint: "https://vercel.com/oauth/authorize",
		TokenEndpoint:         "https://api.vercel.com/login/oauth/token",
		BasicAuth:             o.SecretInHeader,
		Assertion:             o.Assertion,
		WithoutRefresh:        true,
		Fetch:                 social.FetchFrom("https://api.vercel.com/login/oauth/userinfo"),
		Profile:               profile,
	}
	if o.SecretInHeader && o.ClientSecret == "" {
		d.Problem = errors.New("SecretInHeader needs a client secret")
	}
	return d.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name", "preferred_username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

// Package github signs users in with GitHub.
package github

import (
	"context"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides read:user and user:email.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "github", Name: "GitHub",
		AuthorizationEndpoint: "https://github.com/login/oauth/authorize",
		TokenEndpoint:         "https://github.com/login/oauth/access_token",
		DefaultScopes:         []string{"read:user", "user:email"},
		ForwardsLoginHint:     true,
		AcceptsPrompt:         true,
		Read:                  read,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// address is one of a user's e-mail addresses.
type address struct {
	Email             string
	Primary, Verified bool
}

// read gets the profile and, because the address in it is what the user wants to
// be seen and need not be verified, the list of addresses.
func read(ctx context.Context, k *core.Kernel, g social.Grant) (*social.Profile, error) {
	raw, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: "https://api.github.com/user", Token: g.AccessToken})
	if err != nil || raw == nil {
		return nil, err
	}
	var addresses []address
	if err := social.Get(ctx, k, social.ProfileRequest{URL: "https://api.github.com/user/emails", Token: g.AccessToken}, &addresses); err != nil {
		k.Log.WarnContext(ctx, "the user's addresses at GitHub are not known; is the scope user:email missing?", "error", err)
	}
	if raw["email"] == nil && len(addresses) > 0 {
		raw["email"] = primary(addresses).Email
	}
	p := profile(raw)
	p.EmailVerified = verified(addresses, p.Email)
	return p, nil
}

// primary returns the primary address, or else the first.
func primary(addresses []address) address {
	for _, a := range addresses {
		if a.Primary {
			return a
		}
	}
	return addresses[0]
}

func verified(addresses []address, email string) bool {
	for _, a := range addresses {
		if a.Email == email {
			return a.Verified
		}
	}
	return false
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "name", "login"), Email: social.Text(raw, "email"),
		Image: social.Text(raw, "avatar_url"), Raw: raw,
	}
}

// Package twitter signs users in with X, formerly Twitter.
package twitter

import (
	"context"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides users.read, tweet.read, offline.access and users.email.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "twitter", Name: "X",
		AuthorizationEndpoint: "https://x.com/i/oauth2/authorize",
		TokenEndpoint:         "https://api.x.com/2/oauth2/token",
		DefaultScopes:         []string{"users.read", "tweet.read", "offline.access", "users.email"},
		BasicAuth:             true,
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

const me = "https://api.x.com/2/users/me?user.fields="

// fetch gets the profile and, if the application may see it, the address.
func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	raw, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: me + "profile_image_url", Token: g.AccessToken})
	if err != nil {
		return nil, err
	}
	if more, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: me + "confirmed_email", Token: g.AccessToken}); err == nil {
		if user := social.Object(raw["data"]); user != nil {
			user["confirmed_email"] = social.Object(more["data"])["confirmed_email"]
		}
	}
	return raw, nil
}

// profile reads a profile. An address is one that the user has confirmed.
func profile(raw map[string]any) *social.Profile {
	user := social.Object(raw["data"])
	p := &social.Profile{Subject: social.Subject(user["id"]), Name: social.Text(user, "name"), Image: social.Text(user, "profile_image_url")}
	if p.Email = social.Text(user, "confirmed_email"); p.Email != "" {
		p.EmailVerified = true
	} else {
		p.Email = social.Placeholder(p.Subject, "twitter")
	}
	return p
}

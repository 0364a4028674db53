// Package kick signs users in with Kick.
package kick

import (
	"context"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides user:read.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "kick", Name: "Kick",
		AuthorizationEndpoint: "https://id.kick.com/oauth/authorize",
		TokenEndpoint:         "https://id.kick.com/oauth/token",
		DefaultScopes:         []string{"user:read"},
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// fetch gets the profile, which is the only one of a list.
func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	var answer struct {
		Data []map[string]any `json:"data"`
	}
	err := social.Get(ctx, k, social.ProfileRequest{URL: "https://api.kick.com/public/v1/users", Token: g.AccessToken}, &answer)
	if err != nil || len(answer.Data) == 0 {
		return nil, err
	}
	return answer.Data[0], nil
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["user_id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: false, Image: social.Text(raw, "profile_picture"),
	}
}

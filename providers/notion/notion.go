// Package notion signs users in with Notion.
package notion

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for; by default none are.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "notion", Name: "Notion",
		AuthorizationEndpoint: "https://api.notion.com/v1/oauth/authorize",
		TokenEndpoint:         "https://api.notion.com/v1/oauth/token",
		WithoutPKCE:           true,
		BasicAuth:             true,
		BasicAuthNotOnRefresh: true,
		ForwardsLoginHint:     true,
		Params:                social.Params{{Name: "owner", Value: "user"}},
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// fetch gets the user who owns the bot that the token belongs to.
func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	raw, err := social.GetProfile(ctx, k, social.ProfileRequest{
		URL: "https://api.notion.com/v1/users/me", Token: g.AccessToken, Header: http.Header{"Notion-Version": {"2022-06-28"}},
	})
	if err != nil {
		return nil, err
	}
	bot := social.Object(raw["bot"])
	return social.Object(social.Object(bot["owner"])["user"]), nil
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "name"), Email: social.Text(social.Object(raw["person"]), "email"),
		EmailVerified: false, Image: social.Text(raw, "avatar_url"),
	}
}

// Package linear signs users in with Linear.
package linear

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides read.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "linear", Name: "Linear",
		AuthorizationEndpoint: "https://linear.app/oauth/authorize",
		TokenEndpoint:         "https://api.linear.app/oauth/token",
		DefaultScopes:         []string{"read"},
		WithoutPKCE:           true,
		ForwardsLoginHint:     true,
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

const query = "query { viewer { id name email avatarUrl active createdAt updatedAt } }"

// fetch asks for the owner of the token (GraphQL).
func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	raw, err := social.GetProfile(ctx, k, social.ProfileRequest{
		Method: http.MethodPost, URL: "https://api.linear.app/graphql", Token: g.AccessToken, JSON: map[string]string{"query": query},
	})
	if err != nil {
		return nil, err
	}
	return social.Object(social.Object(raw["data"])["viewer"]), nil
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: false, Image: social.Text(raw, "avatarUrl"),
	}
}

// Package vk signs users in with VK.
package vk

import (
	"context"
	"net/http"
	"strings"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides email and phone.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "vk", Name: "VK",
		AuthorizationEndpoint: "https://id.vk.com/authorize",
		TokenEndpoint:         "https://id.vk.com/oauth2/auth",
		DefaultScopes:         []string{"email", "phone"},
		EmailRequired:         true,
		Fetch:                 o.fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func (o Options) fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	return social.GetProfile(ctx, k, social.ProfileRequest{
		Method: http.MethodPost, URL: "https://id.vk.com/oauth2/user_info",
		Form: social.Params{{Name: "access_token", Value: g.AccessToken}, {Name: "client_id", Value: o.ClientID}},
	})
}

func profile(raw map[string]any) *social.Profile {
	user := social.Object(raw["user"])
	return &social.Profile{
		Subject: social.Subject(user["user_id"]),
		Name:    strings.TrimSpace(social.Text(user, "first_name") + " " + social.Text(user, "last_name")),
		Email:   social.Text(user, "email"), Image: social.Text(user, "avatar"),
		Fields: map[string]any{
			"first_name": user["first_name"], "last_name": user["last_name"], "birthday": user["birthday"], "sex": user["sex"],
		},
	}
}

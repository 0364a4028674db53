// Package dropbox signs users in with Dropbox.
package dropbox

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides account_info.read.
	Scopes []string
	social.Settings

	// AccessType "offline" asks for a refresh token.
	AccessType string
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "dropbox", Name: "Dropbox",
		AuthorizationEndpoint: "https://www.dropbox.com/oauth2/authorize",
		TokenEndpoint:         "https://api.dropboxapi.com/oauth2/token",
		DefaultScopes:         []string{"account_info.read"},
		Params:                social.Params{{Name: "token_access_type", Value: o.AccessType}},
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	return social.GetProfile(ctx, k, social.ProfileRequest{
		Method: http.MethodPost, URL: "https://api.dropboxapi.com/2/users/get_current_account", Token: g.AccessToken,
	})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["account_id"]), Name: social.Text(social.Object(raw["name"]), "display_name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "profile_photo_url"),
	}
}

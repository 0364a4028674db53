// Package tiktok signs users in with TikTok.
package tiktok

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client key and secret are required.
type Options struct {
	// ClientKey is what TikTok calls the client id.
	ClientKey, ClientSecret string
	// Scopes are asked for besides user.info.profile.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "tiktok", Name: "TikTok",
		AuthorizationEndpoint: "https://www.tiktok.com/v2/auth/authorize",
		TokenEndpoint:         "https://open.tiktokapis.com/v2/oauth/token/",
		ClientIDName:          "client_key",
		DefaultScopes:         []string{"user.info.profile"},
		ScopeSeparator:        ",",
		WithoutPKCE:           true,
		Fetch:                 social.FetchFrom("https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_large_url,display_name,username"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientKey, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	user := social.Object(social.Object(raw["data"])["user"])
	p := &social.Profile{
		Subject: social.Subject(user["open_id"]), Name: social.Text(user, "display_name", "username"),
		Email: social.Text(user, "email"), Image: social.Text(user, "avatar_large_url"),
	}
	if p.Email == "" {
		p.Email = social.Placeholder(p.Subject, "tiktok")
	}
	return p
}

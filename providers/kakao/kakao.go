// Package kakao signs users in with Kakao.
package kakao

import (
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides account_email, profile_image and profile_nickname.
	Scopes []string
	social.Settings
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "kakao", Name: "Kakao",
		AuthorizationEndpoint: "https://kauth.kakao.com/oauth/authorize",
		TokenEndpoint:         "https://kauth.kakao.com/oauth/token",
		DefaultScopes:         []string{"account_email", "profile_image", "profile_nickname"},
		WithoutPKCE:           true,
		ForwardsLoginHint:     true,
		Fetch:                 social.FetchFrom("https://kapi.kakao.com/v2/user/me"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	account := social.Object(raw["kakao_account"])
	shown := social.Object(account["profile"])
	name := social.Text(shown, "nickname")
	if name == "" {
		name = social.Text(account, "name")
	}
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: name, Email: social.Text(account, "email"),
		EmailVerified: social.True(account["is_email_valid"]) && social.True(account["is_email_verified"]), Image: social.Text(shown, "profile_image_url", "thumbnail_image_url"),
	}
}

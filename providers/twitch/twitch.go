// Package twitch signs users in with Twitch.
package twitch

import (
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides user:read:email and openid.
	Scopes []string
	social.Settings

	// Claims are asked for besides email, email_verified, preferred_username and
	// picture.
	Claims []string
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "twitch", Name: "Twitch",
		AuthorizationEndpoint: "https://id.twitch.tv/oauth2/authorize",
		TokenEndpoint:         "https://id.twitch.tv/oauth2/token",
		DefaultScopes:         []string{"user:read:email", "openid"},
		WithoutPKCE:           true,
		Params:                social.Params{{Name: "claims", Value: o.claims()}},
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// claims asks for what the ID token is to tell (OpenID Connect Core 1.0, section
// 5.5); Twitch tells nothing unasked.
func (o Options) claims() string {
	var asked strings.Builder
	for _, name := range append([]string{"email", "email_verified", "preferred_username", "picture"}, o.Claims...) {
		if asked.Len() > 0 {
			asked.WriteByte(',')
		}
		asked.WriteString(strconv.Quote(name) + ":null")
	}
	return `{"id_token":{` + asked.String() + `}}`
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "preferred_username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

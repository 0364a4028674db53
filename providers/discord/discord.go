// Package discord signs users in with Discord.
package discord

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides identify and email.
	Scopes []string
	social.Settings

	// Permissions of the bot, if the scope "bot" is asked for.
	Permissions int64
}

// New returns the provider.
func New(o Options) social.Provider {
	d := social.Definition{
		ID: "discord", Name: "Discord",
		AuthorizationEndpoint: "https://discord.com/api/oauth2/authorize",
		TokenEndpoint:         "https://discord.com/api/oauth2/token",
		DefaultScopes:         []string{"identify", "email"},
		RequestScopesFirst:    true,
		WithoutPKCE:           true,
		DefaultPrompt:         "none",
		AcceptsPrompt:         true,
		// "@me", with the at sign encoded as Better Auth does.
		Fetch:   social.FetchFrom("https://discord.com/api/users/%40me"),
		Profile: profile,
	}
	d.Authorize = func(a *social.Authorization) {
		if o.Permissions != 0 && slices.Contains(a.Scopes, "bot") {
			a.Params.Set("permissions", strconv.FormatInt(o.Permissions, 10))
		}
	}
	return d.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "global_name", "username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["verified"]), Image: avatar(raw),
	}
}

// avatar returns the address of the picture, or of the one that Discord shows to
// users without one.
func avatar(raw map[string]any) string {
	id := social.Subject(raw["id"])
	if picture := social.Text(raw, "avatar"); picture != "" {
		format := "png"
		if strings.HasPrefix(picture, "a_") {
			format = "gif"
		}
		return fmt.Sprintf("https://cdn.discordapp.com/avatars/%s/%s.%s", id, picture, format)
	}
	number := uint64(0)
	if discriminator := social.Subject(raw["discriminator"]); discriminator != "0" {
		n, _ := strconv.ParseUint(discriminator, 10, 64)
		number = n % 5
	} else if n, err := strconv.ParseUint(id, 10, 64); err == nil {
		number = (n >> 22) % 6
	}
	return fmt.Sprintf("https://cdn.discordapp.com/embed/avatars/%d.png", number)
}

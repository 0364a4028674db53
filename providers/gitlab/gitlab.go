// Package gitlab signs users in with GitLab, the public one or one's own.
package gitlab

import (
	"strings"

	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides read_user.
	Scopes []string
	social.Settings

	// Issuer is the address of the server. Default "https://gitlab.com".
	Issuer string
}

// New returns the provider.
func New(o Options) social.Provider {
	issuer := address(o.Issuer)
	return social.Definition{
		ID: "gitlab", Name: "GitLab",
		AuthorizationEndpoint: issuer + "/oauth/authorize",
		TokenEndpoint:         issuer + "/oauth/token",
		DefaultScopes:         []string{"read_user"},
		ForwardsLoginHint:     true,
		Fetch:                 social.FetchFrom(issuer + "/api/v4/user"),
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// address returns the address of the server without the slashes that people
// write at its end, or twice inside.
func address(issuer string) string {
	if issuer == "" {
		return "https://gitlab.com"
	}
	scheme, rest, ok := strings.Cut(issuer, "://")
	if !ok {
		return strings.TrimRight(issuer, "/")
	}
	parts := strings.FieldsFunc(rest, func(r rune) bool { return r == '/' })
	return scheme + "://" + strings.Join(parts, "/")
}

// profile reads a profile; users who are blocked or locked out are refused.
func profile(raw map[string]any) *social.Profile {
	if raw["state"] != "active" || raw["locked"] == true {
		return nil
	}
	return &social.Profile{
		Subject: social.Subject(raw["id"]), Name: social.Text(raw, "name", "username"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "avatar_url"),
	}
}

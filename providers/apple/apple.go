// Package apple signs users in with Apple.
package apple

import (
	"context"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. The client id is required, and either a secret or a key.
type Options struct {
	// ClientID is the services id. ClientSecret is a JWT signed with the key from
	// Apple, which is good for half a year at most; see [Key.ClientSecret].
	ClientID, ClientSecret string
	// Scopes are asked for besides email and name.
	Scopes []string
	social.Settings

	// Key makes a client secret for every request for tokens, so that none expires.
	Key *Key
	// AppBundleIdentifier is the audience of the ID tokens that an app on a device
	// gets. Default: the client id.
	AppBundleIdentifier string
	// Audiences replaces it by several.
	Audiences []string
}

// New returns the provider.
func New(o Options) social.Provider {
	audiences := o.Audiences
	if len(audiences) == 0 && o.AppBundleIdentifier != "" {
		audiences = []string{o.AppBundleIdentifier}
	}
	d := social.Definition{
		ID: "apple", Name: "Apple",
		AuthorizationEndpoint: "https://appleid.apple.com/auth/authorize",
		TokenEndpoint:         "https://appleid.apple.com/auth/token",
		DefaultScopes:         []string{"email", "name"},
		SecretRequired:        true,
		ResponseType:          "code id_token",
		ResponseMode:          "form_post",
		IDTokens: &social.IDTokenRules{
			Issuers:     []string{issuer},
			Audiences:   audiences,
			Algorithms:  []string{"RS256"},
			Keys:        social.NewKeySet("https://appleid.apple.com/auth/keys"),
			MaxAge:      time.Hour,
			HashedNonce: true,
		},
		Fetch:   fetch,
		Profile: profile,
	}
	if o.Key != nil {
		d.MakeSecret = func(now time.Time) (string, error) { return o.Key.ClientSecret(o.ClientID, now, issuedLifetime) }
	}
	return d.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

const issuer = "https://appleid.apple.com"

// fetch returns the claims of the ID token. The name is not among them: Apple
// posts it, once, beside the code.
func fetch(_ context.Context, _ *core.Kernel, g social.Grant) (map[string]any, error) {
	raw, err := social.Claims(g)
	if err != nil {
		return nil, err
	}
	if name := strings.TrimSpace(g.FirstName + " " + g.LastName); name != "" {
		raw["name"] = name
	}
	return raw, nil
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]),
	}
}

// Package cloudflare signs users in with Cloudflare.
package cloudflare

import (
	"context"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. The client id is required, a secret unless the client
// is public.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides user-details.read.
	Scopes []string
	social.Settings

	// SecretInBody sends client id and secret in the body of token requests
	// instead of the Authorization header.
	SecretInBody bool
	// Assertion proves who the client is by a signature instead of a secret
	// (private_key_jwt).
	Assertion *social.ClientAssertion
}

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "cloudflare", Name: "Cloudflare",
		AuthorizationEndpoint: "https://dash.cloudflare.com/oauth2/auth",
		TokenEndpoint:         "https://dash.cloudflare.com/oauth2/token",
		DefaultScopes:         []string{"user-details.read"},
		BasicAuth:             !o.SecretInBody,
		Assertion:             o.Assertion,
		Authorize:             authorize,
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// authorize removes what Cloudflare refuses: scopes given twice and parameters
// that it does not know.
func authorize(a *social.Authorization) {
	a.Requested = nil
	var scopes []string
	for _, scope := range a.Scopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	a.Scopes = scopes
}

func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	raw, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: "https://api.cloudflare.com/client/v4/user", Token: g.AccessToken})
	if err != nil || raw["success"] != true {
		return nil, err
	}
	return social.Object(raw["result"]), nil
}

func profile(raw map[string]any) *social.Profile {
	email := social.Text(raw, "email")
	name := strings.TrimSpace(social.Text(raw, "first_name") + " " + social.Text(raw, "last_name"))
	if name == "" {
		name = email
	}
	return &social.Profile{Subject: social.Subject(raw["id"]), Name: name, Email: email}
}

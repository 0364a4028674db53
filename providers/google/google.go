// Package google signs users in with Google.
package google

import (
	"errors"
	"time"

	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides email, profile and openid.
	Scopes []string
	social.Settings

	// HostedDomain admits only users of this Google Workspace domain; "*" admits
	// those of any.
	HostedDomain string
	// AccessType "offline" asks for a refresh token.
	AccessType string
	// Display says how the consent page is shown.
	Display string
	// WithoutGrantedScopes does not add the scopes that were granted before.
	WithoutGrantedScopes bool
}

// New returns the provider.
func New(o Options) social.Provider {
	d := social.Definition{
		ID: "google", Name: "Google",
		AuthorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
		TokenEndpoint:         "https://oauth2.googleapis.com/token",
		DefaultScopes:         []string{"email", "profile", "openid"},
		SecretRequired:        true,
		ForwardsLoginHint:     true,
		AcceptsPrompt:         true,
		IDTokens: &social.IDTokenRules{
			Issuers:    []string{"https://accounts.google.com", "accounts.google.com"},
			Algorithms: []string{"RS256"},
			Keys:       social.NewKeySet("https://www.googleapis.com/oauth2/v3/certs"),
			MaxAge:     time.Hour,
			Check:      o.checkDomain,
		},
		Profile: o.profile,
	}
	d.Authorize = func(a *social.Authorization) {
		a.AccessType = o.AccessType
		a.Params.Set("display", o.Display)
		a.Params.Set("hd", o.HostedDomain)
		if !o.WithoutGrantedScopes {
			a.Params.Set("include_granted_scopes", "true")
		}
	}
	return d.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// checkDomain refuses users of other domains. The parameter "hd" of the address
// alone would not: it is the user's to change.
func (o Options) checkDomain(claims map[string]any) error {
	domain := social.Text(claims, "hd")
	if o.HostedDomain == "" || o.HostedDomain == domain || o.HostedDomain == "*" && domain != "" {
		return nil
	}
	return errors.New("the user does not belong to the hosted domain")
}

func (o Options) profile(claims map[string]any) *social.Profile {
	if o.checkDomain(claims) != nil {
		return nil
	}
	return &social.Profile{
		Subject: social.Subject(claims["sub"]), Name: social.Text(claims, "name"), Email: social.Text(claims, "email"),
		EmailVerified: social.True(claims["email_verified"]), Image: social.Text(claims, "picture"),
	}
}

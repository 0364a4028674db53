// Package microsoft signs users in with Microsoft: work and school accounts
// (Entra ID) as well as personal ones.
package microsoft

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. The client id is required, a secret unless the client
// is public.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid, profile, email, User.Read and
	// offline_access.
	Scopes []string
	social.Settings

	// Assertion proves who the client is by a signature instead of a secret
	// (private_key_jwt); Microsoft has the certificate of the key.
	Assertion *social.ClientAssertion
	// Tenant admits users of one tenant, by its id or domain, or of several:
	// "organizations", "consumers" or, by default, "common" for all. ID tokens of
	// clients are accepted under an id or one of the three words, but not under a
	// domain, of which a token says nothing.
	Tenant string
	// Authority is the address of the cloud. Default
	// "https://login.microsoftonline.com".
	Authority string
	// WithoutPhoto does not fetch the user's picture.
	WithoutPhoto bool
	// PhotoSize is its width in pixels, one of those that Microsoft Graph offers.
	// Default 48.
	PhotoSize int
}

// personal is the tenant of all personal accounts.
const personal = "9188040d-6c67-4c5b-b112-36a304b66dad"

// New returns the provider.
func New(o Options) social.Provider {
	o.Authority = strings.TrimRight(o.Authority, "/")
	if o.Authority == "" {
		o.Authority = "https://login.microsoftonline.com"
	}
	if o.Tenant == "" {
		o.Tenant = "common"
	}
	if o.PhotoSize == 0 {
		o.PhotoSize = 48
	}
	scopes := []string{"openid", "profile", "email", "User.Read", "offline_access"}
	d := social.Definition{
		ID: "microsoft", Name: "Microsoft",
		AuthorizationEndpoint: o.Authority + "/" + o.Tenant + "/oauth2/v2.0/authorize",
		TokenEndpoint:         o.Authority + "/" + o.Tenant + "/oauth2/v2.0/token",
		DefaultScopes:         scopes,
		Assertion:             o.Assertion,
		ForwardsLoginHint:     true,
		AcceptsPrompt:         true,
		IDTokens: &social.IDTokenRules{
			Algorithms: []string{"RS256"},
			Keys:       social.NewKeySet(o.Authority + "/" + o.Tenant + "/discovery/v2.0/keys"),
			MaxAge:     time.Hour,
			Check:      o.checkTenant,
		},
		Fetch:   o.fetch,
		Profile: profile,
	}
	if o.WithoutDefaultScopes {
		scopes = nil
	}
	d.RefreshParams = social.Params{{Name: "scope", Value: strings.Join(append(slices.Clone(scopes), o.Scopes...), " ")}}
	return d.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// checkTenant demands an issuer that belongs to the tenant in the token, and a
// tenant that is admitted. The keys are those of all tenants, so the signature
// alone would admit every one.
func (o Options) checkTenant(claims map[string]any) error {
	tenant := social.Text(claims, "tid")
	if tenant == "" || social.Text(claims, "iss") != o.Authority+"/"+tenant+"/v2.0" {
		return errors.New("it is of another issuer")
	}
	switch o.Tenant {
	case "common":
		return nil
	case "organizations":
		if tenant == personal {
			return errors.New("personal accounts are not admitted")
		}
		return nil
	case "consumers":
		if tenant != personal {
			return errors.New("only personal accounts are admitted")
		}
		return nil
	}
	if !strings.EqualFold(tenant, o.Tenant) {
		return errors.New("it is of another tenant")
	}
	return nil
}

// fetch returns the claims of the ID token and the user's picture.
func (o Options) fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	raw, err := social.Claims(g)
	if err != nil {
		return nil, err
	}
	// The token endpoint of a domain issues tokens of its own tenant only.
	if !strings.Contains(o.Tenant, ".") {
		if err := o.checkTenant(raw); err != nil {
			return nil, err
		}
	}
	if !o.WithoutPhoto && g.AccessToken != "" {
		address := fmt.Sprintf("https://graph.microsoft.com/v1.0/me/photos/%dx%d/$value", o.PhotoSize, o.PhotoSize)
		if photo, err := social.GetBytes(ctx, k, social.ProfileRequest{URL: address, Token: g.AccessToken}); err == nil {
			raw["picture"] = "data:image/jpeg;base64, " + base64.StdEncoding.EncodeToString(photo)
		}
	}
	return raw, nil
}

// profile reads the claims. The subject is the object id, which is the same for
// all applications of a tenant.
func profile(raw map[string]any) *social.Profile {
	subject, _ := raw["oid"].(string)
	return &social.Profile{
		Subject: social.Subject(subject), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: emailVerified(raw), Image: social.Text(raw, "picture"),
	}
}

// emailVerified reports whether Microsoft vouches for the address. The
// administrator of any tenant can write any address into a user's profile, so
// the claim "email" alone says nothing.
func emailVerified(raw map[string]any) bool {
	if verified, told := raw["email_verified"]; told {
		return social.True(verified)
	}
	email := social.Text(raw, "email")
	for _, claim := range []string{"verified_primary_email", "verified_secondary_email"} {
		list, _ := raw[claim].([]any)
		if email != "" && slices.Contains(list, any(email)) {
			return true
		}
	}
	return false
}

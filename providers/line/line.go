// Package line signs users in with LINE.
package line

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides openid, profile and email.
	Scopes []string
	social.Settings
}

const api = "https://api.line.me/oauth2/v2.1"

// New returns the provider.
func New(o Options) social.Provider {
	return social.Definition{
		ID: "line", Name: "LINE",
		AuthorizationEndpoint: "https://access.line.me/oauth2/v2.1/authorize",
		TokenEndpoint:         api + "/token",
		DefaultScopes:         []string{"openid", "profile", "email"},
		ForwardsLoginHint:     true,
		CheckIDToken:          o.verify,
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: o.Settings})
}

// verify asks LINE, which signs ID tokens with the client secret.
func (o Options) verify(ctx context.Context, k *core.Kernel, t social.IDToken) error {
	form := social.Params{{Name: "id_token", Value: t.Token}, {Name: "client_id", Value: o.ClientID}}
	if t.Nonce != "" {
		form.Set("nonce", t.Nonce)
	}
	answer, err := social.GetProfile(ctx, k, social.ProfileRequest{Method: http.MethodPost, URL: api + "/verify", Form: form})
	switch {
	case err != nil:
		return err
	case social.Text(answer, "aud") != o.ClientID:
		return errors.New("the ID token is meant for another client")
	case t.Nonce != "" && subtle.ConstantTimeCompare([]byte(social.Text(answer, "nonce")), []byte(t.Nonce)) != 1:
		return errors.New("the nonce of the ID token is not the one expected")
	}
	return nil
}

func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	if g.IDToken != "" {
		return social.Claims(g)
	}
	return social.GetProfile(ctx, k, social.ProfileRequest{URL: api + "/userinfo", Token: g.AccessToken})
}

func profile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Subject: social.Subject(raw["sub"]), Name: social.Text(raw, "name"), Email: social.Text(raw, "email"), Image: social.Text(raw, "picture"),
	}
}

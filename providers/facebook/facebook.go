// Package facebook signs users in with Facebook.
package facebook

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Client id and secret are required.
type Options struct {
	ClientID, ClientSecret string
	// Scopes are asked for besides email and public_profile.
	Scopes []string
	social.Settings

	// Fields are read of the profile besides id, name, email and picture.
	Fields []string
	// ConfigID names a configuration of Facebook Login for Business.
	ConfigID string
}

const graph = "https://graph.facebook.com"

// New returns the provider.
func New(o Options) social.Provider {
	settings := o.Settings
	settings.FetchProfile = nil // called by fetch, which checks the token first
	rules := &social.IDTokenRules{
		Issuers:    []string{"https://www.facebook.com"},
		Audiences:  append([]string{o.ClientID}, o.MoreClientIDs...),
		Algorithms: []string{"RS256"},
		Keys:       social.NewKeySet("https://limited.facebook.com/.well-known/oauth/openid/jwks/"),
	}
	return social.Definition{
		ID: "facebook", Name: "Facebook",
		AuthorizationEndpoint: "https://www.facebook.com/v24.0/dialog/oauth",
		TokenEndpoint:         graph + "/v24.0/oauth/access_token",
		DefaultScopes:         []string{"email", "public_profile"},
		SecretRequired:        true,
		WithoutPKCE:           true,
		ForwardsLoginHint:     true,
		Params:                social.Params{{Name: "config_id", Value: o.ConfigID}},
		CheckIDToken: func(ctx context.Context, k *core.Kernel, t social.IDToken) error {
			if !isJWT(t.Token) {
				return nil // an access token: fetch asks Facebook whose it is
			}
			_, err := rules.Verify(ctx, k.HTTP, t, k.Now())
			return err
		},
		Fetch:   o.fetch,
		Profile: profile,
	}.New(social.Client{ID: o.ClientID, Secret: o.ClientSecret, Scopes: o.Scopes, Settings: settings})
}

func isJWT(token string) bool { return strings.Count(token, ".") == 2 }

// fetch returns the claims of an ID token or, without one, the profile of the
// owner of the access token.
func (o Options) fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	switch {
	case o.FetchProfile != nil:
		return o.fetchCustom(ctx, k, g)
	case isJWT(g.IDToken):
		raw, err := social.Claims(g)
		if err != nil {
			return nil, err
		}
		raw["email_verified"] = false // Facebook does not say
		return raw, nil
	}
	owner, err := o.owner(ctx, k, g.AccessToken)
	if err != nil {
		return nil, err
	}
	fields := strings.Join(append([]string{"id", "name", "email", "picture"}, o.Fields...), ",")
	raw, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: graph + "/me?fields=" + url.QueryEscape(fields), Token: g.AccessToken})
	if err != nil {
		return nil, err
	}
	if social.Subject(raw["id"]) != owner {
		return nil, errors.New("the profile is not that of the token's owner")
	}
	return raw, nil
}

// fetchCustom leaves the profile to the application, but not the question for
// which application an access token was issued.
func (o Options) fetchCustom(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	if g.AccessToken != "" || !isJWT(g.IDToken) {
		if _, err := o.owner(ctx, k, g.AccessToken); err != nil {
			return nil, err
		}
	}
	return o.FetchProfile(ctx, g)
}

// owner asks Facebook for whom and for which application an access token was
// issued: one for another application proves nothing here, for whoever runs that
// application has one of every user of it.
func (o Options) owner(ctx context.Context, k *core.Kernel, token string) (string, error) {
	if token == "" {
		return "", errors.New("there is no access token")
	}
	query := url.Values{"input_token": {token}, "access_token": {o.ClientID + "|" + o.ClientSecret}}
	answer, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: graph + "/debug_token?" + query.Encode()})
	if err != nil {
		return "", err
	}
	data := social.Object(answer["data"])
	owner := social.Subject(data["user_id"])
	if data["is_valid"] != true || owner == "" || !slices.Contains(append([]string{o.ClientID}, o.MoreClientIDs...), social.Subject(data["app_id"])) {
		return "", errors.New("the access token is not one for this application")
	}
	return owner, nil
}

func profile(raw map[string]any) *social.Profile {
	image := social.Text(raw, "picture")
	if image == "" {
		image = social.Text(social.Object(social.Object(raw["picture"])["data"]), "url")
	}
	subject := social.Subject(raw["sub"])
	if subject == "" {
		subject = social.Subject(raw["id"])
	}
	return &social.Profile{
		Subject: subject, Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: image,
	}
}

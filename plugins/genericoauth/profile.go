package genericoauth

import (
	"context"
	"errors"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// subject finds out who a user is.
type subject struct {
	Provider
	rules    *social.IDTokenRules // nil when ID tokens cannot be verified
	oidc     bool
	userInfo string
}

var (
	errNoIDToken      = errors.New("the provider issued no ID token that can be verified")
	errNoUserInfo     = errors.New("the provider has no UserInfo endpoint; set UserInfoURL or Settings.FetchProfile")
	errAnotherSubject = errors.New("the profile is that of another user than the ID token")
)

// profile returns what the provider says about the owner of the tokens. A token
// that can be verified must be good: what the token endpoint sends has come over
// TLS, but a token that was issued for another sign-in would come that way, too.
func (s *subject) profile(ctx context.Context, k *core.Kernel, g social.Grant) (*social.Profile, error) {
	claims, err := s.claims(ctx, k, g)
	if err != nil {
		return nil, err
	}
	raw, err := s.raw(ctx, k, g, claims)
	if err != nil || raw == nil {
		return nil, err
	}
	p := standardProfile(raw)
	if s.read != nil {
		p = s.read(raw)
	}
	if p == nil {
		return nil, nil
	}
	p.Subject, p.Raw = s.identity(claims, raw), raw
	return p, nil
}

// claims returns those of the ID token; nil when there is none. Stored tokens
// have been verified before.
func (s *subject) claims(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	switch {
	case g.IDToken == "" && s.RequireIDToken:
		return nil, errNoIDToken
	case g.IDToken == "":
		return nil, nil
	case s.rules == nil || g.Stored:
		return social.Claims(g)
	}
	nonce := g.Nonce
	if s.DisableNonce {
		nonce = ""
	}
	return social.VerifyIDToken(ctx, k, s.rules, social.IDToken{Token: g.IDToken, Nonce: nonce, AccessToken: g.AccessToken})
}

// raw returns the profile: the application's own, or the claims if they say
// enough, or what the UserInfo endpoint says (OpenID Connect Core 1.0, section
// 5.3).
func (s *subject) raw(ctx context.Context, k *core.Kernel, g social.Grant, claims map[string]any) (map[string]any, error) {
	id := social.Text(claims, "sub")
	var raw map[string]any
	var err error
	own := false
	switch {
	case s.FetchProfile != nil:
		own = true
		raw, err = s.FetchProfile(ctx, g)
	case s.complete != nil:
		return s.complete(ctx, k, g, claims)
	case s.fetch != nil:
		raw, err = s.fetch(ctx, k, g)
	case id != "" && social.Text(claims, "email") != "":
		return claims, nil
	case s.userInfo == "":
		return nil, errNoUserInfo
	default:
		raw, err = social.GetProfile(ctx, k, social.ProfileRequest{URL: s.userInfo, Token: g.AccessToken})
	}
	if err != nil || raw == nil {
		return nil, err
	}
	if told := raw["sub"]; id != "" && (told != nil || !own) && told != id {
		return nil, errAnotherSubject
	}
	return raw, nil
}

// identity returns the subject of a user. The members "sub" and "id" never stand
// in for each other: a user could write the one that the provider leaves open.
func (s *subject) identity(claims, raw map[string]any) string {
	switch {
	case s.Subject != nil:
		return social.Subject(s.Subject(claims, raw))
	case !s.oidc:
		return social.Subject(raw["id"])
	}
	if id := social.Subject(claims["sub"]); id != "" {
		return id
	}
	return social.Subject(raw["sub"])
}

// standardProfile reads the standard claims (OpenID Connect Core 1.0, section
// 5.1).
func standardProfile(raw map[string]any) *social.Profile {
	return &social.Profile{
		Name: social.Text(raw, "name"), Email: social.Text(raw, "email"),
		EmailVerified: social.True(raw["email_verified"]), Image: social.Text(raw, "picture"),
	}
}

package jwt

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/jwt/verify"
)

const (
	// cacheType is the type of the tokens in the cookie cache, so that no other
	// token is taken for one (RFC 8725, section 3.11).
	cacheType     = "better-auth.session-cache+jwt"
	cacheAudience = "better-auth:session-cache"
	cacheLeeway   = 15 * time.Second
	// cacheLifetime is that of a cache whose cookie ends with the browser session.
	cacheLifetime = 5 * time.Minute
	// maxCache is what a hundred cookies can hold.
	maxCache = 512 << 10
)

// cacheCodec signs the cookie cache with the keys of the plugin.
type cacheCodec struct{ plugin *Plugin }

// CacheCodec returns the codec of the cookie cache, if the options ask for it.
func (p *Plugin) CacheCodec() core.CacheCodec {
	if !p.options.SignCookieCache {
		return nil
	}
	return cacheCodec{p}
}

// cacheClaims are the claims of a token in the cookie cache.
type cacheClaims struct {
	Session   json.RawMessage `json:"session"`
	User      json.RawMessage `json:"user"`
	UpdatedAt int64           `json:"updatedAt"`
	Version   string          `json:"version"`
	SessionID string          `json:"sid"` // the token of the session
	IssuedAt  int64           `json:"iat"`
	ExpiresAt int64           `json:"exp"`
	Issuer    string          `json:"iss"`
	Audience  string          `json:"aud"`
	Subject   string          `json:"sub"`
}

// owner returns the session token and the user id that the payload is about.
func (c *cacheClaims) owner() (token, userID string, err error) {
	var session struct{ Token string }
	var user struct{ ID string }
	if err := errors.Join(json.Unmarshal(c.Session, &session), json.Unmarshal(c.User, &user)); err != nil {
		return "", "", fmt.Errorf("read session: %w", err)
	}
	return session.Token, user.ID, nil
}

func (cc cacheCodec) EncodeCache(ctx context.Context, payload core.CachePayload, lifetime time.Duration) (string, error) {
	p := cc.plugin
	if lifetime == 0 {
		lifetime = cacheLifetime
	}
	now := p.kernel.Now()
	claims := cacheClaims{
		Session: payload.Session, User: payload.User, UpdatedAt: payload.UpdatedAt, Version: payload.Version,
		IssuedAt: now.Unix(), ExpiresAt: now.Add(lifetime).Unix(), Issuer: p.cacheIssuer(ctx), Audience: cacheAudience,
	}
	var err error
	if claims.SessionID, claims.Subject, err = claims.owner(); err != nil {
		return "", err
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write session: %w", err)
	}
	k, err := p.keys.signing(ctx, SignOptions{})
	if err != nil {
		return "", err
	}
	return k.signText(text, map[string]any{"typ": cacheType})
}

func (p *Plugin) cacheIssuer(ctx context.Context) string {
	if address := p.kernel.Config().BaseURL.URL; address != "" {
		return address
	}
	if c := core.FromContext(ctx); c != nil {
		return c.BaseURL()
	}
	return cacheAudience
}

func (cc cacheCodec) DecodeCache(ctx context.Context, text string) (core.CachePayload, time.Time, error) {
	var none core.CachePayload
	rules := verify.Rules{Audiences: []string{cacheAudience}, Type: cacheType, Leeway: cacheLeeway, MaxLength: maxCache}
	if _, err := cc.plugin.check(ctx, text, rules); err != nil {
		return none, time.Time{}, err
	}
	claims, err := authenticClaims(text)
	if err != nil {
		return none, time.Time{}, err
	}
	token, userID, err := claims.owner()
	if err != nil {
		return none, time.Time{}, err
	}
	if token != claims.SessionID || userID != claims.Subject {
		return none, time.Time{}, fmt.Errorf("%w: it is about another session than it says", verify.ErrInvalid)
	}
	payload := core.CachePayload{Session: claims.Session, User: claims.User, UpdatedAt: claims.UpdatedAt, Version: claims.Version}
	return payload, time.Unix(claims.ExpiresAt, 0).Add(cacheLeeway), nil
}

// authenticClaims reads the claims of a token whose signature has been verified.
func authenticClaims(token string) (*cacheClaims, error) {
	parts := strings.Split(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("%w: its claims are not base64url", verify.ErrInvalid)
	}
	var claims cacheClaims
	if err := json.Unmarshal(text, &claims); err != nil {
		return nil, fmt.Errorf("%w: its claims are not those of a session", verify.ErrInvalid)
	}
	return &claims, nil
}

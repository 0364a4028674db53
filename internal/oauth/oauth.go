// Package oauth is the wire protocol of an OAuth 2.0 client (RFC 6749) with PKCE
// (RFC 7636) and of an OpenID Connect relying party: authorisation URLs, token
// requests, reading what providers answer, and ID tokens. It knows no particular
// provider and keeps no state but the keys of providers.
package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// Client is this application as a provider knows it.
type Client struct {
	// ID is the client id.
	ID string
	// IDName is the name of the parameter for it. Default "client_id".
	IDName string
	// Secret is the client secret. Without one the client is public.
	Secret string
	// Basic sends id and secret in the Authorization header instead of the body
	// (RFC 6749, section 2.3.1).
	Basic bool
	// Assertion proves who the client is by a signature instead of a secret.
	Assertion *Assertion
}

// Tokens are what a provider issued.
type Tokens struct {
	AccessToken  string
	RefreshToken string // "" when there is none
	IDToken      string // "" when there is none
	TokenType    string
	// AccessTokenExpiresAt and RefreshTokenExpiresAt are zero when not known.
	AccessTokenExpiresAt  time.Time
	RefreshTokenExpiresAt time.Time
	Scopes                []string
	// Raw is the whole answer.
	Raw map[string]any
}

// Challenge returns the S256 code challenge of a PKCE verifier (RFC 7636,
// section 4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// scopesOf reads the scopes in a token answer: text separated by white space
// (RFC 6749, section 3.3), or a list.
func scopesOf(v any) []string {
	switch v := v.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var scopes []string
		for _, item := range v {
			if s, ok := item.(string); ok && s != "" {
				scopes = append(scopes, s)
			}
		}
		return scopes
	}
	return nil
}

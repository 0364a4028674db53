package jwt

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/route"
)

// JWKS publishes the public keys (RFC 7517), at its default path.
var JWKS = newJWKSRoute("/jwks")

func newJWKSRoute(path string) *route.Route[route.None, KeySet] {
	return route.New[route.None, KeySet]("GET", path, route.Spec{
		Name: "getJwks", Summary: "Get the public keys that verify tokens", Tags: tags,
	})
}

// KeySet is what [JWKS] answers.
type KeySet struct {
	Keys []PublicKey `json:"keys"`
}

// PublicKey is a public key as it is published (RFC 7517).
type PublicKey struct {
	Algorithm Algorithm `json:"alg"`
	Curve     string    `json:"crv,omitempty"`
	X         string    `json:"x,omitempty"`
	Y         string    `json:"y,omitempty"`
	N         string    `json:"n,omitempty"`
	E         string    `json:"e,omitempty"`
	Type      string    `json:"kty"`
	ID        string    `json:"kid"`
}

// Token issues a token to the user.
var Token = route.New[route.None, TokenOutput]("GET", "/token", route.Spec{
	Name: "getToken", Summary: "Get a token for other services", Tags: tags,
	Errors: []route.Failure{{Status: http.StatusUnauthorized, Code: api.Unauthorized.Code, Message: api.Unauthorized.Message}},
})

// TokenOutput is a token.
type TokenOutput struct {
	Token string `json:"token"`
}

// SignJWT signs any claims. It is for in-process calls only; see [Plugin.Sign].
var SignJWT = route.New[SignInput, TokenOutput]("POST", "", route.Spec{
	Name: "signJWT", Summary: "Sign claims", Tags: tags,
})

// SignInput is the input of [SignJWT]. What is not given is that of the options.
type SignInput struct {
	Payload   map[string]any `json:"payload"`
	Issuer    string         `json:"issuer,omitempty"`
	Audience  []string       `json:"audience,omitempty"`
	ExpiresIn int64          `json:"expiresIn,omitempty"` // seconds
	KeyID     string         `json:"signingKeyId,omitempty"`
	Algorithm string         `json:"signingAlgorithm,omitempty"`
}

// VerifyJWT returns the claims of a token that was issued here, or null. It is
// for in-process calls only; see [Plugin.Verify].
var VerifyJWT = route.New[VerifyInput, VerifyOutput]("POST", "", route.Spec{
	Name: "verifyJWT", Summary: "Verify a token", Tags: tags,
})

// VerifyInput is the input of [VerifyJWT].
type VerifyInput struct {
	Token  string `json:"token"`
	Issuer string `json:"issuer,omitempty"` // in place of that of the options
}

// VerifyOutput is the output of [VerifyJWT].
type VerifyOutput struct {
	Payload map[string]any `json:"payload"` // nil when the token is not good
}

var tags = []string{"JWT"}

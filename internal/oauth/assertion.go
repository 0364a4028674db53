package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
)

// Assertion is the key with which a client proves who it is (private_key_jwt,
// OpenID Connect Core 1.0, section 9; RFC 7523).
type Assertion struct {
	// Key is an RSA, ECDSA or Ed25519 key whose public part the provider knows.
	Key crypto.Signer
	// KeyID is the provider's name for it. "" leaves it out.
	KeyID string
	// Algorithm is one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384,
	// ES512 and EdDSA. Default: RS256, or the one of the curve.
	Algorithm string
}

const (
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLifetime = 2 * time.Minute
)

// Validate returns what keeps the key from being used.
func (a *Assertion) Validate() error {
	_, err := a.algorithm()
	return err
}

// algorithm returns the signature algorithm, which must fit the key.
func (a *Assertion) algorithm() (jose.SignatureAlgorithm, error) {
	if a.Key == nil {
		return "", errors.New("the assertion has no key")
	}
	var fitting []string
	switch key := a.Key.Public().(type) {
	case *rsa.PublicKey:
		fitting = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		fitting = []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Params().BitSize]}
	case ed25519.PublicKey:
		fitting = []string{"EdDSA"}
	}
	switch {
	case len(fitting) == 0 || fitting[0] == "":
		return "", errors.New("the key of the assertion is neither RSA, nor ECDSA on P-256, P-384 or P-521, nor Ed25519")
	case a.Algorithm == "":
		return jose.SignatureAlgorithm(fitting[0]), nil
	case !slices.Contains(fitting, a.Algorithm):
		return "", fmt.Errorf("the key of the assertion does not fit the algorithm %q; use one of %v", a.Algorithm, fitting)
	}
	return jose.SignatureAlgorithm(a.Algorithm), nil
}

// sign returns the assertion of a client for one request to an endpoint.
func (a *Assertion) sign(clientID, endpoint string, now time.Time) (string, error) {
	algorithm, err := a.algorithm()
	if err != nil {
		return "", err
	}
	o := (&jose.SignerOptions{}).WithType("JWT")
	if a.KeyID != "" {
		o = o.WithHeader("kid", a.KeyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: cryptosigner.Opaque(a.Key)}, o)
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": clientID, "sub": clientID, "aud": endpoint,
		"iat": now.Unix(), "exp": now.Add(assertionLifetime).Unix(), "jti": rand.Text(),
	})
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	return signed.CompactSerialize()
}

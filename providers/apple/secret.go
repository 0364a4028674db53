package apple

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Key is a private key for Sign in with Apple, as it is made on Apple's developer
// pages.
type Key struct {
	// TeamID and KeyID name the team and the key; both have ten characters.
	TeamID, KeyID string
	// PEM is the text of the file with the suffix .p8.
	PEM string
}

// MaxSecretLifetime is how long a client secret may be good for at most:
// 15 777 000 seconds, about six months
// (developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret).
const MaxSecretLifetime = 15_777_000 * time.Second

// issuedLifetime is that of the secrets that a provider with a Key makes, one for
// each request for tokens.
const issuedLifetime = 5 * time.Minute

// ClientSecret returns a client secret: a JWT, signed with ES256, that is good
// from now on for a lifetime of at most [MaxSecretLifetime]. It is for programs
// that are given a secret; those that have the key set [Options.Key] instead and
// need not think of the expiry.
func (k Key) ClientSecret(clientID string, now time.Time, lifetime time.Duration) (string, error) {
	switch {
	case k.TeamID == "" || k.KeyID == "" || clientID == "":
		return "", errors.New("apple: team id, key id and client id are required")
	case lifetime < time.Second || lifetime > MaxSecretLifetime:
		return "", fmt.Errorf("apple: a client secret is good for 1s to %s, not for %s", MaxSecretLifetime, lifetime)
	}
	key, err := k.parse()
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", k.KeyID))
	if err != nil {
		return "", fmt.Errorf("apple: client secret: %w", err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": k.TeamID, "sub": clientID, "aud": issuer, "iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("apple: client secret: %w", err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("apple: client secret: %w", err)
	}
	return signed.CompactSerialize()
}

// parse reads the key. Its errors say nothing about its content.
func (k Key) parse() (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil {
		return nil, errors.New("apple: the key is not in PEM form; give the text of the .p8 file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("apple: the key is not a PKCS #8 private key")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("apple: the key is not an ECDSA key on P-256")
	}
	return key, nil
}

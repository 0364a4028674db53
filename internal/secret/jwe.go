package secret

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary/internal/jstext"
)

const (
	// SessionSalt is the salt of the session cache cookie.
	SessionSalt = "better-auth-session"
	// AccountSalt is the salt of the account cookie.
	AccountSalt = "better-auth-account"
)

const (
	cekInfo      = "BetterAuth.js Generated Encryption Key"
	cekSize      = 64
	jweTolerance = 15 * time.Second
	// maxJWESize bounds a token to what a hundred cookies can hold.
	maxJWESize = 512 << 10
)

// cek is a content encryption key and its RFC 7638 thumbprint.
type cek struct {
	key []byte
	kid string
}

// EncryptJWE returns a compact JWE (RFC 7516) with the algorithms dir and
// A256CBC-HS512, under the key that the current secret gives for the salt. Its
// claims are the given ones in their order, then iat, exp and jti. It fails for
// a ttl below a second and for a claim that is no JSON.
func (k *Keyring) EncryptJWE(salt string, claims Claims, ttl time.Duration, now time.Time, jti string) (string, error) {
	payload, err := claims.payload(ttl, now, Claim{"jti", jti})
	if err != nil {
		return "", fmt.Errorf("encrypt JWE: %w", err)
	}
	keys, err := k.contentKeys(salt)
	if err != nil {
		return "", fmt.Errorf("encrypt JWE: %w", err)
	}
	current := keys[0]
	encrypter, err := jose.NewEncrypter(jose.A256CBC_HS512, jose.Recipient{
		Algorithm: jose.DIRECT,
		Key:       current.key,
		KeyID:     current.kid,
	}, nil)
	if err != nil {
		return "", fmt.Errorf("encrypt JWE: %w", err)
	}
	token, err := encrypter.Encrypt(payload)
	if err != nil {
		return "", fmt.Errorf("encrypt JWE: %w", err)
	}
	text, err := token.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("encrypt JWE: %w", err)
	}
	return text, nil
}

// DecryptJWE returns the claims of a token that [Keyring.EncryptJWE] made for
// the same salt under any secret of the keyring, as JSON text. Only dir with
// A256CBC-HS512 is accepted; exp and nbf have a tolerance of 15 seconds. A
// refusal is an [ErrExpired] for an authentic token past its lifetime,
// otherwise an [ErrInvalid].
func (k *Keyring) DecryptJWE(salt, token string, now time.Time) (json.RawMessage, error) {
	if len(token) > maxJWESize {
		return nil, fmt.Errorf("decrypt JWE: longer than %d bytes: %w", maxJWESize, ErrInvalid)
	}
	kid, ok := jweHeader(token)
	if !ok {
		return nil, fmt.Errorf("decrypt JWE: the header is not that of a dir, A256CBC-HS512 token: %w", ErrInvalid)
	}
	keys, err := k.contentKeys(salt)
	if err != nil {
		return nil, fmt.Errorf("decrypt JWE: %w", err)
	}
	payload, err := openJWE(token, kid, keys)
	if err != nil {
		return nil, fmt.Errorf("decrypt JWE: %w", err)
	}
	if err := checkLifetime(payload, now, jweTolerance); err != nil {
		return nil, fmt.Errorf("decrypt JWE: %w", err)
	}
	return payload, nil
}

// openJWE decrypts with the key that kid names or, without one, with the first
// key that fits.
func openJWE(token, kid string, keys []cek) ([]byte, error) {
	parsed, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256CBC_HS512})
	if err != nil {
		return nil, fmt.Errorf("malformed: %w", ErrInvalid)
	}
	for _, key := range keys {
		if kid != "" && kid != key.kid {
			continue
		}
		if payload, err := parsed.Decrypt(key.key); err == nil {
			return payload, nil
		}
	}
	return nil, fmt.Errorf("no configured secret opens it: %w", ErrInvalid)
}

// jweHeader reads the protected header. Beside alg, enc and kid it allows only
// typ and cty, which ask for nothing: compression (zip), critical extensions
// and keys of the sender's choice are refused.
func jweHeader(token string) (kid string, ok bool) {
	header, rest, _ := strings.Cut(token, ".")
	if !strings.HasPrefix(rest, ".") {
		return "", false // dir has no encrypted key (RFC 7518, section 4.5)
	}
	text, err := decodeToken(header)
	if err != nil {
		return "", false
	}
	var alg, enc, id int
	members := jstext.MembersOf(text)
	for members.Next() {
		value := string(members.Value())
		switch string(members.Key()) {
		case "alg":
			alg++
			ok = value == `"dir"`
		case "enc":
			enc++
			if value != `"A256CBC-HS512"` {
				return "", false
			}
		case "kid":
			id++
			if json.Unmarshal(members.Value(), &kid) != nil || kid == "" {
				return "", false
			}
		case "typ", "cty":
		default:
			return "", false
		}
	}
	return kid, ok && members.Err() == nil && alg == 1 && enc == 1 && id <= 1
}

// deriveCEK derives a content encryption key with HKDF-SHA256 (RFC 5869).
func deriveCEK(value, salt string) (cek, error) {
	key, err := hkdf.Key(sha256.New, []byte(value), []byte(salt), cekInfo, cekSize)
	if err != nil {
		return cek{}, fmt.Errorf("derive the content encryption key: %w", err)
	}
	return cek{key, thumbprint(key)}, nil
}

// thumbprint names a symmetric key as RFC 7638 says: by the SHA-256 of its JWK,
// reduced to the required members in alphabetical order.
func thumbprint(key []byte) string {
	k := base64.RawURLEncoding.EncodeToString(key)
	sum := sha256.Sum256([]byte(`{"k":"` + k + `","kty":"oct"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/jstext"
)

// MaxTokenSize is the length in bytes beyond which [Keyring.VerifyJWT] does not
// look at a token.
const MaxTokenSize = 16 << 10

// jwtHeader is {"alg":"HS256"}, the only header that is ever written.
const jwtHeader = "eyJhbGciOiJIUzI1NiJ9"

var tokenEncoding = base64.RawURLEncoding.Strict()

// SignJWT returns a JWT (RFC 7519) signed with HS256 under the current secret.
// Its claims are the given ones in their order, then iat and exp in seconds. It
// fails for a ttl below a second and for a claim that is no JSON.
func (k *Keyring) SignJWT(claims Claims, ttl time.Duration, now time.Time) (string, error) {
	payload, err := claims.payload(ttl, now)
	if err != nil {
		return "", fmt.Errorf("sign JWT: %w", err)
	}
	token := make([]byte, 0, len(jwtHeader)+len(payload)*4/3+64)
	token = append(token, jwtHeader...)
	token = append(token, '.')
	token = tokenEncoding.AppendEncode(token, payload)
	mac := k.MAC(token)
	token = append(token, '.')
	token = tokenEncoding.AppendEncode(token, mac[:])
	return string(token), nil
}

// VerifyJWT returns the claims of a token that [Keyring.SignJWT] made, as JSON
// text. Only HS256 is accepted, whatever the header asks for, and there is no
// clock tolerance. A refusal is an [ErrExpired] for an authentic token past its
// lifetime, otherwise an [ErrInvalid].
func (k *Keyring) VerifyJWT(token string, now time.Time) (json.RawMessage, error) {
	return k.VerifyJWTUpTo(MaxTokenSize, token, now)
}

// VerifyJWTUpTo is [Keyring.VerifyJWT] for tokens of up to limit bytes.
func (k *Keyring) VerifyJWTUpTo(limit int, token string, now time.Time) (json.RawMessage, error) {
	if len(token) > limit {
		return nil, fmt.Errorf("verify JWT: longer than %d bytes: %w", limit, ErrInvalid)
	}
	header, rest, _ := strings.Cut(token, ".")
	body, signature, found := strings.Cut(rest, ".")
	if !found {
		return nil, fmt.Errorf("verify JWT: not three parts: %w", ErrInvalid)
	}
	if !isHS256(header) {
		return nil, fmt.Errorf("verify JWT: the header is not that of an HS256 token: %w", ErrInvalid)
	}
	mac, err := decodeToken(signature)
	if err != nil || !k.verify(mac, token[:len(header)+1+len(body)]) {
		return nil, fmt.Errorf("verify JWT: the signature does not match: %w", ErrInvalid)
	}
	payload, err := decodeToken(body)
	if err != nil {
		return nil, fmt.Errorf("verify JWT: the payload is not base64url: %w", ErrInvalid)
	}
	if err := checkLifetime(payload, now, 0); err != nil {
		return nil, fmt.Errorf("verify JWT: %w", err)
	}
	return payload, nil
}

// isHS256 accepts the header that SignJWT writes and, for tokens that others
// made with the same secret, one with a typ of JWT. No further parameter may
// ask for anything (RFC 8725, sections 3.1 and 3.11).
func isHS256(header string) bool {
	if header == jwtHeader {
		return true
	}
	text, err := decodeToken(header)
	if err != nil {
		return false
	}
	var alg, typ int
	members := jstext.MembersOf(text)
	for members.Next() {
		switch string(members.Key()) + "=" + string(members.Value()) {
		case `alg="HS256"`:
			alg++
		case `typ="JWT"`:
			typ++
		default:
			return false
		}
	}
	return members.Err() == nil && alg == 1 && typ <= 1
}

// decodeToken decodes canonical base64url without padding (RFC 7515, section
// 2). The line breaks that a decoder would skip are refused.
func decodeToken(text string) ([]byte, error) {
	if strings.IndexByte(text, '\r') >= 0 || strings.IndexByte(text, '\n') >= 0 {
		return nil, fmt.Errorf("line break in base64url: %w", ErrInvalid)
	}
	return tokenEncoding.DecodeString(text)
}

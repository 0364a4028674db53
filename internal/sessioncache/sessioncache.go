// Package sessioncache encodes the session and user that a browser carries in
// the cookie cache, so that reading a session needs no store. It knows the three
// strategies of Better Auth 1.7: compact, jwt and jwe.
package sessioncache

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/ostiary/ostiary/internal/jstext"
	"github.com/ostiary/ostiary/internal/secret"
)

// Strategy is the encoding of the cookie cache. Its zero value means [Compact].
type Strategy string

const (
	// Compact is signed JSON text in base64url, the default of Better Auth.
	Compact Strategy = "compact"
	// JWT is an HS256 token.
	JWT Strategy = "jwt"
	// JWE is an encrypted token, the only strategy that hides its content and
	// that survives a rotation of secrets.
	JWE Strategy = "jwe"
)

// DefaultVersion is the version of a cache that names none.
const DefaultVersion = "1"

// Lifetimes of a cache whose cookie has none, in a browser that shall not
// remember the session.
const (
	compactTTL = 60 * time.Second
	tokenTTL   = 300 * time.Second
)

// Errors that tell why a cache was refused. They match the errors of the same
// name in package secret.
var (
	// ErrInvalid means malformed, forged, or made with an unknown secret.
	ErrInvalid = secret.ErrInvalid
	// ErrExpired means authentic, but past its lifetime.
	ErrExpired = secret.ErrExpired
)

// Payload is what the cookie cache holds.
type Payload struct {
	// Session is the session's row as a JSON object. To be readable by Better
	// Auth it has to be text as package jstext writes it.
	Session json.RawMessage
	// User is the user's row as a JSON object of the same kind.
	User json.RawMessage
	// UpdatedAt is when the cache was written, in milliseconds since 1970.
	UpdatedAt int64
	// Version is the configured version of the cache. Empty means
	// [DefaultVersion].
	Version string
}

// Encode returns the text of the cache cookie. It is valid for ttl from now, or
// with a ttl of 0, which stands for a cookie without Max-Age, for 60 seconds
// (compact) or 300 (jwt, jwe). The jti identifies a jwe and is unused otherwise.
// It fails for a ttl below zero and for an unknown strategy.
func Encode(strategy Strategy, keys *secret.Keyring, p Payload, ttl time.Duration, now time.Time, jti string) (string, error) {
	if ttl < 0 {
		return "", fmt.Errorf("encode session cache: a lifetime of %s is below zero", ttl)
	}
	if p.Version == "" {
		p.Version = DefaultVersion
	}
	var text string
	var err error
	switch strategy {
	case Compact, "":
		text = encodeCompact(keys, p, lifetime(ttl, compactTTL), now)
	case JWT:
		text, err = keys.SignJWT(p.claims(), lifetime(ttl, tokenTTL), now)
	case JWE:
		text, err = keys.EncryptJWE(secret.SessionSalt, p.claims(), lifetime(ttl, tokenTTL), now, jti)
	default:
		err = fmt.Errorf("unknown strategy %q: use compact, jwt or jwe", strategy)
	}
	if err != nil {
		return "", fmt.Errorf("encode session cache: %w", err)
	}
	return text, nil
}

func lifetime(ttl, otherwise time.Duration) time.Duration {
	if ttl == 0 {
		return otherwise
	}
	return ttl
}

func (p Payload) claims() secret.Claims {
	return secret.Claims{
		{Name: "session", Value: p.Session},
		{Name: "user", Value: p.User},
		{Name: "updatedAt", Value: p.UpdatedAt},
		{Name: "version", Value: p.Version},
	}
}

// Decode verifies the text of a cache cookie and returns its content and the
// end of its life. Session and User are authentic JSON objects, but nothing
// inside them is checked; they share the memory of one buffer that is the
// caller's. A refusal is an [ErrExpired] for an authentic cache past its
// lifetime, otherwise an [ErrInvalid]; it gives no panic, whatever the text.
func Decode(strategy Strategy, keys *secret.Keyring, text string, now time.Time) (Payload, time.Time, error) {
	p, expiresAt, err := decode(strategy, keys, text, now)
	if err != nil {
		return Payload{}, time.Time{}, fmt.Errorf("decode session cache: %w", err)
	}
	if expiresAt.Before(now) {
		return Payload{}, time.Time{}, fmt.Errorf("decode session cache: %w", ErrExpired)
	}
	return p, expiresAt, nil
}

func decode(strategy Strategy, keys *secret.Keyring, text string, now time.Time) (Payload, time.Time, error) {
	switch strategy {
	case Compact, "":
		return decodeCompact(keys, text)
	case JWT:
		claims, err := keys.VerifyJWTUpTo(maxText, text, now)
		if err != nil {
			return Payload{}, time.Time{}, err
		}
		return readClaims(claims)
	case JWE:
		claims, err := keys.DecryptJWE(secret.SessionSalt, text, now)
		if err != nil {
			return Payload{}, time.Time{}, err
		}
		return readClaims(claims)
	}
	return Payload{}, time.Time{}, fmt.Errorf("unknown strategy %q: %w", strategy, ErrInvalid)
}

// readClaims reads the payload of a token, which has to carry an exp.
func readClaims(claims json.RawMessage) (Payload, time.Time, error) {
	p, exp, err := readPayload(claims)
	if err != nil {
		return Payload{}, time.Time{}, err
	}
	seconds, err := strconv.ParseInt(string(exp), 10, 64)
	if err != nil {
		return Payload{}, time.Time{}, fmt.Errorf("exp is not an integer: %w", ErrInvalid)
	}
	return p, time.Unix(seconds, 0), nil
}

// readPayload reads the members of an authentic payload, and the text of its
// exp claim, if any.
func readPayload(text []byte) (p Payload, exp []byte, err error) {
	p.Version = DefaultVersion
	updatedAt := []byte(nil)
	members := jstext.MembersOf(text)
	for members.Next() {
		switch string(members.Key()) {
		case "session":
			p.Session = members.Value()
		case "user":
			p.User = members.Value()
		case "updatedAt":
			updatedAt = members.Value()
		case "version":
			if p.Version, err = readString(members.Value()); err != nil {
				return Payload{}, nil, fmt.Errorf("version: %w", err)
			}
		case "exp":
			exp = members.Value()
		}
	}
	if members.Err() != nil || !isObject(p.Session) || !isObject(p.User) {
		return Payload{}, nil, fmt.Errorf("not a session and a user: %w", ErrInvalid)
	}
	if p.UpdatedAt, err = strconv.ParseInt(string(updatedAt), 10, 64); err != nil {
		return Payload{}, nil, fmt.Errorf("updatedAt is not an integer: %w", ErrInvalid)
	}
	return p, exp, nil
}

func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// readString decodes a JSON string; the usual one needs no decoding.
func readString(value []byte) (string, error) {
	if string(value) == `"`+DefaultVersion+`"` {
		return DefaultVersion, nil
	}
	var s *string
	if err := json.Unmarshal(value, &s); err != nil || s == nil {
		return "", fmt.Errorf("not a string: %w", ErrInvalid)
	}
	return *s, nil
}

package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxIDToken is the length beyond which a token is not looked at.
	maxIDToken = 16 << 10
	// clockTolerance is how far clocks may be apart.
	clockTolerance = 30 * time.Second
)

// ErrInvalidIDToken is the reason of every refusal of an ID token.
var ErrInvalidIDToken = errors.New("the ID token is not valid")

// IDTokenRules say which ID tokens are good (OpenID Connect Core 1.0, section
// 3.1.3.7). Everything in them is configuration: nothing is taken from a token.
type IDTokenRules struct {
	// Issuers are the issuers of which one must have issued the token. Without
	// any, Check has to look at the issuer.
	Issuers []string
	// Audiences are the client ids of which one must be meant. Without any, no
	// token is good.
	Audiences []string
	// Algorithms are the signature algorithms that are accepted.
	Algorithms []string
	// Keys are the keys of the provider.
	Keys *KeySet
	// MaxAge is how long after its issue a token is accepted. Zero means until
	// it expires.
	MaxAge time.Duration
	// HashedNonce also accepts the SHA-256 of the nonce in hex, as Apple's
	// libraries send it.
	HashedNonce bool
	// Check makes further demands on the claims. It may be nil.
	Check func(claims map[string]any) error
}

// IDToken is an ID token that is to be verified.
type IDToken struct {
	Token string
	// Nonce, if set, must be that of the token.
	Nonce string
	// AccessToken, if set, must be the one that the token was issued with, where
	// the token says so (at_hash).
	AccessToken string
}

// Verify returns the claims of a good token. Claims that show that a token
// cannot be good are looked at before its signature, so that only tokens made
// for this application cause a request for keys.
func (r *IDTokenRules) Verify(ctx context.Context, client *http.Client, t IDToken, now time.Time) (map[string]any, error) {
	if len(t.Token) > maxIDToken || strings.Count(t.Token, ".") != 2 {
		return nil, fmt.Errorf("%w: it is not a signed JWT", ErrInvalidIDToken)
	}
	algorithms := make([]jose.SignatureAlgorithm, len(r.Algorithms))
	for i, a := range r.Algorithms {
		algorithms[i] = jose.SignatureAlgorithm(a)
	}
	signed, err := jose.ParseSignedCompact(t.Token, algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, fmt.Errorf("%w: it is not a JWT signed with one of %v", ErrInvalidIDToken, r.Algorithms)
	}
	claims, err := DecodeClaims(t.Token)
	if err != nil {
		return nil, err
	}
	header := signed.Signatures[0].Header
	if err := r.check(claims, t, header.Algorithm, now); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidIDToken, err)
	}
	keys, err := r.Keys.Find(ctx, client, header.KeyID, header.Algorithm, now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidIDToken, err)
	}
	for _, key := range keys {
		if _, err := signed.Verify(key); err == nil {
			return claims, nil
		}
	}
	return nil, fmt.Errorf("%w: its signature is none of the provider's", ErrInvalidIDToken)
}

// DecodeClaims returns the claims of a JWT whose authenticity follows from where
// it came from: the provider's token endpoint, over TLS (OpenID Connect Core
// 1.0, section 3.1.3.7, number 6). Never call it with a token that a client
// sent.
func DecodeClaims(token string) (map[string]any, error) {
	if len(token) > maxIDToken {
		return nil, fmt.Errorf("%w: it is too long", ErrInvalidIDToken)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: it is not a signed JWT", ErrInvalidIDToken)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("%w: its claims are not base64url", ErrInvalidIDToken)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil || claims == nil {
		return nil, fmt.Errorf("%w: its claims are not a JSON object", ErrInvalidIDToken)
	}
	return claims, nil
}

func (r *IDTokenRules) check(claims map[string]any, t IDToken, algorithm string, now time.Time) error {
	issuer, _ := claims["iss"].(string)
	subject, _ := claims["sub"].(string)
	audiences := textsOf(claims["aud"])
	switch {
	case issuer == "" || subject == "":
		return errors.New("it has no issuer or no subject")
	case len(r.Issuers) > 0 && !slices.Contains(r.Issuers, issuer):
		return errors.New("it is of another issuer")
	case !slices.ContainsFunc(audiences, func(a string) bool { return a != "" && slices.Contains(r.Audiences, a) }):
		return errors.New("it is meant for another client")
	case len(audiences) > 1 && !authorisedParty(claims, r.Audiences):
		return errors.New("it is meant for several clients and was issued to another one")
	}
	if err := r.checkTimes(claims, now); err != nil {
		return err
	}
	if t.Nonce != "" && !r.nonceMatches(claims, t.Nonce) {
		return errors.New("its nonce is not the one expected")
	}
	if hash, ok := claims["at_hash"].(string); ok && t.AccessToken != "" && !equal(hash, accessTokenHash(t.AccessToken, algorithm)) {
		return errors.New("it was issued with another access token")
	}
	if r.Check != nil {
		return r.Check(claims)
	}
	return nil
}

func authorisedParty(claims map[string]any, clients []string) bool {
	azp, _ := claims["azp"].(string)
	return azp != "" && slices.Contains(clients, azp)
}

func (r *IDTokenRules) checkTimes(claims map[string]any, now time.Time) error {
	expires, ok := numericDate(claims["exp"])
	if !ok {
		return errors.New("it has no time of expiry")
	}
	issued, ok := numericDate(claims["iat"])
	if !ok {
		return errors.New("it has no time of issue")
	}
	switch {
	case !now.Before(expires.Add(clockTolerance)):
		return errors.New("it has expired")
	case r.MaxAge > 0 && now.After(issued.Add(r.MaxAge+clockTolerance)):
		return errors.New("it is too old")
	case r.MaxAge > 0 && issued.After(now.Add(clockTolerance)):
		return errors.New("it was issued in the future")
	}
	if claims["nbf"] != nil {
		begins, ok := numericDate(claims["nbf"])
		if !ok || begins.After(now.Add(clockTolerance)) {
			return errors.New("it is not valid yet")
		}
	}
	return nil
}

// numericDate reads seconds since 1970 (RFC 7519, section 2).
func numericDate(v any) (time.Time, bool) {
	seconds, ok := v.(float64)
	if !ok || math.IsNaN(seconds) || math.Abs(seconds) > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

func (r *IDTokenRules) nonceMatches(claims map[string]any, want string) bool {
	got, _ := claims["nonce"].(string)
	if equal(got, want) {
		return true
	}
	sum := sha256.Sum256([]byte(want))
	return r.HashedNonce && equal(got, hex.EncodeToString(sum[:]))
}

// accessTokenHash returns the at_hash of an access token (OpenID Connect Core
// 1.0, section 3.1.3.6).
func accessTokenHash(token, algorithm string) string {
	var sum []byte
	switch {
	case strings.HasSuffix(algorithm, "384"):
		h := sha512.Sum384([]byte(token))
		sum = h[:]
	case strings.HasSuffix(algorithm, "512"), algorithm == string(jose.EdDSA):
		h := sha512.Sum512([]byte(token))
		sum = h[:]
	default:
		h := sha256.Sum256([]byte(token))
		sum = h[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// textsOf reads a claim that is a string or a list of strings.
func textsOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var texts []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				texts = append(texts, s)
			}
		}
		return texts
	}
	return nil
}

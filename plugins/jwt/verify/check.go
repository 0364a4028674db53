package verify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ErrInvalid is what the refusal of a token wraps.
var ErrInvalid = errors.New("the token is not valid")

// MaxLength is the length in bytes beyond which a token is not looked at.
const MaxLength = 16 << 10

// Claims are the claims of a token (RFC 7519), as encoding/json decodes them.
type Claims map[string]any

// Subject returns the claim "sub": the id of the user.
func (c Claims) Subject() string {
	s, _ := c["sub"].(string)
	return s
}

// Header is what the header of a token says of its signature.
type Header struct {
	Algorithm string
	KeyID     string // "" when it names none
	Type      string // "" when it names none
}

// Rules say which tokens are good.
type Rules struct {
	// Issuer, if set, is who must have issued the token.
	Issuer string
	// Audiences, if there are any, are those of which one must be meant.
	Audiences []string
	// Type, if set, must be the type of the token.
	Type string
	// Leeway is how far clocks may be apart.
	Leeway time.Duration
	// MaxLength replaces the constant of that name.
	MaxLength int
}

// algorithms are those of which a key can be. Which one a token may have, its
// key decides.
var algorithms = []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.ES512, jose.PS256, jose.RS256}

// Check returns the claims of a good token. The function returns the keys of an
// id that are meant for the algorithm, and no others: the key decides how it is
// used, never the token. A token needs a subject, an audience and an end. The
// error wraps [ErrInvalid] when the token is not good.
func Check(token string, rules Rules, now time.Time, keys func(Header) ([]any, error)) (Claims, error) {
	if rules.MaxLength == 0 {
		rules.MaxLength = MaxLength
	}
	if len(token) > rules.MaxLength || strings.Count(token, ".") != 2 {
		return nil, refused("it is not a signed JWT")
	}
	header, err := headerOf(token)
	if err != nil {
		return nil, err
	}
	if rules.Type != "" && header.Type != rules.Type {
		return nil, refused("it is of another type")
	}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, refused("it is not signed with an algorithm that is accepted")
	}
	candidates, err := keys(header)
	if err != nil {
		return nil, err
	}
	payload, ok := open(signed, candidates)
	if !ok {
		return nil, refused("its signature does not match")
	}
	var claims Claims
	if json.Unmarshal(payload, &claims) != nil || claims == nil {
		return nil, refused("its claims are not a JSON object")
	}
	if reason := rules.check(claims, now); reason != "" {
		return nil, refused(reason)
	}
	return claims, nil
}

func refused(reason string) error { return fmt.Errorf("%w: %s", ErrInvalid, reason) }

// headerOf reads a header. One that wants anything but a plain signature is
// refused: it could name its own key (RFC 8725, section 3.10).
func headerOf(token string) (Header, error) {
	text, _, _ := strings.Cut(token, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Header{}, refused("its header is not base64url")
	}
	var members map[string]any
	if json.Unmarshal(decoded, &members) != nil {
		return Header{}, refused("its header is not a JSON object")
	}
	for _, name := range []string{"jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "zip", "b64", "enc"} {
		if _, given := members[name]; given {
			return Header{}, refused("its header has the member " + name)
		}
	}
	var h Header
	h.Algorithm, _ = members["alg"].(string)
	h.KeyID, _ = members["kid"].(string)
	h.Type, _ = members["typ"].(string)
	return h, nil
}

func open(signed *jose.JSONWebSignature, keys []any) ([]byte, bool) {
	for _, key := range keys {
		if payload, err := signed.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// check returns why the claims are not good; "" when they are.
func (r *Rules) check(claims Claims, now time.Time) string {
	audiences := textsOf(claims["aud"])
	switch {
	case claims.Subject() == "":
		return "it has no subject"
	case len(audiences) == 0:
		return "it has no audience"
	case len(r.Audiences) > 0 && !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(r.Audiences, a) }):
		return "it is meant for somebody else"
	case r.Issuer != "" && claims["iss"] != r.Issuer:
		return "it is of another issuer"
	}
	expires, ok := dateOf(claims["exp"])
	if !ok {
		return "it has no end"
	}
	if !now.Before(expires.Add(r.Leeway)) {
		return "it has expired"
	}
	if begin, given := claims["nbf"]; given {
		if date, ok := dateOf(begin); !ok || date.After(now.Add(r.Leeway)) {
			return "it is not valid yet"
		}
	}
	return ""
}

// dateOf reads seconds since 1970 (RFC 7519, section 2).
func dateOf(v any) (time.Time, bool) {
	seconds, ok := v.(float64)
	if !ok || math.IsNaN(seconds) || math.Abs(seconds) > 1<<40 {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

// textsOf reads a claim that is a text or a list of texts. A list with anything
// else in it counts as none.
func textsOf(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case []any:
		texts := make([]string, 0, len(v))
		for _, item := range v {
			s, ok := item.(string)
			if !ok || s == "" {
				return nil
			}
			texts = append(texts, s)
		}
		return texts
	}
	return nil
}

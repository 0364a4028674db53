package secret

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/ostiary/ostiary/internal/jstext"
)

// Claim is one member of a token's payload.
type Claim struct {
	// Name of the claim.
	Name string
	// Value in any form that [jstext.Append] takes.
	Value any
}

// Claims are the payload of a token in the order in which they are written.
// The lifetime claims follow them.
type Claims []Claim

// payload returns the claims as a JSON object, with iat and exp behind them and
// then the given rest.
func (c Claims) payload(ttl time.Duration, now time.Time, rest ...Claim) ([]byte, error) {
	if ttl < time.Second {
		return nil, fmt.Errorf("a token's lifetime is at least a second, not %s", ttl)
	}
	issued := now.Unix()
	all := make(Claims, 0, len(c)+2+len(rest))
	all = append(all, c...)
	all = append(all, Claim{"iat", issued}, Claim{"exp", issued + int64(ttl/time.Second)})
	all = append(all, rest...)

	b := []byte{'{'}
	for i, claim := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = jstext.AppendString(b, claim.Name)
		b = append(b, ':')
		var err error
		if b, err = jstext.Append(b, claim.Value); err != nil {
			return nil, fmt.Errorf("claim %q: %w", claim.Name, err)
		}
	}
	return append(b, '}'), nil
}

// checkLifetime checks exp and nbf (RFC 7519, sections 4.1.4 and 4.1.5) where
// they are present, in whole seconds.
func checkLifetime(payload json.RawMessage, now time.Time, tolerance time.Duration) error {
	exp, nbf := math.Inf(1), math.Inf(-1)
	members := jstext.MembersOf(payload)
	for members.Next() {
		var claim *float64
		switch string(members.Key()) {
		case "exp":
			claim = &exp
		case "nbf":
			claim = &nbf
		default:
			continue
		}
		seconds, err := strconv.ParseFloat(string(members.Value()), 64)
		if err != nil || math.IsNaN(seconds) || math.IsInf(seconds, 0) {
			return fmt.Errorf("claim %q is not a number: %w", members.Key(), ErrInvalid)
		}
		*claim = seconds
	}
	if members.Err() != nil {
		return fmt.Errorf("the claims are not a JSON object: %w", ErrInvalid)
	}
	moment, slack := float64(now.Unix()), tolerance.Seconds()
	if nbf > moment+slack {
		return fmt.Errorf("not valid yet: %w", ErrInvalid)
	}
	if exp <= moment-slack {
		return ErrExpired
	}
	return nil
}

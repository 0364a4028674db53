package jwt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/plugins/jwt/verify"
	"github.com/ostiary/ostiary/route"
)

// SignOptions change how a token is signed. The zero value changes nothing.
type SignOptions struct {
	// Issuer, Audience and ExpiresIn replace those of [Options].
	Issuer    string
	Audience  []string
	ExpiresIn time.Duration
	// KeyID and Algorithm choose the key. Default: the newest of the primary
	// algorithm.
	KeyID     string
	Algorithm Algorithm
	// Header are further members of the header.
	Header map[string]any
}

// Sign signs claims and returns the token. Claims that are given count more than
// those that would be added: "exp", "iss" and "aud".
func (p *Plugin) Sign(ctx context.Context, claims map[string]any, o SignOptions) (string, error) {
	if p.keys == nil {
		return "", errors.New("sign token: give the plugin to a server first")
	}
	all := p.complete(claims, o)
	if p.options.Sign != nil {
		return p.options.Sign(ctx, all, o)
	}
	k, err := p.keys.signing(ctx, o)
	if err != nil {
		return "", err
	}
	return k.sign(all, o.Header)
}

// complete adds the claims that every token has.
func (p *Plugin) complete(claims map[string]any, o SignOptions) map[string]any {
	if o.Issuer == "" {
		o.Issuer = p.options.Issuer
	}
	if len(o.Audience) == 0 {
		o.Audience = p.options.Audience
	}
	if o.ExpiresIn == 0 {
		o.ExpiresIn = p.options.ExpiresIn
	}
	all := maps.Clone(claims)
	if all == nil {
		all = map[string]any{}
	}
	add := func(name string, value any) {
		if _, given := all[name]; !given {
			all[name] = value
		}
	}
	issued := float64(p.kernel.Now().Unix())
	if at, ok := number(all["iat"]); ok {
		issued = at
	}
	add("exp", int64(issued+math.Round(o.ExpiresIn.Seconds())))
	if o.Issuer != "" {
		add("iss", o.Issuer)
	}
	switch len(o.Audience) {
	case 0:
	case 1:
		add("aud", o.Audience[0])
	default:
		add("aud", o.Audience)
	}
	return all
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// sign signs claims with the key.
func (k *key) sign(claims map[string]any, header map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign token: write claims: %w", err)
	}
	return k.signText(payload, header)
}

// signText signs claims that are written already.
func (k *key) signText(payload []byte, header map[string]any) (string, error) {
	private, err := k.private()
	if err != nil {
		return "", err
	}
	o := &jose.SignerOptions{}
	for name, value := range header {
		if name == "alg" || name == "kid" {
			return "", fmt.Errorf("sign token: the header member %q is not for callers to set", name)
		}
		o.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.algorithm.jose(), Key: private}, o)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed.CompactSerialize()
}

// SessionToken issues the token of a signed-in user.
func (p *Plugin) SessionToken(ctx context.Context, id *core.Identity) (string, error) {
	claims := map[string]any{"iat": p.kernel.Now().Unix()}
	own, err := p.userClaims(ctx, id)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	maps.Copy(claims, own)
	claims["sub"] = id.User.ID
	if p.options.Subject != nil {
		subject, err := p.options.Subject(ctx, id)
		if err != nil {
			return "", fmt.Errorf("sign token: jwt.Options.Subject: %w", err)
		}
		claims["sub"] = subject
	}
	return p.Sign(ctx, claims, SignOptions{})
}

func (p *Plugin) userClaims(ctx context.Context, id *core.Identity) (map[string]any, error) {
	if p.options.Claims != nil {
		claims, err := p.options.Claims(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("jwt.Options.Claims: %w", err)
		}
		return claims, nil
	}
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(id.User.AppendJSON(nil)))
	d.UseNumber() // so that large numbers stay what they are
	if err := d.Decode(&claims); err != nil {
		return nil, fmt.Errorf("write user: %w", err)
	}
	return claims, nil
}

// token issues a token to the user.
func (p *Plugin) token(c *core.Context, _ route.None) (TokenOutput, error) {
	token, err := p.SessionToken(c, c.Session)
	return TokenOutput{Token: token}, err
}

// signJWT signs any claims.
func (p *Plugin) signJWT(c *core.Context, in SignInput) (TokenOutput, error) {
	token, err := p.Sign(c, in.Payload, SignOptions{
		Issuer: in.Issuer, Audience: in.Audience, ExpiresIn: time.Duration(in.ExpiresIn) * time.Second,
		KeyID: in.KeyID, Algorithm: Algorithm(in.Algorithm),
	})
	return TokenOutput{Token: token}, err
}

// VerifyOptions say which tokens are good besides being signed here. The zero
// value means those for the issuer and audience of [Options].
type VerifyOptions struct {
	Issuer   string
	Audience []string
}

// Verify returns the claims of a token that was issued here. The error wraps
// [verify.ErrInvalid] when it is not good.
func (p *Plugin) Verify(ctx context.Context, token string, o VerifyOptions) (verify.Claims, error) {
	if p.keys == nil {
		return nil, errors.New("verify token: give the plugin to a server first")
	}
	if o.Issuer == "" {
		o.Issuer = p.options.Issuer
	}
	if len(o.Audience) == 0 {
		o.Audience = p.options.Audience
	}
	return p.check(ctx, token, verify.Rules{Issuer: o.Issuer, Audiences: o.Audience})
}

// check returns the claims of a token that was signed here and obeys the rules.
func (p *Plugin) check(ctx context.Context, token string, rules verify.Rules) (verify.Claims, error) {
	return verify.Check(token, rules, p.kernel.Now(), func(h verify.Header) ([]any, error) {
		k, err := p.keys.find(ctx, h.KeyID)
		if err != nil {
			return nil, err
		}
		if k == nil || string(k.algorithm) != h.Algorithm {
			return nil, fmt.Errorf("%w: its key is none of this server's", verify.ErrInvalid)
		}
		return []any{k.public.Key}, nil
	})
}

// verifyJWT returns the claims of a token, or null.
func (p *Plugin) verifyJWT(c *core.Context, in VerifyInput) (VerifyOutput, error) {
	claims, err := p.Verify(c, in.Token, VerifyOptions{Issuer: in.Issuer})
	if err != nil && !errors.Is(err, verify.ErrInvalid) {
		return VerifyOutput{}, err
	}
	return VerifyOutput{Payload: claims}, nil
}

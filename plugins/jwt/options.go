package jwt

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
)

// Options of the plugin. The zero value issues tokens signed with Ed25519 that
// are good for 15 minutes.
type Options struct {
	// Algorithm signs. Default [EdDSA].
	Algorithm Algorithm
	// RSABits is the size of new keys of [RS256] and [PS256]. Default 2048.
	RSABits int
	// FurtherAlgorithms may be asked for by [SignOptions].
	FurtherAlgorithms []Algorithm
	// RotationInterval is how long a key signs; then a new one takes its place.
	// Default: for ever.
	RotationInterval time.Duration
	// GracePeriod is how long keys that sign no more are still published. Default
	// 30 days.
	GracePeriod time.Duration
	// DisablePrivateKeyEncryption stores private keys as they are. Unsafe.
	DisablePrivateKeyEncryption bool
	// Keys keeps the keys elsewhere than in the database.
	Keys KeyStore

	// JWKSPath is where the public keys are published. Default "/jwks".
	JWKSPath string
	// JWKSMaxAge lets caches keep the published keys for that long. Default: the
	// response says nothing of caches, as in Better Auth 1.7; it always has an
	// ETag.
	JWKSMaxAge time.Duration
	// RemoteURL is where somebody else publishes the keys; then they are not
	// published here. It needs Algorithm.
	RemoteURL string
	// Sign signs elsewhere, for example in a key management service, and returns
	// the token. It needs RemoteURL.
	Sign func(ctx context.Context, claims map[string]any, o SignOptions) (string, error)

	// Issuer is the claim "iss". Default: the base URL, if it is static.
	Issuer string
	// Audience is the claim "aud". Default: the base URL, if it is static.
	Audience []string
	// ExpiresIn is how long tokens are good for. Default 15 minutes.
	ExpiresIn time.Duration
	// Claims are the claims of a user's token. Nil means the user with all fields
	// that clients may see.
	Claims func(ctx context.Context, id *core.Identity) (map[string]any, error)
	// Subject is the claim "sub" of a user's token. Nil means the user's id.
	Subject func(ctx context.Context, id *core.Identity) (string, error)

	// DisableHeader sends no token along with the session, in the header
	// "set-auth-jwt".
	DisableHeader bool
	// SignCookieCache signs the cookie cache of sessions with the keys of the
	// plugin, so that services which get the cookie can verify it with the
	// published keys. It needs the cache strategy "jwt", and excludes Sign.
	SignCookieCache bool
}

func (o Options) filled() Options {
	if o.RSABits == 0 {
		o.RSABits = 2048
	}
	if o.GracePeriod == 0 {
		o.GracePeriod = 30 * 24 * time.Hour
	}
	if o.ExpiresIn == 0 {
		o.ExpiresIn = 15 * time.Minute
	}
	return o
}

// algorithm is the primary algorithm.
func (o *Options) algorithm() Algorithm {
	if o.Algorithm == "" {
		return EdDSA
	}
	return o.Algorithm
}

// problems returns what is wrong with the options.
func (o *Options) problems(k *core.Kernel) []error {
	var list []error
	check := func(wrong bool, format string, args ...any) {
		if wrong {
			list = append(list, fmt.Errorf("jwt.Options."+format, args...))
		}
	}
	for _, a := range append([]Algorithm{o.algorithm()}, o.FurtherAlgorithms...) {
		check(!a.known(), "Algorithm: %q is unknown; use %s", a, strings.Join(names(), ", "))
	}
	check(o.RSABits < 2048 || o.RSABits > 8192, "RSABits: %d is not possible; use 2048 to 8192", o.RSABits)
	check(o.RotationInterval < 0 || o.GracePeriod < 0 || o.ExpiresIn < 0 || o.JWKSMaxAge < 0, "RotationInterval, GracePeriod, ExpiresIn, JWKSMaxAge: must not be negative")
	check(o.RotationInterval > 0 && o.GracePeriod < o.ExpiresIn, "GracePeriod: %v is less than ExpiresIn; tokens would outlive their key", o.GracePeriod)
	check(o.JWKSPath != "" && !validPath(o.JWKSPath), "JWKSPath: %q must begin with a slash and have no \"..\"", o.JWKSPath)
	check(o.RemoteURL != "" && !isAddress(o.RemoteURL), "RemoteURL: %q is no http or https address", o.RemoteURL)
	check(o.RemoteURL != "" && o.Algorithm == "", "RemoteURL: set Algorithm as well")
	check(o.Sign != nil && o.RemoteURL == "", "Sign: set RemoteURL as well, where the keys for it are published")
	cache := &k.Config().Session.CookieCache
	check(o.SignCookieCache && (!cache.Enabled || cache.Strategy != core.JWTCache), "SignCookieCache: enable Session.CookieCache with the strategy %q", core.JWTCache)
	check(o.SignCookieCache && o.Sign != nil, "SignCookieCache: the keys have to be here; it excludes Sign")
	return list
}

func validPath(path string) bool {
	return strings.HasPrefix(path, "/") && len(path) > 1 && !strings.Contains(path, "..") && !strings.ContainsAny(path, "?#: ")
}

func isAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

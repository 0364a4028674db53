// Package verify checks the tokens that the plugin jwt issues, in programs that
// are not the authentication server: it fetches the server's public keys when it
// meets one that it does not know, and asks nobody else. It needs neither the
// framework nor a database.
//
//	tokens, err := verify.New(verify.Options{
//		KeysURL:  "https://app.example.com/api/auth/jwks",
//		Issuer:   "https://app.example.com",
//		Audience: "https://app.example.com",
//	})
//	…
//	mux.Handle("/orders", tokens.Require(orders))
package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/oauth"
)

// Options of a [Verifier]. KeysURL, Issuer and Audience are required.
type Options struct {
	// KeysURL is where the server publishes its keys (RFC 7517).
	KeysURL string
	// Issuer is who must have issued a token.
	Issuer string
	// Audience is for whom a token must be meant, at least.
	Audience string
	// Leeway is how far the clocks of server and verifier may be apart. Default
	// 30 seconds; negative means not at all.
	Leeway time.Duration
	// HTTPClient fetches the keys. Default: one that gives up after 10 seconds.
	HTTPClient *http.Client
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Verifier checks tokens. It is safe for use by many goroutines.
type Verifier struct {
	options Options
	rules   Rules
	keys    *oauth.KeySet
}

// New returns a verifier. It fetches nothing yet.
func New(o Options) (*Verifier, error) {
	address, err := url.Parse(o.KeysURL)
	switch {
	case err != nil || address.Host == "" || (address.Scheme != "https" && address.Scheme != "http"):
		return nil, fmt.Errorf("verify.Options.KeysURL: %q is no http or https address", o.KeysURL)
	case o.Issuer == "" || o.Audience == "":
		return nil, errors.New("verify.Options: Issuer and Audience are required, so that tokens for others are refused")
	}
	if o.Leeway == 0 {
		o.Leeway = 30 * time.Second
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	rules := Rules{Issuer: o.Issuer, Audiences: []string{o.Audience}, Leeway: max(0, o.Leeway)}
	return &Verifier{options: o, rules: rules, keys: oauth.NewKeySet(o.KeysURL)}, nil
}

// Verify returns the claims of a good token. The error wraps [ErrInvalid] when
// the token is not good; any other means that the keys cannot be fetched.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	now := v.options.Now()
	return Check(token, v.rules, now, func(h Header) ([]any, error) {
		if h.KeyID == "" {
			return nil, fmt.Errorf("%w: it names no key", ErrInvalid)
		}
		return v.keys.Find(ctx, v.options.HTTPClient, h.KeyID, h.Algorithm, now)
	})
}

// Require lets requests with a good token in the header "Authorization: Bearer
// <token>" (RFC 6750) through to next, which gets the claims with [ClaimsFrom].
// All others are answered 401.
func (v *Verifier) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := v.Verify(r.Context(), bearerOf(r))
		if err != nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
	})
}

func bearerOf(r *http.Request) string {
	const scheme = "bearer "
	header := r.Header.Get("Authorization")
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimSpace(header[len(scheme):])
}

type claimsKey struct{}

// ClaimsFrom returns the claims that [Verifier.Require] found, or nil.
func ClaimsFrom(ctx context.Context) Claims {
	claims, _ := ctx.Value(claimsKey{}).(Claims)
	return claims
}

package social

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/oauth"
)

// UserAgent names this software to the providers that want to know.
const UserAgent = "Ostiary"

// FetchFrom returns a function for [Definition.Fetch] that gets the profile from
// an address, with the access token as bearer token (RFC 6750).
func FetchFrom(address string) func(context.Context, *core.Kernel, Grant) (map[string]any, error) {
	return func(ctx context.Context, k *core.Kernel, g Grant) (map[string]any, error) {
		return GetProfile(ctx, k, ProfileRequest{URL: address, Token: g.AccessToken})
	}
}

// ProfileRequest is a request for a profile.
type ProfileRequest = oauth.Request

// GetProfile sends a request for a profile, which has to be a JSON object.
func GetProfile(ctx context.Context, k *core.Kernel, r ProfileRequest) (map[string]any, error) {
	var raw map[string]any
	err := Get(ctx, k, r, &raw)
	return raw, err
}

// Get sends a request to a provider and decodes the JSON of the answer into out.
// It follows no redirects, reads no more than 1 MiB and gives up after 10
// seconds.
func Get(ctx context.Context, k *core.Kernel, r ProfileRequest, out any) error {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", UserAgent)
	}
	return oauth.GetJSON(ctx, k.HTTP, r, out)
}

// Text returns the first of some members of a raw profile that is a text and not
// empty; "" when none is.
func Text(raw map[string]any, names ...string) string {
	for _, name := range names {
		if s, ok := raw[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// True reports whether a member of a raw profile is true, or the text "true",
// which some providers write instead.
func True(v any) bool { return v == true || v == "true" }

// Object returns a member of a raw profile that is an object, or nil, from which
// reading gives nothing.
func Object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// GetBytes sends a request to a provider and returns the body of the answer, with
// the limits of [Get].
func GetBytes(ctx context.Context, k *core.Kernel, r ProfileRequest) ([]byte, error) {
	return oauth.GetBytes(ctx, k.HTTP, r)
}

// Claims returns the claims of the ID token of a grant. It does not verify them:
// the token comes from the provider itself, or has been verified.
func Claims(g Grant) (map[string]any, error) {
	if g.IDToken == "" {
		return nil, errors.New("the provider issued no ID token")
	}
	return oauth.DecodeClaims(g.IDToken)
}

// ParseTokens reads a provider's answer with tokens (RFC 6749, section 5.1).
func ParseTokens(answer map[string]any, now time.Time) (*Tokens, error) {
	return oauth.ParseTokens(answer, now)
}

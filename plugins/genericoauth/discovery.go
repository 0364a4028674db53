package genericoauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/oauth"
)

const (
	// metadataFresh is how long what was discovered is used without asking again.
	metadataFresh = 24 * time.Hour
	// metadataCooldown is the least time between two requests that failed.
	metadataCooldown = 10 * time.Second
)

// metadata is what a provider publishes about itself (OpenID Connect Discovery
// 1.0, section 3; RFC 8414).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	KeySet                string   `json:"jwks_uri"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	NamesIssuer           bool     `json:"authorization_response_iss_parameter_supported"`
}

// discovered is a provider with what was discovered about it.
type discovered struct {
	config Provider

	latest    atomic.Pointer[snapshot]
	asking    sync.Mutex
	attempted time.Time // guarded by asking, like the next two
	failure   error
	keys      map[string]*oauth.KeySet
}

// snapshot is a provider as it was described at some time.
type snapshot struct {
	provider social.Provider
	at       time.Time
}

// ID returns the id of the provider.
func (d *discovered) ID() string { return d.config.ID }

// Validate returns what is wrong with the description.
func (d *discovered) Validate() error { return d.config.validate() }

// Ready returns the provider as it was discovered last. Of callers at the same
// time one asks; those who know what was discovered before do not wait for it.
func (d *discovered) Ready(ctx context.Context, k *core.Kernel) (social.Provider, error) {
	known := d.latest.Load()
	if known != nil && (d.config.DiscoveryURL == "" || k.Now().Sub(known.at) < metadataFresh) {
		return known.provider, nil
	}
	if known == nil {
		d.asking.Lock()
	} else if !d.asking.TryLock() {
		return known.provider, nil
	}
	defer d.asking.Unlock()
	if latest := d.latest.Load(); latest != known {
		return latest.provider, nil
	}
	err := d.update(ctx, k)
	switch latest := d.latest.Load(); {
	case err == nil:
		return latest.provider, nil
	case latest == nil:
		return nil, err
	default:
		k.Log.WarnContext(ctx, "discovery failed; what was discovered before is still used", "provider", d.config.ID, "error", err)
		return latest.provider, nil
	}
}

// update discovers the provider, unless that failed just now.
func (d *discovered) update(ctx context.Context, k *core.Kernel) error {
	var m metadata
	now := k.Now()
	if d.config.DiscoveryURL != "" {
		if since := now.Sub(d.attempted); d.failure != nil && since >= 0 && since < metadataCooldown {
			return d.failure
		}
		d.attempted = now
		// What one caller began must not fail because it goes away: others wait.
		if m, d.failure = d.discover(context.WithoutCancel(ctx), k); d.failure != nil {
			return d.failure
		}
	}
	d.latest.Store(&snapshot{provider: d.config.provider(m, d.keySet(m)), at: now})
	return nil
}

// discover asks the provider and checks what it says.
func (d *discovered) discover(ctx context.Context, k *core.Kernel) (metadata, error) {
	var m metadata
	q := oauth.Request{URL: d.config.DiscoveryURL, Header: d.config.DiscoveryHeader.Clone(), FollowWithinOrigin: true}
	if err := oauth.GetJSON(ctx, k.HTTP, q, &m); err != nil {
		return m, fmt.Errorf("discovery: %w", err)
	}
	if !isHTTP(m.Issuer) {
		return m, fmt.Errorf("discovery: %q is not an issuer", m.Issuer)
	}
	for name, address := range map[string]string{
		"authorization_endpoint": m.AuthorizationEndpoint, "token_endpoint": m.TokenEndpoint,
		"userinfo_endpoint": m.UserInfoEndpoint, "end_session_endpoint": m.EndSessionEndpoint, "jwks_uri": m.KeySet,
	} {
		if address != "" && !isHTTP(address) {
			return m, fmt.Errorf("discovery: the %s is not an http or https address", name)
		}
	}
	return m, d.config.demand(&m)
}

// demand returns what the metadata lacks.
func (p *Provider) demand(m *metadata) error {
	switch {
	case or(p.AuthorizationEndpoint, or(p.AuthorizationURL, m.AuthorizationEndpoint)) == "":
		return errors.New("discovery: the provider has no authorization_endpoint; set AuthorizationURL")
	case or(p.TokenURL, m.TokenEndpoint) == "" && p.ExchangeCode == nil:
		return errors.New("discovery: the provider has no token_endpoint; set TokenURL")
	case p.RequireIDToken && !m.verifiable():
		return errors.New("discovery: RequireIDToken is set, but the provider publishes no keys and algorithms with which ID tokens can be verified")
	}
	return nil
}

// signatures are the algorithms that need no shared secret.
var signatures = [...]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// algorithms returns those of the provider that are accepted.
func (m *metadata) algorithms() []string {
	return slices.DeleteFunc(slices.Clone(m.Algorithms), func(a string) bool { return !slices.Contains(signatures[:], a) })
}

// speaksOIDC reports whether the provider issues ID tokens.
func (m *metadata) speaksOIDC() bool { return len(m.Algorithms) > 0 }

// verifiable reports whether its ID tokens can be verified.
func (m *metadata) verifiable() bool {
	return m.KeySet != "" && m.Issuer != "" && len(m.algorithms()) > 0
}

// keySet returns the keys of the provider. They are kept when it is discovered
// anew.
func (d *discovered) keySet(m metadata) *oauth.KeySet {
	if m.KeySet == "" {
		return nil
	}
	if set := d.keys[m.KeySet]; set != nil {
		return set
	}
	var header http.Header
	if sameOrigin(m.KeySet, d.config.DiscoveryURL) {
		header = d.config.DiscoveryHeader
	}
	set := oauth.NewKeySetWithHeader(m.KeySet, header)
	d.keys = map[string]*oauth.KeySet{m.KeySet: set}
	return set
}

func sameOrigin(a, b string) bool {
	u, err := url.Parse(a)
	v, otherErr := url.Parse(b)
	return err == nil && otherErr == nil && u.Scheme == v.Scheme && u.Host == v.Host
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Package genericoauth signs users in with any provider that speaks OpenID
// Connect (Core 1.0, Discovery 1.0) or OAuth 2.0 (RFC 6749): the application
// says where it is, or lets its addresses be discovered. [Auth0], [Okta],
// [Keycloak] and others fill in what is known of a provider.
//
// The providers are used like all others: by the endpoints of social sign-in.
package genericoauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the plugin.
type Options struct {
	// Providers are where users can sign in. They come before those of
	// SocialProviders, in whose place they serve where both have the same id.
	Providers []Provider
}

// Plugin is the plugin; make it with [New].
type Plugin struct {
	providers []*discovered
	kernel    *core.Kernel
}

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ social.ProviderSource = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	p := &Plugin{}
	for _, provider := range o.Providers {
		p.providers = append(p.providers, &discovered{config: provider})
	}
	return p
}

// ID returns "generic-oauth".
func (*Plugin) ID() string { return "generic-oauth" }

// Init checks that social sign-in, which the plugin serves, is there.
func (p *Plugin) Init(k *core.Kernel) error {
	p.kernel = k
	if social.From(k) == nil {
		return errors.New("genericoauth: social sign-in is not there; add social.New to the plugins, before this one")
	}
	return nil
}

// SocialProviders returns the providers.
func (p *Plugin) SocialProviders() []social.Deferred {
	list := make([]social.Deferred, len(p.providers))
	for i, provider := range p.providers {
		list[i] = provider
	}
	return list
}

// Discover asks all providers now for what would otherwise be discovered by the
// first sign-in. Nobody has to call it: it saves the first user a moment, and
// tells at start that an address is wrong. The error names every provider that
// does not answer.
func (p *Plugin) Discover(ctx context.Context) error {
	if p.kernel == nil {
		return errors.New("genericoauth: the plugin has not been given to a server yet")
	}
	var problems []error
	for _, provider := range p.providers {
		if _, err := provider.Ready(ctx, p.kernel); err != nil {
			problems = append(problems, fmt.Errorf("provider %s: %w", provider.ID(), err))
		}
	}
	return errors.Join(problems...)
}

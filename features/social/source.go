package social

import (
	"context"

	"github.com/ostiary/ostiary/core"
)

// Deferred is a provider that has to ask before it knows what it can do, such as
// one whose addresses are discovered.
type Deferred interface {
	// ID names the provider in paths and in the database.
	ID() string
	// Ready returns the provider as it is now. It is called for every use, so it
	// remembers what it has found out. While it fails, there is no such provider.
	Ready(ctx context.Context, k *core.Kernel) (Provider, error)
}

// ProviderSource is a plugin with providers. They come before those of
// [Options], in whose place they serve where both have the same id.
type ProviderSource interface {
	SocialProviders() []Deferred
}

// known is a provider that need not ask.
type known struct{ Provider }

func (p known) Ready(context.Context, *core.Kernel) (Provider, error) { return p.Provider, nil }

// collect returns the providers of the plugins, then those of the options.
func (f *Feature) collect(k *core.Kernel) []Deferred {
	var all []Deferred
	for _, plugin := range k.Plugins() {
		if s, ok := plugin.(ProviderSource); ok {
			all = append(all, s.SocialProviders()...)
		}
	}
	for _, p := range f.options.Providers {
		all = append(all, known{p})
	}
	return all
}

// validator is a provider that can tell what is wrong with its configuration.
type validator interface{ Validate() error }

func validate(p Deferred) error {
	var own any = p
	if k, ok := p.(known); ok {
		own = k.Provider
	}
	if v, ok := own.(validator); ok {
		return v.Validate()
	}
	return nil
}

// Provider returns the provider of an id; nil when there is none, or it is not
// ready, which is logged.
func (f *Feature) Provider(ctx context.Context, id string) Provider {
	d := f.providers[id]
	if d == nil {
		return nil
	}
	p, err := d.Ready(ctx, f.kernel)
	if err != nil {
		f.kernel.Log.ErrorContext(ctx, "the provider cannot be used now", "provider", id, "error", err)
		return nil
	}
	return p
}

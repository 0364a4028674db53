// Package oauthproxy lets servers whose address no provider knows, such as
// preview deployments, sign users in by way of one that is registered there,
// called production here.
//
// The preview sends the browser to the provider with production's callback, and
// its own flow, sealed, as the state. Production exchanges the code, seals what
// the provider says of the user, and sends the browser back to the preview, which
// opens it and makes the session. Production writes nothing.
//
// Sealed values have keys of their own for each purpose; a profile is good for a
// minute, for the provider in its path, and once: for the flow that the preview
// began in the same browser.
package oauthproxy

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/origin"
	"github.com/ostiary/ostiary/internal/secret"
)

// Options of the plugin. All servers must agree on the secret.
type Options struct {
	// ProductionURL is the address of the server that the providers know, for
	// example "https://app.example.com". Without one this server is production.
	ProductionURL string
	// CurrentURL is the address of this server. Default: that of its base URL,
	// which is not what any request says unless the options allow its host.
	CurrentURL string
	// MaxAge is how long a profile is good for. Default 1 minute.
	MaxAge time.Duration
	// Secret seals what the servers tell each other. Default: that of the server.
	// Secrets are versioned ones, the current one first.
	Secret  string
	Secrets []core.VersionedSecret
}

// Plugin is the plugin; make it with [New].
type Plugin struct {
	options                   Options
	production                string // its origin; "" on production
	social                    *social.Feature
	packages, flows, profiles *secret.Box
}

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.HookProvider     = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	if o.MaxAge == 0 {
		o.MaxAge = time.Minute
	}
	return &Plugin{options: o}
}

// ID returns "oauth-proxy".
func (*Plugin) ID() string { return "oauth-proxy" }

// Init checks the options and derives the keys.
func (p *Plugin) Init(k *core.Kernel) error {
	var problems []error
	if p.social = social.From(k); p.social == nil {
		problems = append(problems, errors.New("oauthproxy: social sign-in is not there; add social.New to the plugins, before this one"))
	}
	if p.options.MaxAge < 0 {
		problems = append(problems, errors.New("oauthproxy.Options.MaxAge: must not be negative"))
	}
	if address := p.options.ProductionURL; address != "" {
		var ok bool
		if p.production, ok = origin.Of(address); !ok {
			problems = append(problems, fmt.Errorf("oauthproxy.Options.ProductionURL: %q is not an http or https address", address))
		}
	}
	if address := p.options.CurrentURL; address != "" {
		if _, ok := origin.Of(address); !ok {
			problems = append(problems, fmt.Errorf("oauthproxy.Options.CurrentURL: %q is not an http or https address", address))
		}
	}
	keys, err := p.keyring(k)
	if err != nil {
		return errors.Join(append(problems, fmt.Errorf("oauthproxy.Options.Secret: %w", err))...)
	}
	// Better Auth 1.7 names the purposes so.
	p.packages, p.flows, p.profiles = keys.Purpose("oauth-proxy-package"), keys.Purpose("oauth-proxy-state"), keys.Purpose("oauth-proxy-profile")
	return errors.Join(problems...)
}

func (p *Plugin) keyring(k *core.Kernel) (*secret.Keyring, error) {
	if p.options.Secret == "" && len(p.options.Secrets) == 0 {
		return k.Secrets, nil
	}
	o := secret.Options{Secret: secret.String(p.options.Secret)}
	for _, v := range p.options.Secrets {
		o.Versions = append(o.Versions, secret.Version{Version: v.Version, Value: secret.String(v.Value)})
	}
	return secret.NewKeyring(o)
}

// Endpoints returns the endpoints.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(Complete, p.complete, core.CheckCallbackURL),
		core.Handle(CompleteAnywhere, p.completeAnywhere, core.CheckCallbackURL),
	}
}

// Hooks returns the hooks around the beginning of flows, on previews, and around
// the callback, on production.
func (p *Plugin) Hooks() []core.Hook {
	return []core.Hook{
		{Match: core.ForRoute(api.SignInSocial), Before: p.divert, After: p.seal},
		{Match: core.ForRoute(api.LinkSocial), Before: p.divert, After: p.seal},
		core.TypedBefore(api.SocialCallback, p.receive),
	}
}

// skipHeader is sent by clients that need no proxy, such as mobile apps.
const skipHeader = "X-Skip-Oauth-Proxy"

// here returns the address of this server.
func (p *Plugin) here(c *core.Context) string {
	if p.options.CurrentURL != "" {
		own, _ := origin.Of(p.options.CurrentURL)
		return own
	}
	return c.Origin()
}

// isPreview reports whether the flow of a call goes by way of production.
func (p *Plugin) isPreview(c *core.Context) bool {
	return p.production != "" && p.here(c) != p.production && len(c.Header[http.CanonicalHeaderKey(skipHeader)]) == 0
}

// Package onetap signs users in with Google One Tap and the Sign in with Google
// button: Google's script shows a prompt on the page and hands it an ID token,
// which is verified here.
package onetap

import (
	"errors"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/providers/google"
)

// Options of the plugin.
type Options struct {
	// ClientIDs are the client ids for which Google may have issued a token.
	// Default: those of the provider "google" among the social providers.
	ClientIDs []string
	// DisableSignUp refuses users who have no account yet.
	DisableSignUp bool
}

// Plugin is the plugin; make it with [New].
type Plugin struct {
	options  Options
	social   *social.Feature
	verifier social.Provider // for the client ids of the options; nil without
}

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	p := &Plugin{options: o}
	if len(o.ClientIDs) > 0 {
		p.verifier = verifierFor(o.ClientIDs)
	}
	return p
}

// verifierFor returns Google as it issues tokens for clients. Nothing but its
// rules for ID tokens and its reading of profiles is used.
func verifierFor(clientIDs []string) social.Provider {
	return google.New(google.Options{ClientID: clientIDs[0], Settings: social.Settings{MoreClientIDs: clientIDs[1:]}})
}

// ID returns "one-tap".
func (*Plugin) ID() string { return "one-tap" }

// Init checks that social sign-in, which makes the sessions, is there.
func (p *Plugin) Init(k *core.Kernel) error {
	if p.social = social.From(k); p.social == nil {
		return errors.New("onetap: social sign-in is not there; add social.New to the plugins, before this one")
	}
	for _, id := range p.options.ClientIDs {
		if id == "" {
			return errors.New("onetap.Options.ClientIDs: has an empty id")
		}
	}
	return nil
}

// Endpoints returns the endpoint.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{core.Handle(Callback, p.callback)}
}

// Package multisession lets several users be signed in to one browser at once
// and switch between them. Every session has a signed cookie of its own, beside
// that of the current one.
package multisession

import (
	"errors"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// Options of the plugin.
type Options struct {
	// MaximumSessions is how many sessions a browser keeps. Somebody who signs in
	// beyond that is signed in all the same, but cannot be switched back to.
	// Default 5.
	MaximumSessions int
}

// Plugin is the plugin; make it with [New].
type Plugin struct{ options Options }

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.HookProvider     = (*Plugin)(nil)
	_ core.CodeProvider     = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	if o.MaximumSessions == 0 {
		o.MaximumSessions = 5
	}
	return &Plugin{o}
}

// ID returns "multi-session".
func (*Plugin) ID() string { return "multi-session" }

// Init checks the options.
func (p *Plugin) Init(*core.Kernel) error {
	if p.options.MaximumSessions < 0 {
		return errors.New("multisession.Options.MaximumSessions: must not be negative")
	}
	return nil
}

// Endpoints returns the endpoints. The cookies of the sessions are what
// authorises listing and switching.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(List, p.list),
		core.Handle(SetActive, p.setActive),
		core.Handle(Revoke, p.revoke, core.SessionGate),
	}
}

// Hooks returns the hooks that keep the cookies in step with what happens. The
// one for signing out runs last, so that nothing is remembered after it.
func (p *Plugin) Hooks() []core.Hook {
	return []core.Hook{
		{After: p.remember},
		{Match: core.ForRoute(api.SignOut), After: p.forget},
	}
}

// Codes returns the error codes.
func (*Plugin) Codes() []api.Code { return []api.Code{InvalidSessionToken} }

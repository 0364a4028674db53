// Package onetimetoken hands a session over to another browser, domain or app:
// whoever is signed in asks for a short-lived token, and whoever redeems it
// shares the session. A token is good once.
package onetimetoken

import (
	"context"
	"errors"
	"time"

	"github.com/ostiary/ostiary/core"
)

// Options of the plugin.
type Options struct {
	// ExpiresIn is how long tokens are good for. Default 3 minutes.
	ExpiresIn time.Duration
	// DisableClientRequest refuses to make tokens for HTTP requests. Programs
	// still make them by calling [Generate] in-process, with the headers of a
	// request but not with the request itself.
	DisableClientRequest bool
	// GenerateToken makes the token for a session. It must be hard to guess and
	// not be made twice. Default: 32 random letters and digits.
	GenerateToken func(ctx context.Context, id *core.Identity) (string, error)
	// DisableSetSessionCookie only answers with the session when a token is
	// redeemed, without signing the browser in.
	DisableSetSessionCookie bool
	// HashTokens stores the SHA-256 of tokens, so that a reader of the database
	// cannot redeem them.
	HashTokens bool
	// HashToken replaces the hash.
	HashToken func(token string) string
	// SetHeaderOnNewSession sends a token in the header "set-ott" whenever a
	// response sets the session cookie.
	SetHeaderOnNewSession bool
}

// Plugin is the plugin; make it with [New].
type Plugin struct{ options Options }

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.HookProvider     = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	if o.ExpiresIn == 0 {
		o.ExpiresIn = 3 * time.Minute
	}
	return &Plugin{o}
}

// ID returns "one-time-token".
func (*Plugin) ID() string { return "one-time-token" }

// Init checks the options.
func (p *Plugin) Init(*core.Kernel) error {
	if p.options.ExpiresIn < 0 {
		return errors.New("onetimetoken.Options.ExpiresIn: must not be negative")
	}
	return nil
}

// Endpoints returns the endpoints. Redeeming needs no session: the token is what
// authorises it.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(Generate, p.generate, core.SessionGate),
		core.Handle(Verify, p.verify),
	}
}

// Hooks returns the hook that sends tokens of new sessions.
func (p *Plugin) Hooks() []core.Hook {
	if !p.options.SetHeaderOnNewSession {
		return nil
	}
	return []core.Hook{{After: p.sendToken}}
}

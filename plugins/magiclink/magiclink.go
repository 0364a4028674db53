// Package magiclink signs users in by a link that is mailed to them. Following
// it proves the address, so no password is needed, and users who are not known
// yet can be created on the way.
package magiclink

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ostiary/ostiary/core"
)

// Options of the plugin. Send is required.
type Options struct {
	// Send mails the link. Its error fails the request.
	Send func(ctx context.Context, m Mail) error
	// ExpiresIn is how long links are good for. Default 5 minutes.
	ExpiresIn time.Duration
	// DisableSignUp creates no users: links sign in only those who exist.
	DisableSignUp bool
	// GenerateToken makes the token for an address. It must be hard to guess.
	// Default: 32 random letters.
	GenerateToken func(email string) string
	// HashTokens stores the SHA-256 of tokens, so that a reader of the database
	// cannot sign in with them.
	HashTokens bool
	// HashToken replaces the hash.
	HashToken func(token string) string
	// RateLimit bounds how often a client may ask for links, and follow them.
	// Defaults: 5 times in 60 seconds.
	RateLimit RateLimit
}

// RateLimit is at most Max requests per Window.
type RateLimit struct {
	Window time.Duration
	Max    int
}

// Mail is what has to be mailed.
type Mail struct {
	// Email is where to send it, as the client wrote it.
	Email string
	// URL is the link, Token the token in it.
	URL, Token string
	// Metadata is what the client sent with its request: unchecked input.
	Metadata map[string]any
	// ExpiresIn is how long the link is good for.
	ExpiresIn time.Duration
	// Request is the HTTP request that caused the mail; nil in in-process calls.
	Request *http.Request
}

// Plugin is the plugin; make it with [New].
type Plugin struct{ options Options }

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.RateLimiter      = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	if o.ExpiresIn == 0 {
		o.ExpiresIn = 5 * time.Minute
	}
	if o.RateLimit.Window == 0 {
		o.RateLimit.Window = time.Minute
	}
	if o.RateLimit.Max == 0 {
		o.RateLimit.Max = 5
	}
	return &Plugin{o}
}

// ID returns "magic-link".
func (*Plugin) ID() string { return "magic-link" }

// Init checks the options.
func (p *Plugin) Init(*core.Kernel) error {
	var problems []error
	if p.options.Send == nil {
		problems = append(problems, errors.New("magiclink.Options.Send: not set; give a function that mails the link"))
	}
	if p.options.ExpiresIn < 0 {
		problems = append(problems, errors.New("magiclink.Options.ExpiresIn: must not be negative"))
	}
	if p.options.RateLimit.Window < 0 || p.options.RateLimit.Max < 0 {
		problems = append(problems, errors.New("magiclink.Options.RateLimit: must not be negative"))
	}
	return errors.Join(problems...)
}

// Endpoints returns the endpoints.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(SignIn, p.signIn, core.FormCSRF),
		core.Handle(Verify, p.verify, core.CheckCallbackURLs("callbackURL", "newUserCallbackURL", "errorCallbackURL")),
	}
}

// RateLimits returns the limit for asking and following.
func (p *Plugin) RateLimits() []core.RateLimitRule {
	return []core.RateLimitRule{{
		Match: func(path string) bool {
			return strings.HasPrefix(path, "/sign-in/magic-link") || strings.HasPrefix(path, "/magic-link/verify")
		},
		Window: p.options.RateLimit.Window, Max: p.options.RateLimit.Max,
	}}
}

// Package bearer lets clients that keep no cookies, such as mobile apps, send
// the session token in the header "Authorization: Bearer <token>" (RFC 6750,
// section 2.1). Whatever sets the session cookie also sends the token, in the
// header "set-auth-token", for the client to keep.
package bearer

import (
	"net/url"
	"strings"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/secret"
)

// Options of the plugin.
type Options struct {
	// RequireSignature accepts only tokens as "set-auth-token" carries them: with
	// a signature. Without it the bare token of a session, which other endpoints
	// answer with, is good as well.
	RequireSignature bool
}

// Plugin is the plugin; make it with [New].
type Plugin struct{ options Options }

var (
	_ core.SessionTokenSource = (*Plugin)(nil)
	_ core.HookProvider       = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin { return &Plugin{o} }

// ID returns "bearer".
func (*Plugin) ID() string { return "bearer" }

// scheme begins the header, in any case.
const scheme = "bearer "

// SessionToken returns the token in the header "Authorization". One that is
// malformed, or whose signature is not valid, counts as none.
func (p *Plugin) SessionToken(c *core.Context) (token string, ok bool) {
	header := c.Header.Get("Authorization")
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	text := strings.TrimSpace(header[len(scheme):])
	if strings.Contains(text, ".") {
		return openSigned(c, text)
	}
	return text, text != "" && !p.options.RequireSignature
}

// openSigned returns the token of a signed one, which may be percent-encoded.
func openSigned(c *core.Context, text string) (token string, ok bool) {
	if strings.Contains(text, "%") {
		decoded, err := url.PathUnescape(text)
		if err != nil {
			return "", false
		}
		text = decoded
	}
	token, state := c.Secrets.OpenSigned(text)
	return token, state == secret.Valid
}

// tokenHeader carries the token to the client.
const tokenHeader = "set-auth-token"

// Hooks returns the hook that sends the token.
func (p *Plugin) Hooks() []core.Hook { return []core.Hook{{After: sendToken}} }

// sendToken sends the token of the session cookie that the response sets.
func sendToken(c *core.Context) error {
	cookie, _, _ := c.SessionCookies()
	if signed, ok := c.PendingCookie(cookie.Name); ok && signed != "" {
		c.SetHeader(tokenHeader, signed)
		c.ExposeHeader(tokenHeader)
	}
	return nil
}

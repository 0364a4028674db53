// Package jwt issues signed tokens (RFC 7519) for signed-in users, which other
// services can check by themselves with the public keys that it publishes. A
// token is good until it expires, also when the session ends before: it is for
// calls to services, not a session.
//
// Keys are made when they are first needed, kept in the database with the
// private part encrypted, and remembered by the process, so that signing needs
// no query. Package verify checks tokens in other Go programs.
package jwt

import (
	"errors"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// Plugin is the plugin; make it with [New].
type Plugin struct {
	options Options
	kernel  *core.Kernel
	keys    *keyring
	jwks    *route.Route[route.None, KeySet]
}

var (
	_ core.Modeler          = (*Plugin)(nil)
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.HookProvider     = (*Plugin)(nil)

	_ core.CacheCodecProvider = (*Plugin)(nil)
	_ core.SecretChecker      = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	p := &Plugin{options: o.filled(), jwks: JWKS}
	if o.JWKSPath != "" && o.JWKSPath != JWKS.Describe().Path {
		p.jwks = newJWKSRoute(o.JWKSPath)
	}
	return p
}

// ID returns "jwt".
func (*Plugin) ID() string { return "jwt" }

// Init checks the options.
func (p *Plugin) Init(k *core.Kernel) error {
	o := &p.options
	p.kernel = k
	if o.Issuer == "" {
		o.Issuer = k.Config().BaseURL.URL
	}
	if len(o.Audience) == 0 && k.Config().BaseURL.URL != "" {
		o.Audience = []string{k.Config().BaseURL.URL}
	}
	if o.Issuer == "" || len(o.Audience) == 0 {
		k.Log.Warn("the base URL is not static: tokens name no issuer or audience, and verifiers cannot tell whose they are; set jwt.Options.Issuer and Audience")
	}
	store := o.Keys
	if store == nil {
		store = &tableStore{db: k.DB, table: k.DB.Table(modelKey)}
	}
	if o.SignCookieCache && k.Config().Session.CookieCache.MaxAge > o.GracePeriod {
		k.Log.Warn("jwt.Options.GracePeriod is less than Session.CookieCache.MaxAge: caches outlive their key, and are read from the store again")
	}
	p.keys = newKeyring(o, store, k)
	return errors.Join(o.problems(k)...)
}

// Endpoints returns the endpoints.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(p.jwks, p.publish),
		core.Handle(Token, p.token, core.SessionGate),
		core.Handle(SignJWT, p.signJWT),
		core.Handle(VerifyJWT, p.verifyJWT),
	}
}

// tokenHeader carries a token to clients that ask for their session.
const tokenHeader = "set-auth-jwt"

// Hooks returns the hook that sends a token along with the session.
func (p *Plugin) Hooks() []core.Hook {
	if p.options.DisableHeader {
		return nil
	}
	path := api.GetSession.Describe().Path
	return []core.Hook{{Match: func(c *core.Context) bool { return c.Path == path }, After: p.sendToken}}
}

// sendToken sends a token along with the session. The session is worth more than
// the token: without a key it is sent alone.
func (p *Plugin) sendToken(c *core.Context) error {
	if _, failed := c.Returned.(*core.APIError); failed || c.Session == nil {
		return nil
	}
	token, err := p.SessionToken(c, c.Session)
	if err != nil {
		c.Log.ErrorContext(c, "no token is sent along with the session", "error", err)
		return nil
	}
	c.SetHeader(tokenHeader, token)
	c.ExposeHeader(tokenHeader)
	return nil
}

const modelKey = "jwks"

// Models returns the table of keys.
func (*Plugin) Models() []schema.Model {
	return []schema.Model{{Key: modelKey, Fields: []schema.Field{
		{Name: "publicKey", NoInput: true},
		{Name: "privateKey", NoInput: true, Hidden: true},
		{Name: "createdAt", Type: schema.Date, NoInput: true},
		{Name: "expiresAt", Type: schema.Date, Optional: true, NoInput: true},
		{Name: "alg", Optional: true, NoInput: true},
		{Name: "crv", Optional: true, NoInput: true},
	}}}
}

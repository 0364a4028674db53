package core

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/cookie"
)

// cookieSet are the cookies of the core under one base URL.
type cookieSet struct {
	options *Config
	prefix  string // "__Secure-" or ""
	base    cookie.Attributes

	sessionToken, sessionData, dontRemember, accountData cookie.Definition
}

const securePrefix = "__Secure-"

// newCookieSet returns the cookies for a base URL; "" when it is not known.
func newCookieSet(config *Config, base string) *cookieSet {
	s := &cookieSet{options: config}
	if secureCookies(config, base) {
		s.prefix = securePrefix
	}
	s.base = cookie.Attributes{Path: "/", HTTPOnly: true, SameSite: "lax", Secure: s.prefix != ""}
	if cross := config.Cookies.CrossSubDomain; cross.Enabled {
		s.base.Domain = cross.Domain
		if u, err := url.Parse(base); err == nil && cross.Domain == "" {
			s.base.Domain = u.Hostname()
		}
	}
	s.base = config.Cookies.Defaults.apply(s.base)
	cacheAge := config.Session.CookieCache.MaxAge
	s.sessionToken = s.define("session_token", cookie.For(config.Session.ExpiresIn))
	s.sessionData = s.define("session_data", cookie.For(cacheAge))
	s.accountData = s.define("account_data", cookie.For(cacheAge))
	s.dontRemember = s.define("dont_remember", cookie.MaxAge{})
	return s
}

// check returns what keeps the cookies, as they were configured, from being set.
func (s *cookieSet) check(now time.Time) error {
	var problems []error
	for _, d := range []cookie.Definition{s.sessionToken, s.sessionData, s.accountData, s.dontRemember} {
		if _, err := cookie.Serialize(d.Name, "", d.Attributes, now); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func secureCookies(config *Config, base string) bool {
	switch {
	case config.Cookies.Secure != nil:
		return *config.Cookies.Secure
	case config.BaseURL.Protocol == "https":
		return true
	case config.BaseURL.Protocol == "http":
		return false
	case base != "":
		return strings.HasPrefix(base, "https://")
	}
	return !config.Development
}

// define returns the cookie of a key.
func (s *cookieSet) define(key string, age cookie.MaxAge) cookie.Definition {
	prefix := s.options.Cookies.Prefix
	override := s.options.Cookies.Overrides[key]
	name := override.Name
	if name == "" {
		name = prefix + "." + key
	}
	attributes := s.base
	attributes.MaxAge = age
	return cookie.Definition{Name: s.prefix + name, Attributes: override.Attributes.apply(attributes)}
}

// CookieDefinition is the name and the attributes of a cookie.
type CookieDefinition = cookie.Definition

// DefineCookie returns the cookie that a plugin calls by a key, such as
// "two_factor", with the application's names and attributes. A lifetime of zero
// makes it end with the browser session.
func (c *Context) DefineCookie(key string, lifetime time.Duration) CookieDefinition {
	age := cookie.MaxAge{}
	if lifetime > 0 {
		age = cookie.For(lifetime)
	}
	return c.site.cookies.define(key, age)
}

// NewCookie returns a cookie of exactly this name and with only these
// attributes. [Context.DefineCookie] gives one with the application's.
func NewCookie(name string, a CookieAttributes) CookieDefinition {
	return CookieDefinition{Name: name, Attributes: a.apply(cookie.Attributes{})}
}

// SetCookie sets a cookie. The value is percent-encoded.
func (c *Context) SetCookie(d CookieDefinition, value string) error {
	return c.response.jar.Set(d.Name, value, d.Attributes)
}

// SetSignedCookie sets a cookie whose value [Context.SignedCookie] accepts.
func (c *Context) SetSignedCookie(d CookieDefinition, value string) error {
	return c.SetCookie(d, c.Secrets.SignedValue(value))
}

// ExpireCookie deletes a cookie.
func (c *Context) ExpireCookie(d CookieDefinition) error {
	return c.response.jar.Expire(d.Name, d.Attributes)
}

// SignedCookie returns the value of a request cookie that carries a valid
// signature.
func (c *Context) SignedCookie(name string) (string, bool) {
	text, ok := c.Cookie(name)
	if !ok {
		return "", false
	}
	return c.openSigned(text)
}

// SessionCookies returns the definitions of the cookies that make up a session:
// token, cache and "do not remember".
func (c *Context) SessionCookies() (token, data, dontRemember CookieDefinition) {
	return c.site.cookies.sessionToken, c.site.cookies.sessionData, c.site.cookies.dontRemember
}

// PendingCookie returns the value that the response will set for a cookie.
func (c *Context) PendingCookie(name string) (string, bool) {
	p, ok := c.response.jar.Lookup(name)
	if !ok || p.Deletion {
		return "", false
	}
	return p.Value, true
}

func newJar(k *Kernel) cookie.Jar { return cookie.Jar{Now: k.config.Now} }

package core

import (
	"errors"
	"fmt"
	"time"

	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/internal/secret"
)

func (k *Kernel) openSigned(text string) (string, bool) {
	value, state := k.Secrets.OpenSigned(text)
	return value, state == secret.Valid
}

// Remember says whether a session cookie outlives the browser session.
type Remember int

// The ways to remember a session.
const (
	// AsBefore keeps what the request's cookies say.
	AsBefore Remember = iota
	// Remembered keeps the cookie for the lifetime of the session.
	Remembered
	// NotRemembered lets the cookie end with the browser session.
	NotRemembered
)

// SetSession sets the cookies of a session, and makes it the new session that
// after hooks see.
func (c *Context) SetSession(id *Identity, remember Remember) error {
	set := c.site.cookies
	had := c.dontRemember()
	forget := remember == NotRemembered || (remember == AsBefore && had)

	token := set.sessionToken
	token.MaxAge = cookie.For(c.lifetime.expires)
	if forget {
		token.MaxAge = cookie.MaxAge{}
	}
	if err := c.SetSignedCookie(token, id.Session.Token); err != nil {
		return fmt.Errorf("set session cookie: %w", err)
	}
	switch {
	case forget:
		if err := c.SetSignedCookie(set.dontRemember, "true"); err != nil {
			return err
		}
	case had:
		if err := c.ExpireCookie(set.dontRemember); err != nil {
			return err
		}
	}
	if err := c.writeCache(id, forget); err != nil {
		return err
	}
	c.NewSession = id
	c.resolved = nil
	return nil
}

// dontRemember reports whether the request carries the cookie that asks for
// that.
func (c *Context) dontRemember() bool {
	v, ok := c.SignedCookie(c.site.cookies.dontRemember.Name)
	return ok && v == "true"
}

// ClearSession deletes the cookies of the session.
func (c *Context) ClearSession() error {
	return errors.Join(c.expireSession(), c.ExpireCookie(c.site.cookies.dontRemember))
}

// expireSession deletes the cookies that carry a session, with all their chunks.
func (c *Context) expireSession() error {
	set := c.site.cookies
	err := errors.Join(c.ExpireCookie(set.sessionToken), c.ExpireCookie(set.sessionData))
	if c.config.Account.StoreAccountCookie {
		err = errors.Join(err, c.ExpireCookie(set.accountData), c.response.jar.ExpirePresent(c.Header["Cookie"], set.accountData))
	}
	if c.config.Account.StateStrategy == StateInCookie {
		err = errors.Join(err, c.ExpireCookie(set.define("oauth_state", cookie.For(stateCookieAge))))
	}
	err = errors.Join(err, c.response.jar.ExpirePresent(c.Header["Cookie"], set.sessionData))
	c.resolved, c.Session = nil, nil
	return err
}

const stateCookieAge = 10 * time.Minute

// writeCache writes the cookie cache, if it is on.
func (c *Context) writeCache(id *Identity, forget bool) error {
	cache := &c.config.Session.CookieCache
	if !cache.Enabled {
		return nil
	}
	data := c.site.cookies.sessionData
	var ttl time.Duration
	if seconds, ok := data.MaxAge.Get(); ok && !forget {
		ttl = time.Duration(seconds) * time.Second
	}
	if forget {
		data.MaxAge = cookie.MaxAge{}
	}
	now := c.Now()
	text, err := c.encodeCache(CachePayload{
		Session:   id.Session.AppendJSON(nil),
		User:      id.User.AppendJSON(nil),
		UpdatedAt: now.UnixMilli(),
		Version:   c.cacheVersion(id),
	}, ttl, now)
	if err != nil {
		return fmt.Errorf("write cookie cache: %w", err)
	}
	err = c.response.jar.SetChunked(c.Header["Cookie"], data, text)
	if errors.Is(err, cookie.ErrTooLarge) {
		c.Log.WarnContext(c, "session and user are too large for the cookie cache; hide fields or turn the cache off", "bytes", len(text))
		return nil
	}
	if err != nil {
		return err
	}
	return c.renewAccountCookie(id.User.ID)
}

func (k *Kernel) cacheVersion(id *Identity) string {
	if fn := k.config.Session.CookieCache.VersionFunc; fn != nil {
		return fn(id)
	}
	return k.config.Session.CookieCache.Version
}

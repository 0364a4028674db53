package core

import (
	"fmt"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/internal/cookie"
)

// ReadOptions say how a session is read.
type ReadOptions struct {
	// SkipCache reads the store even if the cookie cache has an answer.
	SkipCache bool
	// SkipRefresh leaves the lifetime of the session alone.
	SkipRefresh bool
	// MayRefresh is true for the one kind of request that refreshes sessions
	// where refreshing is deferred: a POST to get-session.
	MayRefresh bool
}

// resolution is the memory of a call: it asks whose request it is only once.
type resolution struct {
	identity      *Identity
	authoritative bool
	err           error
}

// ReadSession finds out whose request this is: from the signed cookie, then the
// cookie cache, then the store. It returns nil when nobody is signed in. It
// refreshes the session when it is due and clears cookies that are of no use.
func (c *Context) ReadSession(o ReadOptions) (*Identity, error) {
	set := c.site.cookies
	token, signed := c.SignedCookie(set.sessionToken.Name)
	cache := c.config.Session.CookieCache.Enabled
	if !signed && cache {
		return nil, nil
	}
	if !cache {
		if err := c.dropCache(); err != nil {
			return nil, err
		}
	}
	if !signed {
		return nil, nil
	}
	if cache && !o.SkipCache {
		id, err := c.readCache(token, o)
		if id != nil || err != nil {
			return id, err
		}
	}
	return c.readStore(token, o)
}

// dropCache deletes cache cookies left from when the cache was on.
func (c *Context) dropCache() error {
	return c.response.jar.ExpirePresent(c.Header["Cookie"], c.site.cookies.sessionData)
}

// readCache returns the identity in the cookie cache, or nil when the store has
// to be asked.
func (c *Context) readCache(token string, o ReadOptions) (*Identity, error) {
	text, ok := cookie.GetChunked(c.Header["Cookie"], c.site.cookies.sessionData.Name)
	if !ok || text == "" {
		return nil, nil
	}
	cached, expires, ok := c.decodeCache(text, token)
	if !ok {
		return nil, c.ExpireCookie(c.site.cookies.sessionData)
	}
	if c.outdated = c.watermarks.above(cached); c.outdated != 0 {
		return nil, nil
	}
	settings := &c.config.Session.CookieCache
	if !c.trustsCache(expires.Add(-settings.MaxAge)) {
		return nil, nil
	}
	if !settings.Refresh || o.SkipRefresh || expires.Sub(c.Now()) >= settings.RefreshAge {
		return cached, nil
	}
	forget := c.dontRemember()
	if err := c.writeCache(cached, forget); err != nil {
		return nil, err
	}
	renewed := c.site.cookies.sessionToken
	renewed.MaxAge = cookie.For(c.lifetime.expires)
	if forget {
		renewed.MaxAge = cookie.MaxAge{}
	}
	return cached, c.SetSignedCookie(renewed, token)
}

// decodeCache opens the cache and checks that it may be used for a token.
func (c *Context) decodeCache(text, token string) (*Identity, time.Time, bool) {
	now := c.Now()
	opened, ok := c.openCache(text, now)
	if !ok {
		return nil, opened.expires, false
	}
	id := &opened.identity
	usable := id.Session.Token == token && opened.version == c.cacheVersion(id) &&
		!opened.expires.Before(now) && !id.Session.ExpiresAt.Before(now)
	return id, opened.expires, usable
}

// openCache verifies and decodes a cookie cache, or remembers having done so.
func (c *Context) openCache(text string, now time.Time) (openedCache, bool) {
	if opened, ok := c.opened.get(text); ok {
		return opened, true
	}
	payload, expires, err := c.decodeCacheText(text, now)
	opened := openedCache{version: payload.Version, expires: expires}
	if err != nil {
		return opened, false
	}
	id := &opened.identity
	if id.Session.UnmarshalJSON(payload.Session) != nil || id.User.UnmarshalJSON(payload.User) != nil {
		return opened, false
	}
	if id.Session.ID == "" || id.User.ID == "" || id.Session.UserID != id.User.ID {
		return opened, false
	}
	if opened.version == "" {
		opened.version = defaultCacheVersion
	}
	c.opened.put(text, opened)
	return opened, true
}

const defaultCacheVersion = "1"

// readStore returns the identity that the store has for a token.
func (c *Context) readStore(token string, o ReadOptions) (*Identity, error) {
	id, err := c.find(token, o)
	if err != nil {
		return nil, err
	}
	now := c.Now()
	deferring := c.config.Session.DeferRefresh && !o.MayRefresh
	if id == nil || !id.Session.ExpiresAt.After(now) {
		if id != nil && !deferring {
			if err := c.Sessions.Delete(c, token); err != nil {
				return nil, err
			}
		}
		return nil, c.ClearSession()
	}
	if c.outdated != 0 {
		c.watermarks.settle(id, c.outdated)
		c.announce(c.outdated)
	}
	if id, err = c.tokenOnRead(id); err != nil {
		return nil, err
	}
	if id == nil {
		return nil, c.ClearSession()
	}
	if o.SkipRefresh || c.dontRemember() {
		if c.outdated != 0 {
			return id, c.writeCache(id, c.dontRemember())
		}
		return id, nil
	}
	due := c.isDue(id)
	if deferring {
		id.NeedsRefresh = &due
		return id, c.writeCache(id, false)
	}
	if !due {
		return id, c.writeCache(id, false)
	}
	return c.refresh(id)
}

// isDue reports whether a session is due to be given a new lifetime.
func (c *Context) isDue(id *Identity) bool {
	return !id.Session.ExpiresAt.Add(-c.lifetime.expires).Add(c.lifetime.update).After(c.Now()) && !c.config.Session.DisableRefresh
}

// refresh gives a session a new lifetime. It never re-issues the cookie of a
// session that was revoked in the meantime.
func (c *Context) refresh(id *Identity) (*Identity, error) {
	updated, err := c.Sessions.Extend(c, id.Session.Token)
	if err != nil {
		return nil, err
	}
	if updated == nil {
		if err := c.ClearSession(); err != nil {
			return nil, err
		}
		return nil, Fail(http.StatusUnauthorized, api.FailedToGetSession)
	}
	renewed := &Identity{Session: *updated, User: id.User}
	return renewed, c.SetSession(renewed, Remembered)
}

// resolve is ReadSession with the memory of the call.
func (c *Context) resolve(authoritative bool) (*Identity, error) {
	authoritative = authoritative && c.Stateful()
	if r := c.resolved; r != nil && (r.authoritative || !authoritative) {
		return r.identity, r.err
	}
	id, err := c.ReadSession(c.readOptions(authoritative))
	if err != nil && AsAPIError(err) == nil {
		err = fmt.Errorf("read session: %w", err)
	}
	c.resolved = &resolution{identity: id, authoritative: authoritative, err: err}
	if err == nil {
		c.Session = id
	}
	return id, err
}

// readOptions honours the query parameters of get-session on endpoints that
// have no query of their own.
func (c *Context) readOptions(authoritative bool) ReadOptions {
	o := ReadOptions{SkipCache: authoritative}
	if e := c.endpoints[c.spec]; e != nil && !e.route.InputShape().HasQuery {
		o.SkipCache = o.SkipCache || c.Query.Get("disableCookieCache") != ""
		o.SkipRefresh = c.Query.Get("disableRefresh") != ""
	}
	return o
}

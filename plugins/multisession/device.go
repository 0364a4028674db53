package multisession

import (
	"strings"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/internal/secret"
)

// device is one session of the browser, as its cookie tells.
type device struct {
	cookie string // the name
	token  string // signed, so it was this server that put it there
}

// infix is between the name of the session cookie and the token, in lower case.
const infix = "_multi-"

// devices returns the sessions of the browser. Cookies without a valid signature
// are passed over, whatever they are called: a name proves nothing.
func devices(c *core.Context) []device {
	session, _, _ := c.SessionCookies()
	var list []device
	seen := map[string]bool{}
	for name, text := range cookie.All(c.Header["Cookie"]) {
		if !strings.HasPrefix(name, session.Name+infix) {
			continue
		}
		token, state := c.Secrets.OpenSigned(text)
		if state != secret.Valid || seen[token] {
			continue
		}
		seen[token] = true
		list = append(list, device{name, token})
	}
	return list
}

// find returns the session of the browser with a token.
func find(list []device, token string) (device, bool) {
	for _, d := range list {
		if strings.EqualFold(d.token, token) { // names, from which clients may have it, are in lower case
			return d, true
		}
	}
	return device{}, false
}

// live returns the session of a device, or nil when it has ended.
func (d device) live(c *core.Context) (*core.Identity, error) {
	id, err := c.Sessions.Find(c, d.token)
	if err != nil || id == nil || !id.Session.ExpiresAt.After(c.Now()) {
		return nil, err
	}
	return id, nil
}

// definition returns the cookie of a session: that of the current session under
// another name.
func definition(c *core.Context, name string) core.CookieDefinition {
	session, _, _ := c.SessionCookies()
	session.Name = name
	return session
}

// drop deletes the cookie of a session.
func (d device) drop(c *core.Context) error { return c.ExpireCookie(definition(c, d.cookie)) }

// end ends a session and deletes its cookie.
func (d device) end(c *core.Context) error {
	if err := c.Sessions.Delete(c, d.token); err != nil {
		return err
	}
	return d.drop(c)
}

package core

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
)

// SessionGate lets signed-in users through. The cookie cache may vouch for
// them.
func SessionGate(c *Context) error { return c.demand(false) }

// AuthoritativeGate lets signed-in users through whose session is in the store
// right now.
func AuthoritativeGate(c *Context) error { return c.demand(true) }

// FreshGate lets users through who signed in recently.
func FreshGate(c *Context) error {
	if err := c.demand(false); err != nil {
		return err
	}
	if !c.Fresh(&c.Session.Session) {
		return Fail(http.StatusForbidden, api.SessionNotFresh)
	}
	return nil
}

func (c *Context) demand(authoritative bool) error {
	id, err := c.resolve(authoritative)
	if err != nil {
		return err
	}
	if id == nil {
		return Fail(http.StatusUnauthorized, api.Unauthorized)
	}
	return nil
}

// OptionalSession returns who is asking, or nil, also when it cannot be found
// out.
func (c *Context) OptionalSession() *Identity {
	id, err := c.resolve(false)
	if err != nil {
		c.Log.WarnContext(c, "session could not be read", "error", err)
		return nil
	}
	return id
}

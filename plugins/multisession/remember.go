package multisession

import (
	"strings"

	"github.com/ostiary/ostiary/core"
)

// remember gives a session that has just become the current one a cookie of its
// own. It takes the place of the other sessions that the user has in this
// browser.
func (p *Plugin) remember(c *core.Context) error {
	session, _, _ := c.SessionCookies()
	if c.NewSession == nil {
		return nil
	}
	if _, ok := c.PendingCookie(session.Name); !ok {
		return nil
	}
	token := c.NewSession.Session.Token
	own := session.Name + infix + strings.ToLower(token)
	list := devices(c)
	if _, known := find(list, token); known {
		return nil
	}
	if _, pending := c.PendingCookie(own); pending {
		return nil
	}
	kept, err := replaceOwn(c, list)
	if err != nil || kept >= p.options.MaximumSessions {
		return err
	}
	return c.SetSignedCookie(definition(c, own), token)
}

// replaceOwn ends the other sessions that the user of the new one has in this
// browser, and returns how many sessions are left.
func replaceOwn(c *core.Context, list []device) (kept int, err error) {
	for _, d := range list {
		id, err := c.Sessions.Find(c, d.token)
		if err != nil {
			return 0, err
		}
		if id == nil || id.User.ID != c.NewSession.User.ID {
			kept++
			continue
		}
		if err := d.end(c); err != nil {
			return 0, err
		}
	}
	return kept, nil
}

// forget ends all sessions of the browser when its user signs out.
func (p *Plugin) forget(c *core.Context) error {
	for _, d := range devices(c) {
		if err := d.end(c); err != nil {
			c.Log.ErrorContext(c, "session not deleted on sign-out", "error", err)
			if err := d.drop(c); err != nil {
				return err
			}
		}
	}
	return nil
}

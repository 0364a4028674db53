package multisession

import (
	"errors"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// list lists the live sessions of the browser, one for each user.
func (p *Plugin) list(c *core.Context, _ route.None) ([]api.SessionAndUser, error) {
	out := []api.SessionAndUser{}
	seen := map[string]bool{}
	for _, d := range devices(c) {
		id, err := d.live(c)
		if err != nil {
			return nil, err
		}
		if id == nil || seen[id.User.ID] {
			continue
		}
		seen[id.User.ID] = true
		out = append(out, public(id))
	}
	return out, nil
}

func public(id *core.Identity) api.SessionAndUser {
	return api.SessionAndUser{Session: id.Session.Session, User: id.User.User}
}

// setActive makes one of the sessions of the browser the current one.
func (p *Plugin) setActive(c *core.Context, in SessionInput) (api.SessionAndUser, error) {
	invalid := core.Fail(http.StatusUnauthorized, InvalidSessionToken)
	d, ok := find(devices(c), in.SessionToken)
	if !ok {
		return api.SessionAndUser{}, invalid
	}
	id, err := d.live(c)
	if err != nil {
		return api.SessionAndUser{}, err
	}
	if id == nil {
		return api.SessionAndUser{}, errors.Join(d.drop(c), invalid)
	}
	return public(id), c.SetSession(id, core.AsBefore)
}

// revoke ends one of the sessions of the browser.
func (p *Plugin) revoke(c *core.Context, in SessionInput) (api.Status, error) {
	list := devices(c)
	d, ok := find(list, in.SessionToken)
	if !ok {
		return api.Status{}, core.Fail(http.StatusUnauthorized, InvalidSessionToken)
	}
	current := c.Session.Session.Token
	if err := d.end(c); err != nil {
		return api.Status{}, err
	}
	if d.token != current {
		return api.Status{Status: true}, nil
	}
	return api.Status{Status: true}, activateNext(c, list, d.token)
}

// activateNext makes the first live session but one the current one; without any
// nobody is signed in.
func activateNext(c *core.Context, list []device, but string) error {
	for _, d := range list {
		if d.token == but {
			continue
		}
		id, err := d.live(c)
		if err != nil {
			return err
		}
		if id != nil {
			return c.SetSession(id, core.AsBefore)
		}
	}
	return c.ClearSession()
}

package onetimetoken

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// generate makes a token for the session of the call.
func (p *Plugin) generate(c *core.Context, _ route.None) (GenerateOutput, error) {
	if p.options.DisableClientRequest && c.Request != nil {
		return GenerateOutput{}, refuse(ClientRequestsDisabled)
	}
	token, err := p.mint(c, c.Session)
	return GenerateOutput{Token: token}, err
}

// verify hands the session of a token over. An expired session is refused before
// its cookie is set.
func (p *Plugin) verify(c *core.Context, in VerifyInput) (api.SessionAndUser, error) {
	id, err := p.redeem(c, in.Token)
	if err != nil {
		return api.SessionAndUser{}, err
	}
	if !id.Session.ExpiresAt.After(c.Now()) {
		return api.SessionAndUser{}, refuse(SessionExpired)
	}
	if !p.options.DisableSetSessionCookie {
		if err := c.SetSession(id, core.AsBefore); err != nil {
			return api.SessionAndUser{}, err
		}
	}
	return api.SessionAndUser{Session: id.Session.Session, User: id.User.User}, nil
}

// tokenHeader carries a token to the client.
const tokenHeader = "set-ott"

// sendToken sends a token for the session whose cookie the response sets.
func (p *Plugin) sendToken(c *core.Context) error {
	if c.NewSession == nil {
		return nil
	}
	cookie, _, _ := c.SessionCookies()
	if _, ok := c.PendingCookie(cookie.Name); !ok {
		return nil // another hook has taken the session away again
	}
	token, err := p.mint(c, c.NewSession)
	if err != nil {
		return err
	}
	c.SetHeader(tokenHeader, token)
	c.ExposeHeader(tokenHeader)
	return nil
}

func refuse(code api.Code) error { return core.Fail(http.StatusBadRequest, code) }

package twofactor

import (
	"net/http"

	"github.com/ostiary/ostiary/core"
)

// verifier is who verifies a code: a user who is signed in, or one who has shown
// the first factor.
type verifier struct {
	user      *core.User
	session   *core.Identity // nil on the way in
	challenge *challenge     // nil for a user who is signed in
}

// key names the verifier in the identifiers of sent codes.
func (v *verifier) key() string {
	if v.session != nil {
		return v.user.ID + "!" + v.session.Session.ID
	}
	return v.challenge.id
}

// verifier finds out who verifies a code. The cookie cache does not vouch for
// anybody here.
func (p *Plugin) verifier(c *core.Context) (*verifier, error) {
	id, err := c.ReadSession(core.ReadOptions{SkipCache: c.Stateful()})
	if err != nil && core.AsAPIError(err) == nil {
		return nil, err
	}
	if id != nil {
		c.Session = id
		return &verifier{user: &id.User, session: id}, nil
	}
	ch, err := p.challengeOf(c)
	if err != nil {
		return nil, err
	}
	if ch == nil {
		return nil, core.Fail(http.StatusUnauthorized, InvalidTwoFactorCookie)
	}
	user, err := c.Users.ByID(c, ch.userID)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, core.Fail(http.StatusUnauthorized, InvalidTwoFactorCookie)
	}
	return &verifier{user: user, challenge: ch}, nil
}

// complete answers a right code: on the way in with a new session, else with the
// current one. The challenge is used up before the session begins, so that of
// several right codes at once one signs in.
func (p *Plugin) complete(c *core.Context, v *verifier, trust bool) (VerifyOutput, error) {
	var none VerifyOutput
	if v.session != nil {
		return VerifyOutput{Token: v.session.Session.Token, User: v.session.User.User}, nil
	}
	won, err := c.Verifications.Consume(c, v.challenge.id)
	if err != nil {
		return none, err
	}
	if won == nil || won.Value != v.user.ID {
		if err := c.ExpireCookie(p.challengeCookie(c)); err != nil {
			return none, err
		}
		return none, core.Fail(http.StatusUnauthorized, InvalidTwoFactorCookie)
	}
	_, _, dontRemember := c.SessionCookies()
	forget, ok := c.SignedCookie(dontRemember.Name)
	id, err := c.Sessions.Create(c, v.user, !ok || forget != "true", nil)
	if err != nil {
		return none, err
	}
	if id == nil {
		return none, core.Fail(http.StatusInternalServerError, failedToCreateSession)
	}
	if err := c.SetSession(id, core.AsBefore); err != nil {
		return none, err
	}
	if err := c.ExpireCookie(p.challengeCookie(c)); err != nil {
		return none, err
	}
	if trust {
		if err := p.trusts.begin(c, c, v.user.ID); err != nil {
			return none, err
		}
		if err := c.ExpireCookie(dontRemember); err != nil {
			return none, err
		}
	}
	return VerifyOutput{Token: id.Session.Token, User: v.user.User}, nil
}

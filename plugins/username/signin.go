package username

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
)

// signIn serves sign-in. An unknown username, a user without password and a
// wrong password get the same answer after the same work.
func (p *Plugin) signIn(c *core.Context, in SignInInput) (api.SignInEmailOutput, error) {
	var none api.SignInEmailOutput
	if in.Username == "" || in.Password == "" {
		return none, core.Fail(http.StatusUnauthorized, InvalidUsernameOrPassword)
	}
	if err := p.validate(c, in.Username, http.StatusUnprocessableEntity); err != nil {
		return none, err
	}
	if err := emailpassword.CheckSubmitted(c, in.Password); err != nil {
		return none, err
	}
	user, err := p.owner(c, c.Kernel, in.Username)
	if err != nil {
		return none, err
	}
	right, err := c.Accounts.VerifyPassword(c, user, in.Password)
	if err != nil {
		return none, err
	}
	if !right {
		return none, core.Fail(http.StatusUnauthorized, InvalidUsernameOrPassword)
	}
	if err := p.passwords.CheckVerified(c, user, in.CallbackURL); err != nil {
		return none, err
	}
	return begin(c, in, user)
}

// begin begins the session of a user who has shown the right password.
func begin(c *core.Context, in SignInInput, user *core.User) (api.SignInEmailOutput, error) {
	remember, how := true, core.Remembered
	if in.RememberMe != nil && !*in.RememberMe {
		remember, how = false, core.NotRemembered
	}
	id, err := c.Sessions.Create(c, user, remember, nil)
	if err != nil {
		return api.SignInEmailOutput{}, err
	}
	if id == nil {
		return api.SignInEmailOutput{}, core.Fail(http.StatusInternalServerError, api.FailedToCreateSession)
	}
	if err := c.SetSession(id, how); err != nil {
		return api.SignInEmailOutput{}, err
	}
	out := api.SignInEmailOutput{Token: id.Session.Token, User: user.User}
	if in.CallbackURL != "" {
		out.Redirect, out.URL = true, in.CallbackURL
		c.SetHeader("Location", in.CallbackURL)
	}
	return out, nil
}

// isAvailable tells whether nobody has a username yet.
func (p *Plugin) isAvailable(c *core.Context, in IsAvailableInput) (IsAvailableOutput, error) {
	if in.Username == "" {
		return IsAvailableOutput{}, core.Fail(http.StatusUnprocessableEntity, Invalid)
	}
	if err := p.validate(c, in.Username, http.StatusUnprocessableEntity); err != nil {
		return IsAvailableOutput{}, err
	}
	owner, err := p.owner(c, c.Kernel, in.Username)
	return IsAvailableOutput{Available: owner == nil}, err
}

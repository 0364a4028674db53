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
	return emailpassword.Begin(c, user, in.RememberMe, in.CallbackURL, http.StatusInternalServerError)
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

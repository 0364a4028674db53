package emailpassword

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// signIn serves sign-in. An unknown address, a user without password and a
// wrong password get the same answer after the same work.
func (f *Feature) signIn(c *core.Context, in api.SignInEmailInput) (api.SignInEmailOutput, error) {
	var none api.SignInEmailOutput
	if !f.options.Enabled {
		return none, core.Fail(http.StatusBadRequest, api.EmailPasswordDisabled)
	}
	if !route.IsEmail(in.Email) {
		return none, core.Fail(http.StatusBadRequest, api.InvalidEmail)
	}
	if err := CheckSubmitted(c, in.Password); err != nil {
		return none, err
	}
	user, err := c.Users.ByEmail(c, in.Email)
	if err != nil {
		return none, err
	}
	right, err := c.Accounts.VerifyPassword(c, user, in.Password)
	if err != nil {
		return none, err
	}
	if !right {
		return none, core.Fail(http.StatusUnauthorized, api.InvalidEmailOrPassword)
	}
	if err := f.CheckVerified(c, user, in.CallbackURL); err != nil {
		return none, err
	}
	return Begin(c, user, in.RememberMe, in.CallbackURL, http.StatusUnauthorized)
}

// CheckVerified refuses users who have shown the right password if the options
// demand a verified address and theirs is not. It mails them another link if the
// options ask for that.
func (f *Feature) CheckVerified(c *core.Context, user *core.User, callbackURL string) error {
	if !f.options.RequireEmailVerification || user.EmailVerified {
		return nil
	}
	if f.verification.SendsOnSignIn() {
		if err := f.verification.Deliver(c, *user, callbackURL); err != nil {
			return err
		}
	}
	return core.Fail(http.StatusForbidden, api.EmailNotVerified)
}

// Begin begins the session of a user who has shown the right password, and
// answers the sign-in. Vetoed is the status when a database hook aborts.
func Begin(c *core.Context, user *core.User, rememberMe *bool, callbackURL string, vetoed int) (api.SignInEmailOutput, error) {
	remember, how := true, core.Remembered
	if rememberMe != nil && !*rememberMe {
		remember, how = false, core.NotRemembered
	}
	id, err := c.Sessions.Create(c, user, remember, nil)
	if err != nil {
		return api.SignInEmailOutput{}, err
	}
	if id == nil {
		return api.SignInEmailOutput{}, core.Fail(vetoed, api.FailedToCreateSession)
	}
	if err := c.SetSession(id, how); err != nil {
		return api.SignInEmailOutput{}, err
	}
	out := api.SignInEmailOutput{Token: id.Session.Token, User: user.User}
	if callbackURL != "" {
		out.Redirect, out.URL = true, callbackURL
		c.SetHeader("Location", callbackURL)
	}
	return out, nil
}

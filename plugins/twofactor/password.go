package twofactor

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/route"
)

// passwordGate refuses inputs without a password, unless users without one may
// leave it out.
func (p *Plugin) passwordGate(passwordless bool) core.Gate {
	return func(c *core.Context) error {
		members, _ := c.Body.(map[string]any)
		if _, given := members["password"]; given || passwordless {
			return nil
		}
		issue := route.Issue{Path: "body.password", Text: "Invalid input: expected string, received undefined"}
		return core.FailWith(http.StatusBadRequest, api.ValidationError.Code, route.Message([]route.Issue{issue}))
	}
}

// confirm checks the password with which a user confirms a change. That a user
// has none looks like a wrong one.
func (p *Plugin) confirm(c *core.Context, user *core.User, password *string, passwordless bool) error {
	if passwordless {
		account, err := c.Accounts.Credential(c, user.ID)
		if err != nil {
			return err
		}
		if account == nil || account.Password == nil || *account.Password == "" {
			return nil
		}
	}
	if password == nil || *password == "" {
		return core.Fail(http.StatusBadRequest, api.InvalidPassword)
	}
	if err := emailpassword.CheckSubmitted(c, *password); err != nil {
		return err
	}
	right, err := c.Accounts.VerifyPassword(c, user, *password)
	if err != nil {
		return err
	}
	if !right {
		return core.Fail(http.StatusBadRequest, api.InvalidPassword)
	}
	return nil
}

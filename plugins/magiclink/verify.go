package magiclink

import (
	"errors"
	"net/url"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// The reasons for which a link is of no use, besides INVALID_TOKEN.
const (
	signUpDisabled        = "new_user_signup_disabled"
	failedToCreateUser    = "failed_to_create_user"
	userNotFound          = "user_not_found"
	failedToCreateSession = "failed_to_create_session"
)

// verify serves the mailed link. The token is used up before anything else
// happens, so that it is worth nothing a second time even when a later step
// fails.
func (p *Plugin) verify(c *core.Context, in VerifyInput) (VerifyOutput, error) {
	var none VerifyOutput
	t, err := p.redeem(c, in.Token)
	if err != nil {
		return none, err
	}
	if t == nil {
		return none, refuse(c, in, api.InvalidToken.Code, "")
	}
	user, created, err := p.owner(c, t)
	if err != nil {
		return none, refuseBecause(c, in, err)
	}
	id, err := c.Sessions.Create(c, user, true, nil)
	if err != nil {
		return none, err
	}
	if id == nil {
		return none, refuse(c, in, failedToCreateSession, "")
	}
	if err := c.SetSession(id, core.Remembered); err != nil {
		return none, err
	}
	switch {
	case in.CallbackURL == "":
		return VerifyOutput{Token: id.Session.Token, User: user.User, Session: id.Session.Session}, nil
	case created && in.NewUserCallbackURL != "":
		return none, c.Redirect(resolve(c, in.NewUserCallbackURL).String())
	}
	return none, c.Redirect(resolve(c, in.CallbackURL).String())
}

// owner returns the user to whom the address of a link belongs, created if there
// was none.
func (p *Plugin) owner(c *core.Context, t *ticket) (user *core.User, created bool, err error) {
	if user, err = c.Users.ByEmail(c, t.Email); err != nil {
		return nil, false, err
	}
	if user == nil {
		user, err = p.create(c, t)
		if !errors.Is(err, database.ErrDuplicate) {
			return user, true, err
		}
		// Another link of the same address was followed at the same time.
		if user, err = c.Users.ByEmail(c, t.Email); err != nil {
			return nil, false, err
		}
	}
	if user != nil && !user.EmailVerified {
		if user, err = c.Users.Claim(c, user.ID); err != nil {
			return nil, false, err
		}
	}
	if user == nil {
		return nil, false, refusal{code: userNotFound}
	}
	return user, false, nil
}

func (p *Plugin) create(c *core.Context, t *ticket) (*core.User, error) {
	if p.options.DisableSignUp {
		return nil, refusal{code: signUpDisabled}
	}
	row, err := c.Users.ParseInput(nil, true)
	if err != nil {
		return nil, err
	}
	row.SetAt(schema.UserName, t.Name)
	row.SetAt(schema.UserEmail, t.Email)
	row.SetAt(schema.UserEmailVerified, true)
	user, err := c.Users.Create(c, row, core.Source{Method: purpose, Action: "create-user"})
	if failed := core.AsAPIError(err); failed != nil && failed.Code == api.FailedToCreateUser.Code {
		return nil, refusal{code: failedToCreateUser}
	}
	return user, err
}

// refusal is a reason for which a link is of no use.
type refusal struct{ code string }

// Error returns the code.
func (r refusal) Error() string { return r.code }

// refuseBecause sends the browser to the error page when the error is one that
// the user can be told.
func refuseBecause(c *core.Context, in VerifyInput, err error) error {
	var r refusal
	if errors.As(err, &r) {
		return refuse(c, in, r.code, "")
	}
	if failed := core.AsAPIError(err); failed != nil && failed.Code != "" && failed.Status < 500 {
		return refuse(c, in, failed.Code, failed.Message)
	}
	return err
}

// refuse sends the browser to the error page of the link.
func refuse(c *core.Context, in VerifyInput, code, description string) error {
	target := in.ErrorCallbackURL
	if target == "" {
		target = in.CallbackURL
	}
	if target == "" {
		target = "/"
	}
	u := resolve(c, target)
	query := u.Query()
	query.Set("error", code)
	if description != "" {
		query.Set("error_description", description)
	}
	u.RawQuery = query.Encode()
	return c.Redirect(u.String())
}

// resolve makes a target, which a gate has found to be trusted, absolute.
func resolve(c *core.Context, target string) *url.URL {
	base, err := url.Parse(c.Origin() + "/")
	if err != nil {
		return &url.URL{Path: "/"}
	}
	u, err := base.Parse(target)
	if err != nil {
		return base
	}
	return u
}

package user

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/internal/random"
)

const (
	deletePurpose     = "delete-account-"
	deleteTokenLength = 32
)

var deleted = api.SuccessMessage{Success: true, Message: "User deleted"}

// delete deletes the user, or mails the link that does.
func (f *Feature) delete(c *core.Context, in api.DeleteUserInput) (api.SuccessMessage, error) {
	var none api.SuccessMessage
	o := &f.options.DeleteUser
	if !o.Enabled {
		return none, core.FailEmpty(http.StatusNotFound)
	}
	if in.Password != nil {
		if _, err := emailpassword.CheckCurrent(c, c.Session.User.ID, *in.Password); err != nil {
			return none, err
		}
	}
	switch {
	case in.Token != "":
		return deleted, f.deleteWithToken(c, in.Token)
	case o.SendVerification != nil:
		return api.SuccessMessage{Success: true, Message: "Verification email sent"}, f.sendLink(c, in.CallbackURL)
	case in.Password == nil && !c.Fresh(&c.Session.Session):
		return none, core.Fail(http.StatusBadRequest, api.SessionExpired)
	}
	return deleted, f.remove(c)
}

// sendLink mails the link that deletes the user.
func (f *Feature) sendLink(c *core.Context, callbackURL string) error {
	o := &f.options.DeleteUser
	token := c.Random.String(deleteTokenLength, random.LowerNumeric)
	if callbackURL == "" {
		callbackURL = "/"
	}
	m := DeleteMail{
		User: c.Session.User, Token: token, ExpiresIn: o.TokenExpiresIn, Request: c.Request,
		URL: c.BaseURL() + "/delete-user/callback?token=" + token + "&callbackURL=" + cookie.EncodeURIComponent(callbackURL),
	}
	return c.DeliverWith("sending a deletion mail", func(ctx context.Context) (func(context.Context) error, error) {
		send := func(ctx context.Context) error { return o.SendVerification(ctx, m) }
		return send, c.Verifications.Create(ctx, deletePurpose+token, c.Session.User.ID, o.TokenExpiresIn)
	})
}

// deleteWithToken deletes the user with a mailed token, which is used up even
// if it belongs to somebody else.
func (f *Feature) deleteWithToken(c *core.Context, token string) error {
	won, err := c.Verifications.Consume(c, deletePurpose+token)
	if err != nil {
		return err
	}
	if won == nil || won.Value != c.Session.User.ID {
		return core.Fail(http.StatusNotFound, api.InvalidToken)
	}
	return f.remove(c)
}

// remove deletes the user with everything that belongs to it.
func (f *Feature) remove(c *core.Context) error {
	o := &f.options.DeleteUser
	user := c.Session.User
	if o.Before != nil {
		if err := o.Before(c, user); err != nil {
			return err
		}
	}
	if err := c.Users.Delete(c, user.ID); err != nil {
		return err
	}
	if err := c.ClearSession(); err != nil {
		return err
	}
	if o.After != nil {
		return o.After(c, user)
	}
	return nil
}

// followDelete serves the mailed link.
func (f *Feature) followDelete(c *core.Context, in api.DeleteUserCallbackInput) (api.SuccessMessage, error) {
	var none api.SuccessMessage
	if !f.options.DeleteUser.Enabled {
		return none, core.Fail(http.StatusNotFound, api.NotFound)
	}
	if err := core.AuthoritativeGate(c); err != nil {
		if failed := core.AsAPIError(err); failed == nil || failed.Status != http.StatusUnauthorized {
			return none, err
		}
		return none, core.Fail(http.StatusNotFound, api.FailedToGetUserInfo)
	}
	if err := f.deleteWithToken(c, in.Token); err != nil {
		return none, err
	}
	if in.CallbackURL != "" {
		return none, c.Redirect(in.CallbackURL)
	}
	return deleted, nil
}

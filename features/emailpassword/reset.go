package emailpassword

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/cookie"
)

const (
	resetPurpose     = "reset-password:"
	resetTokenLength = 24
	resetAnswer      = "If this email exists in our system, check your email for the reset link"
)

// requestReset mails a link for a new password, if anybody has the address. The
// answer does not tell.
func (f *Feature) requestReset(c *core.Context, in api.RequestPasswordResetInput) (api.StatusMessage, error) {
	if f.options.SendResetPassword == nil {
		return api.StatusMessage{}, core.Fail(http.StatusBadRequest, api.ResetPasswordDisabled)
	}
	answer := api.StatusMessage{Status: true, Message: resetAnswer}
	user, err := c.Users.ByEmail(c, in.Email)
	if err != nil {
		return api.StatusMessage{}, err
	}
	token := c.Random.Token(resetTokenLength)
	if user == nil {
		_, err := c.Verifications.Find(c, "dummy-verification-token")
		return answer, err
	}
	m := ResetMail{
		User: *user, Token: token, ExpiresIn: f.options.ResetPasswordTokenExpiresIn, Request: c.Request,
		URL: c.BaseURL() + "/reset-password/" + token + "?callbackURL=" + cookie.EncodeURIComponent(in.RedirectTo),
	}
	return answer, c.DeliverWith("sending a password reset mail", func(ctx context.Context) (func(context.Context) error, error) {
		send := func(ctx context.Context) error { return f.options.SendResetPassword(ctx, m) }
		return send, c.Verifications.Create(ctx, resetPurpose+token, user.ID, f.options.ResetPasswordTokenExpiresIn)
	})
}

// followReset leads from the mailed link to the page that asks for the new
// password. It does not use the token up.
func (f *Feature) followReset(c *core.Context, in api.ResetPasswordCallbackInput) (api.NoOutput, error) {
	var none api.NoOutput
	if in.CallbackURL == "" {
		return none, c.Redirect(core.AppendQuery(c.BaseURL()+"/error", "error", api.InvalidToken.Code))
	}
	target := c.Resolve(in.CallbackURL)
	found, err := c.Verifications.Find(c, resetPurpose+in.Token)
	if err != nil {
		return none, err
	}
	if found == nil {
		return none, c.Redirect(core.AppendQuery(target, "error", api.InvalidToken.Code))
	}
	return none, c.Redirect(core.AppendQuery(target, "token", in.Token))
}

// reset sets a new password with a mailed token. The token is used up in the
// transaction that writes the password.
func (f *Feature) reset(c *core.Context, in api.ResetPasswordInput) (api.Status, error) {
	token := in.Token
	if token == "" {
		token = in.QueryToken
	}
	if token == "" {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.InvalidToken)
	}
	if err := CheckNew(c, in.NewPassword); err != nil {
		return api.Status{}, err
	}
	found, err := c.Verifications.Find(c, resetPurpose+token)
	if err != nil {
		return api.Status{}, err
	}
	if found == nil {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.InvalidToken)
	}
	user, err := c.Users.ByID(c, found.Value)
	if err != nil {
		return api.Status{}, err
	}
	if user == nil {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.UserNotFound)
	}
	hash, err := c.Passwords.Hash(c, in.NewPassword)
	if err != nil {
		return api.Status{}, err
	}
	if err := f.writeReset(c, token, user.ID, hash); err != nil {
		return api.Status{}, err
	}
	if f.options.OnPasswordReset != nil {
		if err := c.Await(func(ctx context.Context) error { return f.options.OnPasswordReset(ctx, *user) }); err != nil {
			return api.Status{}, err
		}
	}
	return api.Status{Status: true}, nil
}

func (f *Feature) writeReset(c *core.Context, token, userID, hash string) error {
	return c.DB.InTransaction(c, func(ctx context.Context) error {
		won, err := c.Verifications.Consume(ctx, resetPurpose+token)
		if err != nil {
			return err
		}
		if won == nil || won.Value != userID {
			return core.Fail(http.StatusBadRequest, api.InvalidToken)
		}
		// The password comes first: whoever is signing in with the old one either
		// is done, and is signed out below, or finds it changed.
		if err := writePassword(ctx, c, userID, hash); err != nil || !f.options.RevokeSessionsOnPasswordReset {
			return err
		}
		return c.Sessions.DeleteOf(ctx, userID)
	})
}

// writePassword replaces the password of a user, or gives a first one. It holds
// the user: of two first passwords at once the second replaces the first.
func writePassword(ctx context.Context, c *core.Context, userID, hash string) error {
	if _, err := c.Users.Hold(ctx, userID); err != nil {
		return err
	}
	account, err := c.Accounts.Credential(ctx, userID)
	if err != nil {
		return err
	}
	if account == nil {
		_, err = c.Accounts.CreateCredential(ctx, userID, hash)
		return err
	}
	changed, err := c.Accounts.SetPassword(ctx, userID, hash)
	if err == nil && !changed {
		return core.Fail(http.StatusBadRequest, api.FailedToUpdateUser).Because(core.ErrAbort)
	}
	return err
}

package user

import (
	"context"
	"errors"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/schema"
)

// changeEmail begins, or makes, a change of address. It does not tell whether
// the new address is taken.
func (f *Feature) changeEmail(c *core.Context, in api.ChangeEmailInput) (api.Status, error) {
	o := &f.options.ChangeEmail
	user := c.Session.User
	if !o.Enabled {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.ChangeEmailDisabled)
	}
	newEmail := core.CanonicalEmail(in.NewEmail)
	if newEmail == user.Email {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.EmailIsTheSame)
	}
	atOnce := !user.EmailVerified && o.UpdateWithoutVerification
	if !atOnce && !f.verification.Configured() {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.NoEmailSender)
	}
	taken, err := c.Users.ByEmail(c, newEmail)
	if err != nil {
		return api.Status{}, err
	}
	answer := api.Status{Status: true}
	switch {
	case taken != nil:
		return answer, f.verification.DiscardToken(c, user, newEmail)
	case atOnce:
		return answer, f.changeAtOnce(c, newEmail, in.CallbackURL)
	case user.EmailVerified && o.SendConfirmation != nil:
		m, err := f.verification.ConfirmChange(c, user, newEmail, in.CallbackURL)
		if err != nil {
			return api.Status{}, err
		}
		c.Deliver("sending a confirmation mail", func(ctx context.Context) error { return o.SendConfirmation(ctx, m) })
		return answer, nil
	}
	return answer, f.verification.DeliverChange(c, user, newEmail, in.CallbackURL)
}

// changeAtOnce changes an address that was never verified.
func (f *Feature) changeAtOnce(c *core.Context, newEmail, callbackURL string) error {
	change := c.Users.Table().NewRow()
	change.SetAt(schema.UserEmail, newEmail)
	var updated *core.User
	err := c.DeliverWith(emailverification.Sending, func(ctx context.Context) (func(context.Context) error, error) {
		var err error
		updated, err = c.Users.Update(ctx, c.Session.User.ID, change.Clone())
		if err != nil || updated == nil || !f.verification.Configured() {
			return nil, err
		}
		return f.verification.Delivery(c, *updated, callbackURL)
	})
	if errors.Is(err, database.ErrDuplicate) || (err == nil && updated == nil) {
		return nil // taken a moment ago, or refused by a hook; neither is told
	}
	if err != nil {
		return err
	}
	return c.SetSession(&core.Identity{Session: c.Session.Session, User: *updated}, core.AsBefore)
}

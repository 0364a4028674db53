package emailpassword

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

// signUp serves sign-up. The password is hashed before the transaction begins,
// so that a slow hash never holds a connection, and whether or not the address
// is taken where that must not show.
func (f *Feature) signUp(c *core.Context, in api.SignUpEmailInput) (api.SignUpEmailOutput, error) {
	var none api.SignUpEmailOutput
	if !f.options.Enabled || f.options.DisableSignUp {
		return none, core.Fail(http.StatusBadRequest, api.EmailPasswordSignUpDisabled)
	}
	if err := CheckNew(c, in.Password); err != nil {
		return none, err
	}
	row, err := newUser(c, in)
	if err != nil {
		return none, err
	}
	existing, err := c.Users.ByEmail(c, in.Email)
	if err != nil {
		return none, err
	}
	if existing != nil && !f.hidesExistence() {
		return none, core.Fail(http.StatusUnprocessableEntity, api.UserAlreadyExistsUseAnother)
	}
	hash, err := c.Passwords.Hash(c, in.Password)
	if err != nil {
		return none, err
	}
	if existing != nil {
		return f.pretend(c, row, existing)
	}
	return f.create(c, in, row, hash)
}

// newUser returns the row of the user to create.
func newUser(c *core.Context, in api.SignUpEmailInput) (schema.Row, error) {
	row, err := c.Users.ParseInput(in.Extra, true)
	if err != nil {
		return row, err
	}
	row.SetAt(schema.UserName, in.Name)
	row.SetAt(schema.UserEmail, core.CanonicalEmail(in.Email))
	row.SetAt(schema.UserEmailVerified, false)
	if in.Image != nil {
		row.SetAt(schema.UserImage, *in.Image)
	}
	return row, nil
}

// create stores user, password and session, all or none.
func (f *Feature) create(c *core.Context, in api.SignUpEmailInput, row schema.Row, hash string) (api.SignUpEmailOutput, error) {
	remember := in.RememberMe == nil || *in.RememberMe
	var user *core.User
	var id *core.Identity
	store := func(ctx context.Context) error {
		var err error
		if user, err = c.Users.Create(ctx, row.Clone(), core.Source{Method: "email-password", Action: "create-user"}); err != nil {
			return createError(err)
		}
		if _, err := c.Accounts.CreateCredential(ctx, user.ID, hash); err != nil {
			return createError(err)
		}
		if f.hidesExistence() {
			return nil
		}
		id, err = c.Sessions.Create(ctx, user, remember, nil)
		if err == nil && id == nil {
			return core.Fail(http.StatusBadRequest, api.FailedToCreateSession)
		}
		return err
	}
	err := c.DeliverWith(emailverification.Sending, func(ctx context.Context) (func(context.Context) error, error) {
		if err := c.DB.InTransaction(ctx, store); err != nil || !f.verification.SendsOnSignUp(f.options.RequireEmailVerification) {
			return nil, err
		}
		return f.verification.Delivery(c, *user, in.CallbackURL)
	})
	if err != nil {
		return f.createFailed(c, row, err)
	}
	if id == nil {
		return api.SignUpEmailOutput{User: user.User}, nil
	}
	how := core.Remembered
	if !remember {
		how = core.NotRemembered
	}
	return api.SignUpEmailOutput{Token: &id.Session.Token, User: user.User}, c.SetSession(id, how)
}

// createError tells what a failed write of a new user means to the client.
func createError(err error) error {
	switch {
	case errors.Is(err, core.ErrAbort):
		return core.Fail(http.StatusBadRequest, api.FailedToCreateUser)
	case errors.Is(err, database.ErrDuplicate):
		return core.Fail(http.StatusUnprocessableEntity, api.UserAlreadyExistsUseAnother).Because(err)
	case core.AsAPIError(err) != nil:
		return err
	}
	return core.Fail(http.StatusUnprocessableEntity, api.FailedToCreateUser).Because(err)
}

// createFailed answers a sign-up that failed. Where it must not show that an
// address is taken, it does not show either when it was taken a moment ago, or
// when the application refuses the user.
func (f *Feature) createFailed(c *core.Context, row schema.Row, err error) (api.SignUpEmailOutput, error) {
	failed := core.AsAPIError(err)
	if f.hidesExistence() && failed != nil && (failed.Status == http.StatusForbidden || errors.Is(failed.Cause, database.ErrDuplicate)) {
		return f.pretend(c, row, nil)
	}
	if failed != nil && failed.Code == api.FailedToCreateUser.Code && failed.Cause != nil {
		c.Log.ErrorContext(c, "user could not be created", "error", failed.Cause)
	}
	return api.SignUpEmailOutput{}, err
}

// pretend answers as if a user had been created.
func (f *Feature) pretend(c *core.Context, row schema.Row, existing *core.User) (api.SignUpEmailOutput, error) {
	if existing != nil && f.options.OnExistingUserSignUp != nil {
		c.Deliver("telling a user of a sign-up with his address", func(ctx context.Context) error {
			return f.options.OnExistingUserSignUp(ctx, *existing)
		})
	}
	user := c.Users.Synthetic(row)
	if f.options.SyntheticUser != nil {
		user = f.options.SyntheticUser(user)
	}
	return api.SignUpEmailOutput{User: user}, nil
}

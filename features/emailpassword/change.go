package emailpassword

import (
	"context"
	"errors"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// change replaces the password of the user and, if asked to, all sessions by a
// new one.
func (f *Feature) change(c *core.Context, in api.ChangePasswordInput) (api.ChangePasswordOutput, error) {
	var none api.ChangePasswordOutput
	if err := errors.Join(CheckNew(c, in.NewPassword), CheckSubmitted(c, in.CurrentPassword)); err != nil {
		return none, err
	}
	user := c.Session.User
	account, err := c.Accounts.Credential(c, user.ID)
	if err != nil {
		return none, err
	}
	if account == nil || account.Password == nil || *account.Password == "" {
		return none, core.Fail(http.StatusBadRequest, api.CredentialAccountNotFound)
	}
	right, err := c.Passwords.Verify(c, *account.Password, in.CurrentPassword)
	if err != nil {
		return none, err
	}
	if !right {
		return none, core.Fail(http.StatusBadRequest, api.InvalidPassword)
	}
	hash, err := c.Passwords.Hash(c, in.NewPassword)
	if err != nil {
		return none, err
	}
	id, err := writeChange(c, account.ID, hash, in.RevokeOtherSessions)
	if err != nil {
		return none, err
	}
	if id == nil {
		return api.ChangePasswordOutput{User: user.User}, nil
	}
	return api.ChangePasswordOutput{Token: &id.Session.Token, User: user.User}, c.SetSession(id, core.AsBefore)
}

func writeChange(c *core.Context, accountID, hash string, revoke bool) (id *core.Identity, err error) {
	user := c.Session.User
	err = c.DB.InTransaction(c, func(ctx context.Context) error {
		change := c.Accounts.Table().NewRow()
		change.SetAt(schema.AccountPassword, hash)
		if _, err := c.Accounts.Update(ctx, accountID, change); err != nil || !revoke {
			return err
		}
		if err := c.Sessions.DeleteOf(ctx, user.ID); err != nil {
			return err
		}
		if id, err = c.Sessions.Create(ctx, &user, true, nil); err == nil && id == nil {
			return core.Fail(http.StatusInternalServerError, api.FailedToGetSession)
		}
		return err
	})
	return id, err
}

// set gives a first password to a user who has none.
func (f *Feature) set(c *core.Context, in api.SetPasswordInput) (api.Status, error) {
	if err := CheckNew(c, in.NewPassword); err != nil {
		return api.Status{}, err
	}
	userID := c.Session.User.ID
	account, err := c.Accounts.Credential(c, userID)
	if err != nil {
		return api.Status{}, err
	}
	if account != nil && account.Password != nil && *account.Password != "" {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.PasswordAlreadySet)
	}
	hash, err := c.Passwords.Hash(c, in.NewPassword)
	if err != nil {
		return api.Status{}, err
	}
	if account != nil {
		_, err = c.Accounts.SetPassword(c, userID, hash)
	} else {
		_, err = c.Accounts.CreateCredential(c, userID, hash)
	}
	return api.Status{Status: true}, err
}

// verify tells whether a password is that of the user.
func (f *Feature) verify(c *core.Context, in api.VerifyPasswordInput) (api.Status, error) {
	if err := CheckSubmitted(c, in.Password); err != nil {
		return api.Status{}, err
	}
	right, err := c.Accounts.VerifyPassword(c, &c.Session.User, in.Password)
	if err != nil {
		return api.Status{}, err
	}
	if !right {
		return api.Status{}, core.Fail(http.StatusBadRequest, api.InvalidPassword)
	}
	return api.Status{Status: true}, nil
}

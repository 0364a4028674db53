package emailpassword

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// change replaces the password of the user and, if asked to, all sessions by a
// new one.
func (f *Feature) change(c *core.Context, in api.ChangePasswordInput) (api.ChangePasswordOutput, error) {
	var none api.ChangePasswordOutput
	if err := CheckNew(c, in.NewPassword); err != nil {
		return none, err
	}
	user := c.Session.User
	account, err := CheckCurrent(c, user.ID, in.CurrentPassword)
	if err != nil {
		return none, err
	}
	hash, err := c.Passwords.Hash(c, in.NewPassword)
	if err != nil {
		return none, err
	}
	id, err := writeChange(c, account, hash, in.RevokeOtherSessions)
	if err != nil {
		return none, err
	}
	if id == nil {
		return api.ChangePasswordOutput{User: user.User}, nil
	}
	return api.ChangePasswordOutput{Token: &id.Session.Token, User: user.User}, c.SetSession(id, core.AsBefore)
}

// CheckCurrent checks the password that a signed-in user gave to confirm
// something, and returns the account that holds it.
func CheckCurrent(c *core.Context, userID, password string) (*core.Account, error) {
	if err := CheckSubmitted(c, password); err != nil {
		return nil, err
	}
	account, err := c.Accounts.Credential(c, userID)
	if err != nil {
		return nil, err
	}
	if account == nil || account.Password == nil || *account.Password == "" {
		return nil, core.Fail(http.StatusBadRequest, api.CredentialAccountNotFound)
	}
	right, err := c.MatchPassword(c, account.Password, password)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, core.Fail(http.StatusBadRequest, api.InvalidPassword)
	}
	return account, nil
}

// writeChange replaces the password of an account if it is still the one that
// was verified.
func writeChange(c *core.Context, account *core.Account, hash string, revoke bool) (id *core.Identity, err error) {
	user := c.Session.User
	err = c.DB.InTransaction(c, func(ctx context.Context) error {
		if held, err := c.Accounts.HoldPassword(ctx, account); err != nil {
			return err
		} else if !held {
			return core.Fail(http.StatusBadRequest, api.InvalidPassword)
		}
		change := c.Accounts.Table().NewRow()
		change.SetAt(schema.AccountPassword, hash)
		if _, err := c.Accounts.Update(ctx, account.ID, change); err != nil || !revoke {
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
	if err := checkNoPassword(c, c, userID); err != nil {
		return api.Status{}, err
	}
	hash, err := c.Passwords.Hash(c, in.NewPassword)
	if err != nil {
		return api.Status{}, err
	}
	err = c.DB.InTransaction(c, func(ctx context.Context) error {
		if _, err := c.Users.Hold(ctx, userID); err != nil {
			return err
		}
		if err := checkNoPassword(ctx, c, userID); err != nil { // somebody may have been faster
			return err
		}
		return writePassword(ctx, c, userID, hash)
	})
	return api.Status{Status: err == nil}, err
}

func checkNoPassword(ctx context.Context, c *core.Context, userID string) error {
	account, err := c.Accounts.Credential(ctx, userID)
	if err == nil && account != nil && account.Password != nil && *account.Password != "" {
		return core.Fail(http.StatusBadRequest, api.PasswordAlreadySet)
	}
	return err
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

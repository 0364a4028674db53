package core

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// A password takes time to verify, during which it may be changed, and its user
// deleted. So a call remembers the password that it found to be right, and
// before it begins a session makes sure that it still is, in the transaction
// that begins the session. Otherwise somebody who has just been locked out by a
// new password could slip in with the old one.

// HoldPassword reports whether the password of an account is still the one that
// was read. To the end of the transaction of ctx it then stays so, because
// writing to the row keeps others from doing that.
func (a *Accounts) HoldPassword(ctx context.Context, account *Account) (bool, error) {
	if account.Password == nil {
		return false, nil
	}
	same := a.table.NewRow()
	same.SetAt(schema.AccountUpdatedAt, account.UpdatedAt)
	held, err := a.k.DB.Update(ctx, same, database.Eq("id", account.ID), database.Eq("password", *account.Password))
	return held != nil, err
}

// holdProven fails unless the password that the call has verified for a user, if
// any, is still that user's.
func (a *Accounts) holdProven(ctx context.Context, userID string) error {
	c := FromContext(ctx)
	if c == nil || c.proven == nil || c.proven.UserID != userID {
		return nil
	}
	held, err := a.HoldPassword(ctx, c.proven)
	if err == nil && !held {
		return Fail(http.StatusUnauthorized, api.InvalidEmailOrPassword)
	}
	return err
}

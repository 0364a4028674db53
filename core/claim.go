package core

import (
	"context"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Claim hands a user over to whoever has just proved to own the user's address,
// if nobody had before. The address counts as verified from then on, and every
// account and session there was is removed: they were made by somebody who had
// proved nothing, such as an attacker who signed up with the address of a victim
// and waits for the victim to come. It returns the user as stored afterwards; nil
// when there is none, or when a database hook refused the claim.
//
// Of several claims at once exactly one removes anything, so that none can
// remove what another one's caller went on to make.
func (u *Users) Claim(ctx context.Context, id string) (*User, error) {
	var claimed *User
	err := u.k.DB.InTransaction(ctx, func(ctx context.Context) error {
		claimed = nil
		change := u.table.NewRow()
		change.SetAt(schema.UserEmailVerified, true)
		row, err := u.k.writer.update(ctx, change, database.Eq("id", id), database.Eq("emailVerified", false))
		if err != nil || row == nil {
			return err
		}
		if _, err := u.k.writer.deleteMany(ctx, u.k.Accounts.table, database.Eq("userId", id)); err != nil {
			return err
		}
		user := userOf(*row)
		claimed = &user
		return u.k.Sessions.DeleteOf(ctx, id)
	})
	if err != nil || claimed != nil {
		return claimed, err
	}
	user, err := u.ByID(ctx, id)
	if err != nil || user == nil || !user.EmailVerified {
		return nil, err
	}
	return user, nil
}

package core

import (
	"context"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// ClaimHandler is a plugin that keeps what decides who gets in, such as second
// factors or passkeys.
type ClaimHandler interface {
	// OnClaim removes what was kept of a user who is being claimed, in the
	// transaction of [Users.Claim].
	OnClaim(ctx context.Context, userID string) error
}

// Claim hands a user over to whoever has just proved to own the user's address,
// if nobody had before. The address counts as verified from then on, and every
// account and session there was is removed, with what each [ClaimHandler] keeps:
// they were made by somebody who had proved nothing, such as an attacker who
// signed up with the address of a victim and waits for the victim to come. It
// returns the user as stored afterwards; nil when there is none, or when a
// database hook refused the claim.
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
		if err := u.k.Sessions.DeleteOf(ctx, id); err != nil {
			return err
		}
		for _, p := range u.k.plugins {
			if h, ok := p.(ClaimHandler); ok {
				if err := h.OnClaim(ctx, id); err != nil {
					return err
				}
			}
		}
		claimed, err = u.ByID(ctx, id)
		return err
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

package core

import (
	"context"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

const leaseTokenLength = 16

// Lease is the right to do something with an account that no two nodes may do at
// the same time.
type Lease struct {
	v                 *Verifications
	identifier, token string
}

// Lease takes the right to do something, named by purpose, with an account. It
// returns nil while somebody else has it. A lease ends when it is released, or
// else, if its holder has crashed, after its lifetime: the work must take less.
//
// The row of the account is the lock under which the lease is looked for and
// taken, in one short transaction. It is written before anything is read: some
// databases go on to read what there was before the transaction's first look.
func (a *Accounts) Lease(ctx context.Context, account *Account, purpose string, lifetime time.Duration) (*Lease, error) {
	l := &Lease{v: a.k.Verifications, identifier: purpose + ":" + account.ID, token: a.k.Random.Token(leaseTokenLength)}
	taken := false
	err := a.k.DB.InTransaction(ctx, func(ctx context.Context) error {
		taken = false
		same := a.table.NewRow()
		same.SetAt(schema.AccountProviderID, account.ProviderID)
		if _, err := a.k.DB.UpdateMany(ctx, same, database.Eq("id", account.ID)); err != nil {
			return err
		}
		held, err := l.v.Find(ctx, l.identifier)
		if err != nil || held != nil {
			return err
		}
		taken = true
		return l.v.Create(ctx, l.identifier, l.token, lifetime)
	})
	if err != nil || !taken {
		return nil, err
	}
	return l, nil
}

// Release ends the lease, unless it has ended and somebody else has one.
func (l *Lease) Release(ctx context.Context) error {
	return l.v.k.DB.InTransaction(ctx, func(ctx context.Context) error {
		held, err := l.v.Latest(ctx, l.identifier)
		if err != nil || held == nil || held.Value != l.token {
			return err
		}
		_, err = l.v.Consume(ctx, l.identifier)
		return err
	})
}

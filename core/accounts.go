package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/schema"
)

// Accounts are the stored accounts. Writes run the database hooks.
type Accounts struct {
	k      *Kernel
	table  *schema.Table
	issuer withIssuer
}

// Table returns the table of the accounts, with which rows for
// [Accounts.Create] and [Accounts.Update] are made.
func (a *Accounts) Table() *schema.Table { return a.table }

// Create stores an account. It returns [ErrAbort] when a hook aborted.
func (a *Accounts) Create(ctx context.Context, row schema.Row) (*Account, error) {
	if !row.Has(schema.AccountUpdatedAt) {
		row.SetAt(schema.AccountUpdatedAt, a.k.Now())
	}
	stored, err := a.k.writer.createIn(ctx, row, a.insert)
	if err != nil {
		return nil, err
	}
	account := accountOf(stored)
	return &account, nil
}

// CreateCredential stores a password, given as its hash.
func (a *Accounts) CreateCredential(ctx context.Context, userID, hash string) (*Account, error) {
	row := a.table.NewRow()
	row.SetAt(schema.AccountUserID, userID)
	row.SetAt(schema.AccountProviderID, CredentialProvider)
	row.SetAt(schema.AccountAccountID, userID)
	row.SetAt(schema.AccountPassword, hash)
	return a.Create(ctx, row)
}

// List returns the accounts of a user, those first that were made first.
func (a *Accounts) List(ctx context.Context, userID string) ([]Account, error) {
	return a.find(ctx, 0, database.Eq("userId", userID))
}

// Credential returns the account that holds the password of a user, or nil.
func (a *Accounts) Credential(ctx context.Context, userID string) (*Account, error) {
	return a.one(ctx, database.Eq("userId", userID), database.Eq("providerId", CredentialProvider), database.Eq("accountId", userID))
}

// ByKey returns the account of an identity at a provider, or nil. Two accounts
// of one identity are an error.
func (a *Accounts) ByKey(ctx context.Context, providerID, accountID string) (*Account, error) {
	return a.one(ctx, database.Eq("providerId", providerID), database.Eq("accountId", accountID))
}

func (a *Accounts) one(ctx context.Context, where ...database.Where) (*Account, error) {
	found, err := a.find(ctx, 2, where...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("two accounts of provider %q are the same identity; remove one of the rows %s and %s", found[0].ProviderID, found[0].ID, found[1].ID)
	}
	return &found[0], nil
}

func (a *Accounts) find(ctx context.Context, limit int, where ...database.Where) ([]Account, error) {
	recs, err := a.k.DB.FindMany(ctx, database.Query{Table: a.table, Where: where, Limit: limit, Sort: []database.Sort{{Field: "createdAt"}}})
	if err != nil {
		return nil, err
	}
	accounts := make([]Account, len(recs))
	for i := range recs {
		accounts[i] = accountOf(recs[i].Row)
	}
	return accounts, nil
}

// Update changes an account and returns it, or nil when there is none or a hook
// aborted.
func (a *Accounts) Update(ctx context.Context, id string, change schema.Row) (*Account, error) {
	row, err := a.k.writer.update(ctx, change, database.Eq("id", id))
	if err != nil || row == nil {
		return nil, err
	}
	account := accountOf(*row)
	return &account, nil
}

// SetPassword replaces the password of a user, given as its hash. It reports
// whether the user had one.
func (a *Accounts) SetPassword(ctx context.Context, userID, hash string) (bool, error) {
	change := a.table.NewRow()
	change.SetAt(schema.AccountPassword, hash)
	account := []database.Where{database.Eq("userId", userID), database.Eq("providerId", CredentialProvider), database.Eq("accountId", userID)}
	n, err := a.k.writer.updateMany(ctx, change, account...)
	if n > 0 { // no two hashes are equal
		a.k.DB.Witness(ctx, a.table, append(account, database.Eq("password", hash))...)
	}
	return n > 0, err
}

// DeleteOwned removes an account if it belongs to a user.
func (a *Accounts) DeleteOwned(ctx context.Context, id, userID string) (bool, error) {
	return a.k.writer.deleteOne(ctx, a.table, database.Eq("id", id), database.Eq("userId", userID))
}

// VerifyPassword reports whether a password is that of a user. A user without
// one, and nil for an unknown user, cost the same time as a wrong password. A
// session that the call goes on to begin for the user is begun only if the
// password is still the same then.
func (a *Accounts) VerifyPassword(ctx context.Context, user *User, text string) (bool, error) {
	var account *Account
	if user != nil {
		var err error
		if account, err = a.Credential(ctx, user.ID); err != nil {
			return false, err
		}
	}
	if account == nil {
		return a.k.MatchPassword(ctx, nil, text)
	}
	right, err := a.k.MatchPassword(ctx, account.Password, text)
	if c := FromContext(ctx); right && c != nil {
		c.proven = account
	}
	return right, err
}

// MatchPassword reports whether a password is the one that was hashed. No hash,
// or one that nobody can read, costs the same time as a wrong password.
func (k *Kernel) MatchPassword(ctx context.Context, hash *string, text string) (bool, error) {
	if hash != nil && *hash != "" {
		right, err := k.Passwords.Verify(ctx, *hash, text)
		if !errors.Is(err, password.ErrMalformedHash) {
			return right, err
		}
		k.Log.ErrorContext(ctx, "a stored password cannot be read; its owner has to reset it")
	}
	_, err := k.Passwords.Hash(ctx, text)
	return false, err
}

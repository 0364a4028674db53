package core

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Users are the stored users. Writes run the database hooks.
type Users struct {
	k     *Kernel
	table *schema.Table
	input []int // positions of the fields that clients may set
}

// Table returns the table of the users, with which rows for [Users.Create] and
// [Users.Update] are made.
func (u *Users) Table() *schema.Table { return u.table }

// Source says how a user came to be created, for validation.
type Source struct {
	// Method is the way of signing up, for example "email-password".
	Method string
	// Action is "create-user", "link-account" or "sign-in".
	Action string
	// Provider is the id of the provider, if one is involved.
	Provider string
	// Profile is what the provider says about the user.
	Profile map[string]any
}

// CanonicalEmail is the form in which addresses are stored and looked up: in
// lower case. Characters of which Unicode makes an ASCII letter, such as the
// Kelvin sign, stay what they are: they belong to another mailbox.
func CanonicalEmail(email string) string {
	return strings.Map(func(r rune) rune {
		if lower := unicode.ToLower(r); r < utf8.RuneSelf || lower >= utf8.RuneSelf {
			return lower
		}
		return r
	}, email)
}

// Create stores a user and returns it. A hook that aborts makes it fail with
// FAILED_TO_CREATE_USER. An address that is taken makes it fail with an error
// that wraps [database.ErrDuplicate].
func (u *Users) Create(ctx context.Context, row schema.Row, source Source) (*User, error) {
	if row.Has(schema.UserEmail) {
		row.SetAt(schema.UserEmail, CanonicalEmail(row.StringAt(schema.UserEmail)))
	}
	if err := u.k.validateUser(ctx, row, source); err != nil {
		return nil, err
	}
	stored, err := u.k.writer.create(ctx, row)
	if errors.Is(err, ErrAbort) {
		return nil, Fail(http.StatusBadRequest, api.FailedToCreateUser)
	}
	if err != nil {
		return nil, err
	}
	user := userOf(stored)
	if c := FromContext(ctx); c != nil {
		c.created = user.ID
	}
	return &user, nil
}

// ByID returns a user, or nil.
func (u *Users) ByID(ctx context.Context, id string) (*User, error) {
	if id == "" {
		return nil, nil
	}
	return u.find(ctx, database.Eq("id", id))
}

// Hold returns a user, or nil, and keeps other transactions from holding, changing
// or deleting the same user until the transaction of ctx ends: for decisions that
// depend on other rows of the user, such as whether an account is the last one.
// Call it before those rows are read.
func (u *Users) Hold(ctx context.Context, id string) (*User, error) {
	rec, err := u.k.DB.FindOne(ctx, database.Query{Table: u.table, Where: []database.Where{database.Eq("id", id)}, ForUpdate: true})
	if err != nil || rec == nil {
		return nil, err
	}
	user := userOf(rec.Row)
	return &user, nil
}

// ByEmail returns the user with an address, or nil. The address is compared
// again after the look-up, because some databases think "é" and "e" equal.
func (u *Users) ByEmail(ctx context.Context, email string) (*User, error) {
	wanted := CanonicalEmail(email)
	user, err := u.find(ctx, database.Eq("email", wanted))
	if err != nil || user == nil || CanonicalEmail(norm.NFC.String(user.Email)) != norm.NFC.String(wanted) {
		return nil, err
	}
	return user, nil
}

// By returns the user with a value in a unique field, such as one that a plugin
// has added; nil when there is none.
func (u *Users) By(ctx context.Context, field string, value any) (*User, error) {
	return u.find(ctx, database.Eq(field, value))
}

func (u *Users) find(ctx context.Context, where ...database.Where) (*User, error) {
	rec, err := u.k.DB.FindOne(ctx, database.Query{Table: u.table, Where: where})
	if err != nil || rec == nil {
		return nil, err
	}
	user := userOf(rec.Row)
	return &user, nil
}

// Update changes a user and returns it, or nil when there is none or a hook
// aborted.
func (u *Users) Update(ctx context.Context, id string, change schema.Row) (*User, error) {
	if change.Has(schema.UserEmail) {
		change.SetAt(schema.UserEmail, CanonicalEmail(change.StringAt(schema.UserEmail)))
	}
	if err := u.after(ctx, id, change); err != nil {
		return nil, err
	}
	mark, err := u.k.Sessions.store.userChanging(ctx, id)
	if err != nil {
		return nil, err
	}
	row, err := u.k.writer.update(ctx, change, database.Eq("id", id))
	if err != nil || row == nil {
		return nil, err
	}
	user := userOf(*row)
	u.k.Sessions.userChanged(ctx, *row, mark) // before others are told to read them anew
	u.k.userChanged(ctx, &user)
	return &user, nil
}

// after gives a change a later time than the one before it, also where that was
// made on a node whose clock is ahead: cookie caches are compared by these times.
func (u *Users) after(ctx context.Context, id string, change schema.Row) error {
	if u.k.watermarks.keep == 0 || change.Has(schema.UserUpdatedAt) {
		return nil
	}
	row, err := u.k.userRow(ctx, id)
	if err != nil || row == nil {
		return err
	}
	if before := row.TimeAt(schema.UserUpdatedAt); before.After(u.k.Now()) {
		change.SetAt(schema.UserUpdatedAt, before.Add(time.Millisecond))
	}
	return nil
}

// Refresh hands a user, as the database has it, to everything that keeps a copy:
// sessions in the secondary storage, and the caches and memories of all nodes.
// Call it after a change that was made to the row by other means. It returns nil
// when there is no such user.
func (u *Users) Refresh(ctx context.Context, id string) (*User, error) {
	row, err := u.k.userRow(ctx, id)
	if err != nil || row == nil {
		return nil, err
	}
	user := userOf(*row)
	err = u.k.Sessions.store.userChanged(ctx, *row, "")
	u.k.Invalidate(ctx, id)
	return &user, err
}

// Delete deletes a user with all its sessions and accounts. The sessions go
// first, by themselves: after a crash in between the user is signed out and
// otherwise whole. Accounts and user go in one transaction.
//
// Sessions that are in the secondary storage end when the user is gone: a hook
// that keeps the user keeps them.
func (u *Users) Delete(ctx context.Context, id string) error {
	forget, err := u.k.Sessions.store.deleteAll(ctx, id, true)
	u.k.sessionsEnded(ctx, id)
	if err != nil {
		return err
	}
	return u.k.DB.InTransaction(ctx, func(ctx context.Context) error {
		if _, err := u.k.writer.deleteMany(ctx, u.k.Accounts.table, database.Eq("userId", id)); err != nil {
			return err
		}
		_, err := u.k.writer.removeOne(ctx, u.table, database.Eq("id", id))
		if errors.Is(err, ErrAbort) {
			return nil
		}
		if err != nil || forget == nil {
			return err
		}
		if err := forget(ctx); err != nil {
			return err
		}
		u.k.sessionsEnded(ctx, id)
		return nil
	})
}

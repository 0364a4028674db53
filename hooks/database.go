package hooks

import (
	"context"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// The constructors below make hooks around writes that receive a model instead
// of a row, with its additional fields in Extra and Private. What a before hook
// changes is stored. Owner, token and keys cannot be changed this way.
//
// Updates are partial, so the hooks before them receive a [Change].

// BeforeUserCreate runs fn before a user is stored.
func BeforeUserCreate(fn func(ctx context.Context, u *core.User) error) core.DatabaseHook {
	return beforeCreate(core.UserRows, fn)
}

// AfterUserCreate runs fn when a user has been stored.
func AfterUserCreate(fn func(ctx context.Context, u core.User) error) core.DatabaseHook {
	return afterCreate(core.UserRows, fn)
}

// BeforeUserUpdate runs fn before a user is changed.
func BeforeUserUpdate(fn func(ctx context.Context, change *Change[core.User]) error) core.DatabaseHook {
	return beforeUpdate(core.UserRows, fn)
}

// AfterUserUpdate runs fn when a user has been changed.
func AfterUserUpdate(fn func(ctx context.Context, u core.User) error) core.DatabaseHook {
	return afterUpdate(core.UserRows, fn)
}

// BeforeUserDelete runs fn before a user is deleted.
func BeforeUserDelete(fn func(ctx context.Context, u core.User) error) core.DatabaseHook {
	return beforeDelete(core.UserRows, fn)
}

// AfterUserDelete runs fn when a user has been deleted.
func AfterUserDelete(fn func(ctx context.Context, u core.User) error) core.DatabaseHook {
	return afterDelete(core.UserRows, fn)
}

// BeforeSessionCreate runs fn before a session is stored.
func BeforeSessionCreate(fn func(ctx context.Context, s *core.Session) error) core.DatabaseHook {
	return beforeCreate(core.SessionRows, fn)
}

// AfterSessionCreate runs fn when a session has been stored.
func AfterSessionCreate(fn func(ctx context.Context, s core.Session) error) core.DatabaseHook {
	return afterCreate(core.SessionRows, fn)
}

// BeforeSessionUpdate runs fn before a session is changed, also when it is given a new lifetime.
func BeforeSessionUpdate(fn func(ctx context.Context, change *Change[core.Session]) error) core.DatabaseHook {
	return beforeUpdate(core.SessionRows, fn)
}

// AfterSessionUpdate runs fn when a session has been changed.
func AfterSessionUpdate(fn func(ctx context.Context, s core.Session) error) core.DatabaseHook {
	return afterUpdate(core.SessionRows, fn)
}

// BeforeSessionDelete runs fn before a session is deleted.
func BeforeSessionDelete(fn func(ctx context.Context, s core.Session) error) core.DatabaseHook {
	return beforeDelete(core.SessionRows, fn)
}

// AfterSessionDelete runs fn when a session has been deleted.
func AfterSessionDelete(fn func(ctx context.Context, s core.Session) error) core.DatabaseHook {
	return afterDelete(core.SessionRows, fn)
}

// BeforeAccountCreate runs fn before an account is stored.
func BeforeAccountCreate(fn func(ctx context.Context, a *core.Account) error) core.DatabaseHook {
	return beforeCreate(core.AccountRows, fn)
}

// AfterAccountCreate runs fn when an account has been stored.
func AfterAccountCreate(fn func(ctx context.Context, a core.Account) error) core.DatabaseHook {
	return afterCreate(core.AccountRows, fn)
}

// BeforeAccountUpdate runs fn before an account is changed.
func BeforeAccountUpdate(fn func(ctx context.Context, change *Change[core.Account]) error) core.DatabaseHook {
	return beforeUpdate(core.AccountRows, fn)
}

// AfterAccountUpdate runs fn when an account has been changed.
func AfterAccountUpdate(fn func(ctx context.Context, a core.Account) error) core.DatabaseHook {
	return afterUpdate(core.AccountRows, fn)
}

// BeforeAccountDelete runs fn before an account is deleted.
func BeforeAccountDelete(fn func(ctx context.Context, a core.Account) error) core.DatabaseHook {
	return beforeDelete(core.AccountRows, fn)
}

// AfterAccountDelete runs fn when an account has been deleted.
func AfterAccountDelete(fn func(ctx context.Context, a core.Account) error) core.DatabaseHook {
	return afterDelete(core.AccountRows, fn)
}

// BeforeVerificationCreate runs fn before a single-use value is stored.
func BeforeVerificationCreate(fn func(ctx context.Context, v *core.Verification) error) core.DatabaseHook {
	return beforeCreate(core.VerificationRows, fn)
}

// AfterVerificationCreate runs fn when a single-use value has been stored.
func AfterVerificationCreate(fn func(ctx context.Context, v core.Verification) error) core.DatabaseHook {
	return afterCreate(core.VerificationRows, fn)
}

// BeforeVerificationUpdate runs fn before a single-use value is changed.
func BeforeVerificationUpdate(fn func(ctx context.Context, change *Change[core.Verification]) error) core.DatabaseHook {
	return beforeUpdate(core.VerificationRows, fn)
}

// AfterVerificationUpdate runs fn when a single-use value has been changed.
func AfterVerificationUpdate(fn func(ctx context.Context, v core.Verification) error) core.DatabaseHook {
	return afterUpdate(core.VerificationRows, fn)
}

// BeforeVerificationDelete runs fn before a single-use value is used up.
func BeforeVerificationDelete(fn func(ctx context.Context, v core.Verification) error) core.DatabaseHook {
	return beforeDelete(core.VerificationRows, fn)
}

// AfterVerificationDelete runs fn when a single-use value has been used up.
func AfterVerificationDelete(fn func(ctx context.Context, v core.Verification) error) core.DatabaseHook {
	return afterDelete(core.VerificationRows, fn)
}

func beforeCreate[M any](rows core.RowCodec[M], fn func(context.Context, *M) error) core.DatabaseHook {
	return core.DatabaseHook{Model: rows.Model, BeforeCreate: func(ctx context.Context, row schema.Row) error {
		before, after := rows.Read(row), rows.Read(row)
		if err := fn(ctx, &after); err != nil {
			return err
		}
		rows.Write(row, &before, &after)
		return nil
	}}
}

// Change is an update before it is made: the fields that it sets, and no others.
type Change[M any] struct {
	// Values has the fields that are set; all others are zero. What a hook changes
	// in it is set as well. Setting a field to its zero value takes [Change.Set].
	Values M

	row schema.Row
}

// Sets reports whether the update sets a field, by its name, for example "email".
func (c *Change[M]) Sets(field string) bool { return c.row.Given(field) }

// Set sets a field by its name, also to its zero value, or to nil for null. It
// panics when the model has no such field.
func (c *Change[M]) Set(field string, value any) { c.row.Set(field, value) }

// beforeUpdate lets what fn changes in the values win over what it sets by name.
func beforeUpdate[M any](rows core.RowCodec[M], fn func(context.Context, *Change[M]) error) core.DatabaseHook {
	return core.DatabaseHook{Model: rows.Model, BeforeUpdate: func(ctx context.Context, row schema.Row) error {
		before, change := rows.Read(row), Change[M]{Values: rows.Read(row), row: row}
		if err := fn(ctx, &change); err != nil {
			return err
		}
		rows.Write(row, &before, &change.Values)
		return nil
	}}
}

func afterCreate[M any](rows core.RowCodec[M], fn func(context.Context, M) error) core.DatabaseHook {
	return core.DatabaseHook{Model: rows.Model, AfterCreate: func(ctx context.Context, row schema.Row) error { return fn(ctx, rows.Read(row)) }}
}

// afterUpdate does not call fn when no row, or several, were changed.
func afterUpdate[M any](rows core.RowCodec[M], fn func(context.Context, M) error) core.DatabaseHook {
	return core.DatabaseHook{Model: rows.Model, AfterUpdate: func(ctx context.Context, row *schema.Row) error {
		if row == nil {
			return nil
		}
		return fn(ctx, rows.Read(*row))
	}}
}

func beforeDelete[M any](rows core.RowCodec[M], fn func(context.Context, M) error) core.DatabaseHook {
	return core.DatabaseHook{Model: rows.Model, BeforeDelete: func(ctx context.Context, row schema.Row) error { return fn(ctx, rows.Read(row)) }}
}

func afterDelete[M any](rows core.RowCodec[M], fn func(context.Context, M) error) core.DatabaseHook {
	return core.DatabaseHook{Model: rows.Model, AfterDelete: func(ctx context.Context, row schema.Row) error { return fn(ctx, rows.Read(row)) }}
}

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
// Updates are partial, so the hooks before them are rows: core.DatabaseHook has
// BeforeUpdate.

// BeforeUserCreate runs fn before a user is stored.
func BeforeUserCreate(fn func(ctx context.Context, u *core.User) error) core.DatabaseHook {
	return beforeCreate(core.UserRows, fn)
}

// AfterUserCreate runs fn when a user has been stored.
func AfterUserCreate(fn func(ctx context.Context, u core.User) error) core.DatabaseHook {
	return afterCreate(core.UserRows, fn)
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

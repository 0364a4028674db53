package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// DatabaseHook runs around the writes to one core model: "user", "session",
// "account" or "verification". Hooks of plugins run first, the application's
// last. Before hooks run inside the transaction of the write, after hooks once
// it is committed. [FromContext] tells which call of an endpoint caused the
// write, if any did.
//
// A before hook that returns [ErrAbort] silently keeps the write from
// happening; any other error fails it.
type DatabaseHook struct {
	// Model is the key of the model.
	Model string

	// BeforeCreate may change the row that will be inserted.
	BeforeCreate func(ctx context.Context, row schema.Row) error
	// AfterCreate receives the row as stored.
	AfterCreate func(ctx context.Context, row schema.Row) error
	// BeforeUpdate receives what will be changed. What it sets is added to the
	// change; it does not see what other hooks set.
	BeforeUpdate func(ctx context.Context, change schema.Row) error
	// AfterUpdate receives the row as stored; nil when several or none matched.
	AfterUpdate func(ctx context.Context, row *schema.Row) error
	// BeforeDelete receives the row that will be deleted.
	BeforeDelete func(ctx context.Context, row schema.Row) error
	// AfterDelete receives the row that was deleted.
	AfterDelete func(ctx context.Context, row schema.Row) error
}

// ErrAbort keeps a write from happening when a before hook of the database
// returns it.
var ErrAbort = errors.New("core: write aborted by a database hook")

// writer writes to the core tables and runs the hooks.
type writer struct {
	db    *database.DB
	hooks map[string][]DatabaseHook
}

// create inserts a row. It returns [ErrAbort] when a hook aborted.
func (w *writer) create(ctx context.Context, row schema.Row) (schema.Row, error) {
	return w.createIn(ctx, row, w.db.Create)
}

// createIn creates a row, with its hooks, by a function that returns it as it was
// stored.
func (w *writer) createIn(ctx context.Context, row schema.Row, insert func(context.Context, schema.Row) (schema.Row, error)) (schema.Row, error) {
	hooks := w.hooks[row.Table().Key]
	for _, h := range hooks {
		if h.BeforeCreate != nil {
			if err := h.BeforeCreate(ctx, row); err != nil {
				return schema.Row{}, err
			}
		}
	}
	if err := refuseMisfits(row); err != nil {
		return schema.Row{}, err
	}
	stored, err := insert(ctx, row)
	if err != nil {
		return schema.Row{}, err
	}
	for _, h := range hooks {
		if h.AfterCreate != nil {
			if err := w.db.AfterCommit(ctx, func(ctx context.Context) error { return h.AfterCreate(ctx, stored) }); err != nil {
				return schema.Row{}, err
			}
		}
	}
	return stored, nil
}

// beforeUpdate returns the change with what the hooks add to it.
func (w *writer) beforeUpdate(ctx context.Context, change schema.Row) (schema.Row, error) {
	all := change.Clone()
	for _, h := range w.hooks[change.Table().Key] {
		if h.BeforeUpdate == nil {
			continue
		}
		seen := change.Clone()
		if err := h.BeforeUpdate(ctx, seen); err != nil {
			return all, err
		}
		all.Merge(seen)
	}
	return all, refuseMisfits(all)
}

func (w *writer) afterUpdate(ctx context.Context, model string, row *schema.Row) error {
	for _, h := range w.hooks[model] {
		if h.AfterUpdate != nil {
			if err := w.db.AfterCommit(ctx, func(ctx context.Context) error { return h.AfterUpdate(ctx, row) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// update changes one row and returns it, or nil when none matched or a hook
// aborted.
func (w *writer) update(ctx context.Context, change schema.Row, where ...database.Where) (*schema.Row, error) {
	change, err := w.beforeUpdate(ctx, change)
	if errors.Is(err, ErrAbort) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	row, err := w.db.Update(ctx, change, where...)
	if err != nil {
		return nil, err
	}
	return row, w.afterUpdate(ctx, change.Table().Key, row)
}

// updateMany changes all rows that match.
func (w *writer) updateMany(ctx context.Context, change schema.Row, where ...database.Where) (int64, error) {
	change, err := w.beforeUpdate(ctx, change)
	if errors.Is(err, ErrAbort) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := w.db.UpdateMany(ctx, change, where...)
	if err != nil {
		return 0, err
	}
	return n, w.afterUpdate(ctx, change.Table().Key, nil)
}

// deleteMany deletes all rows that match. A hook that aborts for one of them
// keeps all.
func (w *writer) deleteMany(ctx context.Context, table *schema.Table, where ...database.Where) (int64, error) {
	n, err := w.removeMany(ctx, table, where, func(ctx context.Context) (int64, error) { return w.db.DeleteMany(ctx, table, where...) })
	if errors.Is(err, ErrAbort) {
		return 0, nil
	}
	return n, err
}

// removeMany removes all rows that match, with the hooks of a deletion, by a
// function that returns how many they were. It returns [ErrAbort] when a hook
// aborted for one of them, which keeps all.
func (w *writer) removeMany(ctx context.Context, table *schema.Table, where []database.Where, remove func(context.Context) (int64, error)) (int64, error) {
	if len(where) == 0 {
		return 0, fmt.Errorf("delete %s: %w", table.Key, database.ErrEmptyWhere)
	}
	hooks := w.hooks[table.Key]
	var rows []database.Record
	if hasDeleteHooks(hooks) {
		var err error
		if rows, err = w.db.FindMany(ctx, database.Query{Table: table, Where: where, Limit: maxHookedRows}); err != nil {
			return 0, err
		}
		for _, row := range rows {
			if err := beforeDelete(ctx, hooks, row.Row); err != nil {
				return 0, err
			}
		}
	}
	n, err := remove(ctx)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if err := w.afterDelete(ctx, hooks, row.Row); err != nil {
			return n, err
		}
	}
	return n, nil
}

// maxHookedRows bounds how many rows of a bulk delete are shown to hooks.
const maxHookedRows = 10_000

// deleteOne deletes the one row that matches. It reports whether the row was
// deleted, which it is not when there is none or a hook aborted.
func (w *writer) deleteOne(ctx context.Context, table *schema.Table, where ...database.Where) (bool, error) {
	deleted, err := w.removeOne(ctx, table, where...)
	if errors.Is(err, ErrAbort) {
		return false, nil
	}
	return deleted, err
}

// removeOne is deleteOne that returns [ErrAbort] when a hook aborted.
func (w *writer) removeOne(ctx context.Context, table *schema.Table, where ...database.Where) (bool, error) {
	hooks := w.hooks[table.Key]
	if !hasDeleteHooks(hooks) {
		n, err := w.db.DeleteMany(ctx, table, where...)
		return n > 0, err
	}
	row, err := w.db.FindOne(ctx, database.Query{Table: table, Where: where})
	if err != nil || row == nil {
		return false, err
	}
	if err := beforeDelete(ctx, hooks, row.Row); err != nil {
		return false, err
	}
	deleted, err := w.db.ConsumeOne(ctx, table, database.Eq("id", row.ID()))
	if err != nil || deleted == nil {
		return false, err
	}
	return true, w.afterDelete(ctx, hooks, *deleted)
}

func hasDeleteHooks(hooks []DatabaseHook) bool {
	for _, h := range hooks {
		if h.BeforeDelete != nil || h.AfterDelete != nil {
			return true
		}
	}
	return false
}

func beforeDelete(ctx context.Context, hooks []DatabaseHook, row schema.Row) error {
	for _, h := range hooks {
		if h.BeforeDelete != nil {
			if err := h.BeforeDelete(ctx, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) afterDelete(ctx context.Context, hooks []DatabaseHook, row schema.Row) error {
	for _, h := range hooks {
		if h.AfterDelete != nil {
			if err := w.db.AfterCommit(ctx, func(ctx context.Context) error { return h.AfterDelete(ctx, row) }); err != nil {
				return err
			}
		}
	}
	return nil
}

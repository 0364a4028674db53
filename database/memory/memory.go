// Package memory is a database adapter that keeps everything in the memory of
// the process: for tests, for examples and for deployments that keep no state.
//
// It behaves like a SQL database: unique constraints, required fields and the
// referential actions of foreign keys are enforced, a statement happens entirely
// or not at all, strings are compared byte by byte, and rows are found in the
// order in which they were created unless a query sorts them. That a row which
// is referenced exists is not checked when the reference is written.
//
// One transaction or write runs at a time; reads never wait for a transaction
// and see what was committed last. A write that is made past the transaction
// that its own caller holds open waits for it until its context ends.
package memory

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// New returns an empty database. Tables come into being when they are first
// used; schemas with equal tables share their rows.
func New() database.Adapter { return &adapter{store: newStore()} }

// adapter is the store as it is seen from outside of any transaction, or, with
// a transaction, from within it.
type adapter struct {
	store *store
	tx    *transaction
}

// Capabilities says what the store can do.
func (a *adapter) Capabilities() database.Capabilities {
	return database.Capabilities{Name: "memory", Transactions: true, Joins: true, SerialIDs: true}
}

// Close does nothing: the data lives as long as the adapter.
func (a *adapter) Close() error { return nil }

// Create inserts a row. An absent id becomes the next number of the table.
func (a *adapter) Create(ctx context.Context, row schema.Row) (schema.Row, error) {
	var created schema.Row
	err := a.write(ctx, row.Table(), func(t *table, log *journal) error {
		values, err := t.insert(log, row)
		created = copyOut(row.Table(), values)
		return err
	})
	if err != nil {
		return schema.Row{}, err
	}
	return created, nil
}

// FindOne returns the first row that matches, or nil.
func (a *adapter) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	q.Limit = 1
	found, err := a.FindMany(ctx, q)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// FindMany returns the rows that match, with the rows joined to them.
func (a *adapter) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	tables := []*schema.Table{q.Table}
	for _, j := range q.Joins {
		tables = append(tables, j.Table)
	}
	var found []database.Record
	err := a.read(ctx, tables, func() error {
		selected, err := a.store.tables[q.Table].query(ctx, a.tx != nil, q)
		if err != nil {
			return err
		}
		found = make([]database.Record, len(selected))
		for i, values := range selected {
			found[i].Row = copyOut(q.Table, values)
			if found[i].Joined, err = a.join(ctx, found[i].Row, q.Joins); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// join reads the rows that belong to a row that was found.
func (a *adapter) join(ctx context.Context, row schema.Row, joins []database.Join) ([][]schema.Row, error) {
	if len(joins) == 0 {
		return nil, nil
	}
	joined := make([][]schema.Row, len(joins))
	for i, j := range joins {
		from := row.Table().Position(j.From)
		if from < 0 {
			return nil, unknownField(row.Table(), j.From)
		}
		if row.At(from) == nil {
			continue
		}
		q := database.Query{Table: j.Table, Where: []database.Where{database.Eq(j.On, row.At(from))}, Limit: j.Limit}
		if j.One {
			q.Limit = 1
		}
		selected, err := a.store.tables[j.Table].query(ctx, a.tx != nil, q)
		if err != nil {
			return nil, fmt.Errorf("join %s: %w", j.Table.Key, err)
		}
		for _, values := range selected {
			joined[i] = append(joined[i], copyOut(j.Table, values))
		}
	}
	return joined, nil
}

// Count returns how many rows match.
func (a *adapter) Count(ctx context.Context, of *schema.Table, where []database.Where) (int64, error) {
	var n int64
	err := a.read(ctx, []*schema.Table{of}, func() error {
		return a.store.tables[of].scan(ctx, a.tx != nil, where, func(*entry, []any) bool { n++; return true })
	})
	return n, err
}

// Update changes the first row that matches.
func (a *adapter) Update(ctx context.Context, where []database.Where, set schema.Row) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, nil
	}
	return a.changeOne(ctx, set.Table(), where, func(t *table, log *journal, e *entry) ([]any, error) {
		return t.update(log, e, set)
	})
}

// UpdateMany changes every row that matches.
func (a *adapter) UpdateMany(ctx context.Context, where []database.Where, set schema.Row) (int64, error) {
	var n int64
	err := a.write(ctx, set.Table(), func(t *table, log *journal) error {
		matches, err := t.matches(ctx, where, 0)
		if err != nil || set.IsEmpty() {
			n = int64(len(matches))
			return err
		}
		for _, e := range matches {
			if _, err := t.update(log, e, set); err != nil {
				return err
			}
		}
		n = int64(len(matches))
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Delete deletes every row that matches.
func (a *adapter) Delete(ctx context.Context, from *schema.Table, where []database.Where) error {
	if len(where) == 0 {
		return database.ErrEmptyWhere
	}
	_, err := a.DeleteMany(ctx, from, where)
	return err
}

// DeleteMany deletes every row that matches, and the rows that reference them.
func (a *adapter) DeleteMany(ctx context.Context, from *schema.Table, where []database.Where) (int64, error) {
	var n int64
	err := a.write(ctx, from, func(t *table, log *journal) error {
		matches, err := t.matches(ctx, where, 0)
		if err != nil {
			return err
		}
		n = int64(len(matches))
		return a.store.delete(log, t, matches)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// ConsumeOne deletes the first row that matches and returns it.
func (a *adapter) ConsumeOne(ctx context.Context, from *schema.Table, where []database.Where) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, database.ErrEmptyWhere
	}
	return a.changeOne(ctx, from, where, func(t *table, log *journal, e *entry) ([]any, error) {
		values := e.pending
		return values, a.store.delete(log, t, []*entry{e})
	})
}

// IncrementOne adds to numbers of the first row that matches.
func (a *adapter) IncrementOne(ctx context.Context, where []database.Where, add []database.Increment, set schema.Row) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, database.ErrEmptyWhere
	}
	return a.changeOne(ctx, set.Table(), where, func(t *table, log *journal, e *entry) ([]any, error) {
		sum, err := t.add(e.pending, add, set)
		if err != nil {
			return nil, err
		}
		return t.update(log, e, sum)
	})
}

// changeOne lets change work on the first row that matches and returns the
// values that it returns as a row.
func (a *adapter) changeOne(ctx context.Context, of *schema.Table, where []database.Where, change func(*table, *journal, *entry) ([]any, error)) (*schema.Row, error) {
	var changed *schema.Row
	err := a.write(ctx, of, func(t *table, log *journal) error {
		matches, err := t.matches(ctx, where, 1)
		if err != nil || len(matches) == 0 {
			return err
		}
		values, err := change(t, log, matches[0])
		if err != nil {
			return err
		}
		row := copyOut(of, values)
		changed = &row
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

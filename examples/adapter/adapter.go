// Package adapter is a complete database adapter in under 300 lines: rows are
// JSON text in one file, which every commit replaces. It shows the contract and is
// no database: every operation reads all rows. See docs/writing-an-adapter.md.
package adapter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Adapter is a [database.Adapter] over the rows of a file, or in a transaction
// over a copy of them.
type Adapter struct {
	turn   chan struct{}              // holds a token while somebody uses what follows
	rows   map[string]json.RawMessage // by table and id
	schema *schema.Schema
	path   string // of the file; "" in a transaction
	over   bool   // the transaction is
}

// Open opens the file for this process alone; the first commit creates it.
func Open(path string) (*Adapter, error) {
	a := &Adapter{turn: make(chan struct{}, 1), rows: map[string]json.RawMessage{}, path: path}
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return a, nil
	}
	return a, cmp.Or(err, json.Unmarshal(content, &a.rows))
}

// Prepare tells the adapter all tables, for the foreign keys between them.
func (a *Adapter) Prepare(s *schema.Schema) { a.schema = s }

// EnsureIndexes has nothing to do.
func (a *Adapter) EnsureIndexes(context.Context) error { return nil }

// Close has nothing to do.
func (a *Adapter) Close() error { return nil }

// Capabilities leaves joins and numeric ids to others.
func (a *Adapter) Capabilities() database.Capabilities {
	return database.Capabilities{Name: "json", Transactions: true}
}

// Create adds a row, and returns what was stored.
func (a *Adapter) Create(ctx context.Context, row schema.Row) (created schema.Row, err error) {
	err = a.atomically(ctx, func(d *Adapter) error {
		created, err = d.put(row.Clone(), "")
		return err
	})
	return created, err
}

// FindOne returns the first row that matches.
func (a *Adapter) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	q.Limit = 1
	found, err := a.FindMany(ctx, q)
	if len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// FindMany filters, sorts and cuts. What is not sorted comes in the order of ids.
func (a *Adapter) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	order, invalid := database.NewOrder(q.Table, q.Sort)
	rows, err := a.each(ctx, q.Table, q.Where, 0, nil)
	if err := cmp.Or(invalid, err); err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, order)
	if q.Limit <= 0 {
		q.Limit = database.DefaultLimit
	}
	rows = rows[min(max(q.Offset, 0), len(rows)):]
	found := make([]database.Record, min(q.Limit, len(rows)))
	for i := range found {
		found[i].Row = rows[i]
	}
	return found, nil
}

// Count returns how many rows match.
func (a *Adapter) Count(ctx context.Context, t *schema.Table, where []database.Where) (int64, error) {
	rows, err := a.each(ctx, t, where, 0, nil)
	return int64(len(rows)), err
}

// Update changes one row that matches.
func (a *Adapter) Update(ctx context.Context, where []database.Where, set schema.Row) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, nil
	}
	return a.IncrementOne(ctx, where, nil, set)
}

// UpdateMany changes all rows that match, or none when one of them cannot be.
func (a *Adapter) UpdateMany(ctx context.Context, where []database.Where, set schema.Row) (int64, error) {
	rows, err := a.each(ctx, set.Table(), where, 0, setting(nil, set))
	return int64(len(rows)), err
}

// Delete deletes the rows that match, and refuses to delete all.
func (a *Adapter) Delete(ctx context.Context, t *schema.Table, where []database.Where) error {
	if len(where) == 0 {
		return database.ErrEmptyWhere
	}
	_, err := a.DeleteMany(ctx, t, where)
	return err
}

// DeleteMany deletes all rows that match, with what belongs to them.
func (a *Adapter) DeleteMany(ctx context.Context, t *schema.Table, where []database.Where) (int64, error) {
	rows, err := a.each(ctx, t, where, 0, (*Adapter).drop)
	return int64(len(rows)), err
}

// ConsumeOne deletes one row and returns it. Callers take turns: one gets it.
func (a *Adapter) ConsumeOne(ctx context.Context, t *schema.Table, where []database.Where) (*schema.Row, error) {
	return a.one(ctx, t, where, (*Adapter).drop)
}

// IncrementOne adds to numbers of one row, and sets other fields of it.
func (a *Adapter) IncrementOne(ctx context.Context, where []database.Where, add []database.Increment, set schema.Row) (*schema.Row, error) {
	return a.one(ctx, set.Table(), where, setting(add, set))
}

// Transaction calls fn with an adapter over a copy of the rows; others wait.
func (a *Adapter) Transaction(ctx context.Context, fn func(database.Adapter) error) error {
	return a.atomically(ctx, func(tx *Adapter) error { return fn(tx) })
}

// atomically lets fn change a copy of the rows, and keeps it if fn succeeds.
// Every operation does so: it happens as a whole, in a transaction or alone.
func (a *Adapter) atomically(ctx context.Context, fn func(draft *Adapter) error) error {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if a.over || ctx.Err() != nil {
		return cmp.Or(ctx.Err(), errors.New("the transaction is over"))
	}
	draft := &Adapter{turn: make(chan struct{}, 1), rows: maps.Clone(a.rows), schema: a.schema}
	defer draft.end() // also when fn panics
	if err := cmp.Or(fn(draft), ctx.Err()); err != nil {
		return err
	}
	draft.end()
	if a.path != "" && !maps.EqualFunc(a.rows, draft.rows, slices.Equal) {
		if err := a.save(draft.rows); err != nil {
			return fmt.Errorf("%w: %w", database.ErrUnavailable, err)
		}
	}
	a.rows = draft.rows
	return nil
}

func (a *Adapter) end() {
	a.turn <- struct{}{}
	a.over = true
	<-a.turn
}

// save replaces the file: whoever opens it finds all of a commit or nothing.
func (a *Adapter) save(rows map[string]json.RawMessage) error {
	content, err := json.Marshal(rows)
	if err == nil {
		err = os.WriteFile(a.path+".new", content, 0o600)
	}
	if err == nil {
		err = os.Rename(a.path+".new", a.path)
	}
	return err
}

// each returns the rows that match, at most limit unless that is 0, or what fn
// made of each if there is fn.
func (a *Adapter) each(ctx context.Context, t *schema.Table, where []database.Where, limit int, fn func(*Adapter, schema.Row) (schema.Row, error)) (rows []schema.Row, err error) {
	err = a.atomically(ctx, func(d *Adapter) error {
		rows, err = d.find(t, limit, where...)
		for i := 0; fn != nil && i < len(rows); i++ {
			if rows[i], err = fn(d, rows[i]); err != nil {
				return err
			}
		}
		return err
	})
	return rows, err
}

func (a *Adapter) one(ctx context.Context, t *schema.Table, where []database.Where, fn func(*Adapter, schema.Row) (schema.Row, error)) (*schema.Row, error) {
	rows, err := a.each(ctx, t, where, 1, fn)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func key(t *schema.Table, id string) string { return t.Name + "\n" + id }

func (a *Adapter) find(t *schema.Table, limit int, where ...database.Where) (found []schema.Row, err error) {
	filter, err := database.NewFilter(t, where)
	for _, k := range slices.Sorted(maps.Keys(a.rows)) {
		if !strings.HasPrefix(k, key(t, "")) || limit > 0 && len(found) == limit {
			continue
		}
		row, bad := t.ParseRow(a.rows[k])
		if err := cmp.Or(err, bad); err != nil {
			return nil, err
		}
		if filter.Matches(row) {
			found = append(found, row)
		}
	}
	return found, err
}

// setting returns what adds to numbers of a row and sets other fields.
func setting(add []database.Increment, set schema.Row) func(*Adapter, schema.Row) (schema.Row, error) {
	return func(d *Adapter, row schema.Row) (schema.Row, error) {
		replaced := row.ID()
		row.Merge(set)
		for _, i := range add {
			at := max(0, row.Table().Position(i.Field))
			sum := row.IntAt(at) + i.Delta
			if row.Table().Fields[at].Type != schema.Number || set.Has(at) || (sum > row.IntAt(at)) != (i.Delta > 0) {
				return row, fmt.Errorf("cannot add %d to %q", i.Delta, i.Field)
			}
			row.SetAt(at, sum)
		}
		return d.put(row, replaced)
	}
}

// put stores a row, in place of the one whose id is replaced unless that is "".
func (a *Adapter) put(row schema.Row, replaced string) (schema.Row, error) {
	t, indexes := row.Table(), slices.Clone(row.Table().Indexes)
	for i, f := range t.Fields {
		if text, _ := row.At(i).(string); row.At(i) == nil && !f.Optional || !utf8.ValidString(text) {
			return row, fmt.Errorf("this cannot be stored in %s.%s", t.Key, f.Name)
		}
		row.SetAt(i, row.At(i)) // what is absent becomes null
		indexes = append(indexes, schema.Index{Fields: []string{f.Name}, Unique: f.Unique || i == 0})
	}
	indexes = slices.DeleteFunc(indexes, func(x schema.Index) bool { return !x.Unique })
	for _, unique := range indexes {
		where := []database.Where{database.Compare("id", database.NotEqual, replaced)}
		for _, name := range unique.Fields {
			where = append(where, database.OneOf(name, row.Get(name))) // never true of null
		}
		if taken, err := a.find(t, 1, where...); err != nil || len(taken) > 0 {
			return row, cmp.Or(err, fmt.Errorf("%w: %s.%s", database.ErrDuplicate, t.Key, unique.Fields[0]))
		}
	}
	text, err := row.AppendJSON(nil)
	delete(a.rows, key(t, replaced))
	a.rows[key(t, row.ID())] = text
	return row, err
}

// drop deletes a row and does what the foreign keys to it ask for.
func (a *Adapter) drop(row schema.Row) (schema.Row, error) {
	delete(a.rows, key(row.Table(), row.ID()))
	for _, child := range a.schema.Tables {
		for _, f := range child.Fields {
			if f.References == nil || f.References.Model != row.Table().Key {
				continue
			}
			orphans, err := a.find(child, 0, database.OneOf(f.Name, row.Get(cmp.Or(f.References.Field, "id"))))
			for i := 0; i < len(orphans) && err == nil; i++ {
				switch f.References.OnDelete {
				case schema.Cascade, "":
					_, err = a.drop(orphans[i])
				case schema.SetNull:
					_, err = a.put(orphans[i].Set(f.Name, nil), orphans[i].ID())
				default:
					err = fmt.Errorf("%s.%s refers to the row", child.Key, f.Name)
				}
			}
			if err != nil {
				return row, err
			}
		}
	}
	return row, nil
}

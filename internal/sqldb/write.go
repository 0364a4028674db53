package sqldb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Operations as they stand in statement keys.
const (
	opFind byte = iota
	opJoined
	opCount
	opCreate
	opUpdate
	opUpdateMany
	opDelete
	opConsume
	opIncrement
)

// keySize is room for the key of nearly every statement on the stack.
const keySize = 96

// Create inserts a row and returns it as stored.
func (a *Adapter) Create(ctx context.Context, row schema.Row) (schema.Row, error) {
	t := a.table(row.Table())
	if t.IDs == schema.SerialIDs && row.Has(0) {
		if _, err := encodeSerialID(row.At(0)); err != nil {
			row = row.Clone() // an id that is no number is left to the database
			row.Unset(0)
		}
	}
	given, err := t.given(row)
	if err != nil {
		return schema.Row{}, err
	}
	var buffer [keySize]byte
	k := newKey(buffer[:0], opCreate, t).numbers(given.positions)
	s := a.statements.get(k, func() []byte { return a.insert(t, given.positions) })
	if a.dialect.NoReturning {
		return a.createAndRead(ctx, s, row, given.values)
	}
	stored, err := a.row(ctx, s, t, given.values)
	switch {
	case err != nil:
		return schema.Row{}, err
	case stored != nil:
		return *stored, nil
	case a.dialect.OnDuplicate != "":
		return schema.Row{}, fmt.Errorf("%w in table %s", database.ErrDuplicate, t.name)
	}
	return schema.Row{}, errors.New("the database returned no row for an insert")
}

func (a *Adapter) insert(t *table, positions []int) []byte {
	b := builder{dialect: a.dialect}
	b.add("INSERT INTO ", t.name)
	if len(positions) == 0 {
		b.output(t, inserted)
		b.add(" ", cmp.Or(a.dialect.InsertDefaults, "DEFAULT VALUES"))
	} else {
		b.add(" (")
		for i, at := range positions {
			if i > 0 {
				b.add(", ")
			}
			b.add(t.columns[at])
		}
		b.add(")")
		b.output(t, inserted)
		b.add(" VALUES (")
		for i := range positions {
			if i > 0 {
				b.add(", ")
			}
			b.add(b.placeholder())
		}
		b.add(")")
	}
	b.add(a.dialect.OnDuplicate)
	b.returning(t)
	if a.dialect.WithID != nil && t.IDs == schema.SerialIDs && slices.Contains(positions, 0) {
		return []byte(a.dialect.WithID(t.name, string(b.text)))
	}
	return b.text
}

// The rows of an OUTPUT clause.
const (
	inserted = "inserted"
	deleted  = "deleted"
)

// Update sets the given fields of set on one row that matches.
func (a *Adapter) Update(ctx context.Context, where []database.Where, set schema.Row) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, nil
	}
	t := a.table(set.Table())
	given, err := t.given(set)
	if err != nil {
		return nil, err
	}
	if len(given.positions) == 0 {
		return a.unchanged(ctx, t, where)
	}
	if a.dialect.NoReturning {
		return a.changeAndRead(ctx, t, where, nil, nil, given)
	}
	conditions, err := a.resolve(t, where)
	if err != nil {
		return nil, err
	}
	var buffer [keySize]byte
	k := appendConditions(newKey(buffer[:0], opUpdate, t).numbers(given.positions), conditions)
	s := a.statements.get(k, func() []byte {
		b := builder{dialect: a.dialect}
		b.add("UPDATE ", t.name, " SET ")
		b.assignments(t, given.positions)
		b.output(t, inserted)
		b.one(t, conditions)
		b.returning(t)
		return b.text
	})
	return a.row(ctx, s, t, oneValues(given.values, conditions))
}

// unchanged is an update that sets nothing.
func (a *Adapter) unchanged(ctx context.Context, t *table, where []database.Where) (*schema.Row, error) {
	found, err := a.FindOne(ctx, database.Query{Table: t.Table, Where: where})
	if err != nil || found == nil {
		return nil, err
	}
	return &found.Row, nil
}

// UpdateMany sets the given fields of set on every row that matches.
func (a *Adapter) UpdateMany(ctx context.Context, where []database.Where, set schema.Row) (int64, error) {
	t := a.table(set.Table())
	given, err := t.given(set)
	if err != nil {
		return 0, err
	}
	if len(given.positions) == 0 {
		return a.Count(ctx, t.Table, where)
	}
	conditions, err := a.resolve(t, where)
	if err != nil {
		return 0, err
	}
	var buffer [keySize]byte
	k := appendConditions(newKey(buffer[:0], opUpdateMany, t).numbers(given.positions), conditions)
	s := a.statements.get(k, func() []byte {
		b := builder{dialect: a.dialect}
		b.add("UPDATE ", t.name, " SET ")
		b.assignments(t, given.positions)
		b.where(t, conditions, "")
		return b.text
	})
	return a.exec(ctx, s, appendValues(given.values, conditions))
}

// Delete deletes the rows that match; it refuses an empty condition.
func (a *Adapter) Delete(ctx context.Context, table *schema.Table, where []database.Where) error {
	if len(where) == 0 {
		return database.ErrEmptyWhere
	}
	_, err := a.DeleteMany(ctx, table, where)
	return err
}

// DeleteMany deletes every row that matches.
func (a *Adapter) DeleteMany(ctx context.Context, table *schema.Table, where []database.Where) (int64, error) {
	t := a.table(table)
	conditions, err := a.resolve(t, where)
	if err != nil {
		return 0, err
	}
	var buffer [keySize]byte
	k := appendConditions(newKey(buffer[:0], opDelete, t), conditions)
	s := a.statements.get(k, func() []byte {
		b := builder{dialect: a.dialect}
		b.add("DELETE FROM ", t.name)
		b.where(t, conditions, "")
		return b.text
	})
	return a.exec(ctx, s, appendValues(nil, conditions))
}

// ConsumeOne deletes one row that matches and returns it. It is one statement,
// so that of many callers one gets the row.
func (a *Adapter) ConsumeOne(ctx context.Context, table *schema.Table, where []database.Where) (*schema.Row, error) {
	if a.dialect.NoReturning {
		return a.readAndDelete(ctx, table, where)
	}
	t := a.table(table)
	conditions, err := a.resolve(t, where)
	if err != nil {
		return nil, err
	}
	var buffer [keySize]byte
	k := appendConditions(newKey(buffer[:0], opConsume, t), conditions)
	s := a.statements.get(k, func() []byte {
		b := builder{dialect: a.dialect}
		b.add("DELETE FROM ", t.name)
		b.output(t, deleted)
		b.one(t, conditions)
		b.returning(t)
		return b.text
	})
	return a.row(ctx, s, t, oneValues(nil, conditions))
}

// IncrementOne adds to number fields of one row that matches and sets others,
// in one statement.
func (a *Adapter) IncrementOne(ctx context.Context, where []database.Where, add []database.Increment, set schema.Row) (*schema.Row, error) {
	t := a.table(set.Table())
	given, err := t.given(set)
	if err != nil {
		return nil, err
	}
	added, err := t.increments(add, set)
	if err != nil {
		return nil, err
	}
	if len(added)+len(given.positions) == 0 {
		return nil, errors.New("nothing to add or set")
	}
	if a.dialect.NoReturning {
		return a.changeAndRead(ctx, t, where, add, added, given)
	}
	conditions, err := a.resolve(t, where)
	if err != nil {
		return nil, err
	}
	var buffer [keySize]byte
	k := appendConditions(newKey(buffer[:0], opIncrement, t).numbers(added).numbers(given.positions), conditions)
	s := a.statements.get(k, func() []byte { return a.increment(t, added, given.positions, conditions) })
	args := appendDeltas(make([]any, 0, len(add)+len(given.values)+2*len(conditions)), add)
	return a.row(ctx, s, t, oneValues(append(args, given.values...), conditions))
}

func appendDeltas(args []any, add []database.Increment) []any {
	for _, i := range add {
		args = append(args, i.Delta)
	}
	return args
}

func (a *Adapter) increment(t *table, added, positions []int, conditions []condition) []byte {
	b := builder{dialect: a.dialect}
	b.change(t, added, positions)
	b.output(t, inserted)
	b.one(t, conditions)
	b.returning(t)
	return b.text
}

// change writes the beginning of an update that adds to columns and sets others.
func (b *builder) change(t *table, added, positions []int) {
	b.add("UPDATE ", t.name, " SET ")
	for i, at := range added {
		if i > 0 {
			b.add(", ")
		}
		b.add(t.columns[at], " = ", b.dialect.sum(t.columns[at], b.placeholder()))
	}
	if len(added) > 0 && len(positions) > 0 {
		b.add(", ")
	}
	b.assignments(t, positions)
}

// increments returns the positions of the fields to add to.
func (t *table) increments(add []database.Increment, set schema.Row) ([]int, error) {
	positions := make([]int, len(add))
	for i, inc := range add {
		at, err := t.position(inc.Field)
		if err != nil {
			return nil, err
		}
		if t.Fields[at].Type != schema.Number {
			return nil, fmt.Errorf("field %q is no number", inc.Field)
		}
		if set.Has(at) {
			return nil, fmt.Errorf("field %q is both added to and set", inc.Field)
		}
		positions[i] = at
	}
	return positions, nil
}

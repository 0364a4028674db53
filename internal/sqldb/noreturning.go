package sqldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// The writes of databases whose statements return no rows. What a row was, or has
// become, is read in the transaction that holds its lock.

// createAndRead inserts a row and reads what was stored.
func (a *Adapter) createAndRead(ctx context.Context, insert *statement, row schema.Row, values []any) (schema.Row, error) {
	result, err := a.execute(ctx, insert, values)
	if err != nil {
		return schema.Row{}, err
	}
	where, err := a.identify(row, result.LastInsertId)
	if err != nil {
		return schema.Row{}, err
	}
	found, err := a.FindOne(ctx, database.Query{Table: row.Table(), Where: where})
	switch {
	case err != nil:
		return schema.Row{}, err
	case found == nil:
		return schema.Row{}, fmt.Errorf("a new row of %s was gone before it could be read", row.Table().Name)
	}
	return found.Row, nil
}

// identify returns the condition that finds a row which was inserted: by the id
// it came with, the id that was counted up for it, or another unique field.
func (a *Adapter) identify(row schema.Row, lastID func() (int64, error)) ([]database.Where, error) {
	t := row.Table()
	if row.ID() != "" {
		return []database.Where{database.Eq("id", row.ID())}, nil
	}
	if t.IDs == schema.SerialIDs {
		id, err := lastID()
		if err != nil {
			return nil, fmt.Errorf("the id of a new row of %s: %w", t.Name, err)
		}
		return []database.Where{database.Eq("id", id)}, nil
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Unique && row.At(i) != nil {
			return []database.Where{database.Eq(f.Name, row.At(i))}, nil
		}
	}
	return nil, fmt.Errorf("a row of %s was stored under an id that %s does not tell: let the library make ids", t.Name, a.dialect.Capabilities.Name)
}

// changeAndRead changes one row that matches and reads what it has become.
func (a *Adapter) changeAndRead(ctx context.Context, t *table, where []database.Where, add []database.Increment, added []int, given set) (*schema.Row, error) {
	var changed *schema.Row
	err := a.inside(ctx, func(tx *Adapter) error {
		row, err := tx.lockOne(ctx, t.Table, where)
		if changed = nil; err != nil || row == nil {
			return err
		}
		byID := []database.Where{database.Eq("id", row.ID())}
		conditions, err := tx.resolve(t, byID)
		if err != nil {
			return err
		}
		var buffer [keySize]byte
		k := appendConditions(newKey(buffer[:0], opIncrement, t).numbers(added).numbers(given.positions), conditions)
		s := tx.statements.get(k, func() []byte {
			b := builder{dialect: a.dialect}
			b.change(t, added, given.positions)
			b.where(t, conditions, "")
			return b.text
		})
		args := append(appendDeltas(nil, add), given.values...)
		if _, err := tx.exec(ctx, s, appendValues(args, conditions)); err != nil {
			return err
		}
		for i, at := range given.positions {
			if at == 0 { // it has another id now
				byID = []database.Where{database.Eq("id", given.values[i])}
			}
		}
		// Locking reads see what is there, not what was when the transaction began.
		found, err := tx.FindOne(ctx, database.Query{Table: t.Table, Where: byID, ForUpdate: true})
		if err != nil {
			return err
		}
		if found == nil {
			return errors.New("a row that was changed is not there")
		}
		changed = &found.Row
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// readAndDelete deletes one row that matches and returns it.
func (a *Adapter) readAndDelete(ctx context.Context, table *schema.Table, where []database.Where) (*schema.Row, error) {
	var taken *schema.Row
	err := a.inside(ctx, func(tx *Adapter) (err error) {
		if taken, err = tx.lockOne(ctx, table, where); err != nil || taken == nil {
			return err
		}
		_, err = tx.DeleteMany(ctx, table, []database.Where{database.Eq("id", taken.ID())})
		return err
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// lockOne reads one row that matches and keeps it from being changed until the
// transaction ends.
func (a *Adapter) lockOne(ctx context.Context, table *schema.Table, where []database.Where) (*schema.Row, error) {
	found, err := a.FindOne(ctx, database.Query{Table: table, Where: where, ForUpdate: true})
	if err != nil || found == nil {
		return nil, err
	}
	return &found.Row, nil
}

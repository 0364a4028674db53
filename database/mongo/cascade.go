package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// MongoDB knows no foreign keys, so the adapter does what they ask for when a
// document is deleted. That what is referenced exists is not checked.

// dependent is a field that references a table.
type dependent struct {
	table    *schema.Table
	position int // of the field
	to       int // of the field that it references
	onDelete schema.OnDelete
}

func dependentsOf(s *schema.Schema) map[string][]dependent {
	all := map[string][]dependent{}
	for _, t := range s.Tables {
		for i, f := range t.Fields {
			if f.References == nil || s.Table(f.References.Model) == nil {
				continue
			}
			to := 0
			if name := f.References.Field; name != "" {
				to = s.Table(f.References.Model).Position(name)
			}
			all[f.References.Model] = append(all[f.References.Model], dependent{t, i, to, f.References.OnDelete})
		}
	}
	return all
}

func (a *Adapter) dependentsOn(t *schema.Table) []dependent {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dependents[t.Key]
}

func (a *Adapter) hasDependents(t *schema.Table) bool { return len(a.dependentsOn(t)) > 0 }

// remove deletes the documents that match, and then what belongs to them.
func (a *Adapter) remove(ctx context.Context, t *schema.Table, matching bson.D) (int64, error) {
	var rows []schema.Row
	if a.hasDependents(t) {
		cursor, err := a.collection(t).Find(ctx, matching)
		if err != nil {
			return 0, failure(ctx, err)
		}
		err = each(ctx, cursor, func(raw bson.Raw) error {
			row, err := rowOf(t, raw)
			rows = append(rows, row)
			return err
		})
		if err != nil || len(rows) == 0 {
			return 0, err
		}
	}
	answer, err := a.collection(t).DeleteMany(ctx, matching)
	if err != nil {
		return 0, failure(ctx, err)
	}
	return answer.DeletedCount, a.removeDependents(ctx, t, rows)
}

func (a *Adapter) removeDependents(ctx context.Context, t *schema.Table, rows []schema.Row) error {
	if len(rows) == 0 {
		return nil
	}
	for _, d := range a.dependentsOn(t) {
		list := make([]any, len(rows))
		for i, row := range rows {
			list[i] = row.At(d.to)
		}
		matching, err := filter(d.table, []database.Where{{Field: d.table.Fields[d.position].Name, Operator: database.In, Value: list}})
		if err != nil {
			return err
		}
		if err := a.release(ctx, d, matching); err != nil {
			return err
		}
	}
	return nil
}

// release does to documents what their reference asks for.
func (a *Adapter) release(ctx context.Context, d dependent, matching bson.D) error {
	switch d.onDelete {
	case "", schema.Cascade:
		_, err := a.remove(ctx, d.table, matching)
		return err
	case schema.SetNull:
		absent := bson.D{{Key: "$unset", Value: bson.D{{Key: keyOf(d.table, d.position), Value: ""}}}}
		if _, err := a.collection(d.table).UpdateMany(ctx, matching, absent); err != nil {
			return failure(ctx, err)
		}
		return nil
	}
	n, err := a.collection(d.table).CountDocuments(ctx, matching)
	if err != nil {
		return failure(ctx, err)
	}
	if n > 0 {
		return fmt.Errorf("mongo: %d documents of %s still reference what is to be deleted", n, d.table.Key)
	}
	return nil
}

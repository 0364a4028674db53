package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Create inserts a document. An absent id becomes an ObjectID.
func (a *Adapter) Create(ctx context.Context, row schema.Row) (schema.Row, error) {
	t := row.Table()
	doc, err := document(row)
	if err != nil {
		return schema.Row{}, err
	}
	var created schema.Row
	err = a.write(ctx, t, func(ctx context.Context) error {
		if _, err := a.collection(t).InsertOne(ctx, doc); err != nil {
			return failure(ctx, err)
		}
		raw, err := bson.Marshal(doc)
		if err != nil {
			return err
		}
		created, err = rowOf(t, raw)
		return err
	})
	return created, err
}

// FindOne returns the first document that matches, or nil.
func (a *Adapter) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	if q.ForUpdate || q.Offset > 0 || len(q.Sort) > 0 {
		q.Limit = 1
		found, err := a.FindMany(ctx, q)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return &found[0], nil
	}
	matching, err := filter(q.Table, q.Where)
	if err != nil {
		return nil, err
	}
	var found *database.Record
	err = a.read(ctx, func(ctx context.Context) error {
		row, err := a.result(ctx, q.Table, a.collection(q.Table).FindOne(ctx, matching))
		if row != nil {
			found = &database.Record{Row: *row}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// FindMany returns the documents that match.
func (a *Adapter) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	matching, err := filter(q.Table, q.Where)
	if err != nil {
		return nil, err
	}
	order, err := sorting(q.Table, q.Sort)
	if err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = database.DefaultLimit
	}
	var found []database.Record
	err = a.read(ctx, func(ctx context.Context) error {
		find := options.Find().SetSort(order).SetSkip(int64(q.Offset)).SetLimit(int64(q.Limit))
		cursor, err := a.collection(q.Table).Find(ctx, matching, find)
		if err != nil {
			return failure(ctx, err)
		}
		err = each(ctx, cursor, func(raw bson.Raw) error {
			row, err := rowOf(q.Table, raw)
			found = append(found, database.Record{Row: row})
			return err
		})
		if err != nil || !q.ForUpdate || a.tx == nil || len(found) == 0 {
			return err
		}
		return a.hold(ctx, q.Table, found)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// hold keeps others from changing documents until the transaction ends. Only a
// write does that, so a field is set, and removed again before anybody sees it.
// When others have changed a document since the transaction began, it fails as a
// conflict, and is begun again.
func (a *Adapter) hold(ctx context.Context, t *schema.Table, found []database.Record) error {
	ids := bson.A{}
	for _, record := range found {
		id, err := encodeID(t, 0, record.ID())
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	these := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}
	for _, change := range []bson.D{
		{{Key: "$set", Value: bson.D{{Key: "_held", Value: bson.NewObjectID()}}}},
		{{Key: "$unset", Value: bson.D{{Key: "_held", Value: ""}}}},
	} {
		if _, err := a.collection(t).UpdateMany(ctx, these, change); err != nil {
			return failure(ctx, err)
		}
	}
	return nil
}

// each calls fn with every document of a cursor and closes it.
func each(ctx context.Context, cursor *driver.Cursor, fn func(bson.Raw) error) (err error) {
	defer func() {
		if closed := cursor.Close(ctx); closed != nil && err == nil {
			err = failure(ctx, closed)
		}
	}()
	for cursor.Next(ctx) {
		if err := fn(cursor.Current); err != nil {
			return err
		}
	}
	if err := cursor.Err(); err != nil {
		return failure(ctx, err)
	}
	return nil
}

// Count returns how many documents match.
func (a *Adapter) Count(ctx context.Context, t *schema.Table, where []database.Where) (int64, error) {
	matching, err := filter(t, where)
	if err != nil {
		return 0, err
	}
	var n int64
	err = a.read(ctx, func(ctx context.Context) error {
		var err error
		if n, err = a.collection(t).CountDocuments(ctx, matching); err != nil {
			return failure(ctx, err)
		}
		return nil
	})
	return n, err
}

// Update changes one document that matches.
func (a *Adapter) Update(ctx context.Context, where []database.Where, set schema.Row) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, nil
	}
	change, err := changes(set)
	if err != nil {
		return nil, err
	}
	return a.changeOne(ctx, set.Table(), where, change)
}

// changeOne applies a change to one document that matches, or only finds it when
// there is nothing to change, and returns it as it is then.
func (a *Adapter) changeOne(ctx context.Context, t *schema.Table, where []database.Where, change bson.D) (*schema.Row, error) {
	matching, err := filter(t, where)
	if err != nil {
		return nil, err
	}
	var changed *schema.Row
	err = a.write(ctx, t, func(ctx context.Context) error {
		changed, err = a.findAndChange(ctx, t, matching, change)
		return err
	})
	return changed, err
}

func (a *Adapter) findAndChange(ctx context.Context, t *schema.Table, matching, change bson.D) (*schema.Row, error) {
	if len(change) == 0 {
		return a.result(ctx, t, a.collection(t).FindOne(ctx, matching))
	}
	after := options.FindOneAndUpdate().SetReturnDocument(options.After)
	return a.result(ctx, t, a.collection(t).FindOneAndUpdate(ctx, matching, change, after))
}

// result reads the one document of an answer, if there is one.
func (a *Adapter) result(ctx context.Context, t *schema.Table, answer *driver.SingleResult) (*schema.Row, error) {
	raw, err := answer.Raw()
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, failure(ctx, err)
	}
	row, err := rowOf(t, raw)
	if err != nil {
		return nil, err
	}
	return &row, nil
}

// changes returns the update that sets the given fields of a row.
func changes(set schema.Row) (bson.D, error) {
	t := set.Table()
	assigned, removed := bson.D{}, bson.D{}
	for i := range t.Fields {
		if !set.Has(i) {
			continue
		}
		value := set.At(i)
		if value == nil {
			if !t.Fields[i].Optional {
				return nil, fmt.Errorf("mongo: %s.%s is required", t.Key, t.Fields[i].Name)
			}
			removed = append(removed, bson.E{Key: keyOf(t, i), Value: ""})
			continue
		}
		stored, err := encode(t, i, value)
		if err != nil {
			return nil, err
		}
		assigned = append(assigned, bson.E{Key: keyOf(t, i), Value: stored})
	}
	change := bson.D{}
	if len(assigned) > 0 {
		change = append(change, bson.E{Key: "$set", Value: assigned})
	}
	if len(removed) > 0 {
		change = append(change, bson.E{Key: "$unset", Value: removed})
	}
	return change, nil
}

// UpdateMany changes all documents that match; at once where there are
// transactions.
func (a *Adapter) UpdateMany(ctx context.Context, where []database.Where, set schema.Row) (int64, error) {
	t := set.Table()
	if set.IsEmpty() {
		return a.Count(ctx, t, where)
	}
	matching, err := filter(t, where)
	if err != nil {
		return 0, err
	}
	change, err := changes(set)
	if err != nil {
		return 0, err
	}
	var n int64
	err = a.atomically(ctx, t, func(ctx context.Context) error {
		answer, err := a.collection(t).UpdateMany(ctx, matching, change)
		if err != nil {
			return failure(ctx, err)
		}
		n = answer.MatchedCount
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Delete deletes the documents that match.
func (a *Adapter) Delete(ctx context.Context, t *schema.Table, where []database.Where) error {
	if len(where) == 0 {
		return database.ErrEmptyWhere
	}
	_, err := a.DeleteMany(ctx, t, where)
	return err
}

// DeleteMany deletes all documents that match, and those that belong to them.
func (a *Adapter) DeleteMany(ctx context.Context, t *schema.Table, where []database.Where) (int64, error) {
	matching, err := filter(t, where)
	if err != nil {
		return 0, err
	}
	var n int64
	err = a.atomically(ctx, t, func(ctx context.Context) error {
		n, err = a.remove(ctx, t, matching)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// ConsumeOne deletes one document that matches and returns it.
func (a *Adapter) ConsumeOne(ctx context.Context, t *schema.Table, where []database.Where) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, database.ErrEmptyWhere
	}
	matching, err := filter(t, where)
	if err != nil {
		return nil, err
	}
	consume := a.write
	if a.hasDependents(t) {
		consume = a.atomically
	}
	var consumed *schema.Row
	err = consume(ctx, t, func(ctx context.Context) error {
		consumed, err = a.result(ctx, t, a.collection(t).FindOneAndDelete(ctx, matching))
		if err != nil || consumed == nil {
			return err
		}
		return a.removeDependents(ctx, t, []schema.Row{*consumed})
	})
	if err != nil {
		return nil, err
	}
	return consumed, nil
}

// IncrementOne adds to numbers of one document that matches.
func (a *Adapter) IncrementOne(ctx context.Context, where []database.Where, add []database.Increment, set schema.Row) (*schema.Row, error) {
	if len(where) == 0 {
		return nil, database.ErrEmptyWhere
	}
	t := set.Table()
	change, err := changes(set)
	if err != nil {
		return nil, err
	}
	sums := bson.D{}
	for _, inc := range add {
		position, err := positionOf(t, inc.Field)
		if err != nil {
			return nil, err
		}
		if t.Fields[position].Type != schema.Number {
			return nil, fmt.Errorf("mongo: %s.%s is no number", t.Key, inc.Field)
		}
		sums = append(sums, bson.E{Key: keyOf(t, position), Value: inc.Delta})
	}
	if len(sums) == 0 {
		return a.changeOne(ctx, t, where, change)
	}
	return a.increment(ctx, t, where, append(change, bson.E{Key: "$inc", Value: sums}), sums)
}

// increment adds. MongoDB counts an absent number as 0 but does not add to null,
// which other programs may have stored: such a null is made absent first.
func (a *Adapter) increment(ctx context.Context, t *schema.Table, where []database.Where, change, sums bson.D) (*schema.Row, error) {
	matching, err := filter(t, where)
	if err != nil {
		return nil, err
	}
	null := bson.A{}
	for _, sum := range sums {
		null = append(null, bson.D{{Key: sum.Key, Value: bson.D{{Key: "$type", Value: "null"}}}})
	}
	ready := bson.D{{Key: "$and", Value: bson.A{matching, bson.D{{Key: "$nor", Value: null}}}}}
	var sum *schema.Row
	err = a.write(ctx, t, func(ctx context.Context) error {
		sum, err = a.findAndChange(ctx, t, ready, change)
		if err != nil || sum != nil {
			return err
		}
		for i := range sums {
			unready := bson.D{{Key: "$and", Value: bson.A{matching, null[i]}}}
			absent := bson.D{{Key: "$unset", Value: bson.D{{Key: sums[i].Key, Value: ""}}}}
			if _, err := a.collection(t).UpdateOne(ctx, unready, absent); err != nil {
				return failure(ctx, err)
			}
		}
		sum, err = a.findAndChange(ctx, t, ready, change)
		return err
	})
	return sum, err
}

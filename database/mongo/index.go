package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/ostiary/ostiary/schema"
)

// index is an index that a table asks for.
type index struct {
	name      string
	positions []int
	unique    bool
}

// Prepare tells the adapter the tables and how they reference each other. It
// asks nothing of the server.
func (a *Adapter) Prepare(s *schema.Schema) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tables, a.dependents = s.Tables, dependentsOf(s)
}

// EnsureIndexes creates the collections and indexes that are missing. It never
// changes or removes any: one that is there but different is an error. The
// adapter does this by itself before it first writes to a collection.
func (a *Adapter) EnsureIndexes(ctx context.Context) error {
	a.mu.Lock()
	tables := a.tables
	a.mu.Unlock()
	for _, t := range tables {
		if err := a.ensure(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// ensure creates what a table lacks, once.
func (a *Adapter) ensure(ctx context.Context, t *schema.Table) error {
	a.mu.Lock()
	done := a.indexed[t.Name] || t.Unmanaged
	a.mu.Unlock()
	if done {
		return nil
	}
	if err := a.create(ctx, t); err != nil {
		return fmt.Errorf("mongo: prepare the collection of %s: %w", t.Key, failure(ctx, err))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.indexed[t.Name] = true
	return nil
}

// namespaceExists is the code of the error that says that a collection is there
// already.
const namespaceExists = 48

func (a *Adapter) create(ctx context.Context, t *schema.Table) error {
	for _, f := range t.Fields {
		if strings.Contains(f.Column, ".") || strings.HasPrefix(f.Column, "$") {
			return fmt.Errorf("the column name %q of %s means something else to MongoDB; choose one without a dot or a dollar sign at its beginning", f.Column, f.Name)
		}
	}
	err := a.db.CreateCollection(ctx, t.Name)
	var failed driver.ServerError
	if err != nil && (!errors.As(err, &failed) || !failed.HasErrorCode(namespaceExists)) {
		return err
	}
	existing, err := a.collection(t).Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	var missing []driver.IndexModel
	for _, wanted := range indexesOf(t) {
		there, err := wanted.isAmong(t, existing)
		if err != nil {
			return err
		}
		if !there {
			missing = append(missing, wanted.model(t))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = a.collection(t).Indexes().CreateMany(ctx, missing)
	return err
}

func indexesOf(t *schema.Table) []index {
	var all []index
	for i := 1; i < len(t.Fields); i++ {
		if f := &t.Fields[i]; f.Unique || f.Index {
			all = append(all, index{name: f.Column + "_1", positions: []int{i}, unique: f.Unique})
		}
	}
	for _, declared := range t.Indexes {
		wanted := index{name: declared.Name, unique: declared.Unique}
		for _, field := range declared.Fields {
			wanted.positions = append(wanted.positions, t.Position(field))
		}
		all = append(all, wanted)
	}
	return all
}

func (x *index) keys(t *schema.Table) bson.D {
	keys := bson.D{}
	for _, position := range x.positions {
		keys = append(keys, bson.E{Key: keyOf(t, position), Value: int32(1)})
	}
	return keys
}

// model returns the index for the driver. As in SQL, rows with a null are never
// duplicates: they are not in the index.
func (x *index) model(t *schema.Table) driver.IndexModel {
	o := options.Index().SetUnique(x.unique)
	if x.name != "" {
		o.SetName(x.name)
	}
	given := bson.D{}
	for _, position := range x.positions {
		if x.unique && t.Fields[position].Optional {
			given = append(given, bson.E{Key: keyOf(t, position), Value: bson.D{{Key: "$type", Value: storedTypes(t, position)}}})
		}
	}
	if len(given) > 0 {
		o.SetPartialFilterExpression(given)
	}
	return driver.IndexModel{Keys: x.keys(t), Options: o}
}

// storedTypes are the BSON types that a field can have.
func storedTypes(t *schema.Table, position int) bson.A {
	switch {
	case isID(t, position):
		return bson.A{"string", "objectId", "binData"}
	case t.Fields[position].Type == schema.Number:
		return bson.A{"number"}
	case t.Fields[position].Type == schema.Boolean:
		return bson.A{"bool"}
	case t.Fields[position].Type == schema.Date:
		return bson.A{"date"}
	}
	return bson.A{"string"}
}

// isAmong reports whether the index is there already. One of its name or over
// its fields that is another one is an error.
func (x *index) isAmong(t *schema.Table, existing []driver.IndexSpecification) (bool, error) {
	wanted := keyNames(x.keys(t))
	for _, found := range existing {
		var keys bson.D
		if err := bson.Unmarshal(found.KeysDocument, &keys); err != nil {
			return false, err
		}
		same := slices.Equal(keyNames(keys), wanted)
		unique := found.Unique != nil && *found.Unique
		switch {
		case same && (unique || !x.unique):
			return true, nil
		case same:
			return false, fmt.Errorf("the index %q is not unique; remove the duplicates and the index, and it is created anew", found.Name)
		case x.name != "" && found.Name == x.name:
			return false, fmt.Errorf("the index %q is over %v, not %v; remove it, and it is created anew", found.Name, keyNames(keys), wanted)
		}
	}
	return false, nil
}

func keyNames(keys bson.D) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = key.Key
	}
	return names
}

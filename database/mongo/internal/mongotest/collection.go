package mongotest

import (
	"fmt"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// data are the collections by name. Documents in them are never changed, only
// replaced, so a copy of the lists is a copy of the data.
type data map[string]*collection

type collection struct {
	documents []bson.D
	indexes   []index
}

type index struct {
	name    string
	keys    bson.D
	unique  bool
	partial bson.D
}

func (d data) clone() data {
	out := maps.Clone(d)
	for name, c := range out {
		out[name] = &collection{documents: slices.Clone(c.documents), indexes: slices.Clone(c.indexes)}
	}
	return out
}

// collection returns a collection, which comes into being when it is written to.
func (d data) collection(name string) *collection {
	c := d[name]
	if c == nil {
		c = &collection{indexes: []index{{name: "_id_", keys: bson.D{{Key: "_id", Value: int32(1)}}, unique: true}}}
		d[name] = c
	}
	return c
}

// find returns the positions of the documents that match, at most limit of them
// unless that is 0.
func (c *collection) find(query bson.D, limit int) ([]int, error) {
	var found []int
	for i, doc := range c.documents {
		ok, err := matches(doc, query)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		found = append(found, i)
		if len(found) == limit {
			break
		}
	}
	return found, nil
}

func (c *collection) insert(doc bson.D) error {
	if err := c.admit(doc, -1); err != nil {
		return err
	}
	c.documents = append(c.documents, doc)
	return nil
}

// admit reports which unique index keeps a document out of a place.
func (c *collection) admit(doc bson.D, place int) error {
	for i := range c.indexes {
		x := &c.indexes[i]
		if !x.unique || !x.covers(doc) {
			continue
		}
		for at, other := range c.documents {
			if at != place && x.covers(other) && compare(x.key(doc), x.key(other)) == 0 {
				return fail(11000, fmt.Sprintf("E11000 duplicate key error collection index: %s", x.name))
			}
		}
	}
	return nil
}

func (x *index) covers(doc bson.D) bool {
	ok, err := matches(doc, x.partial)
	return ok && err == nil
}

func (x *index) key(doc bson.D) bson.A {
	key := bson.A{}
	for _, e := range x.keys {
		value, _ := lookup(doc, e.Key)
		key = append(key, value)
	}
	return key
}

// update applies an update to the document at a place.
func (c *collection) update(place int, update bson.D) error {
	doc := slices.Clone(c.documents[place])
	for _, op := range update {
		fields, ok := op.Value.(bson.D)
		if !ok {
			return fail(9, "Modifiers operate on fields")
		}
		for _, field := range fields {
			var err error
			if doc, err = change(doc, op.Key, field); err != nil {
				return err
			}
		}
	}
	if err := c.admit(doc, place); err != nil {
		return err
	}
	c.documents[place] = doc
	return nil
}

func change(doc bson.D, operator string, field bson.E) (bson.D, error) {
	at := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == field.Key })
	if field.Key == "_id" && (at < 0 || operator != "$set" || compare(doc[at].Value, field.Value) != 0) {
		return nil, fail(66, "the immutable field '_id' was found to have been altered")
	}
	switch operator {
	case "$set":
	case "$unset":
		if at >= 0 {
			doc = slices.Delete(doc, at, at+1)
		}
		return doc, nil
	case "$inc":
		if at < 0 {
			break
		}
		if rank(doc[at].Value) != rank(int64(0)) {
			return nil, fail(14, "Cannot apply $inc to a value of non-numeric type")
		}
		total, fits := sum(doc[at].Value, field.Value)
		if !fits {
			return nil, fail(2, "Failed to apply $inc operations to current value")
		}
		field.Value = total
	default:
		return nil, fail(9, "Unknown modifier: "+operator)
	}
	if at < 0 {
		return append(doc, field), nil
	}
	doc[at].Value = field.Value
	return doc, nil
}

// remove deletes the documents at places, which count up.
func (c *collection) remove(places []int) {
	for _, at := range slices.Backward(places) {
		c.documents = slices.Delete(c.documents, at, at+1)
	}
}

// sort orders documents by the keys of an order.
func sort(documents []bson.D, order bson.D) {
	slices.SortStableFunc(documents, func(a, b bson.D) int {
		for _, e := range order {
			x, _ := lookup(a, e.Key)
			y, _ := lookup(b, e.Key)
			c := compare(x, y)
			if direction, _ := integer(e.Value); direction < 0 {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

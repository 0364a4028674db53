package database

import (
	"context"
	"slices"

	"github.com/ostiary/ostiary/internal/coalesce"
	"github.com/ostiary/ostiary/schema"
)

// Lookup finds rows by the value of one unique field for many goroutines. Where
// every query is a round trip ([Capabilities].Remote), lookups that wait at the
// same time travel together: several values in one query, and the same value once.
// So a database that is busy is asked fewer questions, and an idle one is asked at
// once.
//
// An answer is never older than its question: a lookup joins only queries that
// have not been sent yet. What was deleted before a lookup began is not found.
//
// Make one with [DB.NewLookup]. It is safe for concurrent use.
type Lookup struct {
	db       *DB
	by       uniqueField
	together bool // whether lookups travel together
	group    coalesce.Group[*Record]
}

// uniqueField is a field of strings of which no two rows have the same.
type uniqueField struct {
	query Query // table and joins
	name  string
	at    int // its position
}

// NewLookup returns a lookup of rows of a table by a field of strings, with the
// rows that the joins read along.
func (db *DB) NewLookup(table *schema.Table, field string, joins ...Join) *Lookup {
	l := &Lookup{db: db, by: newUniqueField(table, field, joins), together: db.adapter.Capabilities().Remote}
	l.group.One, l.group.Many = l.one, l.many
	return l
}

// Find returns the row whose field has a value, or nil. The record is the
// caller's own. In a transaction it reads what the transaction sees.
func (l *Lookup) Find(ctx context.Context, value string) (*Record, error) {
	if !l.together || l.db.transaction(ctx) != nil {
		return l.one(ctx, value)
	}
	rec, shared, err := l.group.Get(ctx, value)
	if shared {
		rec = rec.clone()
	}
	return rec, err
}

func (l *Lookup) one(ctx context.Context, value string) (*Record, error) {
	return l.db.FindOne(ctx, l.by.among(value))
}

func (l *Lookup) many(ctx context.Context, values []string) ([]*Record, error) {
	recs, err := l.db.FindMany(ctx, l.by.among(values...))
	if err != nil {
		return nil, err
	}
	return l.by.arrange(recs, values), nil
}

func newUniqueField(table *schema.Table, name string, joins []Join) uniqueField {
	return uniqueField{query: Query{Table: table, Joins: joins}, name: name, at: table.Position(name)}
}

// among is the query for the rows that have one of some values.
func (f *uniqueField) among(values ...string) Query {
	q := f.query
	q.Where, q.Limit = []Where{Eq(f.name, values[0])}, len(values)
	if len(values) > 1 {
		q.Where = []Where{{Field: f.name, Operator: In, Value: pad(values)}}
	}
	return q
}

// arrange puts records in the order of the values that were asked for, with nil
// for those that no row has.
func (f *uniqueField) arrange(recs []Record, values []string) []*Record {
	found := make([]*Record, len(values))
	for i := range recs {
		if at := slices.Index(values, recs[i].StringAt(f.at)); at >= 0 {
			found[at] = &recs[i]
		}
	}
	return found
}

// pad repeats the last value until their number is a power of two, so that a
// store that prepares statements prepares few.
func pad(values []string) []any {
	size := 2
	for size < len(values) {
		size *= 2
	}
	padded := make([]any, size)
	for i := range padded {
		padded[i] = values[min(i, len(values)-1)]
	}
	return padded
}

// clone returns a record whose values are its own; nil for nil.
func (r *Record) clone() *Record {
	if r == nil {
		return nil
	}
	out := &Record{Row: cloneRow(r.Row)}
	if r.Joined != nil {
		out.Joined = make([][]schema.Row, len(r.Joined))
	}
	for i, rows := range r.Joined {
		for _, row := range rows {
			out.Joined[i] = append(out.Joined[i], cloneRow(row))
		}
	}
	return out
}

// cloneRow copies a row with the lists and objects in it.
func cloneRow(row schema.Row) schema.Row {
	out := row.Clone()
	for i := range out.Table().Fields {
		if out.Has(i) {
			out.SetAt(i, schema.CloneValue(out.At(i)))
		}
	}
	return out
}

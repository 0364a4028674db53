package database

import (
	"context"
	"maps"
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
	query    Query // table and joins
	field    string
	at       int  // the position of the field
	together bool // whether lookups travel together
	group    coalesce.Group[*Record]
}

// NewLookup returns a lookup of rows of a table by a field of strings, with the
// rows that the joins read along.
func (db *DB) NewLookup(table *schema.Table, field string, joins ...Join) *Lookup {
	l := &Lookup{
		db: db, query: Query{Table: table, Joins: joins}, field: field, at: table.Position(field),
		together: db.adapter.Capabilities().Remote,
	}
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
	q := l.query
	q.Where = []Where{Eq(l.field, value)}
	return l.db.FindOne(ctx, q)
}

func (l *Lookup) many(ctx context.Context, values []string) ([]*Record, error) {
	q := l.query
	q.Where = []Where{{Field: l.field, Operator: In, Value: pad(values)}}
	q.Limit = len(values)
	recs, err := l.db.FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	found := make([]*Record, len(values))
	for i := range recs {
		if at := slices.Index(values, recs[i].StringAt(l.at)); at >= 0 {
			found[at] = &recs[i]
		}
	}
	return found, nil
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
		switch v := out.At(i).(type) {
		case map[string]any, []any:
			out.SetAt(i, cloneJSON(v))
		case []string:
			out.SetAt(i, slices.Clone(v))
		case []float64:
			out.SetAt(i, slices.Clone(v))
		}
	}
	return out
}

func cloneJSON(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for key, member := range out {
			out[key] = cloneJSON(member)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i, element := range out {
			out[i] = cloneJSON(element)
		}
		return out
	}
	return value
}

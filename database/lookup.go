package database

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// Lookup finds rows by the value of one unique field for many goroutines. Where
// every query is a round trip ([Capabilities].Remote), few queries are under way
// at once, and what is asked for meanwhile travels together with the next: several
// values in one query, and the same value once. So a database that is busy is
// asked fewer questions, and an idle one is asked at once.
//
// An answer is never older than its question: a lookup joins only queries that
// have not been sent yet. What was deleted before a lookup began is not found.
//
// Make one with [DB.NewLookup]. It is safe for concurrent use and owns no
// goroutine: one of those that wait sends the query for all.
type Lookup struct {
	db    *DB
	query Query // table and joins
	field string
	at    int // the position of the field

	mu      sync.Mutex
	lanes   int // how many queries may be under way at once; 0 is any number
	running int
	queue   []*batch // what waits for a lane; the last one is being filled
}

const (
	// lookupLanes is how many queries of a [Lookup] are under way at once. Two
	// keep the database at work while an answer is being read.
	lookupLanes = 2
	// maxBatch bounds the values of one query.
	maxBatch = 64
	// batchTimeout bounds a query that is made for several callers, which none
	// of them can cancel alone.
	batchTimeout = 10 * time.Second
)

// batch is a query that has not been sent, or whose answer is being waited for.
type batch struct {
	values  []any // distinct
	members int   // those who wait for it
	begin   chan struct{}
	done    chan struct{}
	found   map[string]*Record
	err     error
}

// NewLookup returns a lookup of rows of a table by a field of strings, with the
// rows that the joins read along.
func (db *DB) NewLookup(table *schema.Table, field string, joins ...Join) *Lookup {
	l := &Lookup{db: db, query: Query{Table: table, Joins: joins}, field: field, at: table.Position(field)}
	if db.adapter.Capabilities().Remote {
		l.lanes = lookupLanes
	}
	return l
}

// Find returns the row whose field has a value, or nil. The record is the
// caller's own. In a transaction it reads what the transaction sees.
func (l *Lookup) Find(ctx context.Context, value string) (*Record, error) {
	if l.lanes == 0 || l.db.transaction(ctx) != nil {
		return l.one(ctx, value)
	}
	b := l.enter(value)
	if b == nil {
		defer l.leave()
		return l.one(ctx, value)
	}
	select {
	case <-b.begin:
		l.run(ctx, b)
	case <-b.done:
	case <-ctx.Done():
		l.abandon(b)
		return nil, fmt.Errorf("find %s: %w", l.query.Table.Key, ctx.Err())
	}
	return b.found[value].clone(), b.err
}

func (l *Lookup) one(ctx context.Context, value string) (*Record, error) {
	q := l.query
	q.Where = []Where{Eq(l.field, value)}
	return l.db.FindOne(ctx, q)
}

// enter takes a free lane and returns nil, or joins a batch that waits for one.
func (l *Lookup) enter(value string) *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running < l.lanes {
		l.running++
		return nil
	}
	for _, b := range l.queue {
		if slices.Contains(b.values, any(value)) {
			b.members++
			return b
		}
	}
	if n := len(l.queue); n == 0 || len(l.queue[n-1].values) >= maxBatch {
		l.queue = append(l.queue, &batch{begin: make(chan struct{}, 1), done: make(chan struct{})})
	}
	b := l.queue[len(l.queue)-1]
	b.values = append(b.values, value)
	b.members++
	return b
}

// leave gives the caller's lane to the batch that has waited longest.
func (l *Lookup) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.running--
		return
	}
	next := l.queue[0]
	l.queue = slices.Delete(l.queue, 0, 1)
	next.begin <- struct{}{}
}

// abandon takes a member out of a batch. The last one sees to it that neither
// the batch nor the lane that it may have been given is left behind.
func (l *Lookup) abandon(b *batch) {
	l.mu.Lock()
	b.members--
	deserted := b.members == 0
	if at := slices.Index(l.queue, b); deserted && at >= 0 {
		l.queue = slices.Delete(l.queue, at, at+1)
	}
	l.mu.Unlock()
	if !deserted {
		return
	}
	select {
	case <-b.begin:
		l.leave()
	default:
	}
}

// run sends the query of a batch and hands out what it found. The query is not
// cancelled with the request of the one who sends it, since others wait for it.
func (l *Lookup) run(ctx context.Context, b *batch) {
	b.err = fmt.Errorf("find %s: the query that this one was part of failed", l.query.Table.Key) // unless it returns
	defer l.leave()
	defer close(b.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTimeout)
	defer cancel()
	b.found, b.err = l.many(ctx, b.values)
}

func (l *Lookup) many(ctx context.Context, values []any) (map[string]*Record, error) {
	if len(values) == 1 {
		value, _ := values[0].(string)
		rec, err := l.one(ctx, value)
		if err != nil || rec == nil {
			return nil, err
		}
		return map[string]*Record{value: rec}, nil
	}
	q := l.query
	q.Where = []Where{{Field: l.field, Operator: In, Value: pad(values)}}
	q.Limit = len(values)
	recs, err := l.db.FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*Record, len(recs))
	for i := range recs {
		found[recs[i].StringAt(l.at)] = &recs[i]
	}
	return found, nil
}

// pad repeats the last value until their number is a power of two, so that a
// store that prepares statements prepares few.
func pad(values []any) []any {
	size := 2
	for size < len(values) {
		size *= 2
	}
	last := values[len(values)-1]
	for len(values) < size {
		values = append(values, last)
	}
	return values
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

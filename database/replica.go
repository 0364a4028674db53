package database

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/internal/coalesce"
	"github.com/ostiary/ostiary/schema"
)

// Replicated is what an adapter offers, beyond [Adapter], whose store may have a
// replica that answers reads.
type Replicated interface {
	// Replica returns the replica; nil when there is none.
	Replica() Replica
}

// Replica is a copy of a database that follows it with a delay. What it answers
// may be outdated, so whoever asks it must compare positions: an answer from a
// position that includes the one at which the database was at some moment is what
// the database would have answered at that moment, or later.
type Replica interface {
	// Position returns how far the database itself is, with everything that any
	// client was told is done by the time of the call.
	Position(ctx context.Context) (Position, error)
	// FindMany is like that of [Adapter], with all joins, but asks the replica. It
	// also returns a position that the replica had reached before it looked, or
	// the zero Position when it does not know. It gives up early rather than wait
	// for a replica that is slow.
	FindMany(ctx context.Context, q Query) ([]Record, Position, error)
}

// Position is a point in the history of a database. The zero Position is none.
type Position struct {
	// History names the sequence of changes that At counts. After a replica was
	// promoted it is another one; positions in two histories do not compare.
	History string
	At      uint64
}

// Includes reports whether everything that was done at the other position is done
// at this one. If in doubt it is false.
func (p Position) Includes(other Position) bool {
	return p.History != "" && p.History == other.History && p.At >= other.At
}

// ReplicaLookup is a [Lookup] that asks the replica of a database. Make one with
// [DB.NewReplicaLookup]. It is safe for concurrent use.
type ReplicaLookup struct {
	db      *DB
	replica Replica
	by      uniqueField
	group   coalesce.Group[replicated]
}

// replicated is a record, or nil, that a replica had at a position, or later.
type replicated struct {
	record  *Record
	reached Position
}

// NewReplicaLookup is like [DB.NewLookup]. It returns nil when the database has no
// replica.
func (db *DB) NewReplicaLookup(table *schema.Table, field string, joins ...Join) *ReplicaLookup {
	a, ok := db.adapter.(Replicated)
	if !ok || a.Replica() == nil {
		return nil
	}
	r := &ReplicaLookup{db: db, replica: a.Replica(), by: newUniqueField(table, field, joins)}
	r.group.One, r.group.Many = r.one, r.many
	return r
}

// Position returns how far the database itself is; see [Replica].
func (r *ReplicaLookup) Position(ctx context.Context) (Position, error) {
	if err := r.db.ready(ctx); err != nil {
		return Position{}, err
	}
	at, err := r.replica.Position(ctx)
	if err != nil {
		return Position{}, fmt.Errorf("find the position of the database: %w", err)
	}
	return at, nil
}

// Find returns the row whose field has a value, or nil, and a position that the
// replica had reached before it looked. The record is the caller's own. It must
// not be called in a transaction, whose changes no replica has.
func (r *ReplicaLookup) Find(ctx context.Context, value string) (*Record, Position, error) {
	found, shared, err := r.group.Get(ctx, value)
	if shared {
		found.record = found.record.clone()
	}
	return found.record, found.reached, err
}

func (r *ReplicaLookup) one(ctx context.Context, value string) (replicated, error) {
	found, err := r.many(ctx, []string{value})
	if err != nil {
		return replicated{}, err
	}
	return found[0], nil
}

func (r *ReplicaLookup) many(ctx context.Context, values []string) ([]replicated, error) {
	if err := r.db.ready(ctx); err != nil {
		return nil, fmt.Errorf("find %s: %w", r.by.query.Table.Key, err)
	}
	recs, reached, err := r.replica.FindMany(ctx, r.by.among(values...))
	if err != nil {
		return nil, fmt.Errorf("find %s at the replica: %w", r.by.query.Table.Key, err)
	}
	for i := range recs {
		if err := decodeRecord(&recs[i]); err != nil {
			return nil, err
		}
	}
	found := make([]replicated, len(values))
	for i, rec := range r.by.arrange(recs, values) {
		found[i] = replicated{rec, reached}
	}
	return found, nil
}

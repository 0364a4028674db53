package memory

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/database"
)

var errFinished = errors.New("memory: the transaction is finished")

// transaction is the work of the writer that holds the store.
type transaction struct {
	log  journal
	done bool
}

// Transaction calls fn with an adapter that alone may write until fn returns.
// Nobody else sees what it wrote before that. A transaction within one joins it.
// When the context ends before fn returns, the work is undone.
func (a *adapter) Transaction(ctx context.Context, fn func(tx database.Adapter) error) error {
	if a.tx != nil {
		return fn(a)
	}
	if err := a.store.acquire(ctx); err != nil {
		return err
	}
	defer a.store.release()
	tx := &transaction{}
	defer a.store.end(tx, false) // also when fn panics

	if err := fn(&adapter{store: a.store, tx: tx}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: commit: %w", err)
	}
	a.store.end(tx, true)
	return nil
}

// end finishes a transaction that is not finished yet.
func (s *store) end(tx *transaction, commit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tx.done {
		return
	}
	tx.done = true
	if !commit {
		tx.log.undo(0)
	}
	tx.log.commit()
}

// finish commits a statement that is not part of a transaction.
func (s *store) finish(log *journal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	log.commit()
}

// journal is what a writer has changed, so that it can be undone.
type journal struct{ changes []change }

// change remembers what a row was for the writer before a change.
type change struct {
	table  *table
	entry  *entry
	before []any
}

// set changes what a row is for the writer; nil deletes it.
func (j *journal) set(t *table, e *entry, values []any) {
	j.changes = append(j.changes, change{t, e, e.pending})
	t.become(e, e.committed, values)
}

// undo takes back the changes from the given one on.
func (j *journal) undo(from int) {
	for i := len(j.changes) - 1; i >= from; i-- {
		c := j.changes[i]
		c.table.become(c.entry, c.entry.committed, c.before)
		c.table.sweep(c.entry)
	}
	j.changes = j.changes[:from]
}

// commit shows the changes to everyone.
func (j *journal) commit() {
	for _, c := range j.changes {
		c.table.become(c.entry, c.entry.pending, c.entry.pending)
		c.table.sweep(c.entry)
	}
	j.changes = nil
}

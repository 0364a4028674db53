package database

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ostiary/ostiary/schema"
)

// transaction is what a context carries while one is open.
type transaction struct {
	db      *DB
	adapter Adapter

	mu      sync.Mutex
	after   []func(context.Context) error
	witness *Query // finds a row if the transaction was committed; or nil
}

type transactionKey struct{ db *DB }

// current is the adapter that operations of this context go to.
func (db *DB) current(ctx context.Context) (Adapter, error) {
	if tx := db.transaction(ctx); tx != nil {
		return tx.adapter, nil
	}
	return db.adapter, db.ready(ctx)
}

func (db *DB) transaction(ctx context.Context) *transaction {
	tx, _ := ctx.Value(transactionKey{db}).(*transaction)
	return tx
}

// InTransaction calls fn in a transaction: whatever fn does through its context
// happens when fn returns nil, and not at all when it returns an error. Within
// a transaction it joins that one. Work given to [DB.AfterCommit] runs, in
// order and all of it, once the commit has succeeded; its errors are returned
// although the data is committed. When the transaction fails that work is dropped,
// unless the store has no transactions and so has kept the data: then it runs.
//
// When the answer to the commit is lost, a row that the transaction created, or
// what was given to [DB.Witness], tells whether it has happened; only when that
// cannot be found out the error is [ErrUncertain].
//
// Do nothing slow in fn, such as hashing a password or sending mail: it holds a
// connection.
func (db *DB) InTransaction(ctx context.Context, fn func(ctx context.Context) error) error {
	if db.transaction(ctx) != nil {
		return fn(ctx)
	}
	if err := db.ready(ctx); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	var tx *transaction
	err := db.adapter.Transaction(ctx, func(a Adapter) error {
		tx = &transaction{db: db, adapter: a} // anew for each attempt of the adapter
		return fn(context.WithValue(ctx, transactionKey{db}, tx))
	})
	if errors.Is(err, ErrUncertain) && tx.happened(ctx) {
		return tx.run(ctx)
	}
	if err != nil {
		if tx != nil && !db.adapter.Capabilities().Transactions {
			_ = tx.run(ctx)
		}
		return err
	}
	return tx.run(ctx)
}

// Witness names a row that is only found once the transaction of the context is
// committed. Rows that it creates are that by themselves; a transaction that only
// changes rows has no other.
func (db *DB) Witness(ctx context.Context, table *schema.Table, where ...Where) {
	tx := db.transaction(ctx)
	if tx == nil {
		return
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.witness = &Query{Table: table, Where: where}
}

// created makes a row the witness of the transaction, unless it has one.
func (tx *transaction) created(row schema.Row) {
	if tx == nil || row.Table().IDs == schema.SerialIDs { // whose ids may be used again
		return
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.witness == nil {
		tx.witness = &Query{Table: row.Table(), Where: []Where{Eq("id", row.ID())}}
	}
}

// happened reports whether the transaction is known to have been committed.
func (tx *transaction) happened(ctx context.Context) bool {
	if tx == nil || tx.witness == nil {
		return false
	}
	found, err := tx.db.adapter.FindOne(ctx, *tx.witness)
	return err == nil && found != nil
}

func (tx *transaction) run(ctx context.Context) error {
	failures := make([]error, 0, len(tx.after))
	for _, fn := range tx.after {
		failures = append(failures, fn(ctx)) // what comes later may be what ends sessions
	}
	return errors.Join(failures...)
}

// Transacting reports whether the context is that of an open transaction, so that
// what is read with it may never be committed.
func (db *DB) Transacting(ctx context.Context) bool { return db.transaction(ctx) != nil }

// AfterCommit runs fn when the transaction of the context has been committed,
// or at once when there is none.
func (db *DB) AfterCommit(ctx context.Context, fn func(ctx context.Context) error) error {
	tx := db.transaction(ctx)
	if tx == nil {
		return fn(ctx)
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.after = append(tx.after, fn)
	return nil
}

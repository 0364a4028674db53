package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// retryTime is how long a transaction is begun again because another one has
// written to the same documents, and turnTime how long it waits for its turn.
const (
	retryTime = 30 * time.Second
	turnTime  = 5 * time.Second
)

// writeConflict is the code of the error that says so.
const writeConflict = 112

// transaction is a session of the driver, which one goroutine may use at a time.
type transaction struct {
	session *driver.Session
	mu      sync.Mutex
	over    bool
}

var errOver = errors.New("mongo: the transaction has ended")

// Transaction calls fn in a transaction, again when others get in its way. On a
// single server, which has none, it calls fn with the adapter itself.
func (a *Adapter) Transaction(ctx context.Context, fn func(tx database.Adapter) error) error {
	if a.tx != nil || !a.transactions {
		return fn(a)
	}
	// Within a transaction no index can be made.
	if err := a.EnsureIndexes(ctx); err != nil {
		return err
	}
	run := func(tx *Adapter) error { return fn(tx) }
	began, err := time.Now(), a.attempt(ctx, run)
	for isConflict(err) && time.Since(began) < retryTime && ctx.Err() == nil {
		err = a.attemptInTurn(ctx, run)
	}
	return err
}

// attemptInTurn makes another attempt at a transaction that was in conflict. Those
// of this process take turns, or they would go on disturbing each other; what is
// left are conflicts with other processes. Who waits for very long goes ahead:
// whoever has the turn may be waiting for this transaction.
func (a *Adapter) attemptInTurn(ctx context.Context, fn func(tx *Adapter) error) error {
	late := time.NewTimer(turnTime)
	defer late.Stop()
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-late.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return a.attempt(ctx, fn)
}

func isConflict(err error) bool {
	var failed driver.ServerError
	return errors.As(err, &failed) && failed.HasErrorCode(writeConflict)
}

func (a *Adapter) attempt(ctx context.Context, fn func(tx *Adapter) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	session, err := a.client.StartSession()
	if err != nil {
		return failure(ctx, err)
	}
	tx := &transaction{session: session}
	// Ending a session undoes what is not committed, also when the context is over.
	defer session.EndSession(context.WithoutCancel(ctx))
	defer tx.end()
	if err := session.StartTransaction(); err != nil {
		return failure(ctx, err)
	}
	if err := fn(&Adapter{shared: a.shared, tx: tx}); err != nil {
		return err
	}
	tx.end()
	return commit(ctx, session)
}

// commit commits unless the context is over. A commit that has begun is seen
// through: the driver does not undo it, so it would be left hanging.
func commit(ctx context.Context, session *driver.Session) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), selectionTimeout)
	defer cancel()
	if err := session.CommitTransaction(ctx); err != nil {
		return fmt.Errorf("commit: %w", failure(ctx, err))
	}
	return nil
}

func (tx *transaction) end() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.over = true
}

// read runs an operation, in the transaction if there is one.
func (a *Adapter) read(ctx context.Context, operation func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.tx == nil {
		return operation(ctx)
	}
	a.tx.mu.Lock()
	defer a.tx.mu.Unlock()
	if a.tx.over {
		return errOver
	}
	return operation(driver.NewSessionContext(ctx, a.tx.session))
}

// write is [Adapter.read] for operations that need the indexes of a table.
func (a *Adapter) write(ctx context.Context, t *schema.Table, operation func(ctx context.Context) error) error {
	if a.tx == nil {
		if err := a.ensure(ctx, t); err != nil {
			return err
		}
	}
	return a.read(ctx, operation)
}

// atomically runs an operation of several steps in a transaction, its own if
// need be.
func (a *Adapter) atomically(ctx context.Context, t *schema.Table, operation func(ctx context.Context) error) error {
	if a.tx != nil || !a.transactions {
		return a.write(ctx, t, operation)
	}
	if err := a.ensure(ctx, t); err != nil {
		return err
	}
	return a.Transaction(ctx, func(tx database.Adapter) error { return tx.(*Adapter).read(ctx, operation) })
}

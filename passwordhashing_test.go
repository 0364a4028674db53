package ostiary_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/database"
)

// transactionCounter counts the transactions that have begun, and those that are
// open.
type transactionCounter struct {
	database.Adapter
	begun, open atomic.Int64
}

func (a *transactionCounter) Transaction(ctx context.Context, fn func(database.Adapter) error) error {
	a.begun.Add(1)
	a.open.Add(1)
	defer a.open.Add(-1)
	return a.Adapter.Transaction(ctx, fn)
}

// A hash takes longer than everything else together: inside a transaction, twenty
// clients that sign up would empty the pool of connections.
func TestPasswordsAreNeverHashedInsideATransaction(t *testing.T) {
	t.Parallel()
	var counter *transactionCounter
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		counter = &transactionCounter{Adapter: o.Database}
		o.Database = counter
	})
	var hashed atomic.Int64
	watch := func(context.Context) error {
		hashed.Add(1)
		if open := counter.open.Load(); open != 0 {
			t.Errorf("hash %d runs while %d transactions are open", hashed.Load(), open)
		}
		return nil
	}
	s.hasher.gate.Store(&watch)
	s.hasher.hashGate.Store(&watch)

	ada := s.signUp("ada@example.com")
	s.client().signIn("ada@example.com", goodPassword).ok(t)
	ada.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": "another good password", "revokeOtherSessions": true}).ok(t)
	s.client().post("/request-password-reset", fields{"email": "ada@example.com", "redirectTo": "/reset"}).ok(t)
	s.client().post("/reset-password", fields{"newPassword": goodPassword, "token": s.mails.last(t, "reset").token}).ok(t)
	ada.post("/sign-up/email", fields{"name": "Ada", "email": "ada@example.com", "password": goodPassword})
	if hashed.Load() < 5 || counter.begun.Load() < 3 {
		t.Errorf("only %d hashes and %d transactions were seen", hashed.Load(), counter.begun.Load())
	}
}

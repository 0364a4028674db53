package core

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/ostiary/ostiary/schema"
)

// Verifications are the single-use values that were handed out. An identifier
// begins with its purpose, for example "reset-password:", so that a value made
// for one purpose is never found for another.
type Verifications struct {
	k     *Kernel
	table *schema.Table
	store verificationStore
}

// verificationStore is where single-use values are kept: the database, the
// secondary storage, or both. Identifiers are in the form in which they are kept;
// of several, which mean the same, the first that is found counts.
type verificationStore interface {
	// create stores a value. It returns [ErrAbort] when a hook aborted.
	create(ctx context.Context, row schema.Row) error
	// latest returns the newest value, be it expired, or nil.
	latest(ctx context.Context, identifiers []string) (*Verification, error)
	// consume uses up the newest value and returns it, be it expired; nil when
	// there is none or somebody else was first.
	consume(ctx context.Context, identifiers []string) (*Verification, error)
	// delete removes all values.
	delete(ctx context.Context, identifiers []string) error
	// record adds an event that is forgotten after a time and returns how many
	// there are; recorded returns how many there are; forget removes them.
	record(ctx context.Context, identifier string, lifetime time.Duration) (int64, error)
	recorded(ctx context.Context, identifier string) (int64, error)
	forget(ctx context.Context, identifier string) error
}

func (k *Kernel) newVerificationStore(table *schema.Table) verificationStore {
	rows := &databaseVerifications{k: k, table: table}
	if k.config.SecondaryStorage == nil {
		return rows
	}
	stored := &storedVerifications{k: k, store: k.config.SecondaryStorage, table: table}
	if !k.config.Verification.StoreInDatabase {
		return stored
	}
	return &mirroredVerifications{databaseVerifications: rows, cache: stored}
}

// Create stores a value under an identifier for a time.
func (v *Verifications) Create(ctx context.Context, identifier, value string, lifetime time.Duration) error {
	row := v.table.NewRow()
	row.SetAt(schema.VerificationIdentifier, v.stored(identifier))
	row.SetAt(schema.VerificationValue, value)
	row.SetAt(schema.VerificationExpiresAt, v.k.Now().Add(lifetime))
	err := v.store.create(ctx, row)
	if errors.Is(err, ErrAbort) {
		return nil
	}
	return err
}

// Find returns the newest value of an identifier without using it up; nil when
// there is none or it has expired.
func (v *Verifications) Find(ctx context.Context, identifier string) (*Verification, error) {
	found, err := v.Latest(ctx, identifier)
	if err != nil || found == nil || !found.ExpiresAt.After(v.k.Now()) {
		return nil, err
	}
	return found, nil
}

// Latest returns the newest value of an identifier, be it expired, without using
// it up; nil when there is none. The secondary storage has no expired values.
func (v *Verifications) Latest(ctx context.Context, identifier string) (*Verification, error) {
	return v.store.latest(ctx, v.candidates(identifier))
}

// Consume uses up the newest value of an identifier and returns it; nil when
// there is none, it has expired, or somebody else was first. Of any number of
// callers at once exactly one receives it. Older values of the identifier are
// used up as well.
//
// In a transaction that fails the value is not used up, unless it is in the
// secondary storage alone.
func (v *Verifications) Consume(ctx context.Context, identifier string) (*Verification, error) {
	won, err := v.store.consume(ctx, v.candidates(identifier))
	if err != nil || won == nil || !won.ExpiresAt.After(v.k.Now()) {
		return nil, err
	}
	return won, nil
}

// Delete removes all values of an identifier.
func (v *Verifications) Delete(ctx context.Context, identifier string) error {
	return v.store.delete(ctx, v.candidates(identifier))
}

// Record counts an event, such as a failed guess, which is forgotten after a
// time, and returns how many there are now. Of any number of callers at once, no
// more than n are told n or less. In the secondary storage all events are
// forgotten a lifetime after the first. No hooks run.
func (v *Verifications) Record(ctx context.Context, identifier string, lifetime time.Duration) (int64, error) {
	return v.store.record(ctx, v.stored(identifier), lifetime)
}

// Recorded returns how many events there are.
func (v *Verifications) Recorded(ctx context.Context, identifier string) (int64, error) {
	return v.store.recorded(ctx, v.stored(identifier))
}

// Forget removes the events of an identifier.
func (v *Verifications) Forget(ctx context.Context, identifier string) error {
	return v.store.forget(ctx, v.stored(identifier))
}

// stored is the form in which an identifier is kept.
func (v *Verifications) stored(identifier string) string {
	o := &v.k.config.Verification
	switch {
	case o.HashIdentifier != nil:
		return o.HashIdentifier(identifier)
	case o.HashIdentifiers:
		sum := sha256.Sum256([]byte(identifier))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return identifier
}

// candidates are the forms under which an identifier may have been kept.
func (v *Verifications) candidates(identifier string) []string {
	if stored := v.stored(identifier); stored != identifier {
		return []string{stored, identifier}
	}
	return []string{identifier}
}

package core

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Verifications are the single-use values that were handed out. An identifier
// begins with its purpose, for example "reset-password:", so that a value made
// for one purpose is never found for another.
type Verifications struct {
	k         *Kernel
	table     *schema.Table
	cleanedAt atomic.Int64 // Unix milliseconds
}

const cleanupInterval = time.Minute

// Create stores a value under an identifier for a time.
func (v *Verifications) Create(ctx context.Context, identifier, value string, lifetime time.Duration) error {
	row := v.table.NewRow()
	row.SetAt(schema.VerificationIdentifier, v.stored(identifier))
	row.SetAt(schema.VerificationValue, value)
	row.SetAt(schema.VerificationExpiresAt, v.k.Now().Add(lifetime))
	_, err := v.k.writer.create(ctx, row)
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
// it up; nil when there is none.
func (v *Verifications) Latest(ctx context.Context, identifier string) (*Verification, error) {
	defer v.cleanUp(ctx)
	for _, stored := range v.candidates(identifier) {
		recs, err := v.k.DB.FindMany(ctx, v.newest(stored))
		if err != nil {
			return nil, err
		}
		if len(recs) > 0 {
			found := verificationOf(recs[0].Row)
			return &found, nil
		}
	}
	return nil, nil
}

func (v *Verifications) newest(stored string) database.Query {
	return database.Query{
		Table: v.table,
		Where: []database.Where{database.Eq("identifier", stored)},
		Sort:  []database.Sort{{Field: "createdAt", Descending: true}},
		Limit: 1,
	}
}

// Consume uses up the newest value of an identifier and returns it; nil when
// there is none, it has expired, or somebody else was first. Of any number of
// callers at once exactly one receives it. Older values of the identifier are
// used up as well.
func (v *Verifications) Consume(ctx context.Context, identifier string) (*Verification, error) {
	var won *Verification
	err := v.k.DB.InTransaction(ctx, func(ctx context.Context) error {
		for _, stored := range v.candidates(identifier) {
			var err error
			if won, err = v.consume(ctx, stored); err != nil || won != nil {
				return err
			}
		}
		return nil
	})
	return won, err
}

func (v *Verifications) consume(ctx context.Context, stored string) (*Verification, error) {
	recs, err := v.k.DB.FindMany(ctx, v.newest(stored))
	if err != nil || len(recs) == 0 {
		return nil, err
	}
	hooks := v.k.writer.hooks[schema.VerificationKey]
	if err := beforeDelete(ctx, hooks, recs[0].Row); err != nil {
		if errors.Is(err, ErrAbort) {
			return nil, nil
		}
		return nil, err
	}
	row, err := v.k.DB.ConsumeOne(ctx, v.table, database.Eq("id", recs[0].ID()), database.Eq("identifier", stored))
	if err != nil || row == nil {
		return nil, err
	}
	won := verificationOf(*row)
	if _, err := v.k.DB.DeleteMany(ctx, v.table, database.Eq("identifier", stored), database.Compare("createdAt", database.LessOrEqual, won.CreatedAt)); err != nil {
		return nil, err
	}
	if err := v.k.writer.afterDelete(ctx, hooks, *row); err != nil {
		return nil, err
	}
	if !won.ExpiresAt.After(v.k.Now()) {
		return nil, nil
	}
	return &won, nil
}

// Delete removes all values of an identifier.
func (v *Verifications) Delete(ctx context.Context, identifier string) error {
	for _, stored := range v.candidates(identifier) {
		if _, err := v.k.writer.deleteMany(ctx, v.table, database.Eq("identifier", stored)); err != nil {
			return err
		}
	}
	return nil
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

// cleanUp deletes expired values, once a minute at most.
func (v *Verifications) cleanUp(ctx context.Context) {
	if v.k.config.Verification.DisableCleanup {
		return
	}
	now := v.k.Now()
	last := v.cleanedAt.Load()
	if now.UnixMilli()-last < cleanupInterval.Milliseconds() || !v.cleanedAt.CompareAndSwap(last, now.UnixMilli()) {
		return
	}
	if _, err := v.k.writer.deleteMany(ctx, v.table, database.Compare("expiresAt", database.Less, database.Milliseconds(now))); err != nil {
		v.k.Log.WarnContext(ctx, "expired verification values were not deleted", "error", err)
	}
}

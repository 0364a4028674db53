package core

import (
	"context"
	"errors"

	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

// mirroredVerifications keeps single-use values in the database, which decides
// who may use one, and a copy of the latest in the secondary storage.
type mirroredVerifications struct {
	*databaseVerifications
	cache *storedVerifications
}

func (v *mirroredVerifications) create(ctx context.Context, row schema.Row) error {
	_, err := v.k.writer.createIn(ctx, row, func(ctx context.Context, row schema.Row) (schema.Row, error) {
		stored, err := v.k.DB.Create(ctx, row)
		if err != nil {
			return stored, err
		}
		return stored, v.k.DB.AfterCommit(ctx, func(ctx context.Context) error { return v.cache.put(ctx, stored) })
	})
	return err
}

func (v *mirroredVerifications) latest(ctx context.Context, identifiers []string) (*Verification, error) {
	found, err := v.cache.latest(ctx, identifiers)
	if found != nil || err != nil && !errors.Is(err, storage.ErrUnavailable) {
		return found, err
	}
	return v.databaseVerifications.latest(ctx, identifiers)
}

func (v *mirroredVerifications) consume(ctx context.Context, identifiers []string) (*Verification, error) {
	won, err := v.databaseVerifications.consume(ctx, identifiers)
	if err != nil || won == nil {
		return nil, err
	}
	v.dropCopies(ctx, identifiers)
	return won, nil
}

func (v *mirroredVerifications) delete(ctx context.Context, identifiers []string) error {
	if err := v.databaseVerifications.delete(ctx, identifiers); err != nil {
		return err
	}
	v.dropCopies(ctx, identifiers)
	return nil
}

// dropCopies removes the copies of values that are gone. One that stays is found
// until it expires, but cannot be used.
func (v *mirroredVerifications) dropCopies(ctx context.Context, identifiers []string) {
	_ = v.k.DB.AfterCommit(ctx, func(ctx context.Context) error { // fails never
		if err := v.cache.delete(ctx, identifiers); err != nil {
			v.k.Log.WarnContext(ctx, "the copy of a used value was not removed from the secondary storage", "error", err)
		}
		return nil
	})
}

package core

import (
	"context"
	"strconv"
	"time"

	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

// storedVerifications keeps single-use values in the secondary storage alone: one
// for each identifier, the latest. Only creation runs database hooks.
type storedVerifications struct {
	k     *Kernel
	store storage.Store
	table *schema.Table
}

const verificationPrefix = "verification:"

func (v *storedVerifications) create(ctx context.Context, row schema.Row) error {
	_, err := v.k.writer.createIn(ctx, row, func(ctx context.Context, row schema.Row) (schema.Row, error) {
		row = v.k.DB.Complete(row)
		row.Unset(schema.VerificationID) // only rows have one
		return row, v.put(ctx, row)
	})
	return err
}

func (v *storedVerifications) put(ctx context.Context, row schema.Row) error {
	text, err := row.AppendJSON(nil)
	if err != nil {
		return err
	}
	left := v.k.timeLeft(row.TimeAt(schema.VerificationExpiresAt))
	return v.store.Set(ctx, verificationPrefix+row.StringAt(schema.VerificationIdentifier), string(text), left)
}

// parse reads a value; nil when it cannot be read.
func (v *storedVerifications) parse(ctx context.Context, identifier, text string) *Verification {
	if text == "" {
		return nil
	}
	row, err := v.table.ParseRow([]byte(text))
	if err != nil || row.StringAt(schema.VerificationIdentifier) != identifier {
		v.k.Log.ErrorContext(ctx, "a value in the secondary storage is not a verification")
		return nil
	}
	found := verificationOf(row)
	return &found
}

func (v *storedVerifications) latest(ctx context.Context, identifiers []string) (*Verification, error) {
	for _, identifier := range identifiers {
		text, err := v.store.Get(ctx, verificationPrefix+identifier)
		if err != nil {
			return nil, err
		}
		if found := v.parse(ctx, identifier, text); found != nil {
			return found, nil
		}
	}
	return nil, nil
}

func (v *storedVerifications) consume(ctx context.Context, identifiers []string) (*Verification, error) {
	for i, identifier := range identifiers {
		text, err := v.store.Take(ctx, verificationPrefix+identifier)
		if err != nil {
			return nil, err
		}
		if won := v.parse(ctx, identifier, text); won != nil {
			return won, v.delete(ctx, identifiers[i+1:])
		}
	}
	return nil, nil
}

func (v *storedVerifications) delete(ctx context.Context, identifiers []string) error {
	for _, identifier := range identifiers {
		if err := v.store.Delete(ctx, verificationPrefix+identifier); err != nil {
			return err
		}
	}
	return nil
}

// A counter has the key of a value, but is none.

func (v *storedVerifications) record(ctx context.Context, identifier string, lifetime time.Duration) (int64, error) {
	return v.store.Increment(ctx, verificationPrefix+identifier, max(lifetime, time.Second))
}

func (v *storedVerifications) recorded(ctx context.Context, identifier string) (int64, error) {
	text, err := v.store.Get(ctx, verificationPrefix+identifier)
	if err != nil || text == "" {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

func (v *storedVerifications) forget(ctx context.Context, identifier string) error {
	return v.store.Delete(ctx, verificationPrefix+identifier)
}

package core

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// databaseVerifications keeps single-use values in the database.
type databaseVerifications struct {
	k         *Kernel
	table     *schema.Table
	cleanedAt atomic.Int64 // Unix milliseconds
}

const cleanupInterval = time.Minute

func (v *databaseVerifications) create(ctx context.Context, row schema.Row) error {
	_, err := v.k.writer.create(ctx, row)
	return err
}

func (v *databaseVerifications) latest(ctx context.Context, identifiers []string) (*Verification, error) {
	defer v.cleanUp(ctx)
	for _, stored := range identifiers {
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

func (v *databaseVerifications) newest(stored string) database.Query {
	return database.Query{
		Table: v.table,
		Where: []database.Where{database.Eq("identifier", stored)},
		Sort:  []database.Sort{{Field: "createdAt", Descending: true}},
		Limit: 1,
	}
}

func (v *databaseVerifications) consume(ctx context.Context, identifiers []string) (*Verification, error) {
	var won *Verification
	err := v.k.DB.InTransaction(ctx, func(ctx context.Context) error {
		for _, stored := range identifiers {
			var err error
			if won, err = v.consumeOne(ctx, stored); err != nil || won != nil {
				return err
			}
		}
		return nil
	})
	return won, err
}

func (v *databaseVerifications) consumeOne(ctx context.Context, stored string) (*Verification, error) {
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
	return &won, nil
}

func (v *databaseVerifications) delete(ctx context.Context, identifiers []string) error {
	for _, stored := range identifiers {
		if _, err := v.k.writer.deleteMany(ctx, v.table, database.Eq("identifier", stored)); err != nil {
			return err
		}
	}
	return nil
}

// record adds a row of its own for each event, which is atomic everywhere.
func (v *databaseVerifications) record(ctx context.Context, identifier string, lifetime time.Duration) (int64, error) {
	row := v.table.NewRow()
	row.SetAt(schema.VerificationIdentifier, identifier)
	row.SetAt(schema.VerificationValue, "1")
	row.SetAt(schema.VerificationExpiresAt, v.k.Now().Add(lifetime))
	if _, err := v.k.DB.Create(ctx, row); err != nil {
		return 0, err
	}
	return v.recorded(ctx, identifier)
}

func (v *databaseVerifications) recorded(ctx context.Context, identifier string) (int64, error) {
	return v.k.DB.Count(ctx, v.table, database.Eq("identifier", identifier), database.Compare("expiresAt", database.Greater, database.Milliseconds(v.k.Now())))
}

func (v *databaseVerifications) forget(ctx context.Context, identifier string) error {
	_, err := v.k.DB.DeleteMany(ctx, v.table, database.Eq("identifier", identifier))
	return err
}

// cleanUp deletes some expired values, once a minute at most.
func (v *databaseVerifications) cleanUp(ctx context.Context) {
	if v.k.config.Verification.DisableCleanup {
		return
	}
	now := v.k.Now()
	last := v.cleanedAt.Load()
	if now.UnixMilli()-last < cleanupInterval.Milliseconds() || !v.cleanedAt.CompareAndSwap(last, now.UnixMilli()) {
		return
	}
	v.k.removeSomeExpired(ctx, v.table, "expiresAt", database.Milliseconds(now))
}

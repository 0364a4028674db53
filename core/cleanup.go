package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// expiredBatch is how many expired rows are removed at once, so that nobody waits
// long for a lock on them.
const expiredBatch = 500

// CleanUp removes the sessions, single-use values and rate-limit counters in the
// database that have expired, in small batches, and returns how many they were. The
// database hooks of deletions run; a batch for which one of them aborts is kept, and
// so is what comes after it. Nothing has to call it for what is expired to be
// refused; it keeps tables small. Several nodes may do it at once. It is done when
// the context ends, or there is nothing more.
func (k *Kernel) CleanUp(ctx context.Context) (int64, error) {
	now := database.Milliseconds(k.Now())
	type expiry struct {
		table *schema.Table
		field string
		bound any
	}
	var expired []expiry
	inDatabase := k.config.SecondaryStorage == nil
	if inDatabase || k.config.Verification.StoreInDatabase {
		expired = append(expired, expiry{k.Verifications.table, "expiresAt", now})
	}
	if (inDatabase || k.config.Session.StoreInDatabase) && !k.config.Session.PreserveInDatabase {
		expired = append(expired, expiry{k.Sessions.table, "expiresAt", now})
	}
	if l, ok := k.limiter.(*databaseLimiter); ok {
		expired = append(expired, expiry{l.table, "lastRequest", now.UnixMilli() - l.longest.Load()})
	}
	var total int64
	for _, e := range expired {
		for {
			n, err := k.removeExpired(ctx, e.table, e.field, e.bound)
			total += n
			if err != nil {
				return total, fmt.Errorf("clean up: %w", err)
			}
			if n < expiredBatch {
				break
			}
		}
	}
	return total, nil
}

// removeExpired removes a batch of the rows whose field is less than a bound, and
// returns how many they were.
func (k *Kernel) removeExpired(ctx context.Context, table *schema.Table, field string, bound any) (int64, error) {
	below := database.Compare(field, database.Less, bound)
	recs, err := k.DB.FindMany(ctx, database.Query{Table: table, Where: []database.Where{below}, Sort: []database.Sort{{Field: field}}, Limit: expiredBatch})
	if err != nil || len(recs) == 0 {
		return 0, err
	}
	ids := make([]string, len(recs))
	for i := range recs {
		ids[i] = recs[i].ID()
	}
	// What was given a new lifetime meanwhile is kept.
	return k.writer.deleteMany(ctx, table, database.OneOf("id", ids...), below)
}

// removeSomeExpired removes a batch in passing. A failure is logged: the call that
// it is part of has another purpose.
func (k *Kernel) removeSomeExpired(ctx context.Context, table *schema.Table, field string, bound any) {
	if _, err := k.removeExpired(ctx, table, field, bound); err != nil && !errors.Is(err, context.Canceled) {
		k.Log.WarnContext(ctx, "expired rows were not deleted", "model", table.Key, "error", err)
	}
}

// expiryIndexes are the indexes by which expired rows are found. Better Auth has
// none.
func expiryIndexes(s *Config) []schema.Model {
	models := []schema.Model{
		{Key: schema.SessionKey, Indexes: []schema.Index{{Fields: []string{"expiresAt"}}}},
		{Key: schema.VerificationKey, Indexes: []schema.Index{{Fields: []string{"expiresAt"}}}},
	}
	if s.RateLimit.Storage == RateLimitInDatabase {
		models = append(models, schema.Model{Key: schema.RateLimitKey, Indexes: []schema.Index{{Fields: []string{"lastRequest"}}}})
	}
	return models
}

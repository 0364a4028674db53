// Package tablestore keeps a secondary storage in a table of a database: for
// deployments that have a second database, but no Redis.
//
// With SQLite it must be another file than that of the users, since a file has
// one writer at a time: a session that is begun in a transaction would wait for
// that transaction.
package tablestore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/random"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

const (
	defaultTable    = "secondaryStorage"
	defaultTimeout  = 5 * time.Second
	cleanupInterval = time.Minute

	// attempts bounds how often a step is tried that lost a race. Each that is
	// lost means that another one was won.
	attempts = 200
)

// Options of a [Store]. Zero values have the defaults given.
type Options struct {
	// Table is the name of the table. Default "secondaryStorage".
	Table string
	// Timeout bounds every operation. Default 5 seconds.
	Timeout time.Duration
	// Now is the clock. Default time.Now. All nodes must agree on the time.
	Now func() time.Time
}

// Store is a [storage.Store] in a table. Keys are in the table as their SHA-256,
// so that a reader of the table learns no session token from them, and keys of any
// length fit. Make one with [New].
type Store struct {
	adapter   database.Adapter
	db        *database.DB
	table     *schema.Table
	o         Options
	random    *random.Source
	cleanedAt atomic.Int64 // Unix milliseconds
}

var _ storage.Store = (*Store)(nil)

// New returns a store in a database, whose table [Store.Migrate] creates. The
// adapter is closed with the store.
func New(a database.Adapter, o Options) (*Store, error) {
	if o.Table == "" {
		o.Table = defaultTable
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{adapter: a, o: o, random: random.New(nil)}
	compiled, err := schema.Compile(schema.Definition{Models: []schema.Model{{Key: modelKey, Table: o.Table, Fields: []schema.Field{
		{Name: "key", Unique: true, Sortable: true},
		{Name: "value", Optional: true},
		{Name: "count", Type: schema.Number, BigInt: true, Optional: true},
		{Name: "expiresAt", Type: schema.Number, BigInt: true, Index: true},
		{Name: "revision", Type: schema.Number, BigInt: true},
	}}}})
	if err != nil {
		return nil, fmt.Errorf("tablestore: %w", err)
	}
	s.db, err = database.New(a, compiled, database.Options{Now: o.Now, NewID: func(string) string { return s.random.Token(32) }})
	if err != nil {
		return nil, fmt.Errorf("tablestore: %w", err)
	}
	s.table = s.db.Table(modelKey)
	return s, nil
}

const modelKey = "secondaryStorage"

// Migrate creates the table, unless it is there. Databases without tables need
// no migration.
func (s *Store) Migrate(ctx context.Context) error {
	if _, ok := s.adapter.(migrate.Database); !ok {
		return nil
	}
	m, err := migrate.For(s.adapter, s.db.Schema())
	if err != nil {
		return fmt.Errorf("tablestore: %w", err)
	}
	_, err = m.Apply(ctx)
	return err
}

// Close closes the adapter.
func (s *Store) Close() error { return s.db.Close() }

// Ping asks the database for a sign of life. Readiness checks use it.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Get(ctx, "ping")
	return err
}

// entry is a row that has not expired, or the lack of one.
type entry struct {
	value    string // "" when there is none
	counts   bool
	exists   bool // there is a row, which may have expired
	revision int64
}

// Get returns the value of a key.
func (s *Store) Get(ctx context.Context, key string) (value string, err error) {
	err = s.do(ctx, "get", func(ctx context.Context) (bool, error) {
		e, err := s.read(ctx, digest(key))
		value = e.value
		return true, err
	})
	return value, err
}

// Set gives a key a value.
func (s *Store) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if value == "" {
		return storage.ErrEmptyValue
	}
	if storage.Seconds(ttl) == 0 {
		return s.Delete(ctx, key)
	}
	return s.do(ctx, "set", func(ctx context.Context) (bool, error) {
		hash := digest(key)
		row := s.row(ttl).Set("value", value).Set("count", nil)
		updated, err := s.db.Update(ctx, row, database.Eq("key", hash))
		if err != nil || updated != nil {
			return true, err
		}
		return s.insert(ctx, hash, row)
	})
}

// Delete removes the value of a key.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.do(ctx, "delete", func(ctx context.Context) (bool, error) {
		_, err := s.db.DeleteMany(ctx, s.table, database.Eq("key", digest(key)))
		return true, err
	})
}

// Take removes the value of a key and returns it.
func (s *Store) Take(ctx context.Context, key string) (value string, err error) {
	err = s.do(ctx, "take", func(ctx context.Context) (bool, error) {
		value = ""
		hash := digest(key)
		e, err := s.read(ctx, hash)
		if err != nil || e.value == "" {
			return true, err
		}
		taken, err := s.db.ConsumeOne(ctx, s.table, unchanged(hash, e)...)
		if err != nil || taken == nil {
			return false, err
		}
		value = e.value
		return true, nil
	})
	return value, err
}

// Swap gives a key a new value if it has the old one.
func (s *Store) Swap(ctx context.Context, key, old, next string, ttl time.Duration) (swapped bool, err error) {
	err = s.do(ctx, "swap", func(ctx context.Context) (done bool, err error) {
		swapped = false
		hash := digest(key)
		e, err := s.read(ctx, hash)
		if err != nil || e.value != old {
			return true, err
		}
		done, err = s.replace(ctx, hash, e, next, ttl)
		swapped = done && err == nil
		return done, err
	})
	return swapped, err
}

// replace gives a key a new value unless its row has changed since it was read.
func (s *Store) replace(ctx context.Context, hash string, e entry, next string, ttl time.Duration) (bool, error) {
	if next == "" || storage.Seconds(ttl) == 0 {
		if !e.exists {
			return true, nil
		}
		n, err := s.db.DeleteMany(ctx, s.table, unchanged(hash, e)...)
		return n > 0, err
	}
	row := s.row(ttl).Set("value", next).Set("count", nil)
	if !e.exists {
		return s.insert(ctx, hash, row)
	}
	updated, err := s.db.Update(ctx, row, unchanged(hash, e)...)
	return updated != nil, err
}

// Increment adds one to a counter.
func (s *Store) Increment(ctx context.Context, key string, ttl time.Duration) (n int64, err error) {
	if storage.Seconds(ttl) == 0 {
		return 0, fmt.Errorf("tablestore: a counter must live for a second at least, not %v", ttl)
	}
	err = s.do(ctx, "increment", func(ctx context.Context) (bool, error) {
		hash := digest(key)
		counted, err := s.db.IncrementOne(ctx, s.table.NewRow(),
			[]database.Increment{{Field: "count", Delta: 1}, {Field: "revision", Delta: 1}},
			database.Eq("key", hash), database.Compare("count", database.Greater, int64(0)), database.Compare("expiresAt", database.Greater, s.now()))
		if err != nil || counted != nil {
			if counted != nil {
				n, _ = counted.Get("count").(int64)
			}
			return true, err
		}
		e, err := s.read(ctx, hash)
		switch {
		case err != nil:
			return true, err
		case e.counts:
			return false, nil // somebody else has begun the counter meanwhile
		case e.value != "":
			return true, errors.New("the key does not hold a counter")
		}
		n = 1
		row := s.row(ttl).Set("value", nil).Set("count", int64(1))
		if !e.exists {
			return s.insert(ctx, hash, row)
		}
		updated, err := s.db.Update(ctx, row, unchanged(hash, e)...)
		return updated != nil, err
	})
	return n, err
}

// do runs an operation within the time-out, again as long as it is not done.
func (s *Store) do(ctx context.Context, what string, operation func(ctx context.Context) (done bool, err error)) error {
	bounded, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	err := bounded.Err()
	for done, attempt := false, 0; !done && err == nil; attempt++ {
		if attempt == attempts {
			err = fmt.Errorf("%w: lost %d races", storage.ErrUnavailable, attempts)
			break
		}
		done, err = operation(bounded)
	}
	switch {
	case err == nil:
		if what != "get" {
			s.cleanUp(bounded)
		}
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("tablestore: %s: %w", what, err)
	case errors.Is(err, database.ErrUnavailable), bounded.Err() != nil:
		return fmt.Errorf("tablestore: %s: %w: %w", what, storage.ErrUnavailable, err)
	}
	return fmt.Errorf("tablestore: %s: %w", what, err)
}

// read returns what a key has.
func (s *Store) read(ctx context.Context, hash string) (entry, error) {
	rec, err := s.db.FindOne(ctx, database.Query{Table: s.table, Where: []database.Where{database.Eq("key", hash)}})
	if err != nil || rec == nil {
		return entry{}, err
	}
	revision, _ := rec.Get("revision").(int64)
	e := entry{exists: true, revision: revision}
	if until, _ := rec.Get("expiresAt").(int64); until <= s.now() {
		return e, nil
	}
	e.value, _ = rec.Get("value").(string)
	if count, ok := rec.Get("count").(int64); ok {
		e.value, e.counts = strconv.FormatInt(count, 10), true
	}
	return e, nil
}

// insert adds a row. It is not done when somebody else was first.
func (s *Store) insert(ctx context.Context, hash string, row schema.Row) (bool, error) {
	_, err := s.db.Create(ctx, row.Set("key", hash))
	if errors.Is(err, database.ErrDuplicate) {
		return false, nil
	}
	return err == nil, err
}

// unchanged finds a row as it was read.
func unchanged(hash string, e entry) []database.Where {
	return []database.Where{database.Eq("key", hash), database.Eq("revision", e.revision)}
}

// row returns a row with a time to live and a revision that none had before it.
func (s *Store) row(ttl time.Duration) schema.Row {
	until := int64(math.MaxInt64 >> 10) // which every database and JSON can hold
	if seconds := storage.Seconds(ttl); ttl != storage.Forever && seconds < until/1000 {
		until = min(until, s.now()+seconds*1000)
	}
	revision := int64(binary.BigEndian.Uint64(s.random.Bytes(8)) >> 12)
	return s.table.NewRow().Set("expiresAt", until).Set("revision", revision)
}

func (s *Store) now() int64 { return s.o.Now().UnixMilli() }

// cleanUp deletes expired rows, once a minute at most.
func (s *Store) cleanUp(ctx context.Context) {
	now, last := s.now(), s.cleanedAt.Load()
	if now-last < cleanupInterval.Milliseconds() || !s.cleanedAt.CompareAndSwap(last, now) {
		return
	}
	// What is left is deleted with the next attempt.
	_, _ = s.db.DeleteMany(ctx, s.table, database.Compare("expiresAt", database.LessOrEqual, now))
}

// digest is the form in which a key is stored. Databases that think "a" and "A"
// equal tell the digests apart.
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

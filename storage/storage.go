// Package storage is the contract between Ostiary and a key-value store beside
// the database, such as Redis: the secondary storage. Sessions, single-use values
// and rate-limit counters may live there, which takes their load off the
// database.
//
// To write a store, implement [Store] and run the suite of package storagetest
// against it.
package storage

import (
	"context"
	"errors"
	"math"
	"time"
)

// Errors that stores return, wrapped.
var (
	// ErrUnavailable means that the store cannot be reached, did not answer in
	// time, or is full; the same operation may succeed later. Whether it has
	// happened is not known.
	ErrUnavailable = errors.New("storage: unavailable")
	// ErrEmptyValue means that Set was given nothing to keep.
	ErrEmptyValue = errors.New("storage: refusing to keep an empty value")
)

// Store keeps texts under keys for a time. A key that was never set, was deleted
// or has expired has the value "", so there are no other empty values.
//
// Values are UTF-8 without NUL characters, of 60,000 bytes at most. Keys are
// case-sensitive and are used as they are: a store that many programs share puts a
// prefix before them itself. All methods may be called from many goroutines at
// once, honour the context, do not take longer than a time-out of their own, and
// return an error that wraps [ErrUnavailable] where that is what happened.
//
// Times to live are in whole seconds: what is left of a second is dropped. A
// value whose time is zero or negative is not kept, which leaves the key without
// a value. [Forever] keeps a value until it is deleted.
type Store interface {
	// Get returns the value of a key. It sees every write that has returned
	// before.
	Get(ctx context.Context, key string) (string, error)
	// Set gives a key a value.
	Set(ctx context.Context, key, value string, ttl time.Duration) error
	// Delete removes the value of a key. One that has none is no error.
	Delete(ctx context.Context, key string) error
	// Take removes the value of a key and returns it. Of any number of callers
	// at once, exactly one gets the value.
	Take(ctx context.Context, key string) (string, error)
	// Swap gives a key a new value if its value is the old one, and reports
	// whether it was. It is one atomic step. An old value of "" means that the
	// key must have none; a new one of "" removes it.
	Swap(ctx context.Context, key, old, next string, ttl time.Duration) (bool, error)
	// Increment adds one to the counter of a key and returns it. A key without a
	// value becomes 1 and lives for ttl, which must be a second at least;
	// increments do not prolong that. The value of a counter is its decimal text.
	Increment(ctx context.Context, key string, ttl time.Duration) (int64, error)
	// Close releases what the store opened itself.
	Close() error
}

// Forever is the time to live of what does not expire.
const Forever time.Duration = math.MaxInt64

// CachedReader is a store that can answer from this process's memory.
type CachedReader interface {
	// Caches reports whether it does, which may be an option of the store.
	Caches() bool
	// GetCached returns the values of keys, in their order, like GetMany, but may
	// answer from memory. The store sees to it that such an answer is outdated by
	// a fraction of a second at most, and never by a write that this process has
	// made. What is used up by reading is never read in this way.
	GetCached(ctx context.Context, keys []string) ([]string, error)
}

// ManyReader is a store that reads several keys in one round trip.
type ManyReader interface {
	// SharesTrips reports whether requests that wait at the same time may share a
	// trip: when there is a round trip to save, and all keys are on one server, so
	// that none waits for a server that it does not need.
	SharesTrips() bool
	// GetMany returns the values of keys, in their order.
	GetMany(ctx context.Context, keys []string) ([]string, error)
}

// ManyDeleter is a store that deletes several keys in one round trip.
type ManyDeleter interface {
	// DeleteMany removes the values of keys. It is not one atomic step.
	DeleteMany(ctx context.Context, keys []string) error
}

// GetCached returns the values of keys, in their order, from memory where the
// store can.
func GetCached(ctx context.Context, s Store, keys []string) ([]string, error) {
	if c, ok := s.(CachedReader); ok {
		return c.GetCached(ctx, keys)
	}
	return GetMany(ctx, s, keys)
}

// GetMany returns the values of keys, in their order: in one round trip where
// the store can, otherwise one by one.
func GetMany(ctx context.Context, s Store, keys []string) ([]string, error) {
	if m, ok := s.(ManyReader); ok {
		return m.GetMany(ctx, keys)
	}
	values := make([]string, len(keys))
	for i, key := range keys {
		var err error
		if values[i], err = s.Get(ctx, key); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// DeleteMany removes the values of keys: in one round trip where the store can,
// otherwise one by one. An error does not keep the others from being deleted.
func DeleteMany(ctx context.Context, s Store, keys []string) error {
	if m, ok := s.(ManyDeleter); ok {
		return m.DeleteMany(ctx, keys)
	}
	var failures []error
	for _, key := range keys {
		if err := s.Delete(ctx, key); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// Seconds returns a time to live in whole seconds; 0 when there is nothing left
// of it. It is for stores.
func Seconds(ttl time.Duration) int64 { return max(0, int64(ttl/time.Second)) }

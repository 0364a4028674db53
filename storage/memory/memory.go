// Package memory keeps a secondary storage in the memory of the process: for
// tests, and for programs that run as one process and do not mind that a restart
// forgets it.
package memory

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/ostiary/ostiary/storage"
)

// Options of a [Store]. Zero values have the defaults given.
type Options struct {
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// MaxEntries bounds how many values are kept. When there is no room for
	// another one, those that would expire first are forgotten: rate-limit
	// counters and single-use values before sessions. Default 100,000.
	MaxEntries int
}

const defaultMaxEntries = 100_000

// Store is a [storage.Store] in memory. Make one with [New].
type Store struct {
	now   func() time.Time
	limit int

	mu      sync.Mutex
	entries map[string]*entry
	expiry  queue // the entries, those that expire first in front
}

type entry struct {
	key, value string
	until      int64 // Unix nanoseconds
	at         int   // position in the queue
}

var (
	_ storage.Store       = (*Store)(nil)
	_ storage.ManyReader  = (*Store)(nil)
	_ storage.ManyDeleter = (*Store)(nil)
)

// New returns an empty store.
func New(o Options) *Store {
	s := &Store{now: o.Now, limit: o.MaxEntries, entries: map[string]*entry{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.limit <= 0 {
		s.limit = defaultMaxEntries
	}
	return s
}

// Len returns how many values there are.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	return len(s.entries)
}

// Get returns the value of a key.
func (s *Store) Get(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value(key), nil
}

// SharesTrips is false: there are none.
func (s *Store) SharesTrips() bool { return false }

// GetMany returns the values of keys.
func (s *Store) GetMany(ctx context.Context, keys []string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	values := make([]string, len(keys))
	for i, key := range keys {
		values[i] = s.value(key)
	}
	return values, nil
}

// Set gives a key a value.
func (s *Store) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if value == "" {
		return storage.ErrEmptyValue
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, value, ttl)
	return nil
}

// Delete removes the value of a key.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.DeleteMany(ctx, []string{key})
}

// DeleteMany removes the values of keys.
func (s *Store) DeleteMany(ctx context.Context, keys []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		s.remove(key)
	}
	return nil
}

// Take removes the value of a key and returns it.
func (s *Store) Take(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	value := s.value(key)
	s.remove(key)
	return value, nil
}

// Swap gives a key a new value if it has the old one.
func (s *Store) Swap(ctx context.Context, key, old, next string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value(key) != old {
		return false, nil
	}
	if next == "" {
		s.remove(key)
	} else {
		s.put(key, next, ttl)
	}
	return true, nil
}

// Increment adds one to a counter.
func (s *Store) Increment(ctx context.Context, key string, ttl time.Duration) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if storage.Seconds(ttl) == 0 {
		return 0, fmt.Errorf("storage: a counter must live for a second at least, not %v", ttl)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	value := s.value(key)
	if value == "" {
		s.put(key, "1", ttl)
		return 1, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("storage: %q does not hold a counter", key)
	}
	s.entries[key].value = strconv.FormatInt(n+1, 10)
	return n + 1, nil
}

// Close forgets everything.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.entries)
	s.expiry = nil
	return nil
}

// value returns the value of a key. The lock is held.
func (s *Store) value(key string) string {
	s.expire()
	if e := s.entries[key]; e != nil {
		return e.value
	}
	return ""
}

func (s *Store) put(key, value string, ttl time.Duration) {
	s.expire()
	seconds := storage.Seconds(ttl)
	if seconds == 0 {
		s.remove(key)
		return
	}
	until := int64(math.MaxInt64)
	if now := s.now().UnixNano(); ttl != storage.Forever && seconds < (math.MaxInt64-now)/int64(time.Second) {
		until = now + seconds*int64(time.Second)
	}
	if e := s.entries[key]; e != nil {
		e.value, e.until = value, until
		heap.Fix(&s.expiry, e.at)
		return
	}
	if len(s.entries) >= s.limit {
		s.remove(s.expiry[0].key)
	}
	e := &entry{key: key, value: value, until: until}
	s.entries[key] = e
	heap.Push(&s.expiry, e)
}

func (s *Store) remove(key string) {
	if e := s.entries[key]; e != nil {
		heap.Remove(&s.expiry, e.at)
		delete(s.entries, key)
	}
}

// expire forgets what has expired.
func (s *Store) expire() {
	now := s.now().UnixNano()
	for len(s.expiry) > 0 && s.expiry[0].until <= now {
		s.remove(s.expiry[0].key)
	}
}

// queue is a heap of entries by the time at which they expire.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].until < q[j].until }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push appends an entry, as package heap asks for.
func (q *queue) Push(x any) {
	e := x.(*entry)
	e.at = len(*q)
	*q = append(*q, e)
}

// Pop removes the last entry, as package heap asks for.
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return e
}

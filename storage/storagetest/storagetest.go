// Package storagetest is the suite that every secondary storage of Ostiary
// passes. The test of a store is one call:
//
//	func TestStore(t *testing.T) {
//		storagetest.Run(t, func(t testing.TB) storagetest.Subject {
//			clock := &testClock{}
//			return storagetest.Subject{Store: mystore.Open(…), Pass: clock.advance}
//		})
//	}
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary/storage"
)

// Subject is an empty store.
type Subject struct {
	Store storage.Store
	// Pass lets time pass for the store.
	Pass func(d time.Duration)
}

// Run runs the suite. Each case gets a store of its own from open, which should
// close by t.Cleanup what it opens.
func Run(t *testing.T, open func(t testing.TB) Subject) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			subject := open(t)
			c.run(&scene{TB: t, Store: subject.Store, pass: subject.Pass})
		})
	}
}

var cases = []struct {
	name string
	run  func(s *scene)
}{
	{"a key without a value is empty", func(s *scene) {
		s.has("nothing", "")
		s.noError(s.Delete(s.Context(), "nothing"))
	}},
	{"a value is kept as it is", func(s *scene) {
		for i, value := range []string{"plain", `{"a":"ü\n"}`, " spaces ", "ключ 🔑", strings.Repeat("long", 15_000)} {
			key := fmt.Sprint("key", i)
			s.set(key, value, time.Minute)
			s.has(key, value)
		}
	}},
	{"keys are used as they are", func(s *scene) {
		keys := []string{"a", "A", " a", "a ", "a|/b", "verification:x", "ключ", "a*", "a?", "[a]", strings.Repeat("k", 300)}
		for _, key := range keys {
			s.set(key, "of "+key, time.Minute)
		}
		for _, key := range keys {
			s.has(key, "of "+key)
		}
	}},
	{"set replaces value and time", func(s *scene) {
		s.set("k", "one", 10*time.Second)
		s.set("k", "two", time.Minute)
		s.pass(20 * time.Second)
		s.has("k", "two")
		s.set("k", "three", 10*time.Second)
		s.pass(11 * time.Second)
		s.has("k", "")
	}},
	{"set refuses an empty value", func(s *scene) {
		if err := s.Set(s.Context(), "k", "", time.Minute); !errors.Is(err, storage.ErrEmptyValue) {
			s.Errorf("got %v", err)
		}
	}},
	{"values expire", func(s *scene) {
		s.set("k", "v", 10*time.Second)
		s.pass(9 * time.Second)
		s.has("k", "v")
		s.pass(2 * time.Second)
		s.has("k", "")
		s.taken("k", "")
		s.swapped("k", "v", "w", false)
		s.swapped("k", "", "w", true)
	}},
	{"what is left of a second is dropped", func(s *scene) {
		s.set("k", "v", 1900*time.Millisecond)
		s.pass(1500 * time.Millisecond)
		s.has("k", "")
	}},
	{"a value without time left is not kept", func(s *scene) {
		for _, ttl := range []time.Duration{0, -time.Second, 999 * time.Millisecond} {
			s.set("new", "v", ttl)
			s.has("new", "")
			s.set("old", "v", time.Minute)
			s.set("old", "w", ttl)
			s.has("old", "")
			s.set("swapped", "v", time.Minute)
			if ok, err := s.Swap(s.Context(), "swapped", "v", "w", ttl); !ok || err != nil {
				s.Errorf("swap: %t, %v", ok, err)
			}
			s.has("swapped", "")
		}
	}},
	{"forever is forever", func(s *scene) {
		s.set("k", "v", storage.Forever)
		s.pass(1000 * 24 * time.Hour)
		s.has("k", "v")
		s.set("k", "w", 10*time.Second)
		s.pass(11 * time.Second)
		s.has("k", "")
	}},
	{"delete removes", func(s *scene) {
		s.set("k", "v", time.Minute)
		s.set("other", "o", time.Minute)
		s.noError(s.Delete(s.Context(), "k"))
		s.has("k", "")
		s.has("other", "o")
	}},
	{"take removes and returns", func(s *scene) {
		s.set("k", "v", time.Minute)
		s.taken("k", "v")
		s.taken("k", "")
		s.has("k", "")
	}},
	{"swap compares", func(s *scene) {
		s.swapped("k", "old", "new", false)
		s.has("k", "")
		s.swapped("k", "", "one", true)
		s.swapped("k", "", "two", false)
		s.swapped("k", "ONE", "two", false)
		s.swapped("k", "one ", "two", false)
		s.has("k", "one")
		s.swapped("k", "one", "two", true)
		s.has("k", "two")
		s.swapped("k", "one", "", false)
		s.swapped("k", "two", "", true)
		s.has("k", "")
		s.swapped("k", "", "", true)
	}},
	{"swap gives a new time", func(s *scene) {
		s.set("k", "one", 10*time.Second)
		s.swapped("k", "one", "two", true) // for a minute
		s.pass(30 * time.Second)
		s.has("k", "two")
		s.pass(31 * time.Second)
		s.has("k", "")
	}},
	{"a counter counts and lives from its first count", func(s *scene) {
		for want := range int64(3) {
			s.counted("k", 10*time.Second, want+1)
			s.pass(3 * time.Second)
		}
		s.has("k", "3")
		s.pass(2 * time.Second)
		s.has("k", "")
		s.counted("k", 10*time.Second, 1)
	}},
	{"a counter needs a second at least", func(s *scene) {
		for _, ttl := range []time.Duration{0, -time.Second, 900 * time.Millisecond} {
			if _, err := s.Increment(s.Context(), "k", ttl); err == nil {
				s.Errorf("no error for %v", ttl)
			}
			s.has("k", "")
		}
	}},
	{"a text is no counter", func(s *scene) {
		s.set("k", "text", time.Minute)
		if n, err := s.Increment(s.Context(), "k", time.Minute); err == nil {
			s.Errorf("counted to %d", n)
		}
		s.has("k", "text")
	}},
	{"many keys", func(s *scene) {
		s.set("a", "1", time.Minute)
		s.set("c", "3", time.Minute)
		got, err := storage.GetMany(s.Context(), s.Store, []string{"a", "b", "c", "a"})
		s.noError(err)
		if want := "[1  3 1]"; fmt.Sprint(got) != want {
			s.Errorf("got %v, want %s", got, want)
		}
		s.noError(storage.DeleteMany(s.Context(), s.Store, []string{"a", "b"}))
		s.has("a", "")
		s.has("c", "3")
		got, err = storage.GetMany(s.Context(), s.Store, nil)
		s.noError(err)
		if len(got) != 0 {
			s.Errorf("got %v", got)
		}
		s.noError(storage.DeleteMany(s.Context(), s.Store, nil))
	}},
	{"of many takers one gets the value", func(s *scene) {
		for round := range 20 {
			key := fmt.Sprint("k", round)
			s.set(key, "v", time.Minute)
			var winners atomic.Int64
			s.together(20, func(int) {
				value, err := s.Take(s.Context(), key)
				s.noError(err)
				if value == "v" {
					winners.Add(1)
				}
			})
			if winners.Load() != 1 {
				s.Errorf("%d got the value", winners.Load())
			}
		}
	}},
	{"of many swappers one wins", func(s *scene) {
		for round := range 20 {
			key, old := fmt.Sprint("k", round%2), ""
			if round >= 2 {
				s.set(key, "old", time.Minute)
				old = "old"
			}
			var winners atomic.Int64
			s.together(20, func(i int) {
				ok, err := s.Swap(s.Context(), key, old, fmt.Sprint("new", i), time.Minute)
				s.noError(err)
				if ok {
					winners.Add(1)
				}
			})
			if winners.Load() != 1 {
				s.Errorf("%d won", winners.Load())
			}
		}
	}},
	{"no count is lost", func(s *scene) {
		const callers, each = 50, 4
		var mu sync.Mutex
		seen := map[int64]bool{}
		s.together(callers, func(int) {
			for range each {
				n, err := s.Increment(s.Context(), "k", time.Minute)
				s.noError(err)
				mu.Lock()
				seen[n] = true
				mu.Unlock()
			}
		})
		if len(seen) != callers*each || !seen[callers*each] {
			s.Errorf("%d increments gave %d different counts", callers*each, len(seen))
		}
	}},
	{"an ended context is honoured", func(s *scene) {
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		if _, err := s.Get(ctx, "k"); err == nil {
			s.Error("get: no error")
		}
		if err := s.Set(ctx, "k", "v", time.Minute); err == nil {
			s.Error("set: no error")
		}
		if _, err := s.Increment(ctx, "k", time.Minute); err == nil {
			s.Error("increment: no error")
		}
		s.has("k", "")
	}},
}

// scene is a case that runs.
type scene struct {
	testing.TB
	storage.Store
	pass func(time.Duration)
}

func (s *scene) noError(err error) {
	s.Helper()
	if err != nil {
		s.Error(err)
	}
}

func (s *scene) set(key, value string, ttl time.Duration) {
	s.Helper()
	s.noError(s.Set(s.Context(), key, value, ttl))
}

// has checks the value of a key, also as it is read from memory.
func (s *scene) has(key, want string) {
	s.Helper()
	got, err := s.Get(s.Context(), key)
	s.noError(err)
	if got != want {
		s.Errorf("%.50q is %.100q, want %.100q", key, got, want)
	}
	if cached, err := storage.GetCached(s.Context(), s.Store, []string{key, key}); err != nil || !slices.Equal(cached, []string{want, want}) {
		s.Errorf("from memory %.50q is %.100q, %v; want %.100q twice", key, cached, err, want)
	}
}

func (s *scene) taken(key, want string) {
	s.Helper()
	got, err := s.Take(s.Context(), key)
	s.noError(err)
	if got != want {
		s.Errorf("took %.100q, want %.100q", got, want)
	}
}

func (s *scene) swapped(key, old, next string, want bool) {
	s.Helper()
	got, err := s.Swap(s.Context(), key, old, next, time.Minute)
	s.noError(err)
	if got != want {
		s.Errorf("swapping %q for %q: %t", old, next, got)
	}
}

func (s *scene) counted(key string, ttl time.Duration, want int64) {
	s.Helper()
	got, err := s.Increment(s.Context(), key, ttl)
	s.noError(err)
	if got != want {
		s.Errorf("counted to %d, want %d", got, want)
	}
}

// together calls fn from many goroutines at once.
func (s *scene) together(n int, fn func(i int)) {
	var callers sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		callers.Go(func() {
			<-begin
			fn(i)
		})
	}
	close(begin)
	callers.Wait()
}

package memory_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary/storage"
	"github.com/ostiary/ostiary/storage/memory"
	"github.com/ostiary/ostiary/storage/storagetest"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestStore(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(testing.TB) storagetest.Subject {
		c := newClock()
		return storagetest.Subject{Store: memory.New(memory.Options{Now: c.read}), Pass: c.pass}
	})
}

func TestAFullStoreForgetsWhatWouldExpireFirst(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := memory.New(memory.Options{Now: c.read, MaxEntries: 100})
	if err := s.Set(t.Context(), "session", "v", time.Hour); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if _, err := s.Increment(t.Context(), strconv.Itoa(i), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if s.Len() != 100 {
		t.Errorf("there are %d values", s.Len())
	}
	if v, _ := s.Get(t.Context(), "session"); v != "v" {
		t.Error("the session was forgotten before the counters")
	}
	c.pass(2 * time.Minute)
	if s.Len() != 1 {
		t.Errorf("when the counters have expired there are %d values", s.Len())
	}
}

func Example() {
	s := memory.New(memory.Options{})
	ctx := context.Background()
	if err := s.Set(ctx, "ticket", "for Ada", time.Minute); err != nil {
		panic(err)
	}
	first, _ := s.Take(ctx, "ticket")
	second, _ := s.Take(ctx, "ticket")
	fmt.Printf("%q %q\n", first, second)

	// Several keys are read in one round trip where the store can do that.
	values, _ := storage.GetMany(ctx, s, []string{"a", "b"})
	fmt.Println(len(values))
	// Output:
	// "for Ada" ""
	// 2
}

func BenchmarkSetGet(b *testing.B) {
	s := memory.New(memory.Options{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		key := strconv.Itoa(i % 200_000)
		_ = s.Set(b.Context(), key, "value", time.Hour)
		_, _ = s.Get(b.Context(), key)
	}
}

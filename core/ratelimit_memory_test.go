package core

import (
	"context"
	"strconv"
	"testing"
	"time"
)

func TestSR_024_FloodsOfClientsNeitherFillTheMemoryNorLiftALimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newMemoryLimiter(func() time.Time { return now })
	l.limit = 1000
	ctx := context.Background()
	rule := RateLimitRule{Window: time.Minute, Max: 3}
	ask := func(key string) time.Duration {
		wait, err := l.consume(ctx, key, rule)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	for range 3 {
		if ask("attacker") != 0 {
			t.Fatal("limited too early")
		}
	}
	for _, requests := range []int{1, 2} { // of each of the others
		for i := range 2*l.limit + 10 {
			for range requests {
				ask(strconv.Itoa(i))
			}
			if i%10 == 0 {
				now = now.Add(time.Microsecond)
			}
		}
		if len(l.counters) > l.limit {
			t.Errorf("there are %d counters, want at most %d", len(l.counters), l.limit)
		}
		if ask("attacker") == 0 {
			t.Errorf("after a flood of clients with %d requests each the limit is lifted", requests)
		}
	}
	now = now.Add(2 * time.Minute)
	if ask("attacker") != 0 || len(l.counters) != 1 {
		t.Errorf("when all windows are over %d counters are left", len(l.counters))
	}
}

func TestAFloodOfClientsOverTheirLimitIsBoundedToo(t *testing.T) {
	t.Parallel()
	l := newMemoryLimiter(func() time.Time { return time.Unix(1_000_000, 0) })
	l.limit = 1000
	for i := range l.limit + 10 {
		if _, err := l.consume(context.Background(), strconv.Itoa(i), RateLimitRule{Window: time.Hour, Max: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.counters) > l.limit {
		t.Errorf("there are %d counters", len(l.counters))
	}
}

func TestAClockThatGoesBackLocksNobodyOut(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	l := newMemoryLimiter(func() time.Time { return now })
	rule := RateLimitRule{Window: time.Minute, Max: 1}
	_, _ = l.consume(context.Background(), "a", rule)
	now = now.Add(-time.Hour)
	if wait, _ := l.consume(context.Background(), "a", rule); wait != 0 {
		t.Errorf("has to wait %v", wait)
	}
}

func BenchmarkMemoryLimiterFlood(b *testing.B) {
	l := newMemoryLimiter(time.Now)
	rule := RateLimitRule{Window: time.Hour, Max: 3}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		_, _ = l.consume(context.Background(), strconv.Itoa(i), rule)
	}
}

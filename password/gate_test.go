package password

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// occupy takes a slot that the test gives back itself.
func occupy(t *testing.T, g *gate) {
	t.Helper()
	if err := g.acquire(t.Context()); err != nil {
		t.Fatalf("occupy a slot: %v", err)
	}
}

func TestLimits_have_defaults(t *testing.T) {
	t.Parallel()
	got := Limits{Parallel: 3}.withDefaults()
	if want := (Limits{Parallel: 3, Queue: 192, MaxWait: 10 * time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (Limits{Queue: -1}).withDefaults(); got.Parallel < 1 || got.Queue != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestSR_011_no_more_than_Parallel_run_and_no_more_than_Queue_wait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 2, Queue: 3}.withDefaults())
		occupy(t, g)
		occupy(t, g)
		entered := make(chan error, 3)
		for range 3 {
			go func() { entered <- g.acquire(t.Context()) }()
		}
		synctest.Wait()
		if len(entered) != 0 {
			t.Fatalf("%d got in beyond Parallel", len(entered))
		}
		var busy ErrBusy
		if err := g.acquire(t.Context()); !errors.As(err, &busy) || busy.RetryAfter < time.Second || busy.RetryAfter%time.Second != 0 {
			t.Fatalf("beyond Queue: %v", err)
		}
		for range 3 {
			g.release()
			if err := <-entered; err != nil {
				t.Errorf("waiting caller: %v", err)
			}
		}
		g.release()
		g.release()
		if g.running != 0 || g.waiting.Len() != 0 {
			t.Errorf("%d running and %d waiting in the end", g.running, g.waiting.Len())
		}
	})
}

func TestSR_011_first_come_first_served(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 1, Queue: 10}.withDefaults())
		occupy(t, g)
		var order []int
		for i := range 10 {
			go func() {
				if err := g.acquire(t.Context()); err != nil {
					t.Error(err)
				}
				order = append(order, i)
				g.release()
			}()
			synctest.Wait()
		}
		g.release()
		synctest.Wait()
		if !slices.IsSorted(order) || len(order) != 10 {
			t.Errorf("served in the order %v", order)
		}
	})
}

func TestSR_011_waiting_ends_after_MaxWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 1, MaxWait: 3 * time.Second}.withDefaults())
		occupy(t, g)
		start := time.Now()
		var busy ErrBusy
		if err := g.acquire(t.Context()); !errors.As(err, &busy) {
			t.Fatalf("got %v", err)
		}
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("waited %v", waited)
		}
		g.release()
		occupy(t, g)
		g.release()
	})
}

func TestSR_012_waiting_ends_with_the_context_without_hashing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewScrypt(Limits{Parallel: 1, Queue: 1000})
		occupy(t, s.gate)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 1000)
		for range cap(results) {
			go func() {
				_, err := s.Hash(ctx, "password123")
				results <- err
			}()
		}
		synctest.Wait()
		cancel()
		for range cap(results) {
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
		}
		if s.gate.waiting.Len() != 0 || s.gate.running != 1 {
			t.Errorf("%d waiting, %d running", s.gate.waiting.Len(), s.gate.running)
		}
		if _, err := s.Hash(ctx, "password123"); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled caller: %v", err)
		}
		s.gate.release()
	})
}

func TestSR_012_a_slot_handed_to_a_cancelled_caller_goes_on_to_the_next(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 1, Queue: 2}.withDefaults())
		occupy(t, g)
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- g.acquire(ctx) }()
		synctest.Wait()
		go func() { second <- g.acquire(t.Context()) }()
		synctest.Wait()
		cancel()
		g.release()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled caller: %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("next caller: %v", err)
		}
		g.release()
		if g.running != 0 {
			t.Errorf("%d slots leaked", g.running)
		}
	})
}

package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ostiary/ostiary/internal/scrypt"
)

// occupy takes a slot that the test gives back itself, with leave(nil).
func occupy(t *testing.T, g *gate) {
	t.Helper()
	if err := g.arrive(newCaller(t.Context(), "", "")); err != nil || g.waiting.Len() != 0 {
		t.Fatalf("occupy a slot: %v", err)
	}
}

// attendance is how a waiting caller of a test fares.
type attendance struct {
	*caller
	err error
}

// wait has n callers arrive one after the other, who report when they are served
// or turned away. Those who are to lead a pass do not: the test says when a slot
// is free.
func wait(t *testing.T, g *gate, n int) (callers []*caller, results chan attendance) {
	t.Helper()
	results = make(chan attendance, n)
	for i := range n {
		c := newCaller(t.Context(), fmt.Sprint("password", i), "salt")
		if err := g.arrive(c); err != nil {
			t.Fatalf("caller %d: %v", i, err)
		}
		callers = append(callers, c)
		go func() { results <- attendance{c, g.attend(c)} }()
	}
	synctest.Wait()
	return callers, results
}

func mustBeIdle(t *testing.T, g *gate) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running != 0 || g.waiting.Len() != 0 || g.idle != nil {
		t.Errorf("%d running and %d waiting in the end, memory kept: %t", g.running, g.waiting.Len(), g.idle != nil)
	}
}

func TestLimits_have_defaults(t *testing.T) {
	t.Parallel()
	lanes := scrypt.MaxLanes()
	got := Limits{Parallel: 3}.withDefaults()
	if want := (Limits{Parallel: 3, Batch: lanes, Queue: 192 * lanes, MaxWait: 10 * time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = Limits{Batch: 9, Queue: -1}.withDefaults()
	if got.Parallel < 1 || got.Parallel > 4 || got.Batch != lanes || got.Queue != 0 {
		t.Errorf("got %+v", got)
	}
	if got := (Limits{Batch: 1}).withDefaults(); got.Batch != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestSR_011_no_more_than_Parallel_lead_and_no_more_than_Queue_wait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 2, Queue: 3}.withDefaults())
		occupy(t, g)
		occupy(t, g)
		_, results := wait(t, g, 3)
		if len(results) != 0 {
			t.Fatalf("%d were served beyond Parallel", len(results))
		}
		var busy ErrBusy
		if err := g.arrive(newCaller(t.Context(), "", "")); !errors.As(err, &busy) || busy.RetryAfter < time.Second || busy.RetryAfter%time.Second != 0 {
			t.Fatalf("beyond Queue: %v", err)
		}
		g.leave(nil)
		for range 3 {
			if served := <-results; served.err != nil {
				t.Errorf("waiting caller: %v", served.err)
			}
		}
		g.leave(nil)
		synctest.Wait()
		mustBeIdle(t, g)
	})
}

// The one who has waited longest leads, and takes those with it who waited next
// longest: in passes of Batch.
func TestSR_011_first_come_first_served(t *testing.T) {
	t.Parallel()
	for batch := 1; batch <= scrypt.MaxLanes(); batch++ {
		g := newGate(Limits{Parallel: 1, Batch: batch, Queue: 10}.withDefaults())
		var want []*caller
		occupy(t, g)
		for range 10 {
			c := newCaller(t.Context(), "password", "salt")
			if err := g.arrive(c); err != nil {
				t.Fatal(err)
			}
			want = append(want, c)
		}
		var got []*caller
		for g.waiting.Len() > 0 {
			g.leave(nil)
			leader := want[len(got)]
			if len(leader.lead) != 1 {
				t.Fatalf("batch %d: caller %d does not lead", batch, len(got))
			}
			got = append(got, g.company(leader)...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("batch %d: not served in order", batch)
		}
	}
}

// The core that is left for others is lent to a full pass only, while nobody wants it.
func TestSR_011_one_more_leads_while_a_core_is_idle_and_a_pass_is_full(t *testing.T) {
	t.Parallel()
	for _, idle := range []bool{true, false} {
		g := newGate(Limits{Parallel: 1, Batch: 1, Queue: 10}.withDefaults())
		g.limits.Batch = 3
		g.spare = func() bool { return idle }
		occupy(t, g)
		var callers []*caller
		leaders := func() (n int) {
			for _, c := range callers {
				n += len(c.lead)
			}
			return n
		}
		arrive := func() {
			c := newCaller(t.Context(), "password", "salt")
			if err := g.arrive(c); err != nil {
				t.Fatal(err)
			}
			callers = append(callers, c)
		}
		arrive()
		arrive()
		if leaders() != 0 {
			t.Fatal("a core is lent to a pass that is not full")
		}
		arrive()
		if got := leaders(); got == 1 != idle {
			t.Fatalf("idle %t: %d lead", idle, got)
		}
		for range 4 {
			arrive()
		}
		if got := leaders(); got == 1 != idle || g.running > 2 {
			t.Fatalf("idle %t: %d lead, %d run", idle, got, g.running)
		}
	}
}

// A lent core goes back when others want it, with the memory; and when too few wait
// for it, while the memory is kept for as long as the other pass runs.
func TestSR_011_a_lent_core_is_given_back(t *testing.T) {
	t.Parallel()
	for _, wanted := range []bool{true, false} {
		idle := true
		g := newGate(Limits{Parallel: 1, Batch: 1, Queue: 10}.withDefaults())
		g.limits.Batch = 2
		g.spare = func() bool { return idle }
		occupy(t, g)
		for range 3 {
			if err := g.arrive(newCaller(t.Context(), "password", "salt")); err != nil {
				t.Fatal(err)
			}
		}
		if g.running != 2 || g.waiting.Len() != 2 {
			t.Fatalf("%d run, %d wait", g.running, g.waiting.Len())
		}
		if !wanted { // and one waits, too few
			g.waiting.pop()
		}
		idle = !wanted
		memory, err := scrypt.NewMemory(1)
		if err != nil {
			t.Fatal(err)
		}
		g.leave(memory)
		if g.running != 1 || (g.idle == memory) == wanted {
			t.Errorf("wanted %t: %d run, memory kept: %t", wanted, g.running, g.idle != nil)
		}
		for g.waiting.Len() > 0 {
			g.leave(nil)
		}
		g.leave(nil)
		mustBeIdle(t, g)
	}
}

func TestSR_011_waiting_ends_after_MaxWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 1, MaxWait: 3 * time.Second}.withDefaults())
		occupy(t, g)
		start := time.Now()
		var busy ErrBusy
		if _, err := g.derive(t.Context(), "password", "salt"); !errors.As(err, &busy) {
			t.Fatalf("got %v", err)
		}
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("waited %v", waited)
		}
		g.leave(nil)
		mustBeIdle(t, g)
	})
}

// A pass that began in time is waited for.
func TestSR_011_MaxWait_does_not_send_away_who_is_being_served(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 1, MaxWait: 3 * time.Second}.withDefaults())
		g.limits.Batch = 2 // on any processor
		leader := newCaller(t.Context(), "leader", "salt")
		if err := g.arrive(leader); err != nil {
			t.Fatal(err)
		}
		callers, results := wait(t, g, 1)
		if company := g.company(leader); len(company) != 2 {
			t.Fatalf("a company of %d", len(company))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(results) != 0 {
			t.Fatalf("sent away: %v", (<-results).err)
		}
		close(callers[0].done)
		if served := <-results; served.err != nil {
			t.Error(served.err)
		}
		g.leave(nil)
		mustBeIdle(t, g)
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
		s.gate.leave(nil)
		mustBeIdle(t, s.gate)
	})
}

func TestSR_012_a_slot_offered_to_a_cancelled_caller_goes_on_to_the_next(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Parallel: 1, Batch: 1, Queue: 3}.withDefaults())
		occupy(t, g)
		ctx, cancel := context.WithCancel(t.Context())
		gone := newCaller(ctx, "gone", "salt")
		if err := g.arrive(gone); err != nil {
			t.Fatal(err)
		}
		_, results := wait(t, g, 1)
		g.leave(nil)
		if len(gone.lead) != 1 {
			t.Fatal("the first in the queue is not offered the slot")
		}
		cancel()
		if err := g.attend(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled caller: %v", err)
		}
		if served := <-results; served.err != nil {
			t.Errorf("next caller: %v", served.err)
		}
		synctest.Wait()
		mustBeIdle(t, g)
	})
}

func TestSR_012_a_pass_takes_nobody_along_whose_client_is_gone(t *testing.T) {
	t.Parallel()
	g := newGate(Limits{Parallel: 1, Queue: 10}.withDefaults())
	leader := newCaller(t.Context(), "leader", "salt")
	if err := g.arrive(leader); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if err := g.arrive(newCaller(ctx, "gone", "salt")); err != nil {
			t.Fatal(err)
		}
	}
	if company := g.company(leader); len(company) != 1 {
		t.Errorf("%d gone callers are hashed for", len(company)-1)
	}
}

// Many callers of all kinds at once: every one gets its own answer, and nothing
// is left behind. The race detector watches.
func TestSR_012_callers_that_come_and_go_leave_nothing_behind(t *testing.T) {
	t.Parallel()
	s := NewScrypt(Limits{Parallel: 2, Queue: 40, MaxWait: time.Hour})
	var asked atomic.Int64
	s.gate.spare = func() bool { return asked.Add(1)%3 != 0 } // on any number of cores
	hashes := make([]string, 3)
	for i := range hashes {
		hash, err := s.Hash(t.Context(), fmt.Sprint("password", i))
		if err != nil {
			t.Fatal(err)
		}
		hashes[i] = hash
	}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%4 == 0 {
				time.AfterFunc(time.Duration(i)*time.Millisecond, cancel)
			}
			right, err := s.Verify(ctx, hashes[i%3], fmt.Sprint("password", i%2))
			switch {
			case i%4 == 0 && errors.Is(err, context.Canceled):
			case err != nil:
				t.Errorf("caller %d: %v", i, err)
			case right != (i%3 == i%2):
				t.Errorf("caller %d: got %t", i, right)
			}
		})
	}
	all.Wait()
	mustBeIdle(t, s.gate)
}

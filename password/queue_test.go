package password

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func callerOf(t *testing.T, client string) *caller {
	t.Helper()
	return newCaller(context.WithValue(t.Context(), ClientKey{}, client), "password", "salt")
}

func TestSR_011_clients_take_turns(t *testing.T) {
	t.Parallel()
	var q queue
	named := map[*caller]string{}
	for _, client := range []string{"a", "a", "a", "a", "b", "c", "c"} {
		c := callerOf(t, client)
		named[c] = client
		q.push(c)
	}
	got := ""
	for c := q.pop(); c != nil; c = q.pop() {
		got += named[c]
	}
	if got != "abcacaa" || q.Len() != 0 || len(q.clients) != 0 || q.turns.Len() != 0 {
		t.Errorf("served in the order %q, %d are left", got, q.Len())
	}
}

// One client fills the queue; others still get in, and it is the one that is told to
// come back, the last of its callers first.
func TestSR_011_one_client_does_not_keep_the_others_out(t *testing.T) {
	t.Parallel()
	g := newGate(Limits{Parallel: 1, Batch: 1, Queue: 6}.withDefaults())
	occupy(t, g)
	var flood []*caller
	for range 6 {
		c := callerOf(t, "flood")
		if err := g.arrive(c); err != nil {
			t.Fatal(err)
		}
		flood = append(flood, c)
	}
	var busy ErrBusy
	if err := g.arrive(callerOf(t, "flood")); !errors.As(err, &busy) {
		t.Errorf("the client that fills the queue: %v", err)
	}
	for i := range 3 {
		if err := g.arrive(callerOf(t, fmt.Sprint("other ", i))); err != nil {
			t.Errorf("another client: %v", err)
		}
		last := flood[len(flood)-1]
		flood = flood[:len(flood)-1]
		select {
		case <-last.done:
		default:
			t.Fatal("the last of the flood still waits")
		}
		if err := g.attend(last); err != nil || !errors.As(last.err, &busy) {
			t.Errorf("the displaced caller: %v, %v", err, last.err)
		}
	}
	if g.waiting.Len() != 6 {
		t.Errorf("%d wait", g.waiting.Len())
	}
	g.leave(nil) // the one who was first
	if len(flood[0].lead) != 1 {
		t.Error("who came first does not lead")
	}
	for i := range 3 {
		next := g.next()
		if client := clientOf(next.ctx); client != fmt.Sprint("other ", i) {
			t.Errorf("next is %s", client)
		}
	}
}

func TestSR_011_a_fair_share_is_not_taken_away(t *testing.T) {
	t.Parallel()
	var q queue
	for _, client := range []string{"a", "a", "b", "c"} {
		q.push(callerOf(t, client))
	}
	for _, client := range []string{"a", "b", "c"} {
		if q.makeRoom(callerOf(t, client)) != nil {
			t.Errorf("%s, who would have as many as any other, displaces somebody", client)
		}
	}
	if displaced := q.makeRoom(callerOf(t, "d")); displaced == nil || clientOf(displaced.ctx) != "a" {
		t.Error("somebody new does not displace the one with the most")
	}
	if q.makeRoom(callerOf(t, "d")) != nil {
		t.Error("somebody is displaced who has but one")
	}
}

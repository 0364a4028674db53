package ostiary_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestStorage_ASessionThatWasReadBeforeTakesOneTrip(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		alice := s.signUp("alice@example.com")
		if alice.session() == nil {
			t.Fatal("no session")
		}
		before := w.reads.Load()
		if alice.session() == nil {
			t.Fatal("no session")
		}
		if trips := w.reads.Load() - before; trips != 1 {
			t.Errorf("%d trips to the storage, want 1", trips)
		}
	})
}

// A session that was read before is parsed no second time, but what is asked is
// always the storage.
func TestStorage_SessionsReadBeforeAreReadAgain(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		one, two := s.signUp("alice@example.com"), s.signedIn("alice@example.com")
		id := s.userByEmail("alice@example.com").ID
		for range 2 {
			if one.session() == nil || two.session() == nil {
				t.Fatal("no session")
			}
		}
		one.post("/update-user", map[string]any{"name": "Changed"}).ok(t)
		if got := two.session(); got == nil || got.User.Name != "Changed" {
			t.Errorf("the change is not seen: %+v", got)
		}
		if err := w.Store.Delete(t.Context(), "active-sessions-"+id); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(time.Second)
		one.post("/revoke-sessions", nil).ok(t)
		if two.session() != nil {
			t.Error("it lives on after the end of all sessions")
		}
	})
}

// Requests of many browsers share trips to the storage. Each is answered for its
// own session, and none that begins after a revocation was acknowledged sees it.
func TestStorage_RequestsThatShareTripsAreToldApart(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, _ := newStored(t, m)
		const browsers = 6
		var all []*client
		for i := range browsers {
			all = append(all, s.signUp(fmt.Sprintf("user%d@example.com", i)))
		}
		ended := make([]bool, browsers)
		for round := range browsers {
			var group sync.WaitGroup
			for i, c := range all {
				for range 4 {
					group.Go(func() {
						got := c.session()
						switch want := fmt.Sprintf("user%d@example.com", i); {
						case ended[i] && got != nil:
							t.Errorf("round %d: the session of %s has ended and is accepted", round, want)
						case !ended[i] && (got == nil || got.User.Email != want):
							t.Errorf("round %d: got %+v, want %s", round, got, want)
						}
					})
				}
			}
			group.Wait()
			all[round].post("/revoke-sessions", nil).ok(t)
			ended[round] = true
		}
	})
}

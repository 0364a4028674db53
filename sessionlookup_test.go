package ostiary_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage/memory"
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

// What a caller does to the objects in what it was given reaches nobody else.
func TestWhatIsRememberedOfASessionIsNotShared(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ostiary.Options){
		"cookie cache":      func(o *ostiary.Options) { o.Session.CookieCache.Enabled = true },
		"secondary storage": func(o *ostiary.Options) { o.SecondaryStorage = memory.New(memory.Options{}) },
		"memory": func(o *ostiary.Options) {
			o.Broadcast.Channel, o.Session.Memory.Enabled = new(broadcast.Hub), true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, onSQLite, func(_ *server, o *ostiary.Options) {
				change(o)
				o.User.Fields = []schema.Field{{Name: "taste", Type: schema.JSON, Optional: true}}
			})
			alice := s.client()
			alice.post("/sign-up/email", fields{
				"name": "Alice", "email": "alice@example.com", "password": goodPassword, "taste": map[string]any{"colours": []any{"red"}},
			}).ok(t)
			for range 4 {
				id, err := s.Session(alice.appRequest())
				if err != nil || id == nil {
					t.Fatal(id, err)
				}
				if got, err := json.Marshal(id.User.Extra["taste"]); err != nil || string(got) != `{"colours":["red"]}` {
					t.Fatalf("got %s, %v", got, err)
				}
				switch taste := id.User.Extra["taste"].(type) {
				case json.RawMessage:
					copy(taste, `[`)
				case map[string]any:
					taste["colours"].([]any)[0], taste["more"] = "blue", true
				default:
					t.Fatalf("a %T", taste)
				}
			}
		})
	}
}

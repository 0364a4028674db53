package ostiary_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
)

// failsInBetween makes the secondary storage fail when the database is about to be
// changed: what the request has done there is done, and no more follows.
func failsInBetween(w **watched, armed *bool) setting {
	fail := func() {
		if *armed {
			(*w).fail(fmt.Errorf("no route to host: %w", storage.ErrUnavailable))
		}
	}
	return func(_ *server, o *ostiary.Options) {
		o.DatabaseHooks = []core.DatabaseHook{
			hooks.BeforeUserUpdate(func(context.Context, *hooks.Change[core.User]) error { fail(); return nil }),
			hooks.BeforeSessionUpdate(func(context.Context, *hooks.Change[core.Session]) error { return nil }),
			hooks.BeforeSessionDelete(func(context.Context, core.Session) error { fail(); return nil }),
		}
	}
}

func TestRR_34_AChangedUserIsSeenAlthoughTheCopiesWereNotReplaced(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		var w *watched
		armed := false
		s, w := newStored(t, m, failsInBetween(&w, &armed))
		alice := s.signUp("alice@example.com")
		phone := s.signedIn("alice@example.com")
		armed = true
		alice.post("/update-user", fields{"name": "Alice Liddell"}).ok(t)
		armed = false
		w.fail(nil)
		for _, browser := range []*client{alice, phone} {
			if got := browser.session(); got == nil || got.User.Name != "Alice Liddell" {
				t.Errorf("the session shows %+v", got)
			}
		}
		s.clock.Advance(2 * time.Minute)
		alice.session()
		if got := value(t, w, alice.token()); strings.Contains(got, "unsettled") || !strings.Contains(got, "Alice Liddell") {
			t.Errorf("the copy is not repaired: %s", got)
		}
		phone.post("/sign-out", nil).ok(t)
		if phone.session() != nil {
			t.Error("a session whose copy is outdated is not ended")
		}
	})
}

func TestRR_34_AnEndedSessionIsRefusedAlthoughItsCopyIsThere(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(alice, phone *client) reply{
		"sign-out":  func(alice, _ *client) reply { return alice.post("/sign-out", nil) },
		"of others": func(_, phone *client) reply { return phone.post("/revoke-other-sessions", nil) },
		"of one": func(alice, phone *client) reply {
			return phone.post("/revoke-session", fields{"token": alice.token()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w *watched
			armed := false
			s, w := newStored(t, mode{database: true}, failsInBetween(&w, &armed))
			alice := s.signUp("alice@example.com")
			phone, kept, later := s.signedIn("alice@example.com"), alice.copyOf(), alice.copyOf()
			token := alice.token()
			armed = true
			end(alice, phone).ok(t)
			armed = false
			w.fail(nil)
			if value(t, w, token) == "" {
				t.Fatal("the copy is gone, so this shows nothing")
			}
			if kept.session() != nil {
				t.Error("it is accepted")
			}
			s.clock.Advance(2 * time.Minute)
			if later.session() != nil || value(t, w, token) != "" {
				t.Error("the copy is not removed by the next read")
			}
		})
	}
}

// Ending all sessions also looks for those that begin meanwhile. When the storage
// fails at that, nothing has happened.
func TestRR_34_AnEndOfAllSessionsHappensOrDoesNot(t *testing.T) {
	t.Parallel()
	var w *watched
	armed := false
	s, w := newStored(t, mode{database: true}, failsInBetween(&w, &armed))
	alice := s.signUp("alice@example.com")
	armed = true
	alice.copyOf().post("/revoke-sessions", nil).want(t, 503, "SERVICE_UNAVAILABLE")
	armed = false
	w.fail(nil)
	if alice.copyOf().session() == nil {
		t.Error("what was refused has happened")
	}
	alice.copyOf().post("/revoke-sessions", nil).ok(t)
	if alice.session() != nil {
		t.Error("the session lives on")
	}
}

func TestRR_92_WithoutTheStorageChangesAreRefusedAndNothingIsHalfMade(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		alice := s.signUp("alice@example.com")
		kept := alice.copyOf()
		s.clock.Advance(time.Second)
		w.fail(fmt.Errorf("no route to host: %w", storage.ErrUnavailable))
		for _, path := range []string{"/sign-out", "/revoke-sessions", "/revoke-other-sessions"} {
			if r := alice.copyOf().post(path, nil); r.status != 503 && r.status != 200 {
				t.Errorf("%s: %v", path, r)
			}
		}
		alice.copyOf().post("/update-user", fields{"name": "Mallory"}).want(t, 503, "SERVICE_UNAVAILABLE")
		if name := s.userByEmail("alice@example.com").Name; name == "Mallory" {
			t.Error("a change that was refused has happened")
		}
		if m.database && s.liveRows() != 1 {
			t.Errorf("%d sessions are left in the database", s.liveRows())
		}
		w.fail(nil)
		if got := kept.session(); got == nil || got.User.Name == "Mallory" {
			t.Errorf("when the storage is back the session is %+v", got)
		}
	})
}

func TestRR_35_ValuesOfOtherKeysAreNotBelieved(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		alice, bob := s.signUp("alice@example.com"), s.signUp("bob@example.com")
		text := value(t, w, bob.token())
		if err := w.Store.Set(t.Context(), alice.token(), text, time.Hour); err != nil {
			t.Fatal(err)
		}
		if got := alice.copyOf().session(); got != nil {
			t.Errorf("with the answer for another key the session is that of %s", got.User.Email)
		}
		v := s.Kernel().Verifications
		for _, id := range []string{"reset:1", "reset:2"} {
			if err := v.Create(t.Context(), id, "of "+id, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Store.Set(t.Context(), "verification:reset:1", value(t, w, "verification:reset:2"), time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, err := v.Consume(t.Context(), "reset:1"); err != nil || got != nil && got.Value != "of reset:1" {
			t.Errorf("the value of another identifier was accepted: %+v, %v", got, err)
		}
	})
}

// A change that never came to its commit, because the process was killed, leaves
// its mark: the session lives on, and the mark goes away.
func TestRR_34_AMarkThatWasLeftBehindDoesNoHarm(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{hooks.BeforeUserUpdate(func(_ context.Context, c *hooks.Change[core.User]) error { return core.ErrAbort })}
		})
		alice := s.signUp("alice@example.com")
		row := s.Kernel().Users.Table().NewRow()
		row.SetAt(schema.UserName, "Never")
		if _, err := s.Kernel().Users.Update(t.Context(), s.userByEmail("alice@example.com").ID, row); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(value(t, w, alice.token()), "unsettled") {
			t.Fatal("there is no mark, so this shows nothing")
		}
		if alice.session() == nil {
			t.Error("the session has ended")
		}
		s.clock.Advance(2 * time.Minute)
		if alice.session() == nil || strings.Contains(value(t, w, alice.token()), "unsettled") {
			t.Errorf("the mark stays: %s", value(t, w, alice.token()))
		}
	})
}

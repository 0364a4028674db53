package ostiary_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

func TestCleanUpRemovesWhatHasExpired(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		s := newServer(t, store, withLimits, func(_ *server, o *ostiary.Options) {
			o.RateLimit.Storage = core.RateLimitInDatabase
		})
		s.signUp("alice@example.com")
		alice := s.userByEmail("alice@example.com")
		k := s.Kernel()
		const many = 1203 // more than two batches
		for i := range many {
			if _, err := k.Sessions.Create(t.Context(), alice, false, nil); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				if err := k.Verifications.Create(t.Context(), fmt.Sprint("test:", i), "value", time.Hour); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.clock.Advance(25 * time.Hour)
		bob := s.signUp("bob@example.com")
		if err := k.Verifications.Create(t.Context(), "test:live", "value", time.Hour); err != nil {
			t.Fatal(err)
		}
		removed, err := k.CleanUp(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// Alice's first session lives for a week, Bob's and one value are new.
		if left := len(s.rows("session")); left != 2 || len(s.rows("verification")) != 1 || removed < many {
			t.Errorf("%d sessions and %d values are left, %d rows were removed", left, len(s.rows("verification")), removed)
		}
		if bob.session() == nil {
			t.Error("a live session was removed")
		}
		if again, err := k.CleanUp(t.Context()); err != nil || again != 0 {
			t.Errorf("the second time %d were removed, error %v", again, err)
		}
	})
}

func TestCleanUpKeepsWhatAHookKeeps(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ *server, o *ostiary.Options) {
		o.DatabaseHooks = append(o.DatabaseHooks, core.DatabaseHook{
			Model:        schema.SessionKey,
			BeforeDelete: func(context.Context, schema.Row) error { return core.ErrAbort },
		})
	})
	s.signUp("alice@example.com")
	s.clock.Advance(8 * 24 * time.Hour)
	if n, err := s.Kernel().CleanUp(t.Context()); err != nil || n != 0 || len(s.rows("session")) != 1 {
		t.Errorf("%d were removed, error %v", n, err)
	}
}

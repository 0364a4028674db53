package ostiary_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

func TestSingleUseValuesInTheDatabase(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, store setting) {
		var hooks deletions
		s := newServer(t, store, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{hooks.of(schema.VerificationKey)}
		})
		v := s.Kernel().Verifications
		create := func(identifier, value string) {
			t.Helper()
			if err := v.Create(t.Context(), identifier, value, time.Hour); err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(time.Second)
		}
		consumed := func(identifier, want string) {
			t.Helper()
			won, err := v.Consume(t.Context(), identifier)
			if err != nil || (won == nil) != (want == "") || won != nil && won.Value != want {
				t.Errorf("consumed %v, %v; want %q", won, err, want)
			}
		}
		left := func(rows, hooksBefore, hooksAfter int) {
			t.Helper()
			if n := len(s.rows(schema.VerificationKey)); n != rows || hooks.before != hooksBefore || hooks.after != hooksAfter {
				t.Errorf("%d rows, hooks ran %d and %d times; want %d, %d and %d", n, hooks.before, hooks.after, rows, hooksBefore, hooksAfter)
			}
			hooks.before, hooks.after = 0, 0
		}

		create("test:a", "old")
		create("test:a", "new")
		create("test:b", "b")
		consumed("test:unknown", "")
		left(3, 0, 0)
		hooks.veto = true
		consumed("test:a", "")
		left(3, 1, 0)
		hooks.veto = false
		consumed("test:a", "new")
		left(1, 1, 1) // the older value is used up, too
		consumed("test:a", "")
		left(1, 0, 0)

		for range 2 { // there is nothing to delete the second time
			if err := v.Delete(t.Context(), "test:b"); err != nil {
				t.Fatal(err)
			}
		}
		left(0, 1, 1)
		create("test:late", "x")
		s.clock.Advance(time.Hour)
		consumed("test:late", "")
	})
}

func TestExpiredSingleUseValuesAreRemovedOnceAMinute(t *testing.T) {
	t.Parallel()
	for _, disabled := range []bool{false, true} {
		s := newServer(t, func(_ *server, o *ostiary.Options) { o.Verification.DisableCleanup = disabled })
		v := s.Kernel().Verifications
		for i, step := range []struct {
			wait          time.Duration
			left, without int // rows after a look, and without any clean-up
		}{{2 * time.Second, 0, 1}, {2 * time.Second, 1, 2}, {time.Minute, 0, 3}} {
			if err := v.Create(t.Context(), fmt.Sprint("test:", i), "x", time.Second); err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(step.wait)
			if found, err := v.Find(t.Context(), "test:other"); found != nil || err != nil {
				t.Errorf("found %v, %v", found, err)
			}
			want := step.left
			if disabled {
				want = step.without
			}
			if n := len(s.rows(schema.VerificationKey)); n != want {
				t.Errorf("clean-up disabled %t, step %d: %d rows, want %d", disabled, i, n, want)
			}
		}
	}
}

func TestIdentifiersAreHashedAsTheApplicationSays(t *testing.T) {
	t.Parallel()
	hash := func(identifier string) string {
		sum := sha256.Sum256([]byte("pepper " + identifier))
		return hex.EncodeToString(sum[:])
	}
	s := newServer(t, func(_ *server, o *ostiary.Options) { o.Verification.HashIdentifier = hash })
	v, table := s.Kernel().Verifications, s.Kernel().DB.Table(schema.VerificationKey)
	if err := v.Create(t.Context(), "test:a", "hashed", time.Hour); err != nil {
		t.Fatal(err)
	}
	// A row from before identifiers were hashed.
	plain := table.NewRow().Set("identifier", "test:b").Set("value", "plain").Set("expiresAt", s.clock.Now().Add(time.Hour))
	if _, err := s.Kernel().DB.Create(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	stored := map[any]bool{}
	for _, row := range s.rows(schema.VerificationKey) {
		stored[row.Get("identifier")] = true
	}
	if len(stored) != 2 || !stored[hash("test:a")] || !stored["test:b"] {
		t.Errorf("stored under %v", stored)
	}
	for identifier, want := range map[string]string{"test:a": "hashed", "test:b": "plain"} {
		if won, err := v.Consume(t.Context(), identifier); err != nil || won == nil || won.Value != want {
			t.Errorf("%s: consumed %v, %v", identifier, won, err)
		}
	}
}

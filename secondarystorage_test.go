package ostiary_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage"
	"github.com/ostiary/ostiary/storage/memory"
)

// watched is a secondary storage that tests look into, break, and step in
// between.
type watched struct {
	*memory.Store

	mu     sync.Mutex
	keys   map[string]bool
	down   error                // what every operation returns
	before func(op, key string) // called once for the next operation that it is for
	reads  atomic.Int64         // trips, of however many keys
}

func (w *watched) note(op, key string) error {
	w.mu.Lock()
	w.keys[key] = true
	before, down := w.before, w.down
	w.mu.Unlock()
	if before != nil {
		before(op, key)
	}
	return down
}

// once steps in before the first operation of a kind on a key.
func (w *watched) once(op, key string, step func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = func(o, k string) {
		if o != op || k != key {
			return
		}
		w.mu.Lock()
		w.before = nil
		w.mu.Unlock()
		step()
	}
}

func (w *watched) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = err
}

func (w *watched) Get(ctx context.Context, key string) (string, error) {
	w.reads.Add(1)
	if err := w.note("get", key); err != nil {
		return "", err
	}
	return w.Store.Get(ctx, key)
}

func (w *watched) SharesTrips() bool { return true }

func (w *watched) GetMany(ctx context.Context, keys []string) ([]string, error) {
	w.reads.Add(1)
	for _, key := range keys {
		if err := w.note("get", key); err != nil {
			return nil, err
		}
	}
	return w.Store.GetMany(ctx, keys)
}

func (w *watched) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := w.note("set", key); err != nil {
		return err
	}
	return w.Store.Set(ctx, key, value, ttl)
}

func (w *watched) Delete(ctx context.Context, key string) error {
	if err := w.note("delete", key); err != nil {
		return err
	}
	return w.Store.Delete(ctx, key)
}

func (w *watched) DeleteMany(ctx context.Context, keys []string) error {
	if err := w.note("delete", strings.Join(keys, " ")); err != nil {
		return err
	}
	return w.Store.DeleteMany(ctx, keys)
}

func (w *watched) Take(ctx context.Context, key string) (string, error) {
	if err := w.note("take", key); err != nil {
		return "", err
	}
	return w.Store.Take(ctx, key)
}

func (w *watched) Swap(ctx context.Context, key, old, next string, ttl time.Duration) (bool, error) {
	if err := w.note("swap", key); err != nil {
		return false, err
	}
	return w.Store.Swap(ctx, key, old, next, ttl)
}

func (w *watched) Increment(ctx context.Context, key string, ttl time.Duration) (int64, error) {
	if err := w.note("increment", key); err != nil {
		return 0, err
	}
	return w.Store.Increment(ctx, key, ttl)
}

// live returns the keys that have values.
func (w *watched) live(t testing.TB) []string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var live []string
	for key := range w.keys {
		if value, err := w.Store.Get(context.Background(), key); err != nil {
			t.Fatal(err)
		} else if value != "" {
			live = append(live, key)
		}
	}
	slices.Sort(live)
	return live
}

// mode says where sessions are.
type mode struct{ database, preserve bool }

var modes = map[string]mode{"storage only": {}, "mirrored": {database: true}, "preserved": {database: true, preserve: true}}

func inEveryMode(t *testing.T, test func(t *testing.T, m mode)) {
	t.Helper()
	for name, m := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, m)
		})
	}
}

// newStored returns a server with a secondary storage.
func newStored(t *testing.T, m mode, settings ...setting) (*server, *watched) {
	t.Helper()
	w := &watched{keys: map[string]bool{}}
	s := newServer(t, append([]setting{onSQLite, func(s *server, o *ostiary.Options) {
		w.Store = memory.New(memory.Options{Now: s.clock.Now})
		o.SecondaryStorage = w
		o.Session.StoreInDatabase, o.Session.PreserveInDatabase = m.database, m.preserve
		o.Verification.StoreInDatabase = m.database
	}}, settings...)...)
	return s, w
}

func (c *client) token() string {
	c.s.t.Helper()
	for _, k := range c.cookies() {
		if k.Name == sessionCookie {
			token, _, _ := strings.Cut(k.Value, ".")
			return token
		}
	}
	c.s.t.Fatal("the browser has no session cookie")
	return ""
}

func (s *server) signedIn(email string) *client {
	s.t.Helper()
	c := s.client()
	c.signIn(email, goodPassword).ok(s.t)
	return c
}

func value(t testing.TB, w *watched, key string) string {
	t.Helper()
	v, err := w.Store.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *server) liveRows() int {
	n := 0
	for _, row := range s.rows(schema.SessionKey) {
		if row.TimeAt(schema.SessionExpiresAt).After(s.clock.Now()) {
			n++
		}
	}
	return n
}

func TestStorage_TablesOfWhatIsInTheStorageOnlyAreNotCreated(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, _ := newStored(t, m)
		alice := s.signUp("alice@example.com")
		if alice.session() == nil {
			t.Fatal("not signed in")
		}
		db := s.Kernel().DB
		for _, key := range []string{schema.SessionKey, schema.VerificationKey} {
			if _, err := db.Count(t.Context(), db.Table(key)); (err == nil) != m.database {
				t.Errorf("the table %s: %v", key, err)
			}
		}
	})
}

func TestStorage_SessionsAreListedRevokedAndEnded(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		one := s.signUp("alice@example.com")
		two, three := s.signedIn("alice@example.com"), s.signedIn("alice@example.com")
		var sessions []struct{ Token string }
		one.get("/list-sessions").ok(t).decode(t, &sessions)
		if len(sessions) != 3 {
			t.Fatalf("%d sessions are listed", len(sessions))
		}
		one.post("/revoke-session", fields{"token": two.token()}).ok(t)
		if two.session() != nil || one.session() == nil || three.session() == nil {
			t.Error("not exactly the second session was revoked")
		}
		one.post("/revoke-other-sessions", nil).ok(t)
		if three.session() != nil || one.session() == nil {
			t.Error("not exactly the third session was revoked")
		}
		if m.database && s.liveRows() != 1 {
			t.Errorf("%d rows live", s.liveRows())
		}
		if m.preserve && len(s.rows(schema.SessionKey)) != 3 {
			t.Errorf("%d rows are preserved", len(s.rows(schema.SessionKey)))
		}
		token := one.token()
		one.post("/sign-out", nil).ok(t)
		if got := w.live(t); len(got) != 0 {
			t.Errorf("left in the storage: %v", got)
		}
		if id, err := s.Kernel().Sessions.Find(t.Context(), token); id != nil || err != nil {
			t.Errorf("after sign-out: %v, %v", id, err)
		}
	})
}

func TestStorage_NobodyRevokesWhatIsNotASessionOfTheirs(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		alice, mallory := s.signUp("alice@example.com"), s.signUp("mallory@example.com")
		id := s.userByEmail("alice@example.com").ID
		before := w.live(t)
		for _, token := range []string{alice.token(), "active-sessions-" + id, "revoked-sessions-before-" + id, "192.0.2.10|/sign-in/email", ""} {
			_ = mallory.post("/revoke-session", fields{"token": token})
		}
		if after := w.live(t); !slices.Equal(before, after) {
			t.Errorf("keys were %v, are %v", before, after)
		}
		if alice.session() == nil {
			t.Error("the session of another user was revoked")
		}
		for _, key := range before {
			if got, err := s.Kernel().Sessions.Find(t.Context(), key); err != nil || got != nil && got.Session.Token != key {
				t.Errorf("%s is taken for a session: %v, %v", key, got, err)
			}
		}
	})
}

func TestStorage_MalformedValuesAreNoSessionsAndBlankNoList(t *testing.T) {
	t.Parallel()
	s, w := newStored(t, mode{})
	alice := s.signUp("alice@example.com")
	good := value(t, w, alice.token())
	id := s.userByEmail("alice@example.com").ID
	expires := s.clock.Now().Add(time.Hour).UnixMilli()
	bad := []string{
		`not JSON`, `null`, `[]`, `{}`, `{"session":null,"user":null}`, `{"session":{},"user":{}}`, `{"user":{"id":"` + id + `"}}`,
		good, // of another token
		strings.ReplaceAll(good, `"userId":"`, `"userId":"x`), strings.Replace(good, `"expiresAt":"`, `"expiresAt":"never`, 1), good[:len(good)-1],
	}
	list := []string{fmt.Sprintf(`{"token":%q,"expiresAt":%d}`, alice.token(), expires)}
	for i, text := range bad {
		token := "bad" + strconv.Itoa(i)
		if err := w.Store.Set(t.Context(), token, text, time.Hour); err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf(`{"token":%q,"expiresAt":%d}`, token, expires))
		if got, err := s.Kernel().Sessions.Find(t.Context(), token); got != nil || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if err := s.Kernel().Sessions.Delete(t.Context(), token); err != nil || value(t, w, token) == "" {
			t.Errorf("what is not a session was deleted: %v", err)
		}
	}
	list = append(list, list[0], `{"token":"missing","expiresAt":99999999999999}`, `{"token":"old","expiresAt":1}`)
	if err := w.Store.Set(t.Context(), "active-sessions-"+id, "["+strings.Join(list, ",")+"]", time.Hour); err != nil {
		t.Fatal(err)
	}
	sessions, err := s.Kernel().Sessions.List(t.Context(), id)
	if err != nil || len(sessions) != 1 || sessions[0].Token != alice.token() {
		t.Errorf("listed: %v, %v", sessions, err)
	}
}

func TestStorage_TimesToLiveAreRoundedDown(t *testing.T) {
	t.Parallel()
	s, w := newStored(t, mode{})
	alice := s.signUp("alice@example.com")
	token := alice.token()
	change := s.Kernel().Sessions.Table().NewRow()
	change.SetAt(schema.SessionExpiresAt, s.clock.Now().Add(1900*time.Millisecond))
	if _, err := s.Kernel().Sessions.Update(t.Context(), token, change); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(900 * time.Millisecond)
	if value(t, w, token) == "" {
		t.Error("gone too early")
	}
	s.clock.Advance(100 * time.Millisecond)
	if value(t, w, token) != "" || len(w.live(t)) != 0 {
		t.Errorf("still there: %v", w.live(t))
	}
}

func TestStorage_SessionsAreRefreshed(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m, func(_ *server, o *ostiary.Options) {
			o.Session.Fields = []schema.Field{{Name: "secret", Optional: true, Hidden: true, Default: "kept"}}
		})
		alice := s.signUp("alice@example.com")
		token := alice.token()
		// another program with more plugins has added a member
		other := strings.Replace(value(t, w, token), `{"session":{`, `{"session":{"activeTeam":"red \"1\"",`, 1)
		if err := w.Store.Set(t.Context(), token, other, time.Hour*24*7); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(2 * 24 * time.Hour)
		if alice.session() == nil {
			t.Fatal("signed out")
		}
		var stored struct{ Session, User map[string]any }
		if err := json.Unmarshal([]byte(value(t, w, token)), &stored); err != nil {
			t.Fatal(err)
		}
		want := s.clock.Now().Add(7 * 24 * time.Hour).Format("2006-01-02T15:04:05.000Z")
		if stored.Session["expiresAt"] != want || stored.Session["secret"] != "kept" || stored.Session["activeTeam"] != `red "1"` {
			t.Errorf("the session is %v", stored.Session)
		}
		var index []struct {
			Token     string
			ExpiresAt int64
		}
		if err := json.Unmarshal([]byte(value(t, w, "active-sessions-"+s.userByEmail("alice@example.com").ID)), &index); err != nil {
			t.Fatal(err)
		}
		if len(index) != 1 || index[0].ExpiresAt != s.clock.Now().Add(7*24*time.Hour).UnixMilli() {
			t.Errorf("the list is %v", index)
		}
		s.clock.Advance(8 * 24 * time.Hour)
		if alice.session() != nil || len(w.live(t)) != 0 {
			t.Errorf("after expiry there is %v", w.live(t))
		}
	})
}

func TestStorage_UserChangesReachEverySession(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		one := s.signUp("alice@example.com")
		two := s.signedIn("alice@example.com")
		before := value(t, w, two.token())
		s.clock.Advance(time.Hour)
		one.post("/update-user", fields{"name": "Alice Liddell"}).ok(t)
		if got := two.session(); got == nil || got.User.Name != "Alice Liddell" {
			t.Errorf("the other device sees %v", got)
		}
		session := func(text string) string { text, _, _ = strings.Cut(text, `,"user":`); return text }
		if after := value(t, w, two.token()); session(after) != session(before) {
			t.Errorf("the session was %s, is %s", session(before), session(after))
		}
		s.clock.Advance(7*24*time.Hour - time.Hour)
		if value(t, w, two.token()) != "" {
			t.Error("the change of the user has prolonged the session")
		}
	})
}

func TestStorage_RefreshAfterAChangeByHand(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, _ := newStored(t, m)
		alice := s.signUp("alice@example.com")
		id := s.userByEmail("alice@example.com").ID
		byHand := s.Kernel().Users.Table().NewRow().Set("name", "By hand")
		if _, err := s.Kernel().DB.Update(t.Context(), byHand, idIs(id)); err != nil {
			t.Fatal(err)
		}
		if u, err := s.Kernel().Users.Refresh(t.Context(), id); err != nil || u.Name != "By hand" {
			t.Fatal(u, err)
		}
		if got := alice.session(); got.User.Name != "By hand" {
			t.Errorf("the session shows %q", got.User.Name)
		}
		if u, err := s.Kernel().Users.Refresh(t.Context(), "nobody"); u != nil || err != nil {
			t.Error(u, err)
		}
	})
}

// A refresh reads the session; then all are revoked; then the refresh writes.
func TestStorage_ARevokedSessionDoesNotComeBack(t *testing.T) {
	t.Parallel()
	revocations := map[string]func(s *server, token, userID string) error{
		"one": func(s *server, token, _ string) error { return s.Kernel().Sessions.Delete(context.Background(), token) },
		"all": func(s *server, _, userID string) error {
			return s.Kernel().Sessions.DeleteOf(context.Background(), userID)
		},
		"others": func(s *server, _, userID string) error {
			return s.Kernel().Sessions.DeleteOf(context.Background(), userID, "another")
		},
		"user": func(s *server, _, userID string) error { return s.Kernel().Users.Delete(context.Background(), userID) },
	}
	changes := map[string]func(t *testing.T, s *server, token, userID string){
		"refresh": func(t *testing.T, s *server, token, _ string) {
			if _, err := s.Kernel().Sessions.Extend(t.Context(), token); err != nil {
				t.Error(err)
			}
		},
		"user": func(t *testing.T, s *server, _, userID string) {
			if _, err := s.Kernel().Users.Refresh(t.Context(), userID); err != nil {
				t.Error(err)
			}
		},
	}
	inEveryMode(t, func(t *testing.T, m mode) {
		for revocation, revoke := range revocations {
			for change, make := range changes {
				s, w := newStored(t, m)
				alice := s.signUp("alice@example.com")
				token, id := alice.token(), s.userByEmail("alice@example.com").ID
				s.clock.Advance(2 * 24 * time.Hour)
				stepped := false
				w.once("swap", token, func() {
					stepped = true
					if err := revoke(s, token, id); err != nil {
						t.Error(err)
					}
				})
				make(t, s, token, id)
				if !stepped {
					t.Fatalf("%s: the test does not step in", change)
				}
				if got := value(t, w, token); got != "" {
					t.Errorf("revoking %s during %s: the value is back", revocation, change)
				}
				if found, err := s.Kernel().Sessions.Find(t.Context(), token); found != nil || err != nil {
					t.Errorf("revoking %s during %s: %v, %v", revocation, change, found, err)
				}
			}
		}
	})
}

// The copy is missing, so the session is read from the database; then it is
// revoked; then the copy is made.
func TestStorage_ARevokedSessionIsNotCopiedFromTheDatabase(t *testing.T) {
	t.Parallel()
	for step := range 3 { // before the copy is made, is confirmed, or is put on the list
		s, w := newStored(t, mode{database: true})
		alice := s.signUp("alice@example.com")
		token, id := alice.token(), s.userByEmail("alice@example.com").ID
		if err := w.Store.Delete(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		revoke := func() {
			if err := s.Kernel().Sessions.Delete(t.Context(), token); err != nil {
				t.Error(err)
			}
		}
		switch step {
		case 0:
			w.once("swap", token, revoke)
		case 1:
			w.once("swap", token, func() { w.once("swap", token, revoke) })
		case 2:
			w.once("swap", "active-sessions-"+id, revoke)
		}
		if _, err := s.Kernel().Sessions.Find(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if found, err := s.Kernel().Sessions.Find(t.Context(), token); found != nil || err != nil || value(t, w, token) != "" {
			t.Errorf("step %d: %v, %v", step, found, err)
		}
	}
}

func TestStorage_AMissingCopyIsMadeAgain(t *testing.T) {
	t.Parallel()
	s, w := newStored(t, mode{database: true})
	alice := s.signUp("alice@example.com")
	token := alice.token()
	if err := w.DeleteMany(t.Context(), w.live(t)); err != nil {
		t.Fatal(err)
	}
	if alice.session() == nil || value(t, w, token) == "" {
		t.Fatal("the session was not read from the database, or not copied")
	}
	s.clock.Advance(time.Hour)
	if value(t, w, token) == "" {
		t.Error("the copy does not last")
	}
	alice.post("/revoke-sessions", nil).ok(t)
	if alice.session() != nil || value(t, w, token) != "" {
		t.Error("the copy is not revoked")
	}
}

func TestStorage_APreservedSessionThatIsNotInTheStorageHasEnded(t *testing.T) {
	t.Parallel()
	s, w := newStored(t, mode{database: true, preserve: true})
	alice := s.signUp("alice@example.com")
	if err := w.Store.Delete(t.Context(), alice.token()); err != nil {
		t.Fatal(err)
	}
	if alice.session() != nil {
		t.Error("it was read from the database")
	}
}

func TestStorage_SessionsThatTheListLacksAreRevokedToo(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		one, two := s.signUp("alice@example.com"), s.signedIn("alice@example.com")
		id := s.userByEmail("alice@example.com").ID
		if err := w.Store.Delete(t.Context(), "active-sessions-"+id); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(time.Second)
		one.post("/revoke-sessions", nil).ok(t)
		if two.session() != nil {
			t.Error("it lives on")
		}
		if s.signedIn("alice@example.com").session() == nil {
			t.Error("a session that began afterwards does not live")
		}
	})
}

func TestStorage_NoSignInIsLostFromTheList(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, _ := newStored(t, m)
		s.signUp("alice@example.com")
		const n = 30
		parallel(n, func(int) int { s.signedIn("alice@example.com"); return 0 })
		sessions, err := s.Kernel().Sessions.List(t.Context(), s.userByEmail("alice@example.com").ID)
		if err != nil || len(sessions) != n+1 {
			t.Errorf("%d sessions are listed, %v; want %d", len(sessions), err, n+1)
		}
	})
}

func TestStorage_DeletingAUserEndsItsSessions(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		var veto bool
		s, w := newStored(t, m, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{{Model: schema.UserKey, BeforeDelete: func(context.Context, schema.Row) error {
				if veto {
					return core.ErrAbort
				}
				return nil
			}}}
		})
		alice := s.signUp("alice@example.com")
		two := s.signedIn("alice@example.com")
		veto = true
		alice.post("/delete-user", fields{"password": goodPassword})
		if value(t, w, two.token()) == "" {
			t.Error("a hook kept the user, but not the sessions")
		}
		veto = false
		if err := s.Kernel().Users.Delete(t.Context(), s.userByEmail("alice@example.com").ID); err != nil {
			t.Fatal(err)
		}
		if two.session() != nil || len(s.rows(schema.UserKey)) != 0 {
			t.Error("the session outlives its user")
		}
		for _, key := range w.live(t) {
			if !strings.HasPrefix(key, "revoked-sessions-before-") {
				t.Errorf("%s is left", key)
			}
		}
		if m.database && len(s.rows(schema.SessionKey)) != 0 {
			t.Errorf("%d rows are left", len(s.rows(schema.SessionKey)))
		}
	})
}

func TestStorage_HooksOfDeletions(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		var hooks deletions
		s, w := newStored(t, m, func(_ *server, o *ostiary.Options) {
			o.DatabaseHooks = []core.DatabaseHook{hooks.of(schema.SessionKey)}
		})
		alice := s.signUp("alice@example.com")
		token, id := alice.token(), s.userByEmail("alice@example.com").ID
		if m.database {
			hooks.veto = true
			if err := s.Kernel().Sessions.DeleteOf(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if value(t, w, token) == "" || alice.session() == nil {
				t.Error("a hook that aborts does not keep the session")
			}
			hooks.veto, hooks.before = false, 0
		}
		for range 2 {
			if err := s.Kernel().Sessions.Delete(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			if err := s.Kernel().Sessions.DeleteOf(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		want := 0
		if m.database {
			want = 1
		}
		if hooks.before != want || hooks.after != want {
			t.Errorf("hooks ran %d and %d times, want %d", hooks.before, hooks.after, want)
		}
	})
}

func TestStorage_ASignInThatIsRolledBackLeavesNoCopy(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		alice := s.signUp("alice@example.com")
		alice.post("/sign-out", nil).ok(t)
		u := s.userByEmail("alice@example.com")
		undone := errors.New("undone")
		k := s.Kernel()
		err := k.DB.InTransaction(t.Context(), func(ctx context.Context) error {
			if _, err := k.Sessions.Create(ctx, u, true, nil); err != nil {
				return err
			}
			if m.database && !m.preserve && len(w.live(t)) != 0 {
				t.Error("it is copied before the commit")
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		if m.database && !m.preserve && len(w.live(t)) != 0 {
			t.Errorf("left: %v", w.live(t))
		}
		if m.database && len(s.rows(schema.SessionKey)) > 0 && !m.preserve {
			t.Error("a row is left")
		}
	})
}

func TestStorage_ARevocationThatIsRolledBackEndsNothing(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, _ := newStored(t, m)
		alice := s.signUp("alice@example.com")
		id := s.userByEmail("alice@example.com").ID
		k := s.Kernel()
		undone := errors.New("undone")
		if err := k.DB.InTransaction(t.Context(), func(ctx context.Context) error {
			return errors.Join(k.Sessions.DeleteOf(ctx, id), undone)
		}); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		if alice.session() == nil {
			t.Error("the session has ended")
		}
	})
}

func TestStorage_Down(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m)
		alice := s.signUp("alice@example.com")
		mirrored := m.database && !m.preserve
		w.fail(fmt.Errorf("no route to host: %w", storage.ErrUnavailable))

		read, signIn := alice.get("/get-session"), s.client().signIn("alice@example.com", goodPassword)
		if mirrored {
			if alice.sessionOf(read) == nil {
				t.Error("the session is not read from the database")
			}
			signIn.ok(t)
		} else {
			read.want(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
			signIn.want(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
		}
		if got := alice.post("/revoke-sessions", nil); got.status != http.StatusServiceUnavailable {
			t.Errorf("a revocation that was not carried out answers %v", got)
		}
		if got := s.client().post("/request-password-reset", fields{"email": "alice@example.com"}); got.status >= 500 && got.status != http.StatusServiceUnavailable {
			t.Errorf("a reset answers %v", got)
		}

		w.fail(nil)
		alice.post("/revoke-sessions", nil)
		if alice.session() != nil {
			t.Error("the session survives a revocation that was tried again")
		}
		if s.signedIn("alice@example.com").session() == nil {
			t.Error("it does not recover")
		}
	})
}

func TestStorage_SingleUseValues(t *testing.T) {
	t.Parallel()
	for _, hashed := range []bool{false, true} {
		inEveryMode(t, func(t *testing.T, m mode) {
			s, w := newStored(t, m, func(_ *server, o *ostiary.Options) { o.Verification.HashIdentifiers = hashed })
			v := s.Kernel().Verifications
			ctx := t.Context()
			for _, val := range []string{"old", "new"} {
				if err := v.Create(ctx, "reset:1", val, time.Hour); err != nil {
					t.Fatal(err)
				}
				s.clock.Advance(time.Second)
			}
			if found, err := v.Find(ctx, "reset:1"); err != nil || found == nil || found.Value != "new" {
				t.Errorf("found %v, %v", found, err)
			}
			if plain := value(t, w, "verification:reset:1") != ""; plain == hashed {
				t.Errorf("plain key %t, hashed %t", plain, hashed)
			}
			var winners atomic.Int64
			parallel(50, func(int) int {
				if won, err := v.Consume(context.Background(), "reset:1"); err != nil {
					t.Error(err)
				} else if won != nil {
					winners.Add(1)
				}
				return 0
			})
			if winners.Load() != 1 || len(w.live(t)) != 0 {
				t.Errorf("%d won; left %v", winners.Load(), w.live(t))
			}

			if err := v.Create(ctx, "short", "x", 1900*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(2 * time.Second)
			if won, err := v.Consume(ctx, "short"); won != nil || err != nil {
				t.Errorf("an expired value: %v, %v", won, err)
			}
			if err := v.Create(ctx, "gone", "x", time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := v.Delete(ctx, "gone"); err != nil || len(w.live(t)) != 0 {
				t.Errorf("%v, left %v", err, w.live(t))
			}

			counts := parallel(40, func(int) int64 {
				n, err := v.Record(context.Background(), "failures", time.Minute)
				if err != nil {
					t.Error(err)
				}
				return n
			})
			slices.Sort(counts)
			for i, n := range counts {
				if n < int64(i+1) {
					t.Errorf("more than %d callers were told %d", n, n)
				}
			}
			if n, err := v.Recorded(ctx, "failures"); n != 40 || err != nil {
				t.Errorf("%d events, %v", n, err)
			}
			s.clock.Advance(61 * time.Second)
			if n, err := v.Recorded(ctx, "failures"); n != 0 || err != nil {
				t.Errorf("later %d events, %v", n, err)
			}
		})
	}
}

func TestStorage_ValuesStoredPlainlyAreFoundWhereTheyAreHashed(t *testing.T) {
	t.Parallel()
	s, w := newStored(t, mode{}, func(_ *server, o *ostiary.Options) { o.Verification.HashIdentifiers = true })
	text := fmt.Sprintf(`{"createdAt":"2026-03-01T12:00:00.000Z","updatedAt":"2026-03-01T12:00:00.000Z","expiresAt":%q,"identifier":"old","value":"v"}`,
		s.clock.Now().Add(time.Hour).Format(time.RFC3339))
	if err := w.Store.Set(t.Context(), "verification:old", text, time.Hour); err != nil {
		t.Fatal(err)
	}
	if won, err := s.Kernel().Verifications.Consume(t.Context(), "old"); err != nil || won == nil || won.Value != "v" {
		t.Errorf("%v, %v", won, err)
	}
}

func TestStorage_PasswordReset(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, _ := newStored(t, m, func(_ *server, o *ostiary.Options) { o.EmailAndPassword.RevokeSessionsOnPasswordReset = true })
		alice := s.signUp("alice@example.com")
		s.client().post("/request-password-reset", fields{"email": "alice@example.com"}).ok(t)
		token := s.mails.last(t, "reset").token
		got := tally(parallel(10, func(i int) reply {
			return s.client().post("/reset-password", fields{"newPassword": goodPassword + strconv.Itoa(i), "token": token})
		}))
		if got["200"] != 1 || got["400 INVALID_TOKEN"] != 9 {
			t.Errorf("answers: %v", got)
		}
		if alice.session() != nil {
			t.Error("the session survives the reset")
		}
	})
}

func TestStorage_ChangedPasswordKeepsTheSessionThatBeginsWithIt(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, _ := newStored(t, m)
		alice := s.signUp("alice@example.com")
		other := s.signedIn("alice@example.com")
		alice.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": goodPassword + "!", "revokeOtherSessions": true}).ok(t)
		if alice.session() == nil || other.session() != nil {
			t.Error("want the new session only")
		}
	})
}

func TestStorage_UpdatesOfSessions(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, m mode) {
		s, w := newStored(t, m, func(_ *server, o *ostiary.Options) {
			o.Session.Fields = []schema.Field{{Name: "theme", Optional: true}, {Name: "visits", Type: schema.Number, Default: 0}}
		})
		alice := s.signUp("alice@example.com")
		alice.post("/update-session", fields{"theme": "dark"}).ok(t)
		id := alice.session().Session.ID
		if got := alice.session().Session.Extra["theme"]; got != "dark" {
			t.Errorf("theme is %v", got)
		}
		user := s.userByEmail("alice@example.com").ID
		count := func(fields map[string]any) error {
			fields["visits"] = fields["visits"].(int64) + 1
			return nil
		}
		parallel(8, func(int) int {
			for range 5 {
				for { // conflicts are the caller's to try again
					n, err := s.Kernel().UpdateUserSessions(context.Background(), user, core.SessionUpdate{Mutate: count})
					if err == nil && n == 1 {
						break
					}
					if !errors.Is(err, core.ErrConflict) {
						t.Error(n, err)
						break
					}
				}
			}
			return 0
		})
		if got := fmt.Sprint(alice.session().Session.Extra["visits"]); got != "40" {
			t.Errorf("%s visits are stored, want 40", got)
		}
		if !strings.Contains(value(t, w, alice.token()), `"visits":40`) {
			t.Errorf("the storage has %s", value(t, w, alice.token()))
		}
		_, err := s.Kernel().UpdateSessionByID(t.Context(), id, core.SessionUpdate{Patch: core.Patch{"theme": "light"}})
		if (err == nil) != m.database {
			t.Errorf("by id: %v", err)
		}
	})
}

func TestStorage_RateLimitsAreExactInFixedWindows(t *testing.T) {
	t.Parallel()
	s, w := newStored(t, mode{}, func(_ *server, o *ostiary.Options) {
		o.RateLimit = core.RateLimitOptions{Enabled: new(true), Window: time.Minute, Max: 50}
	})
	ask := func(int) reply { return s.client().get("/list-accounts") }
	for round := range 3 {
		got := tally(parallel(300, ask))
		if got["401 UNAUTHORIZED"] != 50 || got["429"] != 250 {
			t.Errorf("round %d: %v", round, got)
		}
		if r := s.client().get("/list-accounts"); r.header.Get("X-Retry-After") != "60" {
			t.Errorf("wait %q", r.header.Get("X-Retry-After"))
		}
		if n := value(t, w, "192.0.2.10|/list-accounts"); n != "301" {
			t.Errorf("counted %s", n)
		}
		s.clock.Advance(59 * time.Second)
		if r := ask(0); r.status != http.StatusTooManyRequests {
			t.Errorf("before the window is over: %v", r)
		}
		s.clock.Advance(time.Second)
	}
}

func TestSR_023_RR_32_WithoutTheStorageEachNodeCountsForItself(t *testing.T) {
	t.Parallel()
	s, w := newStored(t, mode{database: true}, withLimits)
	w.fail(fmt.Errorf("no route to host: %w", storage.ErrUnavailable))
	guess := func(int) reply { return s.client().signIn("ada@example.com", "wrong password") }
	if got := tally(parallel(100, guess)); got["401 INVALID_EMAIL_OR_PASSWORD"] != 3 || got["429"] != 97 {
		t.Errorf("guesses are answered %v", got)
	}
	w.fail(errors.New("the server says no"))
	if r := guess(0); r.status != http.StatusServiceUnavailable {
		t.Errorf("a storage that is there and does not count: %v", r)
	}
}

func TestStorage_RateLimitsNeedAStorage(t *testing.T) {
	t.Parallel()
	_, err := ostiary.New(ostiary.Options{Secret: testSecret, RateLimit: core.RateLimitOptions{Storage: core.RateLimitInSecondaryStorage}})
	if err == nil || !strings.Contains(err.Error(), "RateLimit.Storage") {
		t.Errorf("got %v", err)
	}
}

// Counters in memory and database: every request of a burst is counted.
func TestRateLimitsAreExactUnderLoad(t *testing.T) {
	t.Parallel()
	for _, place := range []core.RateLimitStorage{core.RateLimitInMemory, core.RateLimitInDatabase} {
		t.Run(string(place), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, onSQLite, func(_ *server, o *ostiary.Options) {
				o.RateLimit = core.RateLimitOptions{Enabled: new(true), Window: time.Minute, Max: 20, Storage: place}
			})
			for round := range 2 {
				got := tally(parallel(200, func(int) reply { return s.client().get("/list-accounts") }))
				if got["401 UNAUTHORIZED"] != 20 || got["429"] != 180 {
					t.Errorf("round %d: %v", round, got)
				}
				s.clock.Advance(time.Minute)
			}
		})
	}
}

func TestStorage_WithoutADatabaseSessionsAreNotInCookies(t *testing.T) {
	t.Parallel()
	w := &watched{keys: map[string]bool{}}
	s := newServer(t, func(s *server, o *ostiary.Options) {
		w.Store = memory.New(memory.Options{Now: s.clock.Now})
		o.Database, o.SecondaryStorage = nil, w
	})
	alice := s.signUp("alice@example.com")
	if !s.Kernel().Stateful() || len(w.live(t)) != 2 {
		t.Errorf("stored: %v", w.live(t))
	}
	for _, c := range alice.cookies() {
		if c.Name == cacheCookie {
			t.Error("the session is in a cookie")
		}
	}
}

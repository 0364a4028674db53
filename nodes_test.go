package ostiary_test

import (
	"context"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/schema"
)

// countingReads counts the single rows that are read outside transactions.
type countingReads struct {
	*sqlite.Adapter
	reads atomic.Int64
}

func (a *countingReads) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	a.reads.Add(1)
	return a.Adapter.FindOne(ctx, q)
}

// cluster is a few nodes over one database that hear each other.
type cluster struct {
	hub   *broadcast.Hub
	nodes []*server
	reads []*countingReads
}

func newCluster(t *testing.T, size int, settings ...setting) *cluster {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth.db")
	newServer(t, append([]setting{func(_ *server, o *ostiary.Options) { o.Database = sqlite.Open(path) }}, settings...)...)
	c := &cluster{hub: new(broadcast.Hub)}
	for range size {
		store := &countingReads{Adapter: sqlite.Open(path)}
		c.reads = append(c.reads, store)
		c.nodes = append(c.nodes, newServer(t, append([]setting{func(_ *server, o *ostiary.Options) {
			o.Database = store
			o.Broadcast = core.BroadcastOptions{Channel: c.hub, Lease: 200 * time.Millisecond}
			o.Session.Memory = core.SessionMemoryOptions{Enabled: true, MaxAge: time.Hour}
		}}, settings...)...))
	}
	for _, n := range c.nodes {
		until(t, "the node is linked", n.Kernel().Linked)
	}
	return c
}

// until waits for a condition that other goroutines bring about.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// at returns the same browser, asking another node.
func (c *client) at(s *server) *client {
	transport := inProcess{s.Auth}
	return &client{s: s, jar: c.jar, origin: c.origin, header: c.header, http: &http.Client{
		Jar: c.jar, Transport: transport, CheckRedirect: c.http.CheckRedirect,
	}}
}

func TestASessionIsReadFromTheMemoryOfANode(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	alice := c.nodes[0].signUp("alice@example.com")
	until(t, "answers come from memory", func() bool {
		before := c.reads[0].reads.Load()
		for range 10 {
			if alice.session() == nil {
				t.Fatal("no session")
			}
		}
		return c.reads[0].reads.Load() == before
	})
}

// ended checks that a node refuses a browser as soon as it has heard of a change.
func ended(t *testing.T, what string, c *client) {
	t.Helper()
	until(t, what, func() bool { return c.session() == nil })
}

func TestARevocationReachesTheMemoryOfEveryNode(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(t *testing.T, s *server, alice *client){
		"sign-out":        func(t *testing.T, s *server, alice *client) { alice.at(s).post("/sign-out", nil).ok(t) },
		"of one":          revokeOne,
		"of the others":   revokeOthers,
		"of all":          func(t *testing.T, s *server, _ *client) { signInAgain(t, s).post("/revoke-sessions", nil).ok(t) },
		"change password": changePassword,
		"deletion of the user": func(t *testing.T, s *server, _ *client) {
			if err := s.Kernel().Users.Delete(t.Context(), s.userByEmail("alice@example.com").ID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, 2)
			alice := c.nodes[0].signUp("alice@example.com")
			kept := alice.copyOf()                                           // sign-out takes the cookie of the other
			here, there := kept.at(c.nodes[0]), kept.copyOf().at(c.nodes[1]) // a refusal takes the cookie
			for _, browser := range []*client{here, there} {
				if browser.session() == nil {
					t.Fatal("no session")
				}
			}
			revoke(t, c.nodes[0], alice)
			if here.session() != nil {
				t.Error("the node that ended the session still has it")
			}
			ended(t, "the other node has heard", there)
		})
	}
}

func signInAgain(t *testing.T, s *server) *client {
	t.Helper()
	again := s.client()
	again.signIn("alice@example.com", goodPassword).ok(t)
	return again
}

func revokeOne(t *testing.T, s *server, alice *client) {
	signInAgain(t, s).post("/revoke-session", map[string]any{"token": alice.session().Session.Token}).ok(t)
}

func revokeOthers(t *testing.T, s *server, _ *client) {
	again := signInAgain(t, s)
	again.post("/revoke-other-sessions", nil).ok(t)
	if again.session() == nil {
		t.Error("the session itself has ended as well")
	}
}

func changePassword(t *testing.T, s *server, _ *client) {
	signInAgain(t, s).post("/change-password", map[string]any{
		"currentPassword": goodPassword, "newPassword": goodPassword + "!", "revokeOtherSessions": true,
	}).ok(t)
}

func TestAChangeReachesTheMemoryOfEveryNode(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	alice := c.nodes[0].signUp("alice@example.com")
	for _, n := range c.nodes {
		alice.at(n).session()
	}
	alice.post("/update-user", map[string]any{"name": "Alice Liddell"}).ok(t)
	for _, n := range c.nodes {
		until(t, "the node has heard of the new name", func() bool { return alice.at(n).session().User.Name == "Alice Liddell" })
	}

	k := c.nodes[1].Kernel()
	user := c.nodes[0].userByEmail("alice@example.com")
	row := k.Users.Table().NewRow()
	row.SetAt(schema.UserName, "By hand")
	row.SetAt(schema.UserUpdatedAt, user.UpdatedAt)
	if _, err := k.DB.Update(t.Context(), row, database.Eq("id", user.ID)); err != nil {
		t.Fatal(err)
	}
	k.Invalidate(t.Context(), user.ID)
	for _, n := range c.nodes {
		until(t, "the node has heard of the change by hand", func() bool { return alice.at(n).session().User.Name == "By hand" })
	}
}

func TestWithoutTheChannelTheDatabaseIsAsked(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	alice := c.nodes[0].signUp("alice@example.com")
	there := alice.copyOf().at(c.nodes[1])
	there.session()
	c.hub.TakeDown()
	until(t, "the node has noticed", func() bool { return !c.nodes[1].Kernel().Linked() })
	before := c.reads[1].reads.Load()
	for range 3 {
		there.session()
	}
	if n := c.reads[1].reads.Load() - before; n != 3 {
		t.Errorf("the database was asked %d times, want 3", n)
	}
	alice.post("/sign-out", nil).ok(t)
	if there.session() != nil {
		t.Error("a session that has ended was served")
	}
	c.hub.BringUp()
	until(t, "the node is linked again", c.nodes[1].Kernel().Linked)
	if there.session() != nil {
		t.Error("a session that has ended was served when the channel was back")
	}
}

func TestStrictCookieCachesEndOnEveryNode(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, func(_ *server, o *ostiary.Options) {
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strict: true}
	})
	alice := c.nodes[0].signUp("alice@example.com")
	kept := alice.copyOf().at(c.nodes[1])
	if kept.session() == nil {
		t.Fatal("no session")
	}
	alice.post("/sign-out", nil).ok(t)
	ended(t, "the other node does not accept the cookie cache", kept)
}

func TestMemoryNeedsAChannel(t *testing.T) {
	t.Parallel()
	s := &server{t: t, clock: newClock(), mails: &outbox{}, hasher: &hasher{}, logs: &logBuffer{}}
	o := s.options()
	o.Session.Memory.Enabled = true
	if _, err := ostiary.New(o); err == nil || !strings.Contains(err.Error(), "Broadcast.Channel") {
		t.Errorf("got error %v", err)
	}
	o.Session.Memory.Enabled = false
	o.Broadcast.Channel, o.Database = new(broadcast.Hub), nil
	if _, err := ostiary.New(o); err == nil || !strings.Contains(err.Error(), "Broadcast.Channel") {
		t.Errorf("got error %v", err)
	}
}

func TestUpdatesOfSessionsReachTheCookieCacheOnEveryNode(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, withPreferences, withCache(core.CompactCache))
	alice := c.nodes[0].signUp("alice@example.com")
	there := alice.copyOf().at(c.nodes[1])
	id := there.session().Session.ID
	if _, err := c.nodes[0].UpdateSessionByID(t.Context(), id, ostiary.Patch{"tenant": "acme"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the other node does not use the cookie cache from before", func() bool {
		return there.session().Session.Extra["tenant"] == "acme"
	})
}

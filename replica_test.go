package ostiary_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/faultproxy"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/storage/memory"
)

// replicated is a few nodes over one PostgreSQL server with a streaming replica.
type replicated struct {
	primary, replica *testservice.Server
	nodes            []*server
	stores           []*countingReplica
}

// countingReplica counts the single rows that the database itself was asked for
// outside transactions, and the answers of the replica.
type countingReplica struct {
	*postgres.Adapter
	reads, answers atomic.Int64
}

func (a *countingReplica) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	a.reads.Add(1)
	return a.Adapter.FindOne(ctx, q)
}

func (a *countingReplica) Replica() database.Replica {
	if replica := a.Adapter.Replica(); replica != nil {
		return countedReplica{replica, a}
	}
	return nil
}

type countedReplica struct {
	database.Replica
	counter *countingReplica
}

func (r countedReplica) FindMany(ctx context.Context, q database.Query) ([]database.Record, database.Position, error) {
	recs, at, err := r.Replica.FindMany(ctx, q)
	if err == nil && len(recs) > 0 {
		r.counter.answers.Add(1)
	}
	return recs, at, err
}

// startReplicated starts the two servers; they run until the test ends.
func startReplicated(t testing.TB) *replicated {
	t.Helper()
	testservice.SkipShort(t, "PostgreSQL")
	primary, replica, err := testservice.StartPostgresWithReplica()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = replica.Stop(), primary.Stop() })
	return &replicated{primary: primary, replica: replica}
}

// newNodes starts nodes that hear each other over a channel. Commits do not wait
// for the replica.
func (r *replicated) newNodes(t *testing.T, size int, channel func(t *testing.T) broadcast.Channel, settings ...setting) {
	t.Helper()
	r.nodes, r.stores = nil, nil
	for range size {
		a, err := postgres.OpenWith(postgres.Options{URL: r.primary.DSN + "&synchronous_commit=local", ReplicaURL: r.replica.DSN})
		if err != nil {
			t.Fatal(err)
		}
		store := &countingReplica{Adapter: a}
		r.stores = append(r.stores, store)
		r.nodes = append(r.nodes, newServer(t, append([]setting{func(_ *server, o *ostiary.Options) {
			o.Database = store
			o.Broadcast = core.BroadcastOptions{Channel: channel(t)}
			o.Session.Memory.MaxAge = time.Hour
			o.EmailAndPassword.RevokeSessionsOnPasswordReset = true
		}}, settings...)...))
	}
	for _, n := range r.nodes {
		until(t, "the node is linked", n.Kernel().Linked)
	}
}

// overPostgres is a channel by the primary server.
func (r *replicated) overPostgres(t *testing.T) broadcast.Channel {
	t.Helper()
	c, err := postgres.NewChannel(r.primary.DSN, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// at runs a statement on one of the servers.
func at(t *testing.T, s *testservice.Server, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// asks is how often a node asks the database itself, and how often the replica
// answers, while a browser asks for its session that often.
func (r *replicated) asks(t *testing.T, node, times int, c *client) (reads, answers int64) {
	t.Helper()
	store := r.stores[node]
	reads, answers = store.reads.Load(), store.answers.Load()
	for range times {
		if c.at(r.nodes[node]).session() == nil {
			t.Fatal("no session")
		}
	}
	return store.reads.Load() - reads, store.answers.Load() - answers
}

// served waits until every node is given a session by the replica.
func (r *replicated) served(t *testing.T, browsers ...*client) {
	t.Helper()
	for node := range r.nodes {
		for _, c := range browsers {
			until(t, "the replica answers", func() bool {
				reads, answers := r.asks(t, node, 3, c)
				return reads == 0 && answers == 3
			})
		}
	}
}

//nolint:tparallel // the steps share one pair of servers, of which the last is promoted
func TestRR_14_SessionsAreReadFromAReplica(t *testing.T) {
	t.Parallel()
	r := startReplicated(t)
	r.newNodes(t, 2, r.overPostgres)
	r.testInOrder(t)
}

func (r *replicated) testInOrder(t *testing.T) {
	t.Helper()
	t.Run("ordinarily", r.testOrdinary)
	t.Run("positions", r.testPositions)
	t.Run("connections", r.testConnections)
	t.Run("lagging", r.testLagging)
	t.Run("held back", r.testHeldBack)
	t.Run("writing", r.testWriting)
	t.Run("channel cut", r.testChannelCut)
	t.Run("faults of the replica", r.testFaults)
	t.Run("promoted", r.testPromoted) // the last, since it does not come back
}

func (r *replicated) testOrdinary(t *testing.T) {
	alice := r.nodes[0].signUp("alice@example.com")
	r.served(t, alice)
	if id, err := r.nodes[1].Session(withCookies(alice, http.MethodGet)); err != nil || id == nil {
		t.Errorf("the guard of an application: %v, %v", id, err)
	}
	session := alice.session()
	if session.User.Email != "alice@example.com" || session.Session.UserID != session.User.ID {
		t.Errorf("the replica answers %v", session)
	}
	for name, browser := range map[string]*client{"unknown": r.nodes[0].client(), "signed out": r.signedOut(t)} {
		if browser.session() != nil {
			t.Errorf("%s: a session", name)
		}
	}
}

// withCookies is a request of a browser to an application.
func withCookies(c *client, method string) *http.Request {
	r := c.appRequest()
	r.Method = method
	return r
}

func (r *replicated) signedOut(t *testing.T) *client {
	t.Helper()
	c := r.nodes[0].signUp("signed-out@example.com")
	kept := c.copyOf()
	c.post("/sign-out", nil).ok(t)
	return kept
}

// What the replica answers holds all that was done at the position which it gives.
func (r *replicated) testPositions(t *testing.T) {
	k, replica := r.nodes[0].Kernel(), r.stores[0].Replica()
	r.nodes[0].signUp("positions@example.com")
	where := database.Eq("email", "positions@example.com")
	type step struct {
		position database.Position
		name     string
	}
	var mu sync.Mutex
	var steps []step
	names := map[string]int{"Somebody": -1} // the numbers of the steps
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				recs, reached, err := replica.FindMany(t.Context(), database.Query{Table: k.Users.Table(), Where: []database.Where{where}, Limit: 1})
				if err != nil || len(recs) == 0 {
					continue // it is slow, or does not have the user yet
				}
				mu.Lock()
				got := names[recs[0].StringAt(schema.UserName)]
				for i := len(steps) - 1; i > got; i-- {
					if reached.Includes(steps[i].position) {
						t.Errorf("at %v, which includes %v, the name is the one of %d, want %d", reached, steps[i].position, got, i)
						break
					}
				}
				mu.Unlock()
			}
		})
	}
	for i := 0; i < 300 && !t.Failed(); i++ {
		name := strconv.Itoa(i)
		mu.Lock()
		names[name] = i
		mu.Unlock()
		row := k.Users.Table().NewRow()
		row.SetAt(schema.UserName, name)
		if _, err := k.DB.Update(t.Context(), row, where); err != nil {
			t.Fatal(err)
		}
		var position database.Position
		until(t, "the database tells its position", func() (known bool) {
			var err error
			position, err = replica.Position(t.Context())
			return err == nil
		})
		mu.Lock()
		steps = append(steps, step{position, name})
		mu.Unlock()
	}
	stop()
	readers.Wait()
}

// The replica tells its position whatever the protocol, but not on connections that
// would keep their first view of the data.
func (r *replicated) testConnections(t *testing.T) {
	users := r.nodes[0].Kernel().Users.Table()
	for parameters, told := range map[string]bool{
		"": true, "&default_query_exec_mode=exec": true, "&default_query_exec_mode=simple_protocol": true,
		"&default_transaction_isolation=repeatable%20read": false, "&default_transaction_isolation=serializable": false,
	} {
		a, err := postgres.OpenWith(postgres.Options{URL: r.primary.DSN, ReplicaURL: r.replica.DSN + parameters})
		if err != nil {
			t.Fatal(err)
		}
		var reached, primary database.Position
		until(t, "the replica answers", func() bool {
			var err error
			_, reached, err = a.Replica().FindMany(t.Context(), database.Query{Table: users, Limit: 1})
			return err == nil || strings.Contains(err.Error(), "serializable")
		})
		until(t, "the database answers", func() bool { primary, err = a.Replica().Position(t.Context()); return err == nil })
		if got := reached.History == primary.History && reached.At > 0; got != told {
			t.Errorf("%q: the replica is at %v, the database at %v", parameters, reached, primary)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Behind a replica that is always late, every write is seen by the next request to
// the same node, and who is new by every node.
func (r *replicated) testLagging(t *testing.T) {
	at(t, r.replica, "ALTER SYSTEM SET recovery_min_apply_delay = '40ms'")
	at(t, r.replica, "SELECT pg_reload_conf()")
	defer at(t, r.replica, "SELECT pg_reload_conf()")
	defer at(t, r.replica, "ALTER SYSTEM RESET recovery_min_apply_delay")
	here, there := r.nodes[0], r.nodes[1]
	before := r.stores[0].answers.Load()
	for i := range 50 {
		alice := here.signUp(fmt.Sprintf("lagging-%d@example.com", i))
		if alice.at(there).session() == nil || alice.session() == nil {
			t.Fatal("a new session is not known everywhere")
		}
		for _, name := range []string{"one", "two"} {
			alice.post("/update-user", map[string]any{"name": name}).ok(t)
			if got := alice.session().User.Name; got != name {
				t.Fatalf("the name is %q after it was set to %q", got, name)
			}
		}
		kept := alice.copyOf()
		alice.post("/sign-out", nil).ok(t)
		if accepts(here, kept) {
			t.Fatal("a session that has ended is accepted")
		}
	}
	t.Logf("%d sessions were found at the replica meanwhile", r.stores[0].answers.Load()-before)
}

// While the replica replays nothing, whoever changes something sees it at once on
// the node that made the change, and on the other as soon as that has heard of it.
// What did not change is still read from the replica.
func (r *replicated) testHeldBack(t *testing.T) {
	bob := r.nodes[0].signUp("bob@example.com")
	for name, test := range map[string]func(c heldBack, t *testing.T){
		"sign-up":            heldBack.signUp,
		"sign-in":            heldBack.signIn,
		"update of the user": heldBack.updateUser,
		"sign-out":           heldBack.signOut,
		"revocation of one":  heldBack.revokeOne,
		"revocation of all":  heldBack.revokeAll,
		"password reset":     heldBack.resetPassword,
		"deletion":           heldBack.deleteUser,
	} {
		t.Run(name, func(t *testing.T) {
			name := strings.ReplaceAll(name, " ", "-")
			c := heldBack{here: r.nodes[0], there: r.nodes[1], email: name + "@example.com"}
			c.alice = c.here.signUp(c.email)
			r.served(t, c.alice, bob)
			at(t, r.replica, "SELECT pg_wal_replay_pause()")
			defer at(t, r.replica, "SELECT pg_wal_replay_resume()")
			test(c, t)
			r.served(t, bob) // still
		})
	}
}

// heldBack is a case of a replica that replays nothing.
type heldBack struct {
	here, there *server
	alice       *client
	email       string
}

func (c heldBack) signUp(t *testing.T) {
	carol := c.here.signUp("carol@example.com")
	if carol.session() == nil || carol.at(c.there).session() == nil {
		t.Error("a new user is not known everywhere")
	}
}

func (c heldBack) signIn(t *testing.T) {
	again := c.here.client()
	again.signIn(c.email, goodPassword).ok(t)
	if again.session() == nil || again.at(c.there).session() == nil {
		t.Error("a new session is not known everywhere")
	}
}

func (c heldBack) updateUser(t *testing.T) {
	c.alice.post("/update-user", map[string]any{"name": "Alice Liddell"}).ok(t)
	if got := c.alice.session().User.Name; got != "Alice Liddell" {
		t.Errorf("here the name is %q", got)
	}
	until(t, "the other node has heard of the name", func() bool {
		return c.alice.at(c.there).session().User.Name == "Alice Liddell"
	})
}

// accepts reports whether a node accepts the session of a browser, which keeps its
// cookies.
func accepts(s *server, browser *client) bool { return browser.copyOf().at(s).session() != nil }

// refused waits until a node refuses a session, and checks that it stays so.
func refused(t *testing.T, s *server, browser *client) {
	t.Helper()
	until(t, "the node refuses the session", func() bool { return !accepts(s, browser) })
	for range 20 {
		if accepts(s, browser) {
			t.Fatal("a session that had ended came back")
		}
	}
}

// isGone checks that a browser is refused here at once, and there as soon as it is
// told, for good.
func (c heldBack) isGone(t *testing.T, browser *client) {
	t.Helper()
	if accepts(c.here, browser) {
		t.Error("the node that ended the session accepts it")
	}
	refused(t, c.there, browser)
}

func (c heldBack) signOut(t *testing.T) {
	kept := c.alice.copyOf()
	c.alice.post("/sign-out", nil).ok(t)
	c.isGone(t, kept)
}

func (c heldBack) revokeOne(t *testing.T) {
	kept, token := c.alice.copyOf(), c.alice.session().Session.Token
	again := c.here.client()
	again.signIn(c.email, goodPassword).ok(t)
	again.post("/revoke-session", map[string]any{"token": token}).ok(t)
	c.isGone(t, kept)
	if again.at(c.there).session() == nil {
		t.Error("the other session has ended as well")
	}
}

func (c heldBack) revokeAll(t *testing.T) {
	kept := c.alice.copyOf()
	c.alice.post("/revoke-sessions", nil).ok(t)
	c.isGone(t, kept)
}

func (c heldBack) resetPassword(t *testing.T) {
	kept := c.alice.copyOf()
	stranger := c.here.client()
	stranger.post("/request-password-reset", map[string]any{"email": c.email}).ok(t)
	stranger.at(c.there).post("/reset-password", map[string]any{
		"token": c.here.mails.last(t, "reset").token, "newPassword": goodPassword + "!",
	}).ok(t)
	if accepts(c.there, kept) {
		t.Error("the node that reset the password accepts the session")
	}
	refused(t, c.here, kept)
	stranger.signIn(c.email, goodPassword+"!").ok(t)
	stranger.at(c.there).signIn(c.email, goodPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
}

func (c heldBack) deleteUser(t *testing.T) {
	kept := c.alice.copyOf()
	c.alice.post("/delete-user", map[string]any{"password": goodPassword}).ok(t)
	c.isGone(t, kept)
	if again := c.there.signUp(c.email); again.session() == nil {
		t.Error("the address is still taken")
	}
}

// Requests that may change something, and sessions that are over or due for a new
// lifetime, are the database's business.
func (r *replicated) testWriting(t *testing.T) {
	alice := r.nodes[0].signUp("writer@example.com")
	r.served(t, alice)
	before := r.stores[0].answers.Load()
	if id, err := r.nodes[0].Session(withCookies(alice, http.MethodPost)); err != nil || id == nil {
		t.Error(id, err)
	}
	alice.post("/update-user", map[string]any{"name": "Writer"}).ok(t)
	if r.stores[0].answers.Load() != before {
		t.Error("a request that may write was decided by the replica")
	}
	r.served(t, alice)
	r.nodes[0].clock.Advance(25 * time.Hour)
	if reads, _ := r.asks(t, 0, 1, alice); reads == 0 {
		t.Error("a session was given a new lifetime without a look at the database")
	}
	r.nodes[0].clock.Advance(30 * 24 * time.Hour)
	reads := r.stores[0].reads.Load()
	if alice.session() != nil || r.stores[0].reads.Load() == reads {
		t.Error("the end of a session was decided without a look at the database")
	}
}

func (r *replicated) testChannelCut(t *testing.T) {
	hub := new(broadcast.Hub)
	r.newNodes(t, 2, func(*testing.T) broadcast.Channel { return hub })
	alice := r.nodes[0].signUp("cut@example.com")
	r.served(t, alice)
	kept := alice.copyOf()
	at(t, r.replica, "SELECT pg_wal_replay_pause()")
	defer at(t, r.replica, "SELECT pg_wal_replay_resume()")
	hub.TakeDown()
	until(t, "the nodes have noticed", func() bool { return !r.nodes[0].Kernel().Linked() && !r.nodes[1].Kernel().Linked() })
	if reads, answers := r.asks(t, 1, 3, alice); reads != 3 || answers != 0 {
		t.Errorf("without a channel the database was asked %d times, the replica %d times", reads, answers)
	}
	alice.post("/sign-out", nil).ok(t)
	if accepts(r.nodes[1], kept) {
		t.Error("a session that has ended was served")
	}
	hub.BringUp()
	until(t, "the node is linked again", r.nodes[1].Kernel().Linked)
	refused(t, r.nodes[1], kept) // the replica still has it
}

// asking keeps asking a node for a session while a test does something, and checks
// each answer.
func (r *replicated) asking(t *testing.T, c *client, check func(id *ostiary.Identity), while func(asked func() int64)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var asked atomic.Int64
	for range 4 {
		all.Go(func() {
			for ; ctx.Err() == nil && !t.Failed(); asked.Add(1) {
				id, err := r.nodes[0].Session(withCookies(c, http.MethodGet))
				if err != nil || id == nil {
					t.Errorf("a read failed: %v, %v", id, err)
					return
				}
				check(id)
			}
		})
	}
	while(asked.Load)
	stop()
	all.Wait()
}

// testFaults has the replica die, come back and fall silent: reads go on by the
// database.
func (r *replicated) testFaults(t *testing.T) {
	address, err := url.Parse(r.replica.DSN)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := faultproxy.New(address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	address.Host = proxy.Address()
	through := &replicated{primary: r.primary, replica: &testservice.Server{DSN: address.String()}}
	through.newNodes(t, 1, r.overPostgres)
	alice := through.nodes[0].signUp("faults@example.com")
	through.served(t, alice)
	through.asking(t, alice, func(*ostiary.Identity) {}, func(asked func() int64) {
		proxy.Refuse(true)
		proxy.CutAll()
		dead := asked()
		until(t, "reads go on without the replica", func() bool { return asked() > dead+100 || t.Failed() })
	})
	if reads, answers := through.asks(t, 0, 3, alice); reads != 3 || answers != 0 {
		t.Errorf("the database was asked %d times, a dead replica %d times", reads, answers)
	}
	if log := through.nodes[0].logs.String(); !strings.Contains(log, "the replica cannot be used") {
		t.Error("nobody is told")
	}
	proxy.Refuse(false)
	through.served(t, alice)
	proxy.Swallow(true)
	until(t, "reads go on beside a silent replica", func() bool {
		reads, answers := through.asks(t, 0, 3, alice)
		return reads == 3 && answers == 0
	})
}

// testPromoted has the replica promoted while it is read from. It goes its own way
// then: nothing of what it says counts.
func (r *replicated) testPromoted(t *testing.T) {
	r.newNodes(t, 1, r.overPostgres)
	alice := r.nodes[0].signUp("promoted@example.com")
	r.served(t, alice)
	r.asking(t, alice, func(id *ostiary.Identity) {
		if id.User.Name == "elsewhere" {
			t.Error("the server that was promoted was believed")
		}
	}, func(asked func() int64) {
		at(t, r.replica, "SELECT pg_promote()")
		at(t, r.replica, `UPDATE "user" SET name = 'elsewhere'`)
		promoted := asked()
		until(t, "reads go on by the database", func() bool { return asked() > promoted+100 || t.Failed() })
	})
	if reads, answers := r.asks(t, 0, 3, alice); reads != 3 || answers != 0 {
		t.Errorf("the database was asked %d times, the promoted server %d times", reads, answers)
	}
}

func TestAReplicaNeedsAChannelAndNoSecondaryStorage(t *testing.T) {
	t.Parallel()
	s := &server{t: t, clock: newClock(), mails: &outbox{}, hasher: &hasher{}, logs: &logBuffer{}}
	a, err := postgres.OpenWith(postgres.Options{URL: "postgres://u@127.0.0.1:1/d", ReplicaURL: "postgres://u@127.0.0.1:1/d"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	o := s.options()
	o.Database = a
	if _, err := ostiary.New(o); err == nil || !strings.Contains(err.Error(), "Broadcast.Channel") {
		t.Errorf("without a channel: %v", err)
	}
	o.Broadcast.Channel, o.SecondaryStorage = new(broadcast.Hub), memory.New(memory.Options{})
	if _, err := ostiary.New(o); err == nil || !strings.Contains(err.Error(), "SecondaryStorage") {
		t.Errorf("with a secondary storage: %v", err)
	}
}

// BenchmarkReplica compares checks of sessions that the database answers with those
// that a replica does, on one machine, and says how often the database was asked for
// a row.
func BenchmarkReplica(b *testing.B) {
	r := startReplicated(b)
	for _, name := range []string{"database", "replica"} {
		b.Run(name, func(b *testing.B) {
			o := postgres.Options{URL: r.primary.DSN}
			if name == "replica" {
				o.ReplicaURL = r.replica.DSN
			}
			a, err := postgres.OpenWith(o)
			if err != nil {
				b.Fatal(err)
			}
			store := &countingReplica{Adapter: a}
			s := newServer(b, func(_ *server, o *ostiary.Options) {
				o.Database, o.Broadcast.Channel = store, new(broadcast.Hub)
			})
			until(b, "the node is linked", s.Kernel().Linked)
			alice := s.signUp(fmt.Sprintf("%d@example.com", time.Now().UnixNano()))
			before := store.reads.Load()
			b.RunParallel(func(p *testing.PB) {
				request := withCookies(alice, http.MethodGet)
				for p.Next() {
					if id, err := s.Session(request); err != nil || id == nil {
						b.Error(id, err)
						return
					}
				}
			})
			b.ReportMetric(float64(store.reads.Load()-before)/float64(b.N), "primary/op")
		})
	}
}

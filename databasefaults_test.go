package ostiary_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/plugins/jwt"
	"github.com/ostiary/ostiary/schema"
)

// wire is the network between a server and its database, which can be cut.
type wire struct {
	listener net.Listener
	to       string
	// commits says what happens to the next commit: nothing, or the connection is
	// cut before it, or before its answer.
	commits atomic.Int32

	mu    sync.Mutex
	conns map[net.Conn]bool
	all   sync.WaitGroup
}

const (
	commitsPass = iota
	cutBeforeCommit
	cutBeforeAnswer
)

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, to: to, conns: map[net.Conn]bool{}}
	w.all.Go(w.accept)
	t.Cleanup(func() {
		_ = l.Close()
		w.cut()
		w.all.Wait()
	})
	return w
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns[client], w.conns[server] = true, true
		w.mu.Unlock()
		w.all.Go(func() { w.forward(client, server) })
		w.all.Go(func() { w.back(server, client) })
	}
}

// forward carries what the server says to the database.
func (w *wire) forward(client, server net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if said := bytes.ToLower(buffer[:n]); bytes.HasSuffix(said, []byte("commit\x00")) || bytes.HasSuffix(said, []byte("\x03commit")) {
			switch {
			case w.commits.CompareAndSwap(cutBeforeCommit, commitsPass):
				w.end(client, server)
				return
			case w.commits.CompareAndSwap(cutBeforeAnswer, commitsPass):
				w.mu.Lock()
				delete(w.conns, client) // the answer, once it is there, finds nobody
				w.mu.Unlock()
				_, _ = server.Write(buffer[:n])
				return
			}
		}
		if _, failed := server.Write(buffer[:n]); failed != nil || err != nil {
			w.end(client, server)
			return
		}
	}
}

// back carries the answers.
func (w *wire) back(server, client net.Conn) {
	defer w.end(client, server)
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		w.mu.Lock()
		lost := !w.conns[client]
		w.mu.Unlock()
		if lost {
			return
		}
		if _, failed := client.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

func (w *wire) end(conns ...net.Conn) {
	for _, c := range conns {
		_ = c.Close()
		w.mu.Lock()
		delete(w.conns, c)
		w.mu.Unlock()
	}
}

// cut cuts all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		_ = c.Close()
	}
}

// throughWire opens a database of its own, the connections to which can be cut.
func throughWire(t *testing.T, kind string) (*wire, setting) {
	t.Helper()
	if kind == "mariadb" {
		address := testservice.MariaDB(t) // user:password@tcp(host:port)/name
		before, rest, _ := strings.Cut(address, "@tcp(")
		host, after, _ := strings.Cut(rest, ")")
		w := newWire(t, host)
		store, err := mysql.Open(before + "@tcp(" + w.listener.Addr().String() + ")" + after)
		return w, onStore(t, store, err)
	}
	address := testservice.Postgres(t) // postgres://user:password@host:port/name
	before, rest, _ := strings.Cut(address, "@")
	host, after, _ := strings.Cut(rest, "/")
	w := newWire(t, host)
	store, err := postgres.Open(before + "@" + w.listener.Addr().String() + "/" + after)
	return w, onStore(t, store, err)
}

func onStore(t *testing.T, store database.Adapter, err error) setting {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return func(_ *server, o *ostiary.Options) { o.Database = store }
}

// onBothServers runs a test on PostgreSQL and on MariaDB.
func onBothServers(t *testing.T, test func(t *testing.T, kind string)) {
	t.Helper()
	for _, kind := range []string{"postgres", "mariadb"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

func TestACommitWhoseAnswerIsLostIsFoundOut(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, kind string) {
		w, store := throughWire(t, kind)
		s := newServer(t, store)
		lose := func() { w.commits.Store(cutBeforeAnswer) }
		was := func(what string) {
			t.Helper()
			if w.commits.Load() != commitsPass {
				t.Fatalf("%s: there was no commit", what)
			}
			s.wantWhole(t)
		}

		lose()
		alice := s.signUp("alice@example.com")
		was("sign-up")
		if alice.session() == nil {
			t.Error("no session after the sign-up")
		}
		s.client().post("/sign-up/email", fields{"name": "A", "email": "alice@example.com", "password": goodPassword}).want(t, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")

		lose()
		alice.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": otherPassword, "revokeOtherSessions": true}).ok(t)
		was("change of the password")
		if alice.session() == nil {
			t.Error("no session after the change")
		}

		s.client().post("/request-password-reset", fields{"email": "alice@example.com"}).ok(t)
		reset := fields{"token": s.mails.last(t, "reset").token, "newPassword": goodPassword}
		lose()
		s.client().post("/reset-password", reset).ok(t)
		was("reset")
		s.client().post("/reset-password", reset).want(t, 400, "INVALID_TOKEN")
		alice.signIn("alice@example.com", goodPassword).ok(t)

		lose() // nothing is left that could tell
		alice.post("/delete-user", fields{}).wantUnavailable(t)
		was("deletion")
		alice.post("/delete-user", fields{}).want(t, 401, "UNAUTHORIZED")
		s.wantRows(0, 0, 0)
	})
}

func TestACommitThatIsLostItselfHasNotHappened(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, kind string) {
		w, store := throughWire(t, kind)
		s := newServer(t, store)
		signUp := fields{"name": "A", "email": "alice@example.com", "password": goodPassword}
		w.commits.Store(cutBeforeCommit)
		s.client().post("/sign-up/email", signUp).wantUnavailable(t)
		s.wantRows(0, 0, 0)
		s.client().post("/sign-up/email", signUp).ok(t)

		s.client().post("/request-password-reset", fields{"email": "alice@example.com"}).ok(t)
		reset := fields{"token": s.mails.last(t, "reset").token, "newPassword": otherPassword}
		w.commits.Store(cutBeforeCommit)
		s.client().post("/reset-password", reset).wantUnavailable(t)
		s.client().signIn("alice@example.com", otherPassword).want(t, 401, "INVALID_EMAIL_OR_PASSWORD")
		s.client().signIn("alice@example.com", goodPassword).ok(t)
		s.client().post("/reset-password", reset).ok(t)
		s.client().signIn("alice@example.com", otherPassword).ok(t)
		s.wantWhole(t)
	})
}

func TestConnectionsThatAreCutWhileIdleAreNotNoticed(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, kind string) {
		w, store := throughWire(t, kind)
		s := newServer(t, store)
		alice := s.signUp("alice@example.com")
		for round := range 10 {
			parallel(8, func(int) int { // opens several
				if alice.session() == nil {
					t.Error("no session")
				}
				return 0
			})
			w.cut()
			if round%2 == 0 {
				s.client().signIn("alice@example.com", goodPassword).ok(t)
				alice.post("/update-user", fields{"name": fmt.Sprint(round)}).ok(t)
			} else if alice.session() == nil {
				t.Fatal("no session")
			}
		}
		s.wantWhole(t)
	})
}

// oneConnection opens a database of its own with a pool of one connection.
func oneConnection(t *testing.T, kind string) setting {
	t.Helper()
	if kind == "mariadb" {
		store, err := mysql.OpenWith(mysql.Options{URL: testservice.MariaDB(t), MaxConnections: 1})
		return onStore(t, store, err)
	}
	store, err := postgres.OpenWith(postgres.Options{URL: testservice.Postgres(t), MaxConnections: 1})
	return onStore(t, store, err)
}

func TestAPoolOfOneConnectionIsEnough(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, kind string) {
		var asked atomic.Int64
		s := newServer(t, oneConnection(t, kind), withLimits, withCache(core.JWTCache), func(s *server, o *ostiary.Options) {
			o.RateLimit.Storage, o.RateLimit.Rules = core.RateLimitInDatabase, []core.RateLimitRule{{Match: func(string) bool { return true }, Window: time.Minute, Max: 1e6}}
			o.Plugins = append(o.Plugins, jwt.New(jwt.Options{}))
			o.DatabaseHooks = []core.DatabaseHook{{Model: schema.UserKey, AfterCreate: func(ctx context.Context, row schema.Row) error {
				asked.Add(1)
				_, err := s.Kernel().Users.ByID(ctx, row.ID()) // of the hook's own
				return err
			}}}
		})
		parallel(50, func(i int) int {
			email := fmt.Sprintf("user-%d@example.com", i)
			c := s.signUp(email)
			c.get("/token").ok(t)
			c.post("/update-user", fields{"name": "changed"}).ok(t)
			c.post("/request-password-reset", fields{"email": email}).ok(t)
			c.post("/change-password", fields{"currentPassword": goodPassword, "newPassword": otherPassword, "revokeOtherSessions": true}).ok(t)
			if i%10 == 0 {
				if _, err := s.CleanUp(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if i%2 == 0 {
				c.post("/delete-user", fields{}).ok(t)
			}
			return 0
		})
		if asked.Load() != 50 {
			t.Errorf("the hook ran %d times", asked.Load())
		}
		s.wantWhole(t)
		s.wantRows(25, 25, 25)
	})
}

func TestRequestsThatAreGivenUpLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, kind string) {
		s := newServer(t, oneConnection(t, kind))
		alice := s.signUp("alice@example.com")
		header := alice.cookieHeader()
		before := runtime.NumGoroutine()
		parallel(500, func(i int) int {
			body := fmt.Sprintf(`{"name":"N","email":"user-%d@example.com","password":%q}`, i, goodPassword)
			r := httptest.NewRequest(http.MethodPost, siteURL+basePath+"/sign-up/email", strings.NewReader(body))
			if i%3 == 1 {
				r = httptest.NewRequest(http.MethodPost, siteURL+basePath+"/update-user", strings.NewReader(`{"name":"changed"}`))
				r.Header.Set("Cookie", header)
				r.Header.Set("Origin", siteURL)
			}
			r.Header.Set("Content-Type", "application/json")
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(300))*time.Millisecond)
			defer cancel()
			s.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
			return 0
		})
		if alice.session() == nil {
			t.Error("no session afterwards")
		}
		s.wantWhole(t)
		until(t, "the goroutines are those of before", func() bool { return runtime.NumGoroutine() <= before+5 })
		for i := range 20 {
			s.signUp(fmt.Sprintf("after-%d@example.com", i))
		}
	})
}

func TestWhatLosesToOthersIsTriedAgain(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, kind string) {
		var store setting
		if kind == "postgres" {
			open, err := postgres.Open(testservice.Postgres(t) + "&default_transaction_isolation=serializable")
			store = onStore(t, open, err)
		} else {
			open, err := mysql.Open(testservice.MariaDB(t) + "?tx_isolation=%27SERIALIZABLE%27")
			store = onStore(t, open, err)
		}
		s := newServer(t, store)
		alice := s.signUp("alice@example.com")
		counts := tally(parallel(60, func(i int) reply {
			switch i % 3 {
			case 0:
				return s.client().signIn("alice@example.com", goodPassword)
			case 1:
				return alice.copyOf().post("/update-user", fields{"name": fmt.Sprint(i)})
			}
			return s.client().post("/sign-up/email", fields{"name": "N", "email": fmt.Sprintf("user-%d@example.com", i), "password": goodPassword})
		}))
		if counts["200"] != 60 {
			t.Errorf("the answers are %v", counts)
		}
		s.wantWhole(t)
		s.wantRows(21, 41, 21)
	})
}

// A server that has become a replica, as in a fail-over, refuses writes on the
// connections that there are.
func TestConnectionsToADatabaseThatOnlyReadsAreGivenUp(t *testing.T) {
	t.Parallel()
	address := testservice.Postgres(t)
	behind, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	var name string
	if err := behind.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	readOnly := func(on bool) {
		t.Helper()
		if _, err := behind.ExecContext(t.Context(), fmt.Sprintf("ALTER DATABASE %s SET default_transaction_read_only = %t", name, on)); err != nil {
			t.Fatal(err)
		}
	}
	open := func() *server {
		store, err := postgres.OpenWith(postgres.Options{URL: address, RetryTime: 200 * time.Millisecond})
		return newServer(t, onStore(t, store, err), func(_ *server, o *ostiary.Options) { o.Database = kept{o.Database} })
	}
	newServer(t, func(_ *server, o *ostiary.Options) {
		o.Database = opened(t, func() (database.Adapter, error) { return postgres.Open(address) })
	}).signUp("alice@example.com")
	readOnly(true)
	s := open()
	s.client().signIn("alice@example.com", goodPassword).wantUnavailable(t)
	s.client().post("/sign-up/email", fields{"name": "B", "email": "b@example.com", "password": goodPassword}).wantUnavailable(t)
	s.wantRows(1, 1, 1)
	parallel(5, func(int) int { s.rows(schema.UserKey); return 0 }) // connections that only read
	readOnly(false)
	until(t, "writes go on", func() bool { return s.client().signIn("alice@example.com", goodPassword).status == 200 })
	s.signUp("b@example.com")
	s.wantWhole(t)
}

// kept is a database with its tables: nothing is migrated.
type kept struct{ database.Adapter }

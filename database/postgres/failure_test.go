package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

// kinds are the ways in which an adapter reaches a database.
var kinds = map[string]func(testing.TB, string) *postgres.Adapter{"url": fromURL, "db": fromDB, "pool": fromPool}

// forEachKind runs a test on a database of its own for each kind, with a handle
// for what happens behind the adapter's back.
func forEachKind(t *testing.T, test func(t *testing.T, a *postgres.Adapter, s *schema.Schema, behind *sql.DB)) {
	t.Helper()
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := testservice.Postgres(t)
			behind, err := sql.Open("pgx", address+"&application_name=behind")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = behind.Close() })
			a, s := open(t, address), coreSchema(t)
			migrateTo(t, a, s)
			test(t, a, s, behind)
		})
	}
}

func newUser(s *schema.Schema, id, email string) schema.Row {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	return s.Table("user").NewRow().Set("id", id).Set("name", id).Set("email", email).
		Set("emailVerified", false).Set("createdAt", now).Set("updatedAt", now)
}

func execute(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func TestReadsSurviveLostConnections(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *postgres.Adapter, s *schema.Schema, behind *sql.DB) {
		users := s.Table("user")
		if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			var busy sync.WaitGroup // so that the pool holds several connections
			for range 8 {
				busy.Go(func() {
					if _, err := a.Count(t.Context(), users, nil); err != nil {
						t.Error(err)
					}
				})
			}
			busy.Wait()
			execute(t, behind, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'behind'")
			found, err := a.FindOne(t.Context(), database.Query{Table: users, Where: []database.Where{database.Eq("email", "u@example.com")}})
			if err != nil || found == nil {
				t.Fatalf("after the connections were lost: %v, %v", found, err)
			}
			err = a.Transaction(t.Context(), func(tx database.Adapter) error {
				_, err := tx.UpdateMany(t.Context(), nil, users.NewRow().Set("name", "changed"))
				return err
			})
			if err != nil {
				t.Fatalf("transaction: %v", err)
			}
		}
	})
}

func TestTransactionIsRunAgainWhenItsConnectionIsLost(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *postgres.Adapter, s *schema.Schema, behind *sql.DB) {
		attempts := 0
		err := a.Transaction(t.Context(), func(tx database.Adapter) error {
			if _, err := tx.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
				return err
			}
			if attempts++; attempts == 1 {
				execute(t, behind, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'behind'")
			}
			_, err := tx.Count(t.Context(), s.Table("user"), nil)
			return err
		})
		if err != nil || attempts != 2 {
			t.Errorf("%d attempts: %v", attempts, err)
		}
	})
}

func TestTypeOfAColumnChangesWhileStatementsAreKept(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *postgres.Adapter, s *schema.Schema, behind *sql.DB) {
		users := s.Table("user")
		if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
			t.Fatal(err)
		}
		find := func(a database.Adapter) error {
			_, err := a.FindOne(t.Context(), database.Query{Table: users, Where: []database.Where{database.Eq("email", "u@example.com")}})
			return err
		}
		for _, kind := range []string{"varchar(100)", "varchar(200)", "text"} {
			for range 4 {
				if err := find(a); err != nil {
					t.Fatal(err)
				}
			}
			execute(t, behind, `ALTER TABLE "user" ALTER COLUMN name TYPE `+kind)
			if err := find(a); err != nil {
				t.Error(err)
			}
			execute(t, behind, `ALTER TABLE "user" ALTER COLUMN email TYPE `+kind)
			if err := a.Transaction(t.Context(), func(tx database.Adapter) error { return find(tx) }); err != nil {
				t.Errorf("in a transaction: %v", err)
			}
		}
	})
}

func TestDeadlockedTransactionsAllSucceed(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *postgres.Adapter, s *schema.Schema, _ *sql.DB) {
		users := s.Table("user")
		for _, id := range []string{"a", "b"} {
			if _, err := a.Create(t.Context(), newUser(s, id, id+"@example.com")); err != nil {
				t.Fatal(err)
			}
		}
		set := func(tx database.Adapter, id, name string) error {
			_, err := tx.Update(t.Context(), []database.Where{database.Eq("id", id)}, users.NewRow().Set("name", name))
			return err
		}
		var both, done sync.WaitGroup // both hold one row before either asks for the other's
		both.Add(2)
		for i, order := range [][]string{{"a", "b"}, {"b", "a"}} {
			done.Go(func() {
				var met sync.Once
				err := a.Transaction(t.Context(), func(tx database.Adapter) error {
					if err := set(tx, order[0], fmt.Sprint(i)); err != nil {
						return err
					}
					met.Do(func() { both.Done(); both.Wait() })
					return set(tx, order[1], fmt.Sprint(i))
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		found, err := a.FindMany(t.Context(), database.Query{Table: users})
		if err != nil || len(found) != 2 || found[0].StringAt(schema.UserName) != found[1].StringAt(schema.UserName) {
			t.Errorf("%v, %v", found, err)
		}
	})
}

func TestStatementsThatCannotBeSerialisedAreRunAgain(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	a := fromURL(t, testservice.Postgres(t)+"&default_transaction_isolation=serializable")
	migrateTo(t, a, s)
	counter := s.Table("rateLimit").NewRow().Set("id", "r").Set("key", "k").Set("count", int64(0)).Set("lastRequest", int64(0))
	if _, err := a.Create(t.Context(), counter); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			row, err := a.IncrementOne(t.Context(), []database.Where{database.Eq("key", "k")}, []database.Increment{{Field: "count", Delta: 1}}, s.Table("rateLimit").NewRow())
			if err != nil || row == nil {
				t.Errorf("%v, %v", row, err)
			}
		})
	}
	all.Wait()
	if found, err := a.FindOne(t.Context(), database.Query{Table: s.Table("rateLimit")}); err != nil || found.IntAt(schema.RateLimitCount) != 50 {
		t.Errorf("counted to %v, %v", found.IntAt(schema.RateLimitCount), err)
	}
}

func TestEndOfTheContextEndsAQuery(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *postgres.Adapter, s *schema.Schema, behind *sql.DB) {
		if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
			t.Fatal(err)
		}
		holder, err := behind.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := holder.ExecContext(t.Context(), `UPDATE "user" SET name = 'held'`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err = a.UpdateMany(ctx, nil, s.Table("user").NewRow().Set("name", "mine"))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("update of a locked row: %v", err)
		}
		if waited := time.Since(began); waited > 3*time.Second {
			t.Errorf("waited %v", waited)
		}
		if err := holder.Rollback(); err != nil {
			t.Fatal(err)
		}
		n, err := a.UpdateMany(t.Context(), nil, s.Table("user").NewRow().Set("name", "mine"))
		if n != 1 || err != nil {
			t.Errorf("afterwards: %d, %v", n, err)
		}
	})
}

func TestUnreachableServerIsUnavailable(t *testing.T) {
	t.Parallel()
	const secret = "do-not-tell"
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t, "postgres://user:"+secret+"@127.0.0.1:1/nowhere?sslmode=disable")
			for what, err := range map[string]error{
				"ping":        a.Ping(t.Context()),
				"count":       second(a.Count(t.Context(), coreSchema(t).Table("user"), nil)),
				"transaction": a.Transaction(t.Context(), func(database.Adapter) error { return nil }),
			} {
				if !errors.Is(err, database.ErrUnavailable) {
					t.Errorf("%s: %v", what, err)
				}
				if strings.Contains(fmt.Sprint(err), secret) {
					t.Errorf("%s: the error tells the password", what)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestClosedAdapterIsUnavailable(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	a := fromURL(t, testservice.Postgres(t))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Count(t.Context(), s.Table("user"), nil); !errors.Is(err, database.ErrUnavailable) {
		t.Error(err)
	}
}

func TestPoolsOfTheApplicationStayOpen(t *testing.T) {
	t.Parallel()
	address := testservice.Postgres(t)
	p, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, a := range []*postgres.Adapter{postgres.FromPool(p), postgres.FromDB(db)} {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(p.Ping(t.Context()), db.PingContext(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestServerWithoutConnectionsLeftIsWaitedFor(t *testing.T) {
	t.Parallel()
	address := testservice.Postgres(t)
	behind, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	execute(t, behind, "CREATE ROLE "+name+" LOGIN CONNECTION LIMIT 1 PASSWORD 'p'")
	defer execute(t, behind, "DROP ROLE "+name)
	u.User = url.UserPassword(name, "p")
	first, second := fromURL(t, u.String()), fromURL(t, u.String())
	if err := first.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() { answer <- second.Ping(t.Context()) }()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// forEachKind runs a test on a database of its own for each way to reach one, with
// a handle for what happens behind the adapter's back.
func forEachKind(t *testing.T, test func(t *testing.T, a *mysql.Adapter, s *schema.Schema, behind *sql.DB)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, string) *mysql.Adapter{"url": fromURL, "db": fromDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := testservice.MariaDB(t)
			a, s := open(t, url), coreSchema(t)
			migrateTo(t, a, s)
			test(t, a, s, behind(t, url))
		})
	}
}

func newUser(s *schema.Schema, id, email string) schema.Row {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	return s.Table("user").NewRow().Set("id", id).Set("name", id).Set("email", email).
		Set("emailVerified", false).Set("createdAt", now).Set("updatedAt", now)
}

// killOthers ends all connections to the database but the one it uses.
func killOthers(t testing.TB, db *sql.DB) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, id := range others(t, conn) {
		_, _ = conn.ExecContext(t.Context(), fmt.Sprint("KILL ", id)) // it may be gone
	}
}

func others(t testing.TB, conn *sql.Conn) []int64 {
	t.Helper()
	rows, err := conn.QueryContext(t.Context(), "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestReadsSurviveLostConnections(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *mysql.Adapter, s *schema.Schema, behind *sql.DB) {
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
			killOthers(t, behind)
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
	forEachKind(t, func(t *testing.T, a *mysql.Adapter, s *schema.Schema, behind *sql.DB) {
		attempts := 0
		err := a.Transaction(t.Context(), func(tx database.Adapter) error {
			if _, err := tx.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
				return err
			}
			if attempts++; attempts == 1 {
				killOthers(t, behind)
			}
			_, err := tx.Count(t.Context(), s.Table("user"), nil)
			return err
		})
		if err != nil || attempts != 2 {
			t.Errorf("%d attempts: %v", attempts, err)
		}
	})
}

func TestDeadlockedTransactionsAllSucceed(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *mysql.Adapter, s *schema.Schema, _ *sql.DB) {
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

func TestEndOfTheContextEndsAQuery(t *testing.T) {
	t.Parallel()
	forEachKind(t, func(t *testing.T, a *mysql.Adapter, s *schema.Schema, behind *sql.DB) {
		if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
			t.Fatal(err)
		}
		holder, err := behind.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := holder.ExecContext(t.Context(), "UPDATE `user` SET name = 'held'"); err != nil {
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

func TestLockThatIsWaitedForTooLongIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	url := testservice.MariaDB(t)
	a := fromURL(t, url+"?innodb_lock_wait_timeout=1")
	migrateTo(t, a, s)
	if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
		t.Fatal(err)
	}
	db := behind(t, url)
	holder, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.ExecContext(t.Context(), "UPDATE `user` SET name = 'held'"); err != nil {
		t.Fatal(err)
	}
	attempts := 0
	err = a.Transaction(t.Context(), func(tx database.Adapter) error {
		if attempts++; attempts == 2 {
			if err := holder.Commit(); err != nil {
				return err
			}
		}
		_, err := tx.UpdateMany(t.Context(), nil, s.Table("user").NewRow().Set("name", "mine"))
		return err
	})
	if err != nil || attempts != 2 {
		t.Errorf("%d attempts, %v", attempts, err)
	}
}

func TestTextThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	a := fromURL(t, testservice.MariaDB(t)+"?sql_mode=%27%27")
	migrateTo(t, a, s)
	if _, err := a.Create(t.Context(), newUser(s, "u", strings.Repeat("x", 256))); err == nil {
		t.Error("text was cut")
	}
}

func TestTimesDoNotDependOnTheServer(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	url := testservice.MariaDB(t)
	a := fromURL(t, url+"?time_zone=%27-08%3A00%27&loc=Asia%2FTokyo")
	migrateTo(t, a, s)
	row := newUser(s, "u", "u@example.com")
	if _, err := a.Create(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	var seconds float64
	if err := behind(t, url).QueryRow("SELECT UNIX_TIMESTAMP(createdAt) FROM `user`").Scan(&seconds); err != nil {
		t.Fatal(err)
	}
	at, _ := row.Get("createdAt").(time.Time)
	if want := float64(at.UnixMilli()) / 1000; seconds != want {
		t.Errorf("stored %v, want %v", seconds, want)
	}
}

func TestUnreachableServerIsUnavailable(t *testing.T) {
	t.Parallel()
	const secret = "do-not-tell"
	a := fromURL(t, "user:"+secret+"@tcp(127.0.0.1:1)/nowhere")
	_, counted := a.Count(t.Context(), coreSchema(t).Table("user"), nil)
	for what, err := range map[string]error{
		"ping":        a.Ping(t.Context()),
		"count":       counted,
		"transaction": a.Transaction(t.Context(), func(database.Adapter) error { return nil }),
	} {
		if !errors.Is(err, database.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%s: the error tells the password", what)
		}
	}
}

func TestClosedAdapterIsUnavailable(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	url := testservice.MariaDB(t)
	db := behind(t, url)
	if err := mysql.FromDB(db).Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("the application's own handle was closed: %v", err)
	}
	a := fromURL(t, url)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Count(t.Context(), s.Table("user"), nil); !errors.Is(err, database.ErrUnavailable) {
		t.Error(err)
	}
}

func TestDisabledIndexIsNoIndex(t *testing.T) {
	t.Parallel()
	url := testservice.MariaDB(t)
	db := behind(t, url)
	execute(t, db, "CREATE TABLE `thing` (id varchar(36) NOT NULL PRIMARY KEY, label varchar(100) NOT NULL, kind varchar(100) NOT NULL, KEY thing_label_kind_idx (label(50), kind)) ENGINE=MyISAM")
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{{
		Key:     "thing",
		Fields:  []schema.Field{{Name: "label"}, {Name: "kind"}},
		Indexes: []schema.Index{{Fields: []string{"label", "kind"}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := migrate.For(fromURL(t, url), s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Plan(t.Context()); err == nil {
		t.Error("an index over the beginning of a text was taken for one over the text")
	}
	execute(t, db, "ALTER TABLE `thing` DROP KEY thing_label_kind_idx, ADD KEY thing_label_kind_idx (label, kind)")
	if plan, err := m.Plan(t.Context()); err != nil || !plan.Empty() {
		t.Errorf("%v, %v", plan, err)
	}
	execute(t, db, "ALTER TABLE `thing` DISABLE KEYS")
	if _, err := m.Plan(t.Context()); err == nil {
		t.Error("an index that is switched off was taken for one")
	}
}

// A row whose id the database makes is found again by a field that is unique.
func TestRowsWhoseIDTheDatabaseMakes(t *testing.T) {
	t.Parallel()
	url := testservice.MariaDB(t)
	execute(t, behind(t, url), "CREATE TABLE `thing` (id varchar(36) NOT NULL DEFAULT (uuid()) PRIMARY KEY, label varchar(100) NOT NULL UNIQUE, kind text)")
	s, err := schema.Compile(schema.Definition{
		IDs:    schema.DatabaseIDs,
		Models: []schema.Model{{Key: "thing", Fields: []schema.Field{{Name: "label", Unique: true}, {Name: "kind", Optional: true}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, things := fromURL(t, url), s.Table("thing")
	for _, label := range []string{"a", "b"} {
		row, err := a.Create(t.Context(), things.NewRow().Set("label", label).Set("kind", "x"))
		if err != nil {
			t.Fatal(err)
		}
		if len(row.ID()) != 36 || row.Get("label") != label {
			t.Errorf("created %v", row.Map())
		}
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "nonsense", "mysql://u:secret@[/db", "mysql://u:secret@host:3306", "mysql://u:secret@host/db?nonsense=%zz", "u:secret@tcp(host:3306)/", "postgres://u:secret@host/db"} {
		if _, err := mysql.Open(url); err == nil {
			t.Errorf("%q was accepted", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	dsn := testservice.MariaDB(t) // user:password@tcp(host:port)/name
	credentials, rest, _ := strings.Cut(dsn, "@tcp(")
	address, name, _ := strings.Cut(rest, ")/")
	a := fromURL(t, "mysql://"+credentials+"@"+address+"/"+name+"?readTimeout=30s")
	if err := a.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

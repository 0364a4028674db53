package tablestore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/storage"
	"github.com/ostiary/ostiary/storage/storagetest"
	"github.com/ostiary/ostiary/storage/tablestore"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newStore(t testing.TB, a database.Adapter, table string, c *clock) *tablestore.Store {
	t.Helper()
	s, err := tablestore.New(a, tablestore.Options{Table: table, Now: c.read, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		if err := s.Migrate(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t testing.TB) (open func() (database.Adapter, error)){
		"memory": func(testing.TB) func() (database.Adapter, error) {
			return func() (database.Adapter, error) { return memory.New(), nil }
		},
		"sqlite": func(t testing.TB) func() (database.Adapter, error) {
			file := filepath.Join(t.TempDir(), "storage.db")
			return func() (database.Adapter, error) { return sqlite.Open(file), nil }
		},
		"postgres": func(t testing.TB) func() (database.Adapter, error) {
			dsn := testservice.Postgres(t)
			return func() (database.Adapter, error) { return postgres.Open(dsn) }
		},
		"mariadb": func(t testing.TB) func() (database.Adapter, error) {
			dsn := testservice.MariaDB(t)
			return func() (database.Adapter, error) { return mysql.Open(dsn) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := prepare(t)
			var tables atomic.Int64
			storagetest.Run(t, func(t testing.TB) storagetest.Subject {
				a, err := open()
				if err != nil {
					t.Fatal(err)
				}
				c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
				return storagetest.Subject{Store: newStore(t, a, fmt.Sprint("storage", tables.Add(1)), c), Pass: c.pass}
			})
		})
	}
}

func TestExpiredRowsAreDeleted(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	a := memory.New()
	s := newStore(t, a, "", c)
	for i := range 20 {
		if err := s.Set(t.Context(), fmt.Sprint(i), "v", 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	c.pass(2 * time.Minute)
	if err := s.Set(t.Context(), "last", "v", time.Hour); err != nil {
		t.Fatal(err)
	}
	other, err := tablestore.New(a, tablestore.Options{Now: func() time.Time { return time.Unix(0, 0) }}) // for which nothing has expired
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"0": "", "19": "", "last": "v"} {
		if got, err := other.Get(t.Context(), key); err != nil || got != want {
			t.Errorf("%s is %q, %v", key, got, err)
		}
	}
}

func TestADatabaseThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	a, err := postgres.Open("postgres://nobody@127.0.0.1:1/none?sslmode=disable&connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	s, err := tablestore.New(a, tablestore.Options{Timeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func Example() {
	s, err := tablestore.New(sqlite.Open(sqlite.Memory), tablestore.Options{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = s.Close() }()
	ctx := context.Background()
	if err := s.Migrate(ctx); err != nil {
		panic(err)
	}
	for range 3 {
		n, err := s.Increment(ctx, "visits", time.Minute)
		fmt.Println(n, err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

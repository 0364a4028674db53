package testservice_test

import (
	"database/sql"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/internal/testservice"
)

func TestEveryPostgresDatabaseIsNew(t *testing.T) {
	t.Parallel()
	for range 2 {
		conn, err := pgx.Connect(t.Context(), testservice.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), `CREATE TABLE "user" (id text)`); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryMariaDBDatabaseIsNew(t *testing.T) {
	t.Parallel()
	for range 2 {
		db, err := sql.Open("mysql", testservice.MariaDB(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE `user` (id text)"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStoppedServersLeaveNothing(t *testing.T) {
	testservice.SkipShort(t, "database servers")
	temporary, err := os.MkdirTemp("", "ostiary-stop-") // t.TempDir is closed to the servers
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temporary)
	if err := os.Chmod(temporary, os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temporary)
	for name, start := range map[string]func() (*testservice.Server, error){
		"postgres": testservice.StartPostgres,
		"mariadb":  testservice.StartMariaDB,
	} {
		server, err := start()
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	one, two := testservice.Redis(t), testservice.Redis(t)
	if one == two {
		t.Fatal("two tests have the same database")
	}
	if _, err := testservice.AskRedis(one, "SET", "key", "a value"); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]string{one: "a value", two: ""} {
		if got, err := testservice.AskRedis(dsn, "GET", "key"); err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

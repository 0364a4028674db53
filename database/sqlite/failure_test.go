package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/schema"
)

func newUser(s *schema.Schema, id, email string) schema.Row {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	return s.Table("user").NewRow().Set("id", id).Set("name", id).Set("email", email).
		Set("emailVerified", false).Set("createdAt", now).Set("updatedAt", now)
}

func TestOneOfManyConsumersGetsTheRow(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	a := migrated(t, filepath.Join(t.TempDir(), "auth.db"), s)
	if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); err != nil {
		t.Fatal(err)
	}
	var winners atomic.Int64
	var wait sync.WaitGroup
	for range 200 {
		wait.Go(func() {
			row, err := a.ConsumeOne(t.Context(), s.Table("user"), []database.Where{database.Eq("email", "u@example.com")})
			if err != nil {
				t.Error(err)
			}
			if row != nil {
				winners.Add(1)
			}
		})
	}
	wait.Wait()
	if winners.Load() != 1 {
		t.Errorf("%d winners, want 1", winners.Load())
	}
}

func TestOneOfManyCreatesWinsAnEmail(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	path := filepath.Join(t.TempDir(), "auth.db")
	adapters := []*sqlite.Adapter{migrated(t, path, s), migrated(t, path, s)} // as two processes would
	var created atomic.Int64
	var wait sync.WaitGroup
	for i := range 50 {
		wait.Go(func() {
			_, err := adapters[i%2].Create(t.Context(), newUser(s, fmt.Sprint("user-", i), "same@example.com"))
			switch {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, database.ErrDuplicate):
				t.Errorf("want ErrDuplicate, got %v", err)
			}
		})
	}
	wait.Wait()
	if n, err := adapters[0].Count(t.Context(), s.Table("user"), nil); created.Load() != 1 || n != 1 || err != nil {
		t.Errorf("%d created, %d rows, %v", created.Load(), n, err)
	}
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	a := migrated(t, filepath.Join(t.TempDir(), "auth.db"), s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Create(ctx, newUser(s, "u", "u@example.com")); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	if _, err := a.FindOne(ctx, database.Query{Table: s.Table("user")}); !errors.Is(err, context.Canceled) {
		t.Errorf("find: %v", err)
	}
	if err := a.Transaction(ctx, func(database.Adapter) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("transaction: %v", err)
	}
	if n, err := a.Count(t.Context(), s.Table("user"), nil); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

// lock holds the write lock of a file as another process would, until the
// returned function is called.
func lock(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = tx.Rollback()
		_ = db.Close()
	}
}

func TestBusyDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	path := filepath.Join(t.TempDir(), "auth.db")
	migrated(t, path, s)
	a := sqlite.OpenWith(sqlite.Options{Path: path, BusyTimeout: time.Millisecond})
	t.Cleanup(func() { _ = a.Close() })
	if err := a.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	release := lock(t, path)
	defer release()
	if _, err := a.Create(t.Context(), newUser(s, "u", "u@example.com")); !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("create: %v", err)
	}
	if err := a.Transaction(t.Context(), func(database.Adapter) error { return nil }); !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("transaction: %v", err)
	}
	if n, err := a.Count(t.Context(), s.Table("user"), nil); n != 0 || err != nil {
		t.Errorf("a reader waits for the writer: %d, %v", n, err)
	}
}

func TestDeadlineEndsTheWaitForALock(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	path := filepath.Join(t.TempDir(), "auth.db")
	a := migrated(t, path, s)
	release := lock(t, path)
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := a.Create(ctx, newUser(s, "u", "u@example.com")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("create: %v", err)
	}
	if waited := time.Since(began); waited > 3*time.Second {
		t.Errorf("waited %v although the context had ended", waited)
	}
}

func TestClosedAdapterIsUnavailable(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	a := migrated(t, sqlite.Memory, s)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Count(t.Context(), s.Table("user"), nil); !errors.Is(err, database.ErrUnavailable) {
		t.Error(err)
	}
}

func TestMissingDirectoryIsUnavailable(t *testing.T) {
	t.Parallel()
	a := sqlite.Open(filepath.Join(t.TempDir(), "missing", "auth.db"))
	if err := a.Ping(t.Context()); !errors.Is(err, database.ErrUnavailable) || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestFullDiskIsAnError(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(t.TempDir(), "auth.db"))+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	a := sqlite.FromDB(db)
	migrateTo(t, a, s)
	if _, err := db.Exec("PRAGMA max_page_count = 1"); err != nil { // rounds up to what there is
		t.Fatal(err)
	}
	row := newUser(s, "big", "big@example.com").Set("image", strings.Repeat("x", 1<<20))
	if _, err := a.Create(t.Context(), row); !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("a row on a full disk: %v", err)
	}
	small := newUser(s, "small", "small@example.com")
	err = a.Transaction(t.Context(), func(tx database.Adapter) error {
		_, _ = tx.Create(t.Context(), row) // undoes the transaction, and this takes no notice
		_, err := tx.Create(t.Context(), small)
		return err
	})
	if !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("a transaction that was undone: %v", err)
	}
	if n, err := a.Count(t.Context(), s.Table("user"), nil); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	path := filepath.Join(t.TempDir(), "auth file?#%20é.db")
	migrated(t, path, coreSchema(t))
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

// crashPath, in the environment, makes this test binary the writer that dies.
const crashPath = "OSTIARY_TEST_CRASH_PATH"

func TestKilledWriterLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	if path := os.Getenv(crashPath); path != "" {
		writeAndHang(t, path, s)
	}
	path := filepath.Join(t.TempDir(), "auth.db")
	a := migrated(t, path, s)
	if _, err := a.Create(t.Context(), newUser(s, "before", "before@example.com")); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), crashPath+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, len("written"))
	if _, err := io.ReadFull(out, ready); err != nil || string(ready) != "written" {
		t.Fatalf("child said %q, %v", ready, err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()

	if _, err := a.Create(t.Context(), newUser(s, "after", "after@example.com")); err != nil {
		t.Fatal(err)
	}
	found, err := a.FindMany(t.Context(), database.Query{Table: s.Table("user"), Sort: []database.Sort{{Field: "id"}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || found[0].ID() != "after" || found[1].ID() != "before" {
		t.Errorf("%d rows after the crash", len(found))
	}
}

// writeAndHang writes in a transaction that never ends.
func writeAndHang(t *testing.T, path string, s *schema.Schema) {
	t.Helper()
	a := sqlite.Open(path)
	_ = a.Transaction(t.Context(), func(tx database.Adapter) error {
		for i := range 1000 { // enough to reach the file
			row := newUser(s, fmt.Sprint("half-", i), fmt.Sprintf("half-%d@example.com", i)).Set("image", strings.Repeat("x", 4096))
			if _, err := tx.Create(t.Context(), row); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Print("written")
		select {}
	})
}

func TestTheLogShrinksWhenALongReaderIsDone(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	path := filepath.Join(t.TempDir(), "auth.db")
	a := sqlite.OpenWith(sqlite.Options{Path: path, Relaxed: true})
	t.Cleanup(func() { _ = a.Close() })
	migrateTo(t, a, s)
	write := func(id string) {
		t.Helper()
		row := newUser(s, id, id+"@example.com").Set("image", strings.Repeat("x", 1<<20))
		if _, err := a.Create(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 {
		t.Helper()
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reader, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), "SELECT count(*) FROM user").Scan(&n); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		write(fmt.Sprint("long-", i))
	}
	if size() <= 16<<20 {
		t.Fatalf("the log has %d bytes although a reader needs it", size())
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		write(fmt.Sprint("after-", i))
	}
	if size() > 16<<20 {
		t.Errorf("the log still has %d bytes", size())
	}
}

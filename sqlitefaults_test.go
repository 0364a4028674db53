package ostiary_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/schema"
)

// onFile keeps everything in a SQLite file.
func onFile(path string) setting {
	return func(_ *server, o *ostiary.Options) { o.Database = sqlite.Open(path) }
}

// onSharedFile is onFile for several processes on a machine that may be very busy:
// they wait for each other for as long as it takes.
func onSharedFile(path string) setting {
	return func(_ *server, o *ostiary.Options) {
		o.Database = sqlite.OpenWith(sqlite.Options{Path: path, BusyTimeout: time.Minute})
	}
}

// wantUnavailable ends the test unless the answer tells to come again later.
func (r reply) wantUnavailable(t testing.TB) {
	t.Helper()
	if r.status != 503 || r.header.Get("Retry-After") == "" {
		t.Fatalf("answer is %v %v, want 503 with Retry-After", r, r.header)
	}
}

// wantSound checks the integrity of a SQLite file.
func wantSound(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var said string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
		t.Errorf("integrity: %s, %v", said, err)
	}
	var orphans int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pragma_foreign_key_check").Scan(&orphans); err != nil || orphans > 0 {
		t.Errorf("%d rows reference what is not there, %v", orphans, err)
	}
}

// smallDisk is a file system of a few megabytes.
type smallDisk struct {
	t      *testing.T
	folder string
}

func newSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=2m"); errors.Is(err, syscall.EPERM) {
		t.Skip("only root may mount a small file system; a database that may not grow is tested by TestFullDiskIsAnError")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return &smallDisk{t, folder}
}

// fill leaves so many bytes free.
func (d *smallDisk) fill(free int64) {
	d.t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs(d.folder, &stat); err != nil {
		d.t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(d.folder, "ballast"))
	if err != nil {
		d.t.Fatal(err)
	}
	for rest := int64(stat.Bavail)*stat.Bsize - free; rest > 0 && err == nil; rest -= 4096 {
		_, err = f.Write(make([]byte, 4096))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *smallDisk) clear() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.folder, "ballast")); err != nil {
		d.t.Fatal(err)
	}
}

// The disk fills up at different places: while the log grows, while it is copied
// into the database, while the database grows.
func TestAFullDiskIsAnsweredWith503UntilThereIsRoom(t *testing.T) {
	t.Parallel()
	disk := newSmallDisk(t)
	path := filepath.Join(disk.folder, "auth.db")
	s := newServer(t, onFile(path))
	alice := s.signUp("alice@example.com")
	acknowledged, refused := 1, 0
	for free := int64(0); free <= 48<<10; free += 8 << 10 {
		disk.fill(free)
		for n, full := 0, false; !full; n++ {
			if n == 1000 {
				t.Fatal("the disk is never full")
			}
			r := s.client().post("/sign-up/email", fields{
				"name": strings.Repeat("n", 1000), "email": fmt.Sprintf("user-%d-%d@example.com", free, n), "password": goodPassword, "image": strings.Repeat("i", 20_000),
			})
			if full = r.status != 200; full {
				r.wantUnavailable(t)
				refused++
			} else {
				acknowledged++
			}
		}
		if alice.session() == nil {
			t.Error("sessions are not read while the disk is full")
		}
		disk.clear()
		alice.post("/update-user", fields{"name": fmt.Sprint(free)}).ok(t)
		if got := alice.session(); got == nil || got.User.Name != fmt.Sprint(free) {
			t.Errorf("with room again: %v", got)
		}
	}
	s.wantWhole(t)
	s.wantRows(acknowledged, acknowledged, acknowledged)
	wantSound(t, path)
	t.Logf("%d sign-ups were stored, %d were refused", acknowledged, refused)
}

func TestADatabaseFileThatIsGoneIsNeverReplacedByAnEmptyOne(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, elsewhere := filepath.Join(folder, "auth.db"), filepath.Join(folder, "moved.db")
	s := newServer(t, onFile(path))
	alice := s.signUp("alice@example.com")
	rename := func(from, to string) {
		t.Helper()
		for _, part := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(from+part, to+part); err != nil {
				t.Fatal(err)
			}
		}
	}
	refused := func(why string) {
		t.Helper()
		for _, r := range []reply{alice.post("/update-user", fields{"name": "lost"}), alice.get("/get-session"), s.client().signIn("alice@example.com", goodPassword), s.client().post("/sign-up/email", fields{"name": "N", "email": "b@example.com", "password": goodPassword})} {
			r.wantUnavailable(t)
		}
		if log := s.logs.String(); !strings.Contains(log, why) {
			t.Errorf("the log does not say %q: %s", why, clip(log))
		}
	}

	rename(path, elsewhere)
	refused("was in use and is gone")
	if _, err := os.Stat(path); err == nil {
		t.Fatal("a new file was made")
	}
	rename(elsewhere, path)
	if alice.session() == nil {
		t.Fatal("the file is back, the session is not")
	}

	rename(path, elsewhere)
	newServer(t, onFile(path)).signUp("mallory@example.com")
	refused("was replaced by another")
	rename(elsewhere, path) // over the other
	s.wantRows(1, 1, 1)
	s.client().signIn("alice@example.com", goodPassword).ok(t)
}

// writerEnv, in the environment, makes this test binary another process that writes
// to the SQLite file which it names.
const writerEnv = "OSTIARY_TEST_WRITER"

// TestWriterChild signs users up, a hundred a second at most, until its standard input ends,
// and prints the address of each whose sign-up was acknowledged.
func TestWriterChild(t *testing.T) {
	path := os.Getenv(writerEnv)
	if path == "" {
		return // this is the parent
	}
	s := newServer(t, onSharedFile(path))
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	for {
		select {
		case <-ended:
			return
		case <-ticks.C:
			email := fmt.Sprintf("%s@example.com", strings.ToLower(rand.Text()))
			s.signUp(email)
			fmt.Println("stored", email)
		}
	}
}

// writer is another process that writes.
type writer struct {
	t       *testing.T
	command *exec.Cmd
	input   io.Closer
	lines   *bufio.Scanner
	stored  []string // addresses
}

func startWriter(t *testing.T, path string) *writer {
	t.Helper()
	w := &writer{t: t, command: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriterChild$")}
	w.command.Env = append(os.Environ(), writerEnv+"="+path)
	out, err := w.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if w.input, err = w.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := w.command.Start(); err != nil {
		t.Fatal(err)
	}
	w.lines = bufio.NewScanner(out)
	return w
}

// read reads the next address and reports whether there was one.
func (w *writer) read() bool {
	for w.lines.Scan() {
		if email, ok := strings.CutPrefix(w.lines.Text(), "stored "); ok {
			w.stored = append(w.stored, email)
			return true
		}
	}
	return false
}

// end lets the process end and returns how it did.
func (w *writer) end() error {
	_ = w.input.Close()
	for w.read() {
	}
	return w.command.Wait()
}

// kill kills the process.
func (w *writer) kill() {
	w.t.Helper()
	if err := w.command.Process.Kill(); err != nil {
		w.t.Error(err)
	}
	for w.read() { // what it had printed
	}
	_ = w.command.Wait() // it was killed
}

func TestManyWritersProcessesAndBackupsShareAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	s := newServer(t, onSharedFile(path))
	rival := startWriter(t, path)
	rival.read()
	ctx, stop := context.WithCancel(t.Context())
	backups := make(chan int)
	go func() { backups <- backUp(ctx, t, path) }()
	const writers, each = 50, 2
	parallel(writers, func(i int) int {
		for n := range each {
			c := s.signUp(fmt.Sprintf("user-%d-%d@example.com", i, n))
			c.post("/update-user", fields{"name": "changed"}).ok(t)
			if got := c.session(); got == nil || got.User.Name != "changed" {
				t.Errorf("writer %d reads %v", i, got)
			}
		}
		return 0
	})
	stop()
	if n := <-backups; n == 0 {
		t.Error("there was no backup meanwhile")
	}
	if err := rival.end(); err != nil {
		t.Errorf("the other process: %v", err)
	}
	s.wantWhole(t)
	if n := len(s.rows(schema.UserKey)); n != writers*each+len(rival.stored) {
		t.Errorf("there are %d users, want %d", n, writers*each+len(rival.stored))
	}
	wantSound(t, path)
}

func TestNothingAcknowledgedIsLostWhenAProcessIsKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	s := newServer(t, onFile(path))
	acknowledged := 0
	for round := range 10 {
		w := startWriter(t, path)
		for range 1 + 7*round%10 {
			w.read()
		}
		w.kill()
		for _, email := range w.stored {
			s.client().signIn(email, goodPassword).ok(t)
		}
		acknowledged += len(w.stored)
	}
	s.wantWhole(t)
	if n := len(s.rows(schema.UserKey)); n < acknowledged || n > acknowledged+10 {
		t.Errorf("there are %d users, %d sign-ups were acknowledged in ten processes", n, acknowledged)
	}
	wantSound(t, path)
}

// backUp copies a database again and again and returns how often.
func backUp(ctx context.Context, t *testing.T, path string) (n int) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer db.Close()
	for began := time.Now(); ctx.Err() == nil && time.Since(began) < time.Minute; n++ {
		if _, err := db.Exec("VACUUM INTO ?", fmt.Sprintf("%s.backup-%d", path, n)); err != nil {
			t.Errorf("backup %d: %v", n, err)
			return n
		}
	}
	return n
}

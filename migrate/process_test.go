package migrate_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/schema"
)

// childVariable makes the test binary a process that migrates the database of its
// value: a kind, a colon, and a file or an address.
const childVariable = "OSTIARY_MIGRATE_TEST_DATABASE"

// migrated is an adapter whose tables can be migrated.
type migrated interface {
	database.Adapter
	migrate.Database
}

// whole is the schema that is migrated to. MariaDB makes names of foreign keys from
// those of tables, which must be short for that.
func whole() schema.Definition {
	d := extended(core())
	d.Renames = map[string]schema.Rename{"thing": {Table: "thing"}}
	return d
}

// openAny opens the database of a kind.
func openAny(name string) (migrated, error) {
	switch kind, address, _ := strings.Cut(name, ":"); kind {
	case "postgres":
		return postgres.Open(address)
	case "mysql":
		return mysql.Open(address)
	default:
		return sqlite.Open(address), nil
	}
}

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		os.Exit(child(path, len(os.Args) > 1 && os.Args[1] == "piecemeal"))
	}
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		_ = checks.Value.Set("20") // each is several migrations; give -rapid.checks for more
	}
	os.Exit(m.Run())
}

// child migrates: it says "ready", waits for a line, then says each statement
// that it has executed and waits for a line again. At the end it says how many
// there were.
func child(name string, piecemeal bool) int {
	ctx := context.Background()
	a, err := openAny(name)
	if err != nil {
		return 1
	}
	defer func() { _ = a.Close() }()
	s, err := schema.Compile(whole())
	if err != nil {
		return 1
	}
	commands := bufio.NewReader(os.Stdin)
	m, err := migrate.For(watched{a, piecemeal, func(text string) {
		fmt.Println(text)
		_, _ = commands.ReadString('\n')
	}}, s)
	if err != nil {
		return 1
	}
	fmt.Println("ready")
	_, _ = commands.ReadString('\n')
	plan, err := m.Apply(ctx)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("done: %d\n", len(plan.Statements))
	return 0
}

// watched tells of each statement. Piecemeal, it commits each of them at once, as
// MySQL does by itself.
type watched struct {
	migrated
	piecemeal bool
	executed  func(text string)
}

func (w watched) Exclusive(ctx context.Context, fn func(migrate.Connection) error) error {
	return w.migrated.Exclusive(ctx, func(c migrate.Connection) error { return fn(watchedConnection{c, w}) })
}

type watchedConnection struct {
	migrate.Connection
	w watched
}

func (c watchedConnection) Execute(ctx context.Context, statement string) error {
	err := c.Connection.Execute(ctx, statement)
	for _, s := range []string{"COMMIT", "BEGIN IMMEDIATE"} {
		if err == nil && c.w.piecemeal {
			err = c.Connection.Execute(ctx, s)
		}
	}
	c.w.executed("executed")
	return err
}

// process is a child.
type process struct {
	*exec.Cmd
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

func start(t *testing.T, name string, arguments ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.CommandContext(t.Context(), self, arguments...), t: t}
	p.Env = append(os.Environ(), childVariable+"="+name)
	if p.in, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.expect("ready")
	return p
}

func (p *process) line() string {
	text, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("the process says %q and ends: %v", text, err)
	}
	return strings.TrimSpace(text)
}

func (p *process) expect(want string) {
	p.t.Helper()
	if got := p.line(); got != want {
		p.t.Fatalf("the process says %q, want %q", got, want)
	}
}

func (p *process) proceed() {
	if _, err := fmt.Fprintln(p.in); err != nil {
		p.t.Fatal(err)
	}
}

func TestMigrationThatIsKilledIsCompletedByTheNext(t *testing.T) {
	t.Parallel()
	file := func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "auth.db") }
	killed(t, file, "atomic", 1)
	killed(t, file, "piecemeal", 1)
}

func TestMigrationThatIsKilledIsCompletedOnPostgreSQL(t *testing.T) {
	t.Parallel()
	killed(t, func(t *testing.T) string { return "postgres:" + testservice.Postgres(t) }, "atomic", 5)
}

func TestMigrationThatIsKilledIsCompletedOnMariaDB(t *testing.T) {
	t.Parallel()
	killed(t, func(t *testing.T) string { return "mysql:" + testservice.MariaDB(t) }, "by itself piecemeal", 5)
}

// killed kills a migration after one statement, after every step more, and lets
// another one complete it.
func killed(t *testing.T, fresh func(t *testing.T) string, mode string, step int) {
	t.Helper()
	a := filled(t, fresh(t))
	plan := apply(t, a, whole())
	want := catalog(t, a)
	for n := 0; n < len(plan.Statements); n += step {
		t.Run(fmt.Sprintf("%s, after statement %d", mode, n+1), func(t *testing.T) {
			t.Parallel()
			name := fresh(t)
			a := filled(t, name)
			before := contents(t, a)
			p := start(t, name, mode)
			for range n + 1 {
				p.proceed()
				p.expect("executed")
			}
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait()

			done := apply(t, a, whole())
			left := len(plan.Statements)
			if mode != "atomic" {
				left -= n + 1
			}
			if len(done.Statements) != left {
				t.Errorf("the second process did\n%s\nwhich is not %d statements", done.SQL(), left)
			}
			if diff := cmp.Diff(want, catalog(t, a)); diff != "" {
				t.Error("a migration that is not interrupted makes other tables: " + diff)
			}
			if diff := cmp.Diff(before, contents(t, a)); diff != "" {
				t.Error("a row was changed: " + diff)
			}
		})
	}
}

// filled makes a database with the core tables and a user.
func filled(t *testing.T, name string) migrated {
	t.Helper()
	a, err := openAny(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	apply(t, a, core())
	user := compile(t, core()).Table("user")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	row := user.NewRow().Set("id", "u").Set("name", "Ada").Set("email", "ada@example.com").Set("emailVerified", true).Set("createdAt", now).Set("updatedAt", now)
	if _, err := a.Create(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return a
}

// contents are the columns of the user that were there from the beginning.
func contents(t *testing.T, a database.Adapter) []any {
	t.Helper()
	user := compile(t, core()).Table("user")
	found, err := a.FindOne(t.Context(), database.Query{Table: user, Where: []database.Where{database.Eq("id", "u")}})
	if err != nil || found == nil {
		t.Fatal(found, err)
	}
	var values []any
	for i := range user.Fields {
		values = append(values, found.Get(user.Fields[i].Name))
	}
	return values
}

func catalog(t *testing.T, a migrated) *migrate.Catalog {
	t.Helper()
	var c *migrate.Catalog
	err := a.Inspect(t.Context(), func(conn migrate.Connection) (err error) {
		c, err = conn.Catalog(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestProcessesThatMigrateAtOnceDoItOnce(t *testing.T) {
	t.Parallel()
	for kind, fresh := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "auth.db") },
		"postgres": func(t *testing.T) string { return testservice.Postgres(t) },
		"mysql":    func(t *testing.T) string { return testservice.MariaDB(t) },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			once(t, kind+":"+fresh(t))
		})
	}
}

// once starts six processes that migrate a database, and checks that one did the
// work.
func once(t *testing.T, name string) {
	t.Helper()
	var processes []*process
	for range 6 {
		processes = append(processes, start(t, name))
	}
	for _, p := range processes {
		p.proceed()
		_ = p.in.Close() // it need not wait again
	}
	worked := 0
	for _, p := range processes {
		text := p.line()
		for text == "executed" {
			text = p.line()
		}
		if text != "done: 0" {
			worked++
		}
		if err := p.Wait(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if worked != 1 {
		t.Errorf("%d processes did the work, want 1", worked)
	}
}

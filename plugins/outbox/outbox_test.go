package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/migrate"
	"github.com/ostiary/ostiary/plugins/outbox"
	"github.com/ostiary/ostiary/schema"
)

const secret = "outbox-test-secret-0123456789-abcdefghijklmnopqrstuvwxyz"

// letter is a mail with a link that must stay secret.
func letter(to string) mail.Message {
	return mail.Message{Kind: mail.KindVerification, To: to, Subject: "Confirm", Text: "Follow https://acme.example/verify?token=abcDEF123456\n"}
}

// office is a mail server in this process: it notes what it takes, and fails as it
// is told.
type office struct {
	mu       sync.Mutex
	attempts int
	taken    []string // recipients
	fail     func(ctx context.Context, attempt int) error
}

func (o *office) Send(ctx context.Context, m mail.Message) error {
	o.mu.Lock()
	o.attempts++
	attempt, fail := o.attempts, o.fail
	o.mu.Unlock()
	if fail != nil {
		if err := fail(ctx, attempt); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = append(o.taken, m.To)
	return nil
}

func (o *office) seen() (attempts int, taken []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.attempts, append([]string{}, o.taken...)
}

// results are what became of the mails.
type results struct {
	mu    sync.Mutex
	count map[outbox.Result]int
}

func (r *results) add(what outbox.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == nil {
		r.count = map[outbox.Result]int{}
	}
	r.count[what]++
}

func (r *results) want(t *testing.T, want map[outbox.Result]int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.count); diff != "" {
		t.Errorf("results (-want +got)\n%s", diff)
	}
}

// node is a server with an outbox.
type node struct {
	*ostiary.Auth
	*outbox.Plugin
	results results
	log     strings.Builder
}

// open makes a node and its tables; it is the caller's to close.
func open(t *testing.T, db database.Adapter, sender mail.Sender, change func(*outbox.Options, *ostiary.Options)) *node {
	t.Helper()
	n := &node{}
	o := outbox.Options{Sender: sender, OnResult: n.results.add}
	options := ostiary.Options{
		BaseURL: ostiary.StaticURL("https://app.example.com"), Secret: secret, Database: db,
		Logger: slog.New(slog.NewTextHandler(&locked{w: &n.log}, nil)),
	}
	if change != nil {
		change(&o, &options)
	}
	n.Plugin = outbox.New(o)
	options.Plugins = append(options.Plugins, n.Plugin)
	var err error
	if n.Auth, err = ostiary.New(options); err != nil {
		t.Fatal(err)
	}
	if _, ok := db.(migrate.Database); !ok {
		return n // has no tables
	}
	if err := n.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return n
}

// locked is a writer for several goroutines.
type locked struct {
	mu sync.Mutex
	w  *strings.Builder
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (n *node) shut(t *testing.T) {
	t.Helper()
	if err := n.Auth.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func (n *node) post(t *testing.T, to string) {
	t.Helper()
	if err := n.Send(t.Context(), letter(to)); err != nil {
		t.Fatal(err)
	}
}

func (n *node) stats(t *testing.T) outbox.Stats {
	t.Helper()
	s, err := n.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// isolated runs a test with a clock of its own, which jumps to the next event.
func isolated(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// later lets time pass on the clock of an isolated test.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAMailThatIsTakenIsForgotten(t *testing.T) {
	isolated(t, func(t *testing.T) {
		o := &office{}
		n := open(t, memory.New(), o, nil)
		defer n.shut(t)
		n.post(t, "ada@example.com")
		synctest.Wait()
		if _, taken := o.seen(); len(taken) != 1 || taken[0] != "ada@example.com" {
			t.Errorf("taken: %v", taken)
		}
		if s := n.stats(t); s != (outbox.Stats{}) {
			t.Errorf("left: %+v", s)
		}
		n.results.want(t, map[outbox.Result]int{outbox.Sent: 1})
	})
}

func TestAMailServerThatIsDownForAWhileGetsEveryMailOnce(t *testing.T) {
	isolated(t, func(t *testing.T) {
		up := time.Now().Add(5 * time.Minute)
		o := &office{fail: func(context.Context, int) error {
			if time.Now().Before(up) {
				return errors.New("connection refused")
			}
			return nil
		}}
		n := open(t, memory.New(), o, nil)
		defer n.shut(t)
		for i := range 20 {
			n.post(t, fmt.Sprintf("user%d@example.com", i))
		}
		later(4*time.Minute + 50*time.Second)
		if attempts, taken := o.seen(); attempts < 4*20 || len(taken) != 0 {
			t.Errorf("%d attempts, taken: %v", attempts, taken)
		}
		if s := n.stats(t); s.Waiting != 20 || s.Dead != 0 || s.LastError != "connection refused" {
			t.Errorf("%+v", s)
		}
		later(10 * time.Minute)
		_, taken := o.seen()
		if len(taken) != 20 || len(unique(taken)) != 20 {
			t.Errorf("taken: %v", taken)
		}
		if s := n.stats(t); s.Waiting != 0 || s.Dead != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

func unique(list []string) map[string]int {
	seen := map[string]int{}
	for _, s := range list {
		seen[s]++
	}
	return seen
}

// final is a failure that will come again.
type final struct{ text string }

func (e final) Error() string { return e.text }
func (final) Temporary() bool { return false }

func TestWhatIsRefusedForGoodIsADeadLetterAtOnce(t *testing.T) {
	isolated(t, func(t *testing.T) {
		var takes atomic.Bool
		o := &office{fail: func(context.Context, int) error {
			if !takes.Load() {
				return final{"550 <ada@example.com> see https://acme.example/verify?token=abcDEF123456"}
			}
			return nil
		}}
		n := open(t, memory.New(), o, nil)
		defer n.shut(t)
		n.post(t, "ada@example.com")
		later(24 * time.Hour)
		if attempts, _ := o.seen(); attempts != 1 {
			t.Errorf("%d attempts", attempts)
		}
		n.results.want(t, map[outbox.Result]int{outbox.Failed: 1})
		letters, err := n.DeadLetters(t.Context(), 10)
		if err != nil || len(letters) != 1 {
			t.Fatalf("%v, %v", letters, err)
		}
		l := letters[0]
		if l.Kind != mail.KindVerification || l.Attempts != 1 || !strings.HasPrefix(l.Error, "550 ") {
			t.Errorf("%+v", l)
		}
		for _, secret := range []string{"abcDEF", "ada@"} {
			if strings.Contains(l.Error+n.log.String(), secret) {
				t.Errorf("%q is told: %q\n%s", secret, l.Error, n.log.String())
			}
		}

		takes.Store(true)
		if revived, err := n.Revive(t.Context()); err != nil || revived != 1 {
			t.Errorf("revived: %d, %v", revived, err)
		}
		synctest.Wait()
		if _, taken := o.seen(); len(taken) != 1 {
			t.Errorf("taken: %v", taken)
		}
	})
}

func TestAPoisonedMailIsGivenUpAndHoldsNobodyUp(t *testing.T) {
	isolated(t, func(t *testing.T) {
		began := time.Now()
		var last time.Time
		n := open(t, memory.New(), mail.SenderFunc(func(_ context.Context, m mail.Message) error {
			if m.To == "poison@example.com" {
				last = time.Now()
				panic("cannot digest " + m.Text)
			}
			return nil
		}), func(o *outbox.Options, _ *ostiary.Options) { o.Parallel = 1 })
		defer n.shut(t)
		n.post(t, "poison@example.com")
		n.post(t, "ada@example.com")
		synctest.Wait()
		n.results.want(t, map[outbox.Result]int{outbox.Delayed: 1, outbox.Sent: 1})
		later(3 * time.Hour)
		n.results.want(t, map[outbox.Result]int{outbox.Delayed: 9, outbox.Sent: 1, outbox.Failed: 1})
		if took := last.Sub(began); took < 90*time.Minute || took > 150*time.Minute {
			t.Errorf("the attempts took %s", took)
		}
		if s := n.stats(t); s.Waiting != 0 || s.Dead != 1 {
			t.Errorf("%+v", s)
		}
		if strings.Contains(n.log.String(), "abcDEF") {
			t.Errorf("the log has the link:\n%s", n.log.String())
		}
		later(8 * 24 * time.Hour)
		if s := n.stats(t); s.Dead != 0 {
			t.Errorf("dead letters are kept for ever: %+v", s)
		}
	})
}

func TestAFullOutboxKeepsTheOldest(t *testing.T) {
	isolated(t, func(t *testing.T) {
		o := &office{fail: func(_ context.Context, attempt int) error {
			if attempt <= 3 {
				return errors.New("down")
			}
			return nil
		}}
		n := open(t, memory.New(), o, func(o *outbox.Options, _ *ostiary.Options) { o.Capacity = 3 })
		defer n.shut(t)
		for i := range 3 {
			n.post(t, fmt.Sprintf("user%d@example.com", i))
		}
		synctest.Wait()
		for range 5 {
			if err := n.Send(t.Context(), letter("late@example.com")); !errors.Is(err, outbox.ErrFull) {
				t.Errorf("error %v", err)
			}
		}
		later(time.Hour)
		_, taken := o.seen()
		if diff := cmp.Diff(map[string]int{"user0@example.com": 1, "user1@example.com": 1, "user2@example.com": 1}, unique(taken)); diff != "" {
			t.Error(diff)
		}
		n.results.want(t, map[outbox.Result]int{outbox.Delayed: 3, outbox.Sent: 3, outbox.Dropped: 5})
		if strings.Count(n.log.String(), "a mail was dropped") != 5 {
			t.Errorf("log:\n%s", n.log.String())
		}
	})
}

func TestClosingDeliversWhatIsDue(t *testing.T) {
	isolated(t, func(t *testing.T) {
		o := &office{fail: func(context.Context, int) error {
			time.Sleep(time.Second) // of the test's clock
			return nil
		}}
		n := open(t, memory.New(), o, nil)
		for i := range 30 {
			n.post(t, fmt.Sprintf("user%d@example.com", i))
		}
		n.shut(t)
		if _, taken := o.seen(); len(taken) != 30 {
			t.Errorf("%d were delivered", len(taken))
		}
		if err := n.Plugin.Close(t.Context()); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

// keepOpen is a database that outlives its server.
type keepOpen struct{ database.Adapter }

func (keepOpen) Close() error { return nil }

func TestClosingWithoutTimeLeavesTheMailToOthers(t *testing.T) {
	isolated(t, func(t *testing.T) {
		db := keepOpen{memory.New()}
		hangs := &office{fail: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		n := open(t, db, hangs, nil)
		n.post(t, "ada@example.com")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := n.Auth.Close(ctx); err != nil {
			t.Error(err)
		}
		o := &office{}
		next := open(t, db, o, nil)
		defer next.shut(t)
		next.Start()
		synctest.Wait()
		if _, taken := o.seen(); len(taken) != 1 {
			t.Errorf("taken: %v", taken)
		}
	})
}

// A node that dies in the middle of an attempt leaves a lease behind.
func TestTheLeaseOfADeadNodeEnds(t *testing.T) {
	isolated(t, func(t *testing.T) {
		db := keepOpen{memory.New()}
		dies := make(chan struct{})
		dead := open(t, db, &office{fail: func(context.Context, int) error { <-dies; return errors.New("too late") }}, func(o *outbox.Options, _ *ostiary.Options) {
			o.Parallel = 1
		})
		defer dead.shut(t)
		defer close(dies)
		dead.post(t, "ada@example.com")
		synctest.Wait()
		o := &office{}
		n := open(t, db, o, nil)
		defer n.shut(t)
		n.Start()
		later(time.Minute)
		if attempts, _ := o.seen(); attempts != 0 {
			t.Error("the lease is not respected")
		}
		later(2 * time.Minute)
		if _, taken := o.seen(); len(taken) != 1 {
			t.Errorf("taken: %v", taken)
		}
	})
}

func TestMailsAreEncryptedInTheDatabase(t *testing.T) {
	isolated(t, func(t *testing.T) {
		db := keepOpen{memory.New()}
		down := &office{fail: func(context.Context, int) error { return errors.New("down") }}
		n := open(t, db, down, nil)
		n.post(t, "ada@example.com")
		table := n.Kernel().DB.Table("ostiaryMail")
		rows, err := n.Kernel().DB.FindMany(t.Context(), database.Query{Table: table})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		if text := fmt.Sprint(rows[0].Map()); strings.Contains(text, "ada@") || strings.Contains(text, "token") || strings.Contains(text, "acme") {
			t.Errorf("stored: %s", text)
		}
		n.shut(t)

		// Another secret cannot read it, and says what is wrong; the mail waits.
		o := &office{}
		other := open(t, db, o, func(_ *outbox.Options, options *ostiary.Options) { options.Secret = "another-" + secret })
		if err := other.Kernel().CheckSecrets(t.Context()); !errors.Is(err, core.ErrOtherSecret) {
			t.Errorf("checked: %v", err)
		}
		other.Start()
		later(20 * time.Second)
		if s := other.stats(t); s.Waiting != 1 || !strings.Contains(s.LastError, "was the secret replaced") {
			t.Errorf("%+v", s)
		}
		other.shut(t)

		// A secret that has been replaced still can.
		rotated := open(t, db, o, func(_ *outbox.Options, options *ostiary.Options) {
			options.Secrets = []core.VersionedSecret{{Version: 2, Value: "rotated-" + secret}}
		})
		defer rotated.shut(t)
		if err := rotated.Kernel().CheckSecrets(t.Context()); err != nil {
			t.Errorf("with the old secret: %v", err)
		}
		rotated.Start()
		later(5 * time.Minute)
		if _, taken := o.seen(); len(taken) != 1 {
			t.Errorf("taken: %v", taken)
		}
	})
}

// forgetful is a database that does not delete for a while.
type forgetful struct {
	database.Adapter
	broken atomic.Bool
}

func (f *forgetful) DeleteMany(ctx context.Context, table *schema.Table, where []database.Where) (int64, error) {
	if f.broken.Load() {
		return 0, database.ErrUnavailable
	}
	return f.Adapter.DeleteMany(ctx, table, where)
}

func TestWhatWasDeliveredButNotRemovedIsNotSentAgain(t *testing.T) {
	isolated(t, func(t *testing.T) {
		db := &forgetful{Adapter: memory.New()}
		db.broken.Store(true)
		o := &office{}
		n := open(t, db, o, nil)
		defer n.shut(t)
		n.post(t, "ada@example.com")
		later(10 * time.Minute)
		db.broken.Store(false)
		later(10 * time.Minute)
		if attempts, _ := o.seen(); attempts != 1 {
			t.Errorf("%d attempts", attempts)
		}
		if s := n.stats(t); s.Waiting != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]outbox.Options{
		"no sender":        {},
		"slow sender":      {Sender: &office{}, SendTimeout: time.Hour},
		"negative number":  {Sender: &office{}, Parallel: -1},
		"negative numbers": {Sender: &office{}, Capacity: -1, PollInterval: -1},
	} {
		_, err := ostiary.New(ostiary.Options{
			BaseURL: ostiary.StaticURL("https://app.example.com"), Secret: secret, Logger: slog.New(slog.DiscardHandler),
			Plugins: []core.Plugin{outbox.New(o)},
		})
		if err == nil || !strings.Contains(err.Error(), "outbox.Options") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInvalidMailsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	n := open(t, memory.New(), &office{}, nil)
	defer n.shut(t)
	if err := n.Send(t.Context(), letter("a@b.example,c@d.example")); !errors.Is(err, mail.ErrAddress) {
		t.Errorf("error %v", err)
	}
	noise := strings.Builder{}
	for i := range 40000 {
		fmt.Fprintf(&noise, "%x", i*2654435761)
	}
	long := letter("ada@example.com")
	long.HTML = noise.String()
	if err := n.Send(t.Context(), long); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("error %v", err)
	}
}

// databases are those that several nodes share: each function makes another
// connection.
func databases(t *testing.T) map[string]func() database.Adapter {
	path := filepath.Join(t.TempDir(), "auth.db")
	connect := func(db database.Adapter, err error) database.Adapter {
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	pg := sync.OnceValue(func() string { return testservice.Postgres(t) })
	maria := sync.OnceValue(func() string { return testservice.MariaDB(t) })
	return map[string]func() database.Adapter{
		"SQLite":     func() database.Adapter { return sqlite.Open(path) },
		"PostgreSQL": func() database.Adapter { return connect(postgres.Open(pg())) },
		"MariaDB":    func() database.Adapter { return connect(mysql.Open(maria())) },
	}
}

// until waits for what other goroutines bring about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestNodesShareTheMailsWithoutDuplicates(t *testing.T) {
	t.Parallel()
	for name, connect := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &office{}
			var nodes []*node
			for range 3 {
				n := open(t, connect(), o, func(o *outbox.Options, _ *ostiary.Options) { o.PollInterval = 10 * time.Millisecond })
				defer n.shut(t)
				n.Start()
				nodes = append(nodes, n)
			}
			const mails = 60
			var posting sync.WaitGroup
			for i := range mails {
				posting.Go(func() {
					if err := nodes[i%len(nodes)].Send(t.Context(), letter(fmt.Sprintf("user%d@example.com", i))); err != nil {
						t.Error(err)
					}
				})
			}
			posting.Wait()
			until(t, "the outbox is empty", func() bool { return nodes[0].stats(t).Waiting == 0 })
			attempts, taken := o.seen()
			if attempts != mails || len(unique(taken)) != mails {
				t.Errorf("%d attempts for %d recipients, want %d", attempts, len(unique(taken)), mails)
			}
		})
	}
}

func TestATransactionThatIsUndoneSendsNothing(t *testing.T) {
	t.Parallel()
	for name, connect := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &office{}
			n := open(t, connect(), o, nil)
			defer n.shut(t)
			undone := errors.New("undone")
			err := n.Kernel().DB.InTransaction(t.Context(), func(ctx context.Context) error {
				if err := n.Send(ctx, letter("never@example.com")); err != nil {
					return err
				}
				return undone
			})
			if !errors.Is(err, undone) {
				t.Fatalf("error %v", err)
			}
			err = n.Kernel().DB.InTransaction(t.Context(), func(ctx context.Context) error {
				return n.Send(ctx, letter("ada@example.com"))
			})
			if err != nil {
				t.Fatal(err)
			}
			until(t, "the mail is delivered", func() bool { return n.stats(t).Waiting == 0 })
			if _, taken := o.seen(); len(taken) != 1 || taken[0] != "ada@example.com" {
				t.Errorf("taken: %v", taken)
			}
		})
	}
}

// failing is a database in which no row of a table can be created.
type failing struct {
	database.Adapter
	table string
}

var errNoRow = errors.New("no row can be created")

func (f *failing) Create(ctx context.Context, row schema.Row) (schema.Row, error) {
	if row.Table().Key == f.table {
		return schema.Row{}, errNoRow
	}
	return f.Adapter.Create(ctx, row)
}

func (f *failing) Transaction(ctx context.Context, fn func(tx database.Adapter) error) error {
	return f.Adapter.Transaction(ctx, func(tx database.Adapter) error { return fn(&failing{tx, f.table}) })
}

// A change and its mail are one: what cannot be written to the outbox did not
// happen, and the other way round.
func TestAChangeAndItsMailAreOneTransaction(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		failing string
		want    int64 // users, verifications and mails in the end
	}{{"ostiaryMail", 0}, {schema.AccountKey, 0}, {"", 1}} {
		t.Run("failing "+test.failing, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "auth.db")
			migrated := open(t, sqlite.Open(path), &office{}, nil)
			defer migrated.shut(t)
			down := &office{fail: func(context.Context, int) error { return errors.New("down") }}
			p := outbox.New(outbox.Options{Sender: down})
			options := crashing(path, p)
			options.DeliverInTransaction = true
			options.Database = &failing{options.Database, test.failing}
			options.Logger = slog.New(slog.DiscardHandler)
			auth, err := ostiary.New(options)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := auth.Close(context.Background()); err != nil {
					t.Error(err)
				}
			}()
			_, err = auth.API.SignUpEmail(t.Context(), api.SignUpEmailInput{Name: "Ada", Email: "ada@example.com", Password: "correct horse"})
			if (err == nil) != (test.want == 1) {
				t.Errorf("error %v", err)
			}
			for _, table := range []string{schema.UserKey, schema.AccountKey, "ostiaryMail"} {
				n, err := auth.Kernel().DB.Count(t.Context(), auth.Kernel().DB.Table(table))
				if err != nil || n != test.want {
					t.Errorf("%d rows of %s, %v, want %d", n, table, err, test.want)
				}
			}
		})
	}
}

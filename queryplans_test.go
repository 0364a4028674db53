package ostiary_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	modernc "modernc.org/sqlite"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

// TestNoQueryOfTheHotPathsScansATable records the statements of real requests
// and asks the database how it runs each.
func TestNoQueryOfTheHotPathsScansATable(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		seen := &statementLog{}
		db := sql.OpenDB(&recordingConnector{sqliteConnector{"file:" + filepath.Join(t.TempDir(), "auth.db") + "?_pragma=busy_timeout(5000)&_txlock=immediate"}, seen})
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		a := sqlite.FromDB(db)
		t.Cleanup(func() { _ = a.Close() })
		hotPaths(t, a, seen)
		seen.each(t, func(text string) { wantSQLiteSearch(t, db, text) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		config, err := pgxpool.ParseConfig(testservice.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		seen := &statementLog{}
		config.ConnConfig.Tracer = seen
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		a := postgres.FromPool(pool)
		t.Cleanup(func() { _ = a.Close() })
		hotPaths(t, a, seen)
		conn, err := pgx.Connect(t.Context(), config.ConnString())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		// So few rows are read quickest without an index: it has to show that it could.
		if _, err := conn.Exec(t.Context(), "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"); err != nil {
			t.Fatal(err)
		}
		seen.each(t, func(text string) { wantPostgresIndex(t, conn, text) })
	})
	t.Run("mariadb", func(t *testing.T) {
		t.Parallel()
		config, err := mysqldriver.ParseDSN(testservice.MariaDB(t))
		if err != nil {
			t.Fatal(err)
		}
		config.ParseTime, config.Loc, config.ClientFoundRows = true, time.UTC, true
		connector, err := mysqldriver.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		seen := &statementLog{}
		db := sql.OpenDB(&recordingConnector{connector, seen})
		t.Cleanup(func() { _ = db.Close() })
		a := mysql.FromDB(db)
		t.Cleanup(func() { _ = a.Close() })
		hotPaths(t, a, seen)
		seen.each(t, func(text string) { wantMariaDBKey(t, db, text) })
	})
}

// hotPaths makes the requests whose statements are looked at.
func hotPaths(t *testing.T, a database.Adapter, seen *statementLog) {
	t.Helper()
	s := newServer(t, withLimits, func(_ *server, o *ostiary.Options) {
		o.Database = a
		o.RateLimit.Storage = core.RateLimitInDatabase
	})
	s.client().get("/ok") // the first request checks the tables
	s.client().signIn("nobody@example.com", goodPassword)
	seen.start()
	defer seen.stop()
	alice := s.signUp("alice@example.com")
	alice.signIn("alice@example.com", goodPassword)
	if alice.session() == nil {
		t.Fatal("not signed in")
	}
	var together sync.WaitGroup // their look-ups may travel as one
	for range 16 {
		c := alice.copyOf()
		together.Go(func() { c.get("/get-session") })
	}
	together.Wait()
	db := s.Kernel().DB
	for size := 2; size <= 64; size *= 2 { // what travels as one for certain
		_, err := db.FindMany(t.Context(), database.Query{
			Table: db.Table(schema.SessionKey), Limit: size,
			Joins: []database.Join{{Table: db.Table(schema.UserKey), From: "userId", On: "id", One: true}},
			Where: []database.Where{{Field: "token", Operator: database.In, Value: slices.Repeat([]any{"token"}, size)}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/list-sessions", "/list-accounts"} {
		if got := alice.get(path); got.status != http.StatusOK {
			t.Fatalf("%s: status %d", path, got.status)
		}
	}
	alice.post("/request-password-reset", map[string]any{"email": "alice@example.com"})
	s.clock.Advance(2 * 24 * time.Hour) // the session is renewed
	if alice.session() == nil {
		t.Fatal("the session is gone")
	}
	alice.post("/revoke-other-sessions", map[string]any{})
	alice.post("/sign-out", map[string]any{})
	s.signUp("bob@example.com")
	s.clock.Advance(30 * 24 * time.Hour)
	if n, err := s.Kernel().CleanUp(t.Context()); err != nil || n == 0 {
		t.Fatalf("CleanUp: %d rows, error %v", n, err)
	}
}

func wantSQLiteSearch(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	args := make([]any, strings.Count(text, "?"))
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		// A computed row and a subquery over it are no tables; the tables in a subquery have steps of their own.
		if strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" && !strings.HasPrefix(step, "SCAN (subquery-") {
			t.Errorf("%s\n\t%s", text, step)
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

// wantMariaDBKey wants a key that could be used: tables of a few rows are read
// quickest without.
func wantMariaDBKey(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	args := slices.Repeat([]any{"2030-01-01 00:00:00"}, strings.Count(text, "?"))
	rows, err := db.QueryContext(t.Context(), "EXPLAIN "+text, args...)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id, kind, table, access, possible, key, keyLength, ref, read, extra sql.NullString
		if err := rows.Scan(&id, &kind, &table, &access, &possible, &key, &keyLength, &ref, &read, &extra); err != nil {
			t.Fatal(err)
		}
		if extra.String == "Impossible WHERE" { // not even after it looked for the row by a unique key
			t.Errorf("%s\n\tno plan was made", text)
		}
		if (access.String == "ALL" || access.String == "index") && !possible.Valid && !strings.HasPrefix(table.String, "<") {
			t.Errorf("%s\n\t%s is read by %s, without a key that could be used: %s", text, table.String, access.String, extra.String)
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

func wantPostgresIndex(t *testing.T, conn *pgx.Conn, text string) {
	t.Helper()
	n := 0
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		number, _ := strconv.Atoi(m[1])
		n = max(n, number)
	}
	execute := "EXPLAIN EXECUTE looked_at"
	if n > 0 {
		execute += "(" + strings.TrimSuffix(strings.Repeat("NULL,", n), ",") + ")"
	}
	if _, err := conn.Exec(t.Context(), "PREPARE looked_at AS "+text); err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	rows, err := conn.Query(t.Context(), execute, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.Join(plan, "\n\t")
	// An index without a condition is read from end to end, like a table.
	byIndex := strings.Count(whole, "Index Scan") + strings.Count(whole, "Index Only Scan")
	if strings.Contains(whole, "Seq Scan") || byIndex != strings.Count(whole, "Index Cond") {
		t.Errorf("%s\n\t%s", text, whole)
	}
	if _, err := conn.Exec(t.Context(), "DEALLOCATE looked_at"); err != nil {
		t.Fatal(err)
	}
}

// statementLog keeps the different statements that were run while it was on.
type statementLog struct {
	mu    sync.Mutex
	on    bool
	texts map[string]bool
}

func (l *statementLog) start() { l.mu.Lock(); l.on, l.texts = true, map[string]bool{}; l.mu.Unlock() }
func (l *statementLog) stop()  { l.mu.Lock(); l.on = false; l.mu.Unlock() }

func (l *statementLog) add(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.on {
		l.texts[text] = true
	}
}

// each calls look with what reads, changes or deletes rows, and fails when one
// of the tables was not asked for.
func (l *statementLog) each(t *testing.T, look func(text string)) {
	t.Helper()
	for _, model := range []string{"user", "session", "account", "verification", "rateLimit"} {
		met := false
		for text := range l.texts {
			met = met || looks(text) && (strings.Contains(text, `"`+model+`"`) || strings.Contains(text, "`"+model+"`"))
		}
		if !met {
			t.Errorf("no statement looks into %s", model)
		}
	}
	for text := range l.texts {
		if looks(text) {
			look(text)
		}
	}
}

func looks(text string) bool {
	verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), " ")
	return verb == "SELECT" || verb == "UPDATE" || verb == "DELETE" || verb == "WITH"
}

// TraceQueryStart implements [pgx.QueryTracer].
func (l *statementLog) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	l.add(d.SQL)
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*statementLog) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// sqliteConnector opens connections to a file.
type sqliteConnector struct{ dsn string }

func (c sqliteConnector) Driver() driver.Driver                        { return &modernc.Driver{} }
func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(c.dsn) }

// recordingConnector opens connections whose statements are recorded.
type recordingConnector struct {
	driver.Connector
	log *statementLog
}

func (c *recordingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &recordingConn{fullConn: conn.(fullConn), log: c.log}, nil
}

type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

type recordingConn struct {
	fullConn
	log *statementLog
}

func (c *recordingConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	c.log.add(text)
	return c.fullConn.PrepareContext(ctx, text)
}

func (c *recordingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.log.add(text)
	return c.fullConn.ExecContext(ctx, text, args)
}

func (c *recordingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.log.add(text)
	return c.fullConn.QueryContext(ctx, text, args)
}

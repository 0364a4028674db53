package ostiary_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
)

// Three nodes count in one database: of requests at once exactly as many are
// allowed as the rule says, and a window begins anew when no request was allowed
// for the whole of one.
func TestSR_022_RateLimitsAreExactOverSeveralNodes(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) func() (database.Adapter, error){
		"SQLite": func(t *testing.T) func() (database.Adapter, error) {
			path := filepath.Join(t.TempDir(), "auth.db")
			return func() (database.Adapter, error) { return sqlite.Open(path), nil }
		},
		"PostgreSQL": func(t *testing.T) func() (database.Adapter, error) {
			dsn := testservice.Postgres(t)
			return func() (database.Adapter, error) { return postgres.Open(dsn) }
		},
		"MariaDB": func(t *testing.T) func() (database.Adapter, error) {
			dsn := testservice.MariaDB(t)
			return func() (database.Adapter, error) { return mysql.Open(dsn) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := database(t)
			var nodes []*server
			for range 3 {
				store, err := open()
				if err != nil {
					t.Fatal(err)
				}
				nodes = append(nodes, newServer(t, func(_ *server, o *ostiary.Options) {
					o.Database = store
					o.RateLimit = core.RateLimitOptions{Enabled: new(true), Window: time.Minute, Max: 20, Storage: core.RateLimitInDatabase}
				}))
			}
			pass := func(d time.Duration) {
				for _, n := range nodes {
					n.clock.Advance(d)
				}
			}
			ask := func(i int) reply { return nodes[i%len(nodes)].client().get("/list-accounts") }
			for round := range 2 {
				if got := tally(parallel(150, ask)); got["401 UNAUTHORIZED"] != 20 || got["429"] != 130 {
					t.Errorf("round %d: %v", round, got)
				}
				pass(59 * time.Second)
				if r := ask(round); r.status != 429 {
					t.Errorf("before the window is over: %v", r)
				}
				pass(time.Second)
			}
			if r := ask(0); r.status != 401 {
				t.Errorf("when the window is over: %v", r)
			}
		})
	}
}

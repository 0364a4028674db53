package mssql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/database/mssql"
)

// recorder is a driver that writes down what it is asked and answers what it was
// told to, or nothing.
type recorder struct {
	mu      sync.Mutex
	asked   []string
	answers []answer
}

// answer is what statements with a text in them are answered.
type answer struct {
	contains string
	rows     [][]driver.Value
	err      error
}

func (r *recorder) open(t testing.TB) *mssql.Adapter {
	t.Helper()
	db := sql.OpenDB(r)
	t.Cleanup(func() { _ = db.Close() })
	return mssql.FromDB(db)
}

// taken returns what was asked since the last time.
func (r *recorder) taken() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := strings.Join(r.asked, "\n")
	r.asked = nil
	return text
}

func (r *recorder) ask(query string, args []driver.NamedValue) ([][]driver.Value, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, query)
	if n := strings.Count(query, "@p"); n < len(args) {
		return nil, fmt.Errorf("%d parameters for %d places in %s", len(args), n, query)
	}
	for _, a := range r.answers {
		if strings.Contains(query, a.contains) {
			return a.rows, a.err
		}
	}
	return nil, nil
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return connection{r}, nil }
func (r *recorder) Driver() driver.Driver                        { return nil }

type connection struct{ *recorder }

func (c connection) Prepare(string) (driver.Stmt, error) {
	return nil, fmt.Errorf("nothing is prepared: the server keeps the plans of texts")
}
func (c connection) Close() error              { return nil }
func (c connection) Begin() (driver.Tx, error) { return nil, fmt.Errorf("no context") }
func (c connection) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return transaction{}, nil
}

func (c connection) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	found, err := c.ask(query, args)
	return &rows{found}, err
}

func (c connection) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	_, err := c.ask(query, args)
	return driver.RowsAffected(0), err
}

type transaction struct{}

func (transaction) Commit() error   { return nil }
func (transaction) Rollback() error { return nil }

type rows struct{ left [][]driver.Value }

func (r *rows) Columns() []string {
	if len(r.left) == 0 {
		return nil
	}
	return make([]string, len(r.left[0]))
}

func (r *rows) Close() error { return nil }

func (r *rows) Next(into []driver.Value) error {
	if len(r.left) == 0 {
		return io.EOF
	}
	copy(into, r.left[0])
	r.left = r.left[1:]
	return nil
}

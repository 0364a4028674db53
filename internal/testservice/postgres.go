package testservice

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresVariable names a PostgreSQL server to use, by a DSN whose user may
// create databases.
const PostgresVariable = "OSTIARY_TEST_POSTGRES"

// Postgres returns the DSN of a new, empty PostgreSQL database, a URL. The
// database is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	SkipShort(t, "PostgreSQL")
	server, err := postgres()
	ready(t, "PostgreSQL", PostgresVariable, err)
	name := databaseName()
	dsn, err := server.PostgresDatabase(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := executePostgres(server.DSN, dropPostgres+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

const dropPostgres = "DROP DATABASE IF EXISTS "

// PostgresDatabase creates an empty database on a PostgreSQL server, in place of
// one of that name, and returns its DSN. The name must need no quotes.
func (s *Server) PostgresDatabase(name string) (dsn string, err error) {
	if err := executePostgres(s.DSN, dropPostgres+name+" WITH (FORCE)"); err != nil {
		return "", err
	}
	if err := executePostgres(s.DSN, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return withDatabase(s.DSN, name)
}

var postgres = sync.OnceValues(func() (*Server, error) {
	if dsn := os.Getenv(PostgresVariable); dsn != "" {
		return &Server{DSN: dsn}, nil
	}
	return StartPostgres()
})

// StartPostgres starts a PostgreSQL server that is fast and forgets everything.
func StartPostgres() (*Server, error) {
	initdb, err := find("initdb", "/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb")
	if err != nil {
		return nil, err
	}
	p, err := newProcess("postgres", "postgres")
	if err != nil {
		return nil, err
	}
	server, err := startPostgres(p, initdb, "synchronous_commit=off", "wal_level=minimal", "max_wal_senders=0")
	if err != nil {
		return nil, p.discard(err)
	}
	return server, nil
}

func startPostgres(p *process, initdb string, settings ...string) (*Server, error) {
	password := rand.Text()
	passwordFile, err := p.write("password", password)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(p.folder, "data")
	err = p.run(initdb, "--pgdata", data, "--username", "ostiary", "--pwfile", passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword("ostiary", password),
		Host: net.JoinHostPort("127.0.0.1", port), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return servePostgres(p, filepath.Dir(initdb), data, address.String(), port, settings...)
}

// servePostgres starts the server of a data directory.
func servePostgres(p *process, bin, data, dsn, port string, settings ...string) (*Server, error) {
	args := []string{"-D", data, "-p", port, "-h", "127.0.0.1", "-k", ""}
	settings = append(settings, "fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=500", "shared_buffers=64MB")
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	answers := func() error { return executePostgres(dsn, "SELECT 1") }
	server, err := p.start("QUIT", answers, filepath.Join(bin, "postgres"), args...)
	if err != nil {
		return nil, err
	}
	server.DSN = dsn
	return server, nil
}

func executePostgres(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// withDatabase returns a DSN for another database of the same server.
func withDatabase(dsn, name string) (string, error) {
	if !strings.Contains(dsn, "://") {
		return dsn + " dbname=" + name, nil
	}
	address, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("the DSN of PostgreSQL is no URL")
	}
	address.Path = "/" + name
	return address.String(), nil
}

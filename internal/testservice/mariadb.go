package testservice

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MySQLVariable names a MySQL or MariaDB server to use, by a DSN of the Go
// driver (user:password@tcp(host:port)/) whose user may create databases.
const MySQLVariable = "OSTIARY_TEST_MYSQL"

// MariaDB returns the DSN of a new, empty database of MariaDB, or of the MySQL
// server that [MySQLVariable] names, in the form of the Go driver. The database
// is dropped when the test ends.
func MariaDB(t testing.TB) string {
	t.Helper()
	SkipShort(t, "MariaDB")
	server, err := mariaDB()
	ready(t, "MariaDB", MySQLVariable, err)
	name := databaseName()
	dsn, err := server.MySQLDatabase(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := executeMariaDB(server.DSN, dropMariaDB+name); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

const dropMariaDB = "DROP DATABASE IF EXISTS "

// MySQLDatabase creates an empty database on a MySQL or MariaDB server, in place
// of one of that name, and returns its DSN. The name must need no quotes.
func (s *Server) MySQLDatabase(name string) (dsn string, err error) {
	config, err := mysql.ParseDSN(s.DSN)
	if err != nil {
		return "", err
	}
	for _, statement := range []string{dropMariaDB + name, "CREATE DATABASE " + name + " CHARACTER SET utf8mb4"} {
		if err := executeMariaDB(s.DSN, statement); err != nil {
			return "", err
		}
	}
	config.DBName = name
	return config.FormatDSN(), nil
}

var mariaDB = sync.OnceValues(func() (*Server, error) {
	if dsn := os.Getenv(MySQLVariable); dsn != "" {
		return &Server{DSN: dsn}, nil
	}
	return StartMariaDB()
})

// StartMariaDB starts a MariaDB server that is fast and forgets everything.
func StartMariaDB() (*Server, error) {
	install, err := find("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	daemon, err := find("mariadbd", "/usr/sbin/mariadbd", "/usr/libexec/mariadbd")
	if err != nil {
		return nil, err
	}
	p, err := newProcess("mariadb", "mysql")
	if err != nil {
		return nil, err
	}
	server, err := startMariaDB(p, install, daemon)
	if err != nil {
		return nil, p.discard(err)
	}
	return server, nil
}

func startMariaDB(p *process, install, daemon string) (*Server, error) {
	data := filepath.Join(p.folder, "data")
	err := p.run(install, "--no-defaults", "--datadir="+data, "--skip-test-db", "--skip-name-resolve",
		"--innodb-flush-method=nosync", "--innodb-log-file-size=16M")
	if err != nil {
		return nil, err
	}
	password := rand.Text()
	users, err := p.write("users.sql", fmt.Sprintf("CREATE USER ostiary@'127.0.0.1' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO ostiary@'127.0.0.1' WITH GRANT OPTION;\n", password))
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.User, config.Passwd = "ostiary", password
	config.Net, config.Addr = "tcp", net.JoinHostPort("127.0.0.1", port)
	dsn := config.FormatDSN()
	answers := func() error { return executeMariaDB(dsn, "SELECT 1") }
	server, err := p.start("KILL", answers, daemon, "--no-defaults", "--datadir="+data, "--init-file="+users,
		"--bind-address=127.0.0.1", "--port="+port, "--socket="+filepath.Join(p.folder, "socket"), "--pid-file="+filepath.Join(p.folder, "pid"),
		"--skip-name-resolve", "--character-set-server=utf8mb4", "--max-connections=500", "--max-allowed-packet=64M",
		"--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=16M",
		"--innodb-buffer-pool-size=64M", "--performance-schema=off")
	if err != nil {
		return nil, err
	}
	server.DSN = dsn
	return server, nil
}

func executeMariaDB(dsn, statement string) error {
	db, err := openQuietly(dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// openQuietly opens a database without the driver's notes about connections that
// fail: while the server starts they do.
func openQuietly(dsn string) (*sql.DB, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	config.Logger = silence{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

type silence struct{}

func (silence) Print(...any) {}

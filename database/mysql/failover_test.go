package mysql_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/internal/faultproxy"
	"github.com/ostiary/ostiary/internal/testservice"
)

// several returns an adapter for a database that is reached by several addresses.
func several(t *testing.T, dsn string, addresses ...string) *mysql.Adapter {
	t.Helper()
	config, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	user := url.UserPassword(config.User, config.Passwd)
	return fromURL(t, "mysql://"+user.String()+"@"+strings.Join(addresses, ",")+"/"+config.DBName)
}

func TestTheNextHostIsUsedWhenOneIsGone(t *testing.T) {
	t.Parallel()
	dsn := testservice.MariaDB(t)
	config, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	var proxies []*faultproxy.Proxy
	for range 2 {
		p, err := faultproxy.New(config.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		proxies = append(proxies, p)
	}
	a, s := several(t, dsn, proxies[0].Address(), proxies[1].Address()), coreSchema(t)
	migrateTo(t, a, s)
	for i := range 4 {
		proxies[i%2].Refuse(true)
		if _, err := a.Count(t.Context(), s.Table("user"), nil); err != nil {
			t.Errorf("a read after host %d was lost: %v", i%2, err)
		}
		err := a.Transaction(t.Context(), func(tx database.Adapter) error {
			_, err := tx.Create(t.Context(), newUser(s, fmt.Sprint(i), fmt.Sprint(i, "@example.com")))
			return err
		})
		if err != nil {
			t.Errorf("a transaction after host %d was lost: %v", i%2, err)
		}
		proxies[i%2].Refuse(false)
	}
}

func TestAReadOnlyHostIsLeftAlone(t *testing.T) {
	t.Parallel()
	first, err := testservice.StartMariaDB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Stop() })
	dsn := testservice.MariaDB(t)
	config, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	// One user, who is no administrator, and one name of the database at both.
	name := config.DBName
	if _, err := first.MySQLDatabase(name); err != nil {
		t.Fatal(err)
	}
	s := coreSchema(t)
	admin := map[string]*sql.DB{}
	for _, server := range []string{first.DSN, dsn} {
		c, err := driver.ParseDSN(server)
		if err != nil {
			t.Fatal(err)
		}
		c.DBName = name
		migrateTo(t, fromURL(t, c.FormatDSN()), s)
		db, err := sql.Open("mysql", c.FormatDSN())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		admin[c.Addr] = db
		for _, statement := range []string{"CREATE USER " + name + "@'127.0.0.1' IDENTIFIED BY 'secret'", "GRANT ALL ON " + name + ".* TO " + name + "@'127.0.0.1'"} {
			execute(t, db, statement)
		}
		t.Cleanup(func() { _, _ = db.Exec("DROP USER " + name + "@'127.0.0.1'") })
	}
	primary, err := driver.ParseDSN(first.DSN)
	if err != nil {
		t.Fatal(err)
	}
	a := several(t, name+":secret@tcp(x)/"+name, primary.Addr, config.Addr)
	users := func(address string) (n int) {
		t.Helper()
		if err := admin[address].QueryRowContext(t.Context(), "SELECT COUNT(*) FROM `user`").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	create := func(id string) {
		t.Helper()
		begun := time.Now()
		if _, err := a.Create(t.Context(), newUser(s, id, id+"@example.com")); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s took %v", id, took)
		}
	}
	create("a")
	if users(primary.Addr) != 1 {
		t.Fatal("the first host is not used")
	}
	execute(t, admin[primary.Addr], "SET GLOBAL read_only = 1")
	create("b") // by a connection to the host that has become read-only
	create("c")
	if users(primary.Addr) != 1 || users(config.Addr) != 2 {
		t.Errorf("%d and %d users", users(primary.Addr), users(config.Addr))
	}
}

package mysql

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// connector opens connections whose sessions are as the adapter needs them.
type connector struct{ hosts []*server }

// server is one of the hosts of a URL.
type server struct {
	driver.Connector
	shunned atomic.Int64 // until when the others are preferred, in Unix nanoseconds
}

// shunTime is how long a server is left alone that could not be used.
const shunTime = 5 * time.Second

func (o Options) connector() (*connector, error) {
	config, others, err := parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	// Times cross the wire in UTC, and the server converts nothing.
	config.ParseTime, config.Loc = true, time.UTC
	config.ClientFoundRows = true
	config.InterpolateParams = false
	config.MultiStatements = false
	config.RejectReadOnly = true // a connection to a server that has become a replica is given up
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["time_zone"] = "'+00:00'"
	// Text that does not fit is an error, never cut: two addresses must not become one.
	config.Params["sql_mode"] = "CONCAT(@@sql_mode,',STRICT_ALL_TABLES')"
	if config.Params["innodb_lock_wait_timeout"] == "" {
		config.Params["innodb_lock_wait_timeout"] = "10" // seconds; also ends the wait of a caller who is gone
	}
	switch {
	case o.ConnectTimeout > 0:
		config.Timeout = o.ConnectTimeout
	case config.Timeout == 0:
		config.Timeout = defaultConnectTimeout
	}
	config.Logger = silence{} // what fails is returned
	c := &connector{}
	for _, address := range append([]string{config.Addr}, others...) {
		one := config.Clone()
		one.Addr = address
		base, err := mysql.NewConnector(one)
		if err != nil {
			return nil, fmt.Errorf("mysql: %w", err)
		}
		c.hosts = append(c.hosts, &server{Connector: base})
	}
	return c, nil
}

// Driver implements [driver.Connector].
func (c *connector) Driver() driver.Driver { return c.hosts[0].Driver() }

// Connect opens a connection to the first host that can be used.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if len(c.hosts) == 1 {
		return c.hosts[0].connect(ctx, false)
	}
	now := time.Now().UnixNano()
	hosts := slices.Clone(c.hosts)
	slices.SortStableFunc(hosts, func(a, b *server) int {
		return cmp.Compare(max(a.shunned.Load(), now), max(b.shunned.Load(), now))
	})
	var failure error
	for _, host := range hosts {
		conn, err := host.connect(ctx, true)
		if err == nil {
			return conn, nil
		}
		host.shunned.Store(time.Now().Add(shunTime).UnixNano())
		failure = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failure
}

// connect opens a connection. Transactions lock the rows that they look for, but
// not the gaps between rows, which would make strangers wait for each other. The
// name of the variable for that differs between servers; the statement does not.
func (s *server) connect(ctx context.Context, choosy bool) (driver.Conn, error) {
	conn, err := s.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if execer, ok := conn.(driver.ExecerContext); ok {
		_, err = execer.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil)
	}
	if err == nil && choosy {
		err = takesWrites(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// takesWrites fails for a server that is read-only. One that is no part of its
// cluster refuses the question.
func takesWrites(ctx context.Context, conn driver.Conn) error {
	queryer, ok := conn.(driver.QueryerContext)
	if !ok {
		return nil
	}
	rows, err := queryer.QueryContext(ctx, "SELECT @@global.read_only", nil)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var value [1]driver.Value
	if err := rows.Next(value[:]); err != nil {
		return fmt.Errorf("ask whether the server is read-only: %w", err)
	}
	if n, ok := value[0].(int64); !ok || n != 0 {
		return &mysql.MySQLError{Number: readOnlyOption, Message: "the server is read-only"}
	}
	return nil
}

// parse reads a URL, or the driver's own form, and returns the addresses of further
// hosts. Its errors do not repeat what they were given, which may hold a password.
func parse(source string) (*mysql.Config, []string, error) {
	const want = "want mysql://user:password@host:3306/name or user:password@tcp(host:3306)/name"
	var config *mysql.Config
	var others []string
	var err error
	if scheme, _, found := strings.Cut(source, "://"); found && (scheme == "mysql" || scheme == "mariadb") {
		source, others = separate(source)
		config, err = parseURL(source)
	} else if config, err = mysql.ParseDSN(source); err != nil {
		err = errors.New("the data source cannot be read; " + want)
	}
	if err != nil {
		return nil, nil, err
	}
	if config.DBName == "" {
		return nil, nil, errors.New("the URL names no database; " + want)
	}
	return config, others, nil
}

// separate takes all hosts of a URL but the first out of it.
func separate(source string) (one string, others []string) {
	scheme, rest, _ := strings.Cut(source, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	at := strings.LastIndexByte(authority, '@') + 1
	first, more, _ := strings.Cut(authority[at:], ",")
	for host := range strings.SplitSeq(more, ",") {
		if host == "" {
			continue
		}
		u := url.URL{Host: host}
		others = append(others, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "3306")))
	}
	return scheme + "://" + authority[:at] + first + rest[end:], others
}

func parseURL(source string) (*mysql.Config, error) {
	u, err := url.Parse(source)
	if err != nil {
		return nil, errors.New("the URL cannot be read: characters such as @ : / # % in a password must be percent-encoded")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("the parameters of the URL cannot be read")
	}
	socket := query.Get("socket")
	query.Del("socket")
	config, err := mysql.ParseDSN("/?" + query.Encode()) // for the parameters
	if err != nil {
		return nil, errors.New("the parameters of the URL are not those of the driver (https://github.com/go-sql-driver/mysql)")
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.DBName = strings.TrimPrefix(u.Path, "/")
	config.Net, config.Addr = "tcp", net.JoinHostPort(cmp.Or(u.Hostname(), "127.0.0.1"), cmp.Or(u.Port(), "3306"))
	if socket != "" {
		config.Net, config.Addr = "unix", socket
	}
	return config, nil
}

type silence struct{}

func (silence) Print(...any) {}

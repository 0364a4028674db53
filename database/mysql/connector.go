package mysql

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// connector opens connections whose sessions are as the adapter needs them.
type connector struct{ driver.Connector }

func (o Options) connector() (driver.Connector, error) {
	config, err := parse(o.URL)
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
	base, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	return connector{base}, nil
}

// Connect opens a connection. Transactions lock the rows that they look for, but
// not the gaps between rows, which would make strangers wait for each other. The
// name of the variable for that differs between servers; the statement does not.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if execer, ok := conn.(driver.ExecerContext); ok {
		_, err = execer.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// parse reads a URL, or the driver's own form. Its errors do not repeat what they
// were given, which may hold a password.
func parse(source string) (*mysql.Config, error) {
	const want = "want mysql://user:password@host:3306/name or user:password@tcp(host:3306)/name"
	var config *mysql.Config
	var err error
	if scheme, _, found := strings.Cut(source, "://"); found && (scheme == "mysql" || scheme == "mariadb") {
		config, err = parseURL(source)
	} else if config, err = mysql.ParseDSN(source); err != nil {
		err = errors.New("the data source cannot be read; " + want)
	}
	if err != nil {
		return nil, err
	}
	if config.DBName == "" {
		return nil, errors.New("the URL names no database; " + want)
	}
	return config, nil
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

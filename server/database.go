package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
)

// defaultDatabase is the file that is used when nothing else is said.
const defaultDatabase = "ostiary.db"

// urlScheme tells an address from a path. One letter is a Windows drive.
var urlScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]+:`)

// SetDatabase replaces the database by that of a path or an address.
func (c *Config) SetDatabase(pathOrURL string) {
	c.Database.Type, c.Database.Path, c.Database.URL = "", "", ""
	if urlScheme.MatchString(pathOrURL) && pathOrURL != sqlite.Memory {
		c.Database.URL = pathOrURL
		return
	}
	c.Database.Path = pathOrURL
}

// kind is the kind of the database: that of the type, or else of the URL.
func (d *Database) kind() (string, error) {
	kind := strings.ToLower(d.Type)
	if scheme := strings.ToLower(urlScheme.FindString(d.URL)); kind == "" && scheme != "" {
		kind = strings.TrimSuffix(scheme, ":")
	}
	switch kind {
	case "", "sqlite", "sqlite3", "file":
		return sqliteKind, nil
	case "postgres", "postgresql", "pg":
		return postgresKind, nil
	case "mysql", "mariadb":
		return mysqlKind, nil
	}
	return "", fmt.Errorf("database: %q is no kind of database that this server knows; use sqlite, postgres or mysql", kind)
}

const (
	sqliteKind   = "sqlite"
	postgresKind = "postgres"
	mysqlKind    = "mysql"
)

// file returns the file of a SQLite database; "" when the database is another.
func (d *Database) file() (string, error) {
	kind, err := d.kind()
	switch {
	case err != nil:
		return "", err
	case kind != sqliteKind && d.Path != "":
		return "", fmt.Errorf("database.path: is for sqlite; give the address of the %s database as database.url", kind)
	case kind != sqliteKind && d.URL == "":
		return "", fmt.Errorf("database.url: not set; give the address of the %s database, such as %s://user@host/name", kind, kind)
	case kind != postgresKind && d.Schema != "":
		return "", fmt.Errorf("database.schema: is for postgres; a %s database has no schemas", kind)
	case kind != postgresKind && d.ReplicaURL != "":
		return "", fmt.Errorf("database.replicaURL: is for postgres; the replica of a %s database is not read from", kind)
	case kind != sqliteKind:
		return "", nil
	case d.URL == "" && d.Path == "":
		return defaultDatabase, nil
	case d.URL == "":
		return d.Path, nil
	case d.Path != "":
		return "", errors.New("database: has both url and path; give one of them")
	}
	path := d.URL[len(urlScheme.FindString(d.URL)):]
	if authority, absolute := strings.CutPrefix(path, "//"); absolute {
		path = authority // sqlite://auth.db is relative, sqlite:///var/auth.db absolute
	}
	if path == "" || strings.ContainsAny(path, "?#") {
		return "", errors.New("database.url: expected the path of a file behind the scheme, without parameters")
	}
	return path, nil
}

// open returns the adapter; it does not connect yet.
func (d *Database) open() (database.Adapter, error) {
	path, err := d.file()
	if err != nil {
		return nil, err
	}
	if path != "" {
		return sqlite.Open(path), nil
	}
	db, err := d.openServer()
	if err != nil {
		return nil, inKeys{fmt.Errorf("database.url: %w", err)}
	}
	return db, nil
}

// openServer returns the adapter of a database that is not a file.
func (d *Database) openServer() (database.Adapter, error) {
	if kind, _ := d.kind(); kind == mysqlKind {
		return mysql.OpenWith(mysql.Options{URL: d.URL, MaxConnections: d.MaxConnections})
	}
	return postgres.OpenWith(postgres.Options{URL: d.URL, ReplicaURL: d.ReplicaURL, Schema: d.Schema, MaxConnections: d.MaxConnections})
}

// describe names the database for people, without what is secret in its address.
func (d *Database) describe() string {
	file, err := d.file()
	switch {
	case err != nil:
		return "unknown"
	case file != "":
		return file + " (SQLite)"
	}
	product := "PostgreSQL"
	if kind, _ := d.kind(); kind == mysqlKind {
		product = "MySQL"
	}
	if u, err := url.Parse(d.URL); err == nil && u.Host != "" {
		return u.Host + u.Path + " (" + product + ")"
	}
	return product
}

// channel returns what carries changes from node to node: the database where it
// can, and memory for a file, which one process serves alone.
func (d *Database) channel() (broadcast.Channel, error) {
	if file, err := d.file(); err != nil || file != "" {
		return new(broadcast.Hub), err
	}
	if kind, _ := d.kind(); kind == mysqlKind {
		return nil, errors.New("session.memory.enabled: nodes cannot tell each other of changes by MySQL; set secondaryStorage.url (Redis), use PostgreSQL, or remove it")
	}
	return postgres.NewChannel(d.URL, "")
}

// pinger is a store that can be asked whether it is there.
type pinger interface {
	Ping(ctx context.Context) error
}

// ping asks a store whether it is there; those that cannot tell are.
func ping(ctx context.Context, store any) error {
	if p, ok := store.(pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

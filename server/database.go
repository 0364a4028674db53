package server

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/ostiary/ostiary/database"
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

// file returns the file of the SQLite database.
func (d *Database) file() (string, error) {
	if d.Type != "" && d.Type != "sqlite" {
		return "", fmt.Errorf("database.type: %q is not supported by this version; use sqlite", d.Type)
	}
	if d.URL == "" {
		if d.Path == "" {
			return defaultDatabase, nil
		}
		return d.Path, nil
	}
	if d.Path != "" {
		return "", fmt.Errorf("database: has both url and path; give one of them")
	}
	scheme, rest, _ := strings.Cut(d.URL, ":")
	switch strings.ToLower(scheme) {
	case "sqlite", "sqlite3", "file":
		path := rest
		if authority, absolute := strings.CutPrefix(rest, "//"); absolute {
			path = authority // sqlite://auth.db is relative, sqlite:///var/auth.db absolute
		}
		if path == "" || strings.ContainsAny(path, "?#") {
			return "", fmt.Errorf("database.url: expected the path of a file behind the scheme, without parameters")
		}
		return path, nil
	}
	return "", fmt.Errorf("database.url: databases of the kind %q are not supported by this version; use sqlite:path", scheme)
}

// open returns the adapter; it does not touch the file yet.
func (d *Database) open() (database.Adapter, error) {
	path, err := d.file()
	if err != nil {
		return nil, err
	}
	return sqlite.Open(path), nil
}

// pinger is a database that can be asked whether it is there.
type pinger interface {
	Ping(ctx context.Context) error
}

// ping asks a database whether it is there; those that cannot tell are.
func ping(ctx context.Context, a database.Adapter) error {
	if p, ok := a.(pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

// Package sqlite stores authentication data in SQLite.
//
// The tables, columns and encodings are those of Better Auth 1.7 on SQLite, so
// the two can share a file: dates are text like 2006-01-02T15:04:05.000Z,
// booleans are 0 and 1, JSON and lists are text.
package sqlite

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/internal/sqldb"
	"github.com/ostiary/ostiary/internal/sqlitedialect"
)

// Memory is the path of a database that lives in memory and ends with its
// adapter. It is meant for tests: it has one connection, so everything waits
// for everything else.
const Memory = ":memory:"

// Options of a database file. The zero value of everything but Path is fine.
type Options struct {
	// Path is the file, or [Memory]. The file is created when it is missing,
	// readable and writable by its owner only; its directory must exist.
	Path string
	// BusyTimeout is how long an operation waits while another process writes.
	// Zero means 5 seconds.
	BusyTimeout time.Duration
	// Relaxed lets a write return before it is on the disk. That is many times as
	// many writes a second; when the power fails the last of them may be lost, as if
	// they had not been made, though none is ever half made: a password that was
	// changed or a session that was ended may be back. When only the process is
	// killed nothing is lost. False means that what was written stays written.
	Relaxed bool
	// Readers is how many connections read at once. Zero means the number of
	// processors, but at least 4.
	Readers int
}

// keptLog is how large the write-ahead log stays, in bytes, after a reader that took
// long has let it grow.
const keptLog = 16 << 20

// nativeWait is how long SQLite itself waits for a lock.
const nativeWait = 25 * time.Millisecond

// Adapter is a [database.Adapter] for SQLite. It is safe for concurrent use.
type Adapter struct {
	*sqldb.Adapter
}

// Open returns an adapter for the database file at path, or for [Memory]. It
// does nothing yet: the first operation, which may be Ping, opens the file and
// reports when that fails.
func Open(path string) *Adapter { return OpenWith(Options{Path: path}) }

// OpenWith is like [Open] with more options.
func OpenWith(o Options) *Adapter {
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Readers <= 0 {
		o.Readers = max(4, runtime.GOMAXPROCS(0))
	}
	f := &file{path: o.Path}
	writer := sql.OpenDB(&connector{f, o.source(false), false})
	writer.SetMaxOpenConns(1) // SQLite has one writer at a time; waiting here is fair and cheap
	if o.Path == Memory {
		return &Adapter{sqldb.New(sqldb.Options{Dialect: sqlitedialect.Dialect(), Writer: writer, Patience: o.BusyTimeout})}
	}
	reader := sql.OpenDB(&connector{f, o.source(true), true})
	reader.SetMaxOpenConns(o.Readers)
	reader.SetMaxIdleConns(o.Readers)
	return &Adapter{sqldb.New(sqldb.Options{Dialect: sqlitedialect.Dialect(), Writer: writer, Reader: reader, Patience: o.BusyTimeout})}
}

// FromDB returns an adapter over the application's own database handle, which
// stays open when the adapter is closed. Its connections should have
// foreign_keys on, a busy_timeout, and transactions that begin immediately
// (with the driver of this package: _txlock=immediate); otherwise rows of
// deleted users stay behind and concurrent transactions fail as busy.
func FromDB(db *sql.DB) *Adapter {
	return &Adapter{sqldb.New(sqldb.Options{Dialect: sqlitedialect.Dialect(), Writer: db, Close: func() error { return nil }})}
}

// source is the driver's name for a database: its path and the settings that
// every connection gets.
func (o Options) source(readOnly bool) string {
	settings := url.Values{"_txlock": {"immediate"}}
	pragma := func(name, value string) { settings.Add("_pragma", name+"("+value+")") }
	// First, because the others may have to wait. It is short because SQLite's
	// own waiting does not end with the context; the adapter waits for the rest.
	pragma("busy_timeout", fmt.Sprint(min(o.BusyTimeout, nativeWait).Milliseconds()))
	pragma("foreign_keys", "1")
	if o.Path == Memory {
		return Memory + "?" + settings.Encode()
	}
	if readOnly {
		pragma("query_only", "1")
	} else {
		pragma("journal_mode", "WAL")
		pragma("synchronous", o.synchronous())
		pragma("journal_size_limit", strconv.Itoa(keptLog))
	}
	path := filepath.ToSlash(o.Path)
	if filepath.IsAbs(o.Path) && !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode()
}

func (o Options) synchronous() string {
	if o.Relaxed {
		return "NORMAL"
	}
	return "FULL"
}

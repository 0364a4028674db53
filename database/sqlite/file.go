package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/ostiary/ostiary/database"
)

// file is the file of a database, which must stay the one that was opened first.
type file struct {
	path string

	opening sync.Mutex
	first   atomic.Pointer[fs.FileInfo] // nil before it was opened
}

// prepare creates the file for its owner only, before SQLite would create it for
// everybody: it holds credentials. SQLite gives the files beside it the same
// permissions. A file that was there once and has gone is never made anew.
func (f *file) prepare() error {
	if f.path == Memory {
		return nil
	}
	f.opening.Lock()
	defer f.opening.Unlock()
	if f.first.Load() != nil {
		return f.check()
	}
	created, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		err = created.Close()
	case errors.Is(err, os.ErrExist):
		err = nil
	}
	if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	first, err := os.Stat(f.path)
	if err == nil {
		f.first.Store(&first)
	}
	return err
}

// check returns an error when the file at the path is not the one that was opened
// first.
func (f *file) check() error {
	now, err := os.Stat(f.path)
	if err != nil {
		return fmt.Errorf("%w: the database file was in use and is gone; move it back, or restart to begin with an empty one: %w", database.ErrUnavailable, err)
	}
	if !os.SameFile(*f.first.Load(), now) {
		return fmt.Errorf("%w: the database file %s was replaced by another while it was in use; restart to use that one", database.ErrUnavailable, f.path)
	}
	return nil
}

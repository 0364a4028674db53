package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/database"
)

// file is the file of a database, which must stay the one that was opened first.
type file struct {
	path string

	opening sync.Mutex
	first   atomic.Pointer[fs.FileInfo] // nil before it was opened
	found   atomic.Pointer[time.Time]   // when it was last looked for and was there, else nil
}

// glance is how long readers rely on the file having been at its path.
const glance = 100 * time.Millisecond

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
		return f.check(time.Now())
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

// seen reports whether the file was at its path a moment before now. It never was
// when looking for it has failed since.
func (f *file) seen(now time.Time) bool {
	found := f.found.Load()
	return found != nil && now.Sub(*found) < glance
}

// check returns an error when the file at the path is not, now, the one that was
// opened first.
func (f *file) check(now time.Time) error {
	err := f.look()
	if err != nil {
		f.found.Store(nil)
		return err
	}
	f.found.Store(&now)
	return nil
}

func (f *file) look() error {
	there, err := os.Stat(f.path)
	if err != nil {
		return fmt.Errorf("%w: the database file was in use and is gone; move it back, or restart to begin with an empty one: %w", database.ErrUnavailable, err)
	}
	if !os.SameFile(*f.first.Load(), there) {
		return fmt.Errorf("%w: the database file %s was replaced by another while it was in use; restart to use that one", database.ErrUnavailable, f.path)
	}
	return nil
}

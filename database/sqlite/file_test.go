package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/sqlite"
)

// rename moves a database with the files beside it.
func rename(t *testing.T, from, to string) {
	t.Helper()
	for _, part := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(from+part, to+part); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingIsWrittenToAFileThatWasMoved(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	users := s.Table("user")
	writes := map[string]func(a *sqlite.Adapter) error{
		"create": func(a *sqlite.Adapter) error {
			_, err := a.Create(t.Context(), newUser(s, "b", "b@example.com"))
			return err
		},
		"update": func(a *sqlite.Adapter) error {
			_, err := a.UpdateMany(t.Context(), []database.Where{database.Eq("id", "a")}, users.NewRow().Set("name", "lost"))
			return err
		},
		"consume": func(a *sqlite.Adapter) error {
			_, err := a.ConsumeOne(t.Context(), users, []database.Where{database.Eq("id", "a")})
			return err
		},
		"transaction": func(a *sqlite.Adapter) error {
			return a.Transaction(t.Context(), func(tx database.Adapter) error {
				_, err := tx.Count(t.Context(), users, nil)
				return err
			})
		},
		"ping": func(a *sqlite.Adapter) error { return a.Ping(t.Context()) },
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "auth.db")
			a := migrated(t, path, s)
			if _, err := a.Create(t.Context(), newUser(s, "a", "a@example.com")); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Count(t.Context(), users, nil); err != nil { // readers have seen the file
				t.Fatal(err)
			}
			rename(t, path, path+".moved")
			if err := write(a); !errors.Is(err, database.ErrUnavailable) {
				t.Errorf("to a file that was moved: %v", err)
			}
			if _, err := a.Count(t.Context(), users, nil); !errors.Is(err, database.ErrUnavailable) {
				t.Errorf("a read after a write that noticed: %v", err)
			}
			rename(t, path+".moved", path)
			found, err := a.FindMany(t.Context(), database.Query{Table: users})
			if err != nil || len(found) != 1 || found[0].Row.Get("name") != "a" {
				t.Errorf("the file is back with %v, %v", found, err)
			}
		})
	}
}

func TestReadersNoticeAMovedFileWithinAGlance(t *testing.T) {
	t.Parallel()
	s := coreSchema(t)
	path := filepath.Join(t.TempDir(), "auth.db")
	synctest.Test(t, func(t *testing.T) {
		a := migrated(t, path, s)
		count := func() error {
			_, err := a.Count(t.Context(), s.Table("user"), nil)
			return err
		}
		if err := count(); err != nil {
			t.Fatal(err)
		}
		rename(t, path, path+".moved")
		time.Sleep(100 * time.Millisecond) // of the bubble's clock
		if err := count(); !errors.Is(err, database.ErrUnavailable) {
			t.Errorf("from a file that was moved: %v", err)
		}
	})
}

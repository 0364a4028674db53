package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/schema"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]func(testing.TB) string{
		"file":   func(t testing.TB) string { return filepath.Join(t.TempDir(), "auth.db") },
		"memory": func(testing.TB) string { return sqlite.Memory },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
				return migrated(t, path(t), s)
			})
		})
	}
}

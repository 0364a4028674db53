package memory_test

import (
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/schema"
)

func TestAdapter(t *testing.T) {
	t.Parallel()
	databasetest.Run(t, func(testing.TB, *schema.Schema) database.Adapter { return memory.New() })
}

package mongo_test

import (
	"context"
	"crypto/rand"
	"os"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/databasetest"
	"github.com/ostiary/ostiary/database/mongo"
	"github.com/ostiary/ostiary/database/mongo/internal/mongotest"
	"github.com/ostiary/ostiary/schema"
)

// open connects to a database of its own.
func open(t testing.TB, address string, s *schema.Schema) *mongo.Adapter {
	t.Helper()
	a, err := mongo.Open(t.Context(), address, "test_"+rand.Text()[:10])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	a.Prepare(s) // the suite wraps the adapter, and so hides that it wants to know
	if err := a.EnsureIndexes(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConformanceOnAReplicaSet(t *testing.T) {
	t.Parallel()
	var servers sync.Map // by adapter
	databasetest.Suite{
		Open: func(t testing.TB, s *schema.Schema) database.Adapter {
			server := mongotest.Start(t, true)
			a := open(t, server.Address, s)
			servers.Store(database.Adapter(a), server)
			return a
		},
		Disconnect: func(t testing.TB, a database.Adapter) {
			t.Helper()
			server, ok := servers.Load(a)
			if !ok {
				t.Fatal("no server of this adapter")
			}
			server.(*mongotest.Server).Disconnect()
		},
	}.Run(t)
}

// A single server has no transactions, so a change of many documents that fails
// leaves some of them changed: what H0 checks of it does not hold.
func TestConformanceOnASingleServer(t *testing.T) {
	t.Parallel()
	databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter {
		return open(t, mongotest.Start(t, false).Address, s)
	}, "H0")
}

func TestConformanceOnALiveServer(t *testing.T) {
	t.Parallel()
	address := os.Getenv("OSTIARY_TEST_MONGO")
	if address == "" {
		t.Skip("OSTIARY_TEST_MONGO names no server")
	}
	databasetest.Run(t, func(t testing.TB, s *schema.Schema) database.Adapter { return open(t, address, s) })
}

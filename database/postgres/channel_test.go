package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/broadcast/broadcasttest"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
)

func TestChannel(t *testing.T) {
	t.Parallel()
	var dsn string
	broadcasttest.Run(t, broadcasttest.Options{
		Open: func(t *testing.T) (one, two broadcast.Channel) {
			dsn = testservice.Postgres(t)
			return newChannel(t, dsn), newChannel(t, dsn)
		},
		Cut: func(t *testing.T) { terminateOthers(t, dsn) },
	})
}

func newChannel(t testing.TB, dsn string) *postgres.Channel {
	t.Helper()
	c, err := postgres.NewChannel(dsn, `odd "name"`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// terminateOthers ends every other connection to a database.
func terminateOthers(t *testing.T, dsn string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
	if err != nil {
		t.Fatal(err)
	}
}

func TestChannelHidesTheConnectionString(t *testing.T) {
	t.Parallel()
	_, err := postgres.NewChannel("postgres://user:hunter2@[broken", "")
	if err == nil || len(err.Error()) > 100 {
		t.Errorf("got error %v", err)
	}
}

// BenchmarkChannel measures how long a change takes from one node to another.
func BenchmarkChannel(b *testing.B) {
	dsn := testservice.Postgres(b)
	var told atomic.Int64
	links := make([]*broadcast.Link, 2)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	arrived := make(chan struct{}, 1)
	for i := range links {
		links[i] = broadcast.NewLink(newChannel(b, dsn), broadcast.LinkOptions{Receive: func(string) {
			if i == 1 {
				told.Add(1)
				arrived <- struct{}{}
			}
		}})
		go links[i].Run(ctx)
	}
	for !links[1].Fresh() || !links[0].Fresh() {
		time.Sleep(time.Millisecond)
	}
	for b.Loop() {
		if err := links[0].Announce(ctx, "change"); err != nil {
			b.Fatal(err)
		}
		<-arrived
	}
}

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/schema"
)

// The primary is killed under load and its streaming replica promoted: what failed
// says that it may succeed later, and nothing acknowledged is lost.
func TestRR_05_APromotedReplicaIsFollowed(t *testing.T) {
	t.Parallel()
	testservice.SkipShort(t, "PostgreSQL")
	primary, replica, err := testservice.StartPostgresWithReplica()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = primary.Stop(), replica.Stop() })
	address, err := url.Parse(primary.DSN)
	if err != nil {
		t.Fatal(err)
	}
	second, err := url.Parse(replica.DSN)
	if err != nil {
		t.Fatal(err)
	}
	address.Host += "," + second.Host
	address.RawQuery += "&target_session_attrs=read-write"
	a, s := fromURL(t, address.String()), coreSchema(t)
	migrateTo(t, a, s)

	var mu sync.Mutex
	var acknowledged []string
	failed := 0
	enough := func(n int) bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged) >= n
	}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("u%d-%d", i, n)
				bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
				_, err := a.Create(bounded, newUser(s, id, id+"@example.com"))
				cancel()
				mu.Lock()
				switch {
				case err == nil:
					acknowledged = append(acknowledged, id)
				case errors.Is(err, database.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
					failed++
				default:
					t.Errorf("not a clean failure: %v", err)
				}
				mu.Unlock()
			}
		})
	}
	await(t, func() bool { return enough(100) })
	if err := primary.Stop(); err != nil { // at once, as a crash does
		t.Fatal(err)
	}
	begun := time.Now()
	conn, err := pgx.Connect(t.Context(), replica.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "SELECT pg_promote()"); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	before := len(acknowledged)
	mu.Unlock()
	await(t, func() bool { return enough(before + 1) })
	t.Logf("%d writes failed; the first one succeeded %v after the primary was gone", failed, time.Since(begun))
	await(t, func() bool { return enough(before + 100) })
	stop()
	clients.Wait()
	for _, id := range acknowledged {
		found, err := a.FindOne(t.Context(), database.Query{Table: s.Table(schema.UserKey), Where: []database.Where{database.Eq("id", id)}})
		if err != nil || found == nil {
			t.Fatalf("%s was acknowledged and is lost: %v", id, err)
		}
	}
}

func await(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !holds(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

package redis_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/ostiarytest"
	"github.com/ostiary/ostiary/storage/redis"
)

// BenchmarkRevocationReachesOtherNodes measures the time from the moment at which
// one node has acknowledged that a session was revoked until another one, which has
// answered from memory before, refuses it. Sessions are in PostgreSQL; the nodes
// tell each other by PostgreSQL or by Redis. Times are in milliseconds.
func BenchmarkRevocationReachesOtherNodes(b *testing.B) {
	for name, channel := range map[string]func(b *testing.B, dsn, redisURL string) broadcast.Channel{
		"PostgreSQL": func(b *testing.B, dsn, _ string) broadcast.Channel {
			c, err := postgres.NewChannel(dsn, "")
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = c.Close() })
			return c
		},
		"Redis": func(b *testing.B, _, redisURL string) broadcast.Channel {
			return newStore(b, redis.Options{URL: redisURL}).Channel("")
		},
	} {
		b.Run(name, func(b *testing.B) {
			dsn, redisURL := testservice.Postgres(b), testservice.Redis(b)
			var nodes []*ostiarytest.Auth
			for range 2 {
				db, err := postgres.Open(dsn)
				if err != nil {
					b.Fatal(err)
				}
				nodes = append(nodes, ostiarytest.New(b, ostiary.Options{
					Database:  db,
					Broadcast: core.BroadcastOptions{Channel: channel(b, dsn, redisURL)},
					Session:   core.SessionOptions{Memory: core.SessionMemoryOptions{Enabled: true}},
				}))
			}
			for _, n := range nodes {
				for !n.Kernel().Linked() {
					<-time.After(10 * time.Millisecond)
				}
			}
			d := &deployment{t: b, nodes: nodes}
			alice := nodes[0].SignUp(b, "alice@example.com")
			var times []time.Duration
			b.ResetTimer()
			for range b.N {
				phone := d.twin(0, "alice@example.com")
				for range 2 { // the second answer is from memory
					if _, s := d.session(1, phone); s == nil {
						b.Fatal("the session is not known to the other node")
					}
				}
				if w := d.ask(0, alice, "/revoke-other-sessions", map[string]any{}); w.Code != http.StatusOK {
					b.Fatalf("revoke: %d", w.Code)
				}
				acknowledged := time.Now()
				for {
					if _, s := d.session(1, phone); s == nil {
						break
					}
				}
				times = append(times, time.Since(acknowledged))
			}
			slices.Sort(times)
			at := func(share float64) float64 {
				return float64(times[int(share*float64(len(times)-1))].Microseconds()) / 1000
			}
			b.ReportMetric(at(0.5), "p50-ms")
			b.ReportMetric(at(0.99), "p99-ms")
			b.ReportMetric(at(1), "max-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

package redis_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/broadcast/broadcasttest"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/storage"
	"github.com/ostiary/ostiary/storage/redis"
	"github.com/ostiary/ostiary/storage/storagetest"
)

func stopAll(t *testing.T, servers []*testservice.Server) {
	t.Helper()
	for _, s := range servers {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
}

func host(t testing.TB, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestCluster(t *testing.T) {
	t.Parallel()
	testservice.SkipShort(t, "a Redis Cluster")
	nodes, err := testservice.StartRedisCluster(3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopAll(t, nodes) })
	cluster := nodes[0].DSN + "?addr=" + host(t, nodes[1].DSN)
	var each []rueidis.Client
	for _, n := range nodes {
		each = append(each, single(t, n.DSN))
	}
	for name, cache := range map[string]redis.ClientCache{"plain": {}, "with a memory of the process": {Enabled: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t testing.TB) storagetest.Subject {
				// The cases run at once, each with keys of its own.
				prefix := fmt.Sprintf("%d:", channels.Add(1))
				return storagetest.Subject{
					Store: newStore(t, redis.Options{URL: cluster, Prefix: prefix, ClientCache: cache}),
					Pass:  passOf(t, each, prefix),
				}
			})
		})
	}
	t.Run("keys are on all nodes", func(t *testing.T) {
		t.Parallel()
		s := newStore(t, redis.Options{URL: cluster})
		var keys []string
		for i := range 100 {
			keys = append(keys, fmt.Sprint("key", i))
			if err := s.Set(t.Context(), keys[i], "v", time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range each {
			if n, err := c.Do(t.Context(), c.B().Dbsize().Build()).AsInt64(); err != nil || n == 0 {
				t.Errorf("node %d has %d keys, %v", i, n, err)
			}
		}
		values, err := storage.GetMany(t.Context(), s, keys)
		if err != nil || strings.Join(values, "") != strings.Repeat("v", 100) {
			t.Errorf("got %v, %v", values, err)
		}
		if err := storage.DeleteMany(t.Context(), s, keys); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("channel", func(t *testing.T) {
		t.Parallel()
		broadcasttest.Run(t, broadcasttest.Options{
			Open: func(t *testing.T) (one, two broadcast.Channel) {
				name := fmt.Sprint("test", channels.Add(1))
				return newStore(t, redis.Options{URL: cluster}).Channel(name), newStore(t, redis.Options{URL: cluster}).Channel(name)
			},
			Cut: func(t *testing.T) {
				for _, n := range nodes {
					if _, err := testservice.AskRedis(n.DSN, "CLIENT", "KILL", "TYPE", "pubsub"); err != nil {
						t.Fatal(err)
					}
				}
			},
		})
	})
}

// single is a client of one node.
func single(t testing.TB, dsn string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{host(t, dsn)}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestSentinelNamesTheNewMaster(t *testing.T) {
	t.Parallel()
	testservice.SkipShort(t, "Redis Sentinel")
	servers, err := testservice.StartRedisSentinel()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopAll(t, servers) })
	master, replica, sentinel := servers[0], servers[1], servers[2]
	s := newStore(t, redis.Options{URL: sentinel.DSN + "?master_set=main", Timeout: time.Second})
	if err := s.Set(t.Context(), "k", "v", time.Hour); err != nil {
		t.Fatal(err)
	}
	until(t, "the replica has the value", func() bool {
		got, err := testservice.AskRedis(replica.DSN, "GET", "better-auth:k")
		return err == nil && got == "v"
	})
	if err := master.Stop(); err != nil {
		t.Fatal(err)
	}
	failed := 0
	until(t, "the replica has taken over", func() bool {
		err := s.Set(t.Context(), "after", "v", time.Hour)
		if err != nil && !errors.Is(err, storage.ErrUnavailable) {
			t.Fatalf("not a clean failure: %v", err)
		}
		failed++
		return err == nil
	})
	t.Logf("%d writes failed", failed-1)
	if got, err := s.Get(t.Context(), "k"); err != nil || got != "v" {
		t.Errorf("what was acknowledged is %q, %v", got, err)
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

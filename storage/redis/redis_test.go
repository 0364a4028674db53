package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/goleak"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/broadcast/broadcasttest"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/storage"
	"github.com/ostiary/ostiary/storage/redis"
	"github.com/ostiary/ostiary/storage/storagetest"
)

// A client of a Cluster closes connections to nodes that have left after five
// seconds, be it closed itself.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"))
}

func newStore(t testing.TB, o redis.Options) *redis.Store {
	t.Helper()
	s := redis.New(o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// direct is a client of its own, which sees what is in the server.
func direct(t testing.TB, url string) rueidis.Client {
	t.Helper()
	o, err := rueidis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.DisableCache = true
	c, err := rueidis.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// pass lets time pass for a server: every key has less time to live.
func pass(t testing.TB, nodes []rueidis.Client) func(time.Duration) { return passOf(t, nodes, "") }

// passOf does that for the keys with a prefix.
func passOf(t testing.TB, nodes []rueidis.Client, prefix string) func(time.Duration) {
	return func(d time.Duration) {
		t.Helper()
		for _, c := range nodes {
			keys, err := c.Do(t.Context(), c.B().Keys().Pattern(prefix+"*").Build()).AsStrSlice()
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				left, err := c.Do(t.Context(), c.B().Pttl().Key(key).Build()).AsInt64()
				if err != nil {
					t.Fatal(err)
				}
				if left >= 0 {
					if err := c.Do(t.Context(), c.B().Pexpire().Key(key).Milliseconds(left-d.Milliseconds()).Build()).Error(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]redis.Options{
		"plain": {}, "with a memory of the process": {ClientCache: redis.ClientCache{Enabled: true}}, "with another prefix": {Prefix: "app*[x]:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t testing.TB) storagetest.Subject {
				o := o
				o.URL = testservice.Redis(t)
				return storagetest.Subject{Store: newStore(t, o), Pass: pass(t, []rueidis.Client{direct(t, o.URL)})}
			})
		})
	}
}

func TestServersBeforeRedis62HaveNoGetDel(t *testing.T) {
	t.Parallel()
	server, err := testservice.StartRedis("--rename-command", "GETDEL", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	s := newStore(t, redis.Options{URL: server.DSN})
	for range 2 {
		if err := s.Set(t.Context(), "k", "v", time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"v", ""} {
			if got, err := s.Take(t.Context(), "k"); err != nil || got != want {
				t.Errorf("took %q, %v; want %q", got, err, want)
			}
		}
	}
}

func TestKeysAndTimesAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	url := testservice.Redis(t)
	s, c := newStore(t, redis.Options{URL: url}), direct(t, url)
	if err := s.Set(t.Context(), "token", "value", 90*time.Second+900*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if got, _ := testservice.AskRedis(url, "GET", "better-auth:token"); got != "value" {
		t.Errorf("got %q", got)
	}
	if ttl, err := c.Do(t.Context(), c.B().Pttl().Key("better-auth:token").Build()).AsInt64(); err != nil || ttl > 90_000 || ttl < 85_000 {
		t.Errorf("it lives for %d ms, %v", ttl, err)
	}
}

func TestAnotherProgramsWriteIsSeenSoon(t *testing.T) {
	t.Parallel()
	url := testservice.Redis(t)
	here := newStore(t, redis.Options{URL: url, ClientCache: redis.ClientCache{Enabled: true}})
	there := newStore(t, redis.Options{URL: url})
	var worst time.Duration
	for round := range 50 {
		value := strconv.Itoa(round)
		if err := there.Set(t.Context(), "k", value, time.Minute); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for {
			got, err := cached(t, here, "k")
			if err != nil {
				t.Fatal(err)
			}
			if got == value {
				break
			}
			if time.Since(begun) > 10*time.Second {
				t.Fatalf("%q is still %q", value, got)
			}
		}
		worst = max(worst, time.Since(begun))
	}
	t.Logf("worst: %v", worst)
	if err := there.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; {
		got, err := cached(t, here, "k")
		if err != nil {
			t.Fatal(err)
		}
		if got == "" {
			break
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatal("a deleted value is still read")
		}
	}
}

func TestTheMemoryAnswersWithoutTheServer(t *testing.T) {
	t.Parallel()
	server, err := testservice.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	if _, err := testservice.AskRedis(server.DSN, "SET", "better-auth:k", "v"); err != nil {
		t.Fatal(err)
	}
	s := newStore(t, redis.Options{URL: server.DSN, ClientCache: redis.ClientCache{Enabled: true}})
	for range 100 {
		for key, want := range map[string]string{"k": "v", "none": ""} {
			if got, err := cached(t, s, key); err != nil || got != want {
				t.Fatalf("got %q, %v; want %q", got, err, want)
			}
		}
	}
	stats, err := testservice.AskRedis(server.DSN, "INFO", "commandstats")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stats, "cmdstat_get:calls=2,") {
		t.Errorf("200 reads of two keys asked the server more than twice:\n%s", stats)
	}
	if _, err := s.Get(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if stats, _ = testservice.AskRedis(server.DSN, "INFO", "commandstats"); !strings.Contains(stats, "cmdstat_get:calls=3,") {
		t.Errorf("a plain read did not ask the server:\n%s", stats)
	}
}

// Of its own writes a process never sees an older value, although news of them
// comes a moment later.
func TestOwnWritesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, redis.Options{URL: testservice.Redis(t), ClientCache: redis.ClientCache{Enabled: true}})
	for round := range 2000 {
		key, value := strconv.Itoa(round%3), strconv.Itoa(round)
		if round%5 == 4 {
			value = ""
			if err := s.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		} else if err := s.Set(t.Context(), key, value, time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, err := cached(t, s, key); err != nil || got != value {
			t.Fatalf("round %d: got %q, %v; want %q", round, got, err, value)
		}
	}
}

// cached reads one key from the memory of the process, if that has it.
func cached(t *testing.T, s *redis.Store, key string) (string, error) {
	t.Helper()
	values, err := s.GetCached(t.Context(), []string{key})
	if err != nil {
		return "", err
	}
	return values[0], nil
}

func TestADeadServerIsUnavailable(t *testing.T) {
	t.Parallel()
	server, err := testservice.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	connected := newStore(t, redis.Options{URL: server.DSN, Timeout: 300 * time.Millisecond})
	if err := connected.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	late := newStore(t, redis.Options{URL: server.DSN, Timeout: 300 * time.Millisecond})
	for _, s := range []*redis.Store{connected, late} {
		begun := time.Now()
		if _, err := s.Get(t.Context(), "k"); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("get: %v", err)
		}
		if err := s.Set(t.Context(), "k", "v", time.Minute); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("set: %v", err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	}
}

func TestASlowServerIsUnavailableInTime(t *testing.T) {
	t.Parallel()
	server, err := testservice.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	s := newStore(t, redis.Options{URL: server.DSN, Timeout: 200 * time.Millisecond})
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	asleep := make(chan struct{})
	go func() {
		defer close(asleep)
		_, _ = testservice.AskRedis(server.DSN, "DEBUG", "SLEEP", "2")
	}()
	var failed error
	for begun := time.Now(); failed == nil && time.Since(begun) < 10*time.Second; {
		_, failed = s.Get(t.Context(), "k")
	}
	if !errors.Is(failed, storage.ErrUnavailable) {
		t.Errorf("got %v", failed)
	}
	<-asleep
	for begun := time.Now(); ; {
		if _, err := s.Get(t.Context(), "k"); err == nil {
			break
		} else if time.Since(begun) > 10*time.Second {
			t.Fatalf("it does not recover: %v", err)
		}
	}
}

func TestAFullServerIsUnavailable(t *testing.T) {
	t.Parallel()
	server, err := testservice.StartRedis("--maxmemory", "1mb", "--maxmemory-policy", "noeviction")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	s := newStore(t, redis.Options{URL: server.DSN})
	if err := s.Set(t.Context(), "k", "v", time.Minute); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("set: %v", err)
	}
	if _, err := s.Increment(t.Context(), "n", time.Minute); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("increment: %v", err)
	}
	if _, err := s.Get(t.Context(), "k"); err != nil {
		t.Errorf("get: %v", err)
	}
}

func TestMistakesInTheURLDoNotShowThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "http://u:hunter2@host", "redis://u:hunter2@host/x/y", "://hunter2", "redis://u:hunter2@host:port"} {
		s := newStore(t, redis.Options{URL: url})
		_, err := s.Get(t.Context(), "k")
		if err == nil || strings.Contains(err.Error(), "hunter2") || errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	t.Parallel()
	s := redis.Open(testservice.Redis(t))
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "k"); err == nil || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

var channels atomic.Int64

func TestChannel(t *testing.T) {
	t.Parallel()
	server, err := testservice.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	broadcasttest.Run(t, broadcasttest.Options{
		Open: func(t *testing.T) (one, two broadcast.Channel) {
			name := fmt.Sprint("test", channels.Add(1))
			return newStore(t, redis.Options{URL: server.DSN}).Channel(name), newStore(t, redis.Options{URL: server.DSN}).Channel(name)
		},
		Cut: func(t *testing.T) {
			if _, err := testservice.AskRedis(server.DSN, "CLIENT", "KILL", "TYPE", "pubsub"); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func TestAGivenClientIsNotClosed(t *testing.T) {
	t.Parallel()
	c := direct(t, testservice.Redis(t))
	s := redis.New(redis.Options{Client: c})
	if err := s.Set(t.Context(), "k", "v", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Do(context.Background(), c.B().Ping().Build()).Error(); err != nil {
		t.Error(err)
	}
}

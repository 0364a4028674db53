// Package redis keeps a secondary storage in Redis or Valkey: one server, one
// behind Sentinel, or a Cluster. Keys and values are those of Better Auth 1.7.25
// with its package redis-storage, so both may share them.
//
// It also has the channel by which nodes tell each other of changes; see
// [Store.Channel].
package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/ostiary/ostiary/storage"
)

// DefaultPrefix begins every key unless another prefix is given.
const DefaultPrefix = "better-auth:"

// NoPrefix is the prefix of stores whose keys have none.
const NoPrefix = "-"

const (
	defaultTimeout = time.Second
	defaultCacheMB = 32
)

// Options of a [Store]. Zero values have the defaults given.
type Options struct {
	// URL says where the server is:
	//
	//	redis://user:password@host:6379/0
	//	rediss://host:6379                            with TLS
	//	unix:///run/redis.sock
	//	redis://host1:6379?addr=host2:6379            a Cluster, by any of its nodes
	//	redis://sentinel1:26379?addr=sentinel2:26379&master_set=mymaster
	//
	// Required, unless Client is given.
	URL string
	// Client is used instead of one that the store makes. It is not closed.
	Client rueidis.Client
	// Prefix begins every key. Default [DefaultPrefix]; [NoPrefix] is none.
	Prefix string
	// Timeout bounds every operation, reconnecting included. Default 1 second.
	// When five in a row have had no answer, the others fail at once, and one is
	// sent every second until the server is back; not so in a Cluster, whose
	// nodes fail one by one.
	Timeout time.Duration
	// ClientCache keeps what is read of sessions in the memory of the process;
	// the server tells it when that has changed (CLIENT TRACKING, Redis 6). A
	// change made elsewhere is seen within milliseconds, and within about four
	// seconds when a connection has died without a sign. What is used up by
	// reading, and what a change is based on, is always read from the server.
	ClientCache ClientCache
}

// ClientCache says what a process remembers of what it reads.
type ClientCache struct {
	// Enabled turns it on. It needs RESP3, which old servers and some proxies do
	// not speak.
	Enabled bool
	// MaxAge is how long a value is remembered at most. Default 1 minute.
	MaxAge time.Duration
	// MegabytesPerConnection bounds the memory. There are four connections to
	// each server. Default 32.
	MegabytesPerConnection int
}

// Store is a [storage.Store] in Redis. It connects when it is first used. Make
// one with [Open] or [New].
type Store struct {
	o      Options
	prefix string
	setUp  rueidis.ClientOption
	wrong  error // what is wrong with the options
	writes *recentWrites
	health circuit

	swap, increment, takeBefore62 *rueidis.Lua
	noGetDel                      atomic.Bool // the server is older than Redis 6.2
	oneServer                     atomic.Bool // that is known, once there is a connection

	mu         sync.Mutex
	client     rueidis.Client
	connecting *attempt
	closed     bool
}

// attempt is a connection that is being made by one caller for all.
type attempt struct {
	done   chan struct{}
	client rueidis.Client
	err    error
}

var (
	_ storage.Store        = (*Store)(nil)
	_ storage.CachedReader = (*Store)(nil)
	_ storage.ManyReader   = (*Store)(nil)
	_ storage.ManyDeleter  = (*Store)(nil)
)

// Open returns a store at a URL, as Options.URL describes it. A mistake in the
// URL is the error of the first operation.
func Open(url string) *Store { return New(Options{URL: url}) }

// New returns a store.
func New(o Options) *Store {
	s := &Store{
		o: o, prefix: o.Prefix, client: o.Client, health: circuit{now: time.Now},
		swap: rueidis.NewLuaScript(swapScript), increment: rueidis.NewLuaScript(incrementScript), takeBefore62: rueidis.NewLuaScript(takeScript),
	}
	switch s.prefix {
	case "":
		s.prefix = DefaultPrefix
	case NoPrefix:
		s.prefix = ""
	}
	if s.o.Timeout <= 0 {
		s.o.Timeout = defaultTimeout
	}
	if s.o.ClientCache.MaxAge <= 0 {
		s.o.ClientCache.MaxAge = time.Minute
	}
	if s.o.ClientCache.Enabled {
		s.writes = newRecentWrites(s.o.Timeout + time.Second)
	}
	if s.client == nil {
		s.setUp, s.wrong = s.o.connection()
	} else {
		s.oneServer.Store(s.client.Mode() != rueidis.ClientModeCluster)
	}
	return s
}

// Check reports mistakes in the options. It does not connect.
func (o *Options) Check() error {
	if o.Client != nil {
		return nil
	}
	_, err := o.connection()
	return err
}

// connection returns how to connect.
func (o *Options) connection() (rueidis.ClientOption, error) {
	if o.URL == "" {
		return rueidis.ClientOption{}, fmt.Errorf("%w: no URL is given", errMistake)
	}
	c, err := rueidis.ParseURL(o.URL)
	if err != nil {
		return c, fmt.Errorf("%w: the URL is malformed; write it like redis://user:password@host:6379/0", errMistake) // the cause may show the password
	}
	c.Dialer.Timeout = o.Timeout
	c.ConnWriteTimeout = o.Timeout
	c.DisableCache = !o.ClientCache.Enabled
	megabytes := o.ClientCache.MegabytesPerConnection
	if megabytes <= 0 {
		megabytes = defaultCacheMB
	}
	c.CacheSizeEachConn = megabytes << 20
	return c, nil
}

// connect returns the client. Callers that need it at the same time wait for one
// attempt to connect.
func (s *Store) connect(ctx context.Context) (rueidis.Client, error) {
	s.mu.Lock()
	switch {
	case s.wrong != nil:
		defer s.mu.Unlock()
		return nil, s.wrong
	case s.closed:
		defer s.mu.Unlock()
		return nil, errClosed
	case s.client != nil:
		defer s.mu.Unlock()
		return s.client, nil
	case s.connecting != nil:
		a := s.connecting
		s.mu.Unlock()
		select {
		case <-a.done:
			return a.client, a.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	a := &attempt{done: make(chan struct{})}
	s.connecting = a
	s.mu.Unlock()

	a.client, a.err = rueidis.NewClient(s.setUp)
	s.mu.Lock()
	s.connecting = nil
	if a.err == nil && s.closed {
		a.client.Close()
		a.client, a.err = nil, errClosed
	}
	s.client = a.client
	s.mu.Unlock()
	s.oneServer.Store(a.err == nil && a.client.Mode() != rueidis.ClientModeCluster)
	close(a.done)
	return a.client, a.err
}

// Ping asks the server for a sign of life. Readiness checks use it.
func (s *Store) Ping(ctx context.Context) error {
	return s.do(ctx, "ping", func(ctx context.Context, c rueidis.Client) error {
		return c.Do(ctx, c.B().Ping().Build()).Error()
	})
}

// Close closes the connections that the store made.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.o.Client == nil {
		s.client.Close()
	}
	s.client, s.closed = nil, true
	return nil
}

// do runs an operation within the time-out and says what its error means.
func (s *Store) do(ctx context.Context, what string, operation func(ctx context.Context, c rueidis.Client) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("redis: %s: %w", what, err)
	}
	if !s.health.admit() {
		return fmt.Errorf("redis: %s: %w: %w", what, storage.ErrUnavailable, errOpen)
	}
	bounded, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	c, err := s.connect(bounded)
	if err == nil {
		err = operation(bounded, c)
	}
	s.noteHealth(ctx, c, err)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || !isUnavailable(err) {
		return fmt.Errorf("redis: %s: %w", what, err)
	}
	return fmt.Errorf("redis: %s: %w: %w", what, storage.ErrUnavailable, err)
}

// noteHealth tells the circuit whether there was an answer. A caller who is gone
// says nothing about the server.
func (s *Store) noteHealth(ctx context.Context, c rueidis.Client, err error) {
	_, answered := rueidis.IsRedisErr(err)
	switch {
	case err == nil || answered || errors.Is(err, errMistake):
		s.health.note(true)
	case ctx.Err() == nil && (c == nil || c.Mode() != rueidis.ClientModeCluster):
		s.health.note(false)
	}
}

// isUnavailable reports whether an error may go away by itself: everything but
// answers of the server that say what is wrong with a command, and mistakes in
// the options.
func isUnavailable(err error) bool {
	if errors.Is(err, errMistake) {
		return false
	}
	answer, ok := rueidis.IsRedisErr(err)
	if !ok {
		return true
	}
	kind, _, _ := strings.Cut(answer.Error(), " ")
	switch kind {
	case "OOM", "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "NOREPLICAS", "BUSY", "NOAUTH", "WRONGPASS", "MOVED", "ASK":
		return true
	}
	return strings.Contains(answer.Error(), "max number of clients")
}

var (
	errMistake = errors.New("a mistake in the options")
	errClosed  = fmt.Errorf("%w: the store is closed", errMistake)
)

// textOf returns a value; "" when there is none.
func textOf(r rueidis.RedisResult) (string, error) {
	text, err := r.ToString()
	if rueidis.IsRedisNil(err) {
		return "", nil
	}
	return text, err
}

// textsOf puts values where they belong, until one could not be read.
func textsOf(values []string, answers []rueidis.RedisResult) error {
	for i, answer := range answers {
		var err error
		if values[i], err = textOf(answer); err != nil {
			return err
		}
	}
	return nil
}

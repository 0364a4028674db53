package server

import (
	"errors"
	"time"

	"github.com/ostiary/ostiary/broadcast"
	"github.com/ostiary/ostiary/storage"
	"github.com/ostiary/ostiary/storage/memory"
	"github.com/ostiary/ostiary/storage/redis"
)

// SecondaryStorage keeps sessions, single-use values and rate-limit counters
// beside the database.
type SecondaryStorage struct {
	// URL is the address, for example "redis://127.0.0.1:6379", or "memory:" for
	// what a restart may forget. Default: there is none. With a password in it,
	// give it as OSTIARY_REDIS_URL.
	URL Secret `key:"url"`
	// KeyPrefix begins every key. Default "better-auth:".
	KeyPrefix string `key:"keyPrefix"`
	// Timeout bounds every operation. Default 1 second.
	Timeout time.Duration `key:"timeout" min:"0.01" max:"60"`
	// ClientCache keeps what is read of sessions in the memory of the process,
	// which Redis is asked to keep up to date. Default false.
	ClientCache bool `key:"clientCache"`
}

// inMemory is the address of the storage in the memory of the process.
const inMemory = "memory:"

// open returns the storage, or nil; it does not connect yet.
func (c *SecondaryStorage) open() (storage.Store, error) {
	switch {
	case c.URL == "" && (c.KeyPrefix != "" || c.Timeout != 0 || c.ClientCache):
		return nil, errors.New("secondaryStorage.url: not set; give the address, for example redis://127.0.0.1:6379, or set OSTIARY_REDIS_URL")
	case c.URL == "":
		return nil, nil
	case c.URL == inMemory:
		return memory.New(memory.Options{}), nil
	}
	o := redis.Options{URL: c.URL.Reveal(), Prefix: c.KeyPrefix, Timeout: c.Timeout, ClientCache: redis.ClientCache{Enabled: c.ClientCache}}
	if err := o.Check(); err != nil {
		return nil, errors.New("secondaryStorage.url: expected an address such as redis://user:password@host:6379/0, rediss:// with TLS, or memory:")
	}
	return redis.New(o), nil
}

// channel returns what carries changes from node to node: Redis if there is one,
// else what the database has.
func (c *Config) channel(secondary storage.Store) (broadcast.Channel, error) {
	if r, ok := secondary.(*redis.Store); ok {
		return r.Channel(""), nil
	}
	return c.Database.channel()
}

package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/ostiary/ostiary/storage"
)

// Get returns the value of a key.
func (s *Store) Get(ctx context.Context, key string) (value string, err error) {
	err = s.do(ctx, "get", func(ctx context.Context, c rueidis.Client) error {
		value, err = textOf(c.Do(ctx, c.B().Get().Key(s.prefix+key).Build()))
		return err
	})
	return value, err
}

// Caches reports whether Options.ClientCache is on.
func (s *Store) Caches() bool { return s.writes != nil }

// GetCached returns the values of keys, from the memory of the process if
// Options.ClientCache is on and nobody has changed them.
func (s *Store) GetCached(ctx context.Context, keys []string) ([]string, error) {
	if s.writes == nil || slices.ContainsFunc(keys, s.writes.has) {
		return s.GetMany(ctx, keys)
	}
	values := make([]string, len(keys))
	err := s.do(ctx, "get", func(ctx context.Context, c rueidis.Client) error {
		commands := make([]rueidis.CacheableTTL, len(keys))
		for i, key := range keys {
			commands[i] = rueidis.CT(c.B().Get().Key(s.prefix+key).Cache(), s.o.ClientCache.MaxAge)
		}
		return textsOf(values, c.DoMultiCache(ctx, commands...))
	})
	if err != nil {
		return nil, err
	}
	return values, nil
}

// SharesTrips reports whether all keys are on one server, which is known once there is
// a connection: not in a Cluster.
func (s *Store) SharesTrips() bool { return s.oneServer.Load() }

// GetMany returns the values of keys.
func (s *Store) GetMany(ctx context.Context, keys []string) (values []string, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	err = s.do(ctx, "get", func(ctx context.Context, c rueidis.Client) error {
		if c.Mode() == rueidis.ClientModeCluster {
			values = make([]string, len(keys))
			return textsOf(values, c.DoMulti(ctx, s.gets(c, keys)...))
		}
		prefixed := make([]string, len(keys))
		for i, key := range keys {
			prefixed[i] = s.prefix + key
		}
		values, err = c.Do(ctx, c.B().Mget().Key(prefixed...).Build()).AsStrSlice()
		return err
	})
	if err != nil {
		return nil, err
	}
	return values, nil
}

// gets are the commands that read keys, each from the server that has it.
func (s *Store) gets(c rueidis.Client, keys []string) []rueidis.Completed {
	commands := make([]rueidis.Completed, len(keys))
	for i, key := range keys {
		commands[i] = c.B().Get().Key(s.prefix + key).Build()
	}
	return commands
}

// Set gives a key a value.
func (s *Store) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if value == "" {
		return storage.ErrEmptyValue
	}
	seconds := storage.Seconds(ttl)
	if seconds == 0 {
		return s.Delete(ctx, key)
	}
	s.writes.note(key)
	return s.do(ctx, "set", func(ctx context.Context, c rueidis.Client) error {
		if ttl == storage.Forever {
			return c.Do(ctx, c.B().Set().Key(s.prefix+key).Value(value).Build()).Error()
		}
		return c.Do(ctx, c.B().Setex().Key(s.prefix+key).Seconds(seconds).Value(value).Build()).Error()
	})
}

// Delete removes the value of a key.
func (s *Store) Delete(ctx context.Context, key string) error {
	s.writes.note(key)
	return s.do(ctx, "delete", func(ctx context.Context, c rueidis.Client) error {
		return c.Do(ctx, c.B().Del().Key(s.prefix+key).Build()).Error()
	})
}

// DeleteMany removes the values of keys.
func (s *Store) DeleteMany(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	for _, key := range keys {
		s.writes.note(key)
	}
	return s.do(ctx, "delete", func(ctx context.Context, c rueidis.Client) error {
		commands := make([]rueidis.Completed, len(keys))
		for i, key := range keys {
			commands[i] = c.B().Del().Key(s.prefix + key).Build()
		}
		var failures []error
		for _, answer := range c.DoMulti(ctx, commands...) {
			failures = append(failures, answer.Error())
		}
		return errors.Join(failures...)
	})
}

// Scripts are one atomic step of the server, of one key each, so that they also
// run in a Cluster.
const (
	takeScript = `local value = redis.call('GET', KEYS[1])
if value then redis.call('DEL', KEYS[1]) end
return value`

	incrementScript = `local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count`

	// The arguments are the old value, the new one, and its seconds: -1 is for
	// ever.
	swapScript = `local value = redis.call('GET', KEYS[1]) or ''
if value ~= ARGV[1] then return 0 end
if ARGV[2] == '' or ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
elseif ARGV[3] == '-1' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SETEX', KEYS[1], ARGV[3], ARGV[2])
end
return 1`
)

// Take removes the value of a key and returns it.
func (s *Store) Take(ctx context.Context, key string) (value string, err error) {
	s.writes.note(key)
	err = s.do(ctx, "take", func(ctx context.Context, c rueidis.Client) error {
		if !s.noGetDel.Load() {
			value, err = textOf(c.Do(ctx, c.B().Getdel().Key(s.prefix+key).Build()))
			if answer, ok := rueidis.IsRedisErr(err); !ok || !strings.Contains(strings.ToLower(answer.Error()), "unknown command") {
				return err
			}
			s.noGetDel.Store(true)
		}
		value, err = textOf(s.takeBefore62.Exec(ctx, c, []string{s.prefix + key}, nil))
		return err
	})
	return value, err
}

// Swap gives a key a new value if it has the old one.
func (s *Store) Swap(ctx context.Context, key, old, next string, ttl time.Duration) (swapped bool, err error) {
	seconds := storage.Seconds(ttl)
	if ttl == storage.Forever {
		seconds = -1
	}
	s.writes.note(key)
	err = s.do(ctx, "swap", func(ctx context.Context, c rueidis.Client) error {
		n, err := s.swap.Exec(ctx, c, []string{s.prefix + key}, []string{old, next, strconv.FormatInt(seconds, 10)}).AsInt64()
		swapped = n == 1
		return err
	})
	return swapped, err
}

// Increment adds one to a counter.
func (s *Store) Increment(ctx context.Context, key string, ttl time.Duration) (n int64, err error) {
	seconds := storage.Seconds(ttl)
	if seconds == 0 {
		return 0, fmt.Errorf("redis: a counter must live for a second at least, not %v", ttl)
	}
	s.writes.note(key)
	err = s.do(ctx, "increment", func(ctx context.Context, c rueidis.Client) error {
		n, err = s.increment.Exec(ctx, c, []string{s.prefix + key}, []string{strconv.FormatInt(seconds, 10)}).AsInt64()
		return err
	})
	return n, err
}

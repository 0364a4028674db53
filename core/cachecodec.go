package core

import (
	"context"
	"time"

	"github.com/ostiary/ostiary/internal/sessioncache"
)

// CachePayload is what the cookie cache holds.
type CachePayload = sessioncache.Payload

// CacheCodec writes and reads the cookie cache in place of its strategy, for
// example signed with a key that other services know the public part of.
type CacheCodec interface {
	// EncodeCache returns the text of the cache. It is good for the lifetime
	// given; zero stands for a cookie that ends with the browser session.
	EncodeCache(ctx context.Context, p CachePayload, lifetime time.Duration) (string, error)
	// DecodeCache returns what an authentic text holds and until when it is good.
	// An error means that the cache is of no use; the store is asked then.
	DecodeCache(ctx context.Context, text string) (CachePayload, time.Time, error)
}

// CacheCodecProvider is a plugin with a codec for the cookie cache; nil for none.
type CacheCodecProvider interface {
	CacheCodec() CacheCodec
}

func (c *Context) encodeCache(p CachePayload, lifetime time.Duration, now time.Time) (string, error) {
	if c.codec != nil {
		return c.codec.EncodeCache(c, p, lifetime)
	}
	return sessioncache.Encode(sessioncache.Strategy(c.config.Session.CookieCache.Strategy), c.Secrets, p, lifetime, now, c.Random.UUID())
}

func (c *Context) decodeCacheText(text string, now time.Time) (CachePayload, time.Time, error) {
	if c.codec != nil {
		return c.codec.DecodeCache(c, text)
	}
	return sessioncache.Decode(sessioncache.Strategy(c.config.Session.CookieCache.Strategy), c.Secrets, text, now)
}

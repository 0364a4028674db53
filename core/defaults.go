package core

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ostiary/ostiary/database/memory"
)

const (
	defaultExpiry    = 7 * 24 * time.Hour
	defaultUpdateAge = 24 * time.Hour
	defaultFreshAge  = 24 * time.Hour
	defaultCacheAge  = 5 * time.Minute

	defaultMemoryAge      = 5 * time.Second
	defaultMemorySessions = 10_000

	maxCookieAge = 400 * 24 * time.Hour

	defaultRateWindow = 10 * time.Second
	defaultRateMax    = 100

	defaultCallbackTimeout = 2 * time.Second
)

// fill sets defaults and returns what is wrong with the options as such.
func (c *Config) fill() []error {
	setDefault(&c.AppName, "Ostiary")
	setDefault(&c.MaxBodyBytes, defaultMaxBody)
	setDefault(&c.Password.MinLength, 8)
	setDefault(&c.Password.MaxLength, 128)
	setDefault(&c.Cookies.Prefix, "better-auth")
	setDefault(&c.RateLimit.Window, defaultRateWindow)
	setDefault(&c.RateLimit.Max, defaultRateMax)
	if c.SecondaryStorage != nil {
		setDefault(&c.RateLimit.Storage, RateLimitInSecondaryStorage)
	}
	setDefault(&c.RateLimit.Storage, RateLimitInMemory)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.fillSession()
	c.fillStateless()
	return c.check()
}

func (c *Config) fillSession() {
	s := &c.Session
	setDefault(&s.ExpiresIn, defaultExpiry)
	if s.UpdateAge == nil {
		s.UpdateAge = new(defaultUpdateAge)
	}
	if s.FreshAge == nil {
		s.FreshAge = new(defaultFreshAge)
	}
	setDefault(&s.Callbacks.Timeout, defaultCallbackTimeout)
	cache := &s.CookieCache
	if !c.stateful() {
		cache.Enabled = true
		setDefault(&cache.Strategy, JWECache)
		setDefault(&cache.MaxAge, s.ExpiresIn)
		cache.Refresh = true
	} else {
		cache.Refresh = false
	}
	setDefault(&cache.Strategy, CompactCache)
	setDefault(&cache.MaxAge, defaultCacheAge)
	setDefault(&cache.Version, defaultCacheVersion)
	setDefault(&cache.RefreshAge, cache.MaxAge/5)
	setDefault(&s.Memory.MaxAge, defaultMemoryAge)
	setDefault(&s.Memory.Sessions, defaultMemorySessions)
}

// stateful reports whether sessions are in a store.
func (c *Config) stateful() bool { return c.Database != nil || c.SecondaryStorage != nil }

// fillStateless keeps in cookies and memory what a database would keep.
func (c *Config) fillStateless() {
	if c.stateful() {
		setDefault(&c.Account.StateStrategy, StateInDatabase)
		return
	}
	setDefault(&c.Account.StateStrategy, StateInCookie)
	c.Account.StoreAccountCookie = true
}

func (c *Config) check() []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.Session.ExpiresIn < time.Second || c.Session.ExpiresIn > maxCookieAge {
		problem("Session.ExpiresIn: %v is not possible; give a time.Duration of a second to 400 days, for which browsers keep cookies", c.Session.ExpiresIn)
	}
	if *c.Session.UpdateAge < 0 || *c.Session.FreshAge < 0 {
		problem("Session.UpdateAge, Session.FreshAge: must not be negative; zero means on every use, and always")
	}
	if c.Session.CookieCache.MaxAge < 0 || c.Session.CookieCache.MaxAge > maxCookieAge {
		problem("Session.CookieCache.MaxAge: %v is not possible; browsers keep cookies for at most 400 days", c.Session.CookieCache.MaxAge)
	}
	if c.Session.Memory.MaxAge < 0 || c.Session.Memory.Sessions < 0 || c.Broadcast.Lease < 0 {
		problem("Session.Memory.MaxAge, Session.Memory.Sessions, Broadcast.Lease: must not be negative")
	}
	if c.Session.Callbacks.Timeout < 0 {
		problem("Session.Callbacks.Timeout: must not be negative")
	}
	switch c.Session.CookieCache.Strategy {
	case CompactCache, JWTCache, JWECache:
	default:
		problem("Session.CookieCache.Strategy: %q is unknown; use %q, %q or %q", c.Session.CookieCache.Strategy, CompactCache, JWTCache, JWECache)
	}
	switch c.Account.StateStrategy {
	case StateInDatabase, StateInCookie:
	default:
		problem("Account.StateStrategy: %q is unknown; use %q or %q", c.Account.StateStrategy, StateInDatabase, StateInCookie)
	}
	if c.RateLimit.Window < 0 || c.RateLimit.Max < 0 {
		problem("RateLimit.Window, RateLimit.Max: must not be negative")
	}
	switch c.RateLimit.Storage {
	case RateLimitInMemory, RateLimitInDatabase:
	case RateLimitInSecondaryStorage:
		if c.SecondaryStorage == nil {
			problem("RateLimit.Storage: %q needs a secondary storage; set SecondaryStorage", c.RateLimit.Storage)
		}
	default:
		problem("RateLimit.Storage: %q is unknown; use %q, %q or %q", c.RateLimit.Storage, RateLimitInMemory, RateLimitInDatabase, RateLimitInSecondaryStorage)
	}
	if c.MaxBodyBytes < 0 {
		problem("Advanced.MaxBodyBytes: must not be negative")
	}
	if c.Password.MinLength < 0 || c.Password.MinLength > c.Password.MaxLength {
		problem("EmailAndPassword.MinPasswordLength: %d is negative or more than MaxPasswordLength, %d", c.Password.MinLength, c.Password.MaxLength)
	}
	if hash := c.Verification.HashIdentifier; hash != nil && hash("reset-password:x") == hash("delete-account-x") {
		problem("Verification.HashIdentifier: gives identifiers of different purposes the same hash, so that a value made for one would be accepted for another; hash the whole identifier")
	}
	if strings.ContainsAny(c.Cookies.Prefix, "=;, \t\r\n") {
		problem("Cookies.Prefix: %q has characters that cookie names cannot have", c.Cookies.Prefix)
	}
	switch c.BaseURL.Protocol {
	case "", "http", "https", "auto":
	default:
		problem("BaseURL.Protocol: %q is unknown; use http, https or nothing", c.BaseURL.Protocol)
	}
	for _, path := range c.DisabledPaths {
		if !strings.HasPrefix(path, "/") {
			problem("Advanced.DisabledPaths: %q does not begin with a slash", path)
		}
	}
	return problems
}

func (k *Kernel) setLifetimes() error {
	s := &k.config.Session
	k.lifetime.expires, k.lifetime.update, k.lifetime.fresh = s.ExpiresIn, *s.UpdateAge, *s.FreshAge
	if k.config.Database == nil {
		k.config.Database = memory.New()
		if k.stateful {
			k.Log.Warn("no database: sessions are in the secondary storage, but users are lost when the process ends")
			return nil
		}
		k.Log.Warn("no database: sessions live in cookies and cannot be revoked; what needs a table is lost when the process ends")
	}
	return nil
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/storage"
)

var storageProfiles = map[string]profile{
	"secondary": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.EmailAndPassword.SendResetPassword = s.sendReset
		withSecondary(s, o)
	}},
	"secondary-db": {configure: func(s *server, o *ostiary.Options) {
		withPassword(o)
		o.EmailAndPassword.SendResetPassword = s.sendReset
		o.Session.StoreInDatabase = true
		o.Verification.StoreInDatabase = true
		o.RateLimit = core.RateLimitOptions{Enabled: new(true), Window: time.Minute, Max: 4, Storage: core.RateLimitInSecondaryStorage}
		for _, path := range []string{"/sign-up/email", "/sign-in/email", "/request-password-reset", "/reset-password", "/sign-out"} {
			o.RateLimit.Rules = append(o.RateLimit.Rules, core.RateLimitRule{Path: path, Unlimited: true})
		}
		withSecondary(s, o)
	}},
}

// withSecondary adds a secondary storage and the server call that shows it.
func withSecondary(s *server, o *ostiary.Options) {
	store, pass, err := s.openStorage()
	if err != nil {
		s.broken = err
		return
	}
	s.pass = pass
	watched := &watchedStore{Store: store, entries: map[string]*storedEntry{}}
	o.SecondaryStorage = watched
	s.calls["secondary.dump"] = func(ctx context.Context, _ json.RawMessage) (any, error) { return watched.dump(ctx) }
}

// watchedStore remembers which keys were set, in which order, and for how long.
type watchedStore struct {
	storage.Store

	mu      sync.Mutex
	order   []string
	entries map[string]*storedEntry
}

type storedEntry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	TTL   any    `json:"ttl"` // seconds, rounded to 10
}

func (w *watchedStore) note(key string, ttl time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.entries[key]
	if e == nil {
		e = &storedEntry{Key: key}
		w.entries[key] = e
		w.order = append(w.order, key)
	}
	e.TTL = nil
	if ttl != storage.Forever {
		e.TTL = (storage.Seconds(ttl) + 5) / 10 * 10
	}
}

func (w *watchedStore) drop(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.entries, key)
	w.order = slices.DeleteFunc(w.order, func(k string) bool { return k == key })
}

// Set gives a key a value.
func (w *watchedStore) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	w.note(key, ttl)
	return w.Store.Set(ctx, key, value, ttl)
}

// Delete removes the value of a key.
func (w *watchedStore) Delete(ctx context.Context, key string) error {
	w.drop(key)
	return w.Store.Delete(ctx, key)
}

// Take removes the value of a key and returns it.
func (w *watchedStore) Take(ctx context.Context, key string) (string, error) {
	w.drop(key)
	return w.Store.Take(ctx, key)
}

// Swap gives a key a new value if it has the old one.
func (w *watchedStore) Swap(ctx context.Context, key, old, next string, ttl time.Duration) (bool, error) {
	swapped, err := w.Store.Swap(ctx, key, old, next, ttl)
	switch {
	case !swapped:
	case next == "":
		w.drop(key)
	default:
		w.note(key, ttl)
	}
	return swapped, err
}

// Increment adds one to a counter.
func (w *watchedStore) Increment(ctx context.Context, key string, ttl time.Duration) (int64, error) {
	n, err := w.Store.Increment(ctx, key, ttl)
	if n == 1 {
		w.note(key, ttl)
	}
	return n, err
}

// dump returns the entries that live: lists of sessions first, then the others,
// in the order in which their keys were first set.
func (w *watchedStore) dump(ctx context.Context) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lists, others := []storedEntry{}, []storedEntry{}
	for _, key := range w.order {
		value, err := w.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		if value == "" {
			continue
		}
		e := *w.entries[key]
		e.Value = value
		if strings.HasPrefix(key, "active-sessions-") {
			lists = append(lists, e)
		} else {
			others = append(others, e)
		}
	}
	return append(lists, others...), nil
}

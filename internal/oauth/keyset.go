package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// keysFresh is how long fetched keys are used without asking again.
	keysFresh = 5 * time.Minute
	// keysUsable is how long they are used while the provider cannot be reached.
	keysUsable = 24 * time.Hour
	// keysCooldown is the least time between two requests, so that tokens with
	// made-up key ids cannot make this server flood the provider.
	keysCooldown = 30 * time.Second
)

// KeySet are the public keys of a provider (RFC 7517), fetched when they are
// needed. It is safe for use by many goroutines; one of them fetches, and only
// those wait for it that need a key which is not known yet.
type KeySet struct {
	url    string
	header http.Header

	fetching  chan struct{} // held by the one that fetches
	attempted time.Time     // when keys were last asked for; guarded by fetching

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time
}

// NewKeySet returns the keys at an address.
func NewKeySet(url string) *KeySet { return NewKeySetWithHeader(url, nil) }

// NewKeySetWithHeader returns the keys at an address that wants to see headers.
func NewKeySetWithHeader(url string, header http.Header) *KeySet {
	return &KeySet{url: url, header: header, fetching: make(chan struct{}, 1)}
}

// Find returns the keys that may have made a signature. A key id that is not
// known causes a request, unless there was one just now.
func (s *KeySet) Find(ctx context.Context, client *http.Client, id, algorithm string, now time.Time) ([]any, error) {
	if found, fetched := s.match(id, algorithm); len(found) > 0 && now.Sub(fetched) < keysFresh {
		return found, nil
	}
	err := s.update(ctx, client, id, algorithm, now)
	found, fetched := s.match(id, algorithm)
	switch {
	case err != nil && (fetched.IsZero() || now.Sub(fetched) >= keysUsable):
		return nil, err
	case len(found) == 0:
		return nil, errors.New("its key is none of the provider's")
	}
	return found, nil
}

// update fetches the keys, unless somebody did while this call waited for its
// turn, or tried to just now.
func (s *KeySet) update(ctx context.Context, client *http.Client, id, algorithm string, now time.Time) error {
	select {
	case s.fetching <- struct{}{}:
		defer func() { <-s.fetching }()
	case <-ctx.Done():
		return fmt.Errorf("wait for the provider's keys: %w", ctx.Err())
	}
	if found, fetched := s.match(id, algorithm); len(found) > 0 && now.Sub(fetched) < keysFresh {
		return nil
	}
	if since := now.Sub(s.attempted); since >= 0 && since < keysCooldown {
		return errRecently
	}
	s.attempted = now
	return s.fetch(ctx, client, now)
}

var errRecently = errors.New("the provider's keys were asked for just now, in vain")

func (s *KeySet) fetch(ctx context.Context, client *http.Client, now time.Time) error {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	// What one caller began must not fail because it goes away: others wait. But it
	// has no more time than that caller.
	within := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		within, cancel = context.WithDeadline(within, deadline)
		defer cancel()
	}
	if err := GetJSON(within, client, Request{URL: s.url, Header: s.header}, &set); err != nil {
		return fmt.Errorf("fetch the provider's keys: %w", err)
	}
	var keys []jose.JSONWebKey
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(text) != nil {
			continue // of a kind that is not known here
		}
		if key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
			keys = append(keys, key)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.fetched = keys, now
	return nil
}

// match returns the keys of an id, or all where the token names none, that are
// meant for an algorithm, and when they were fetched.
func (s *KeySet) match(id, algorithm string) ([]any, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []any
	for _, key := range s.keys {
		if (id == "" || key.KeyID == id) && (key.Algorithm == "" || key.Algorithm == algorithm) {
			found = append(found, key.Key)
		}
	}
	return found, s.fetched
}

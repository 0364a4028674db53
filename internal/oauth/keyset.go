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
// needed. It is safe for use by many goroutines; one of them fetches, the others
// wait for it.
type KeySet struct {
	url string

	mu        sync.Mutex
	keys      []jose.JSONWebKey
	fetched   time.Time // when keys were fetched
	attempted time.Time // when they were last asked for
}

// NewKeySet returns the keys at an address.
func NewKeySet(url string) *KeySet { return &KeySet{url: url} }

// find returns the keys that may have made a signature. A key id that is not
// known causes a request, unless there was one just now.
func (s *KeySet) find(ctx context.Context, client *http.Client, id, algorithm string, now time.Time) ([]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := now.Sub(s.fetched)
	if found := s.match(id, algorithm); len(found) > 0 && age < keysFresh {
		return found, nil
	}
	if s.attempted.IsZero() || now.Sub(s.attempted) >= keysCooldown || now.Before(s.attempted) {
		s.attempted = now
		if err := s.fetch(ctx, client, now); err != nil && (s.fetched.IsZero() || age >= keysUsable) {
			return nil, err
		}
	}
	found := s.match(id, algorithm)
	if len(found) == 0 {
		return nil, errors.New("its key is none of the provider's")
	}
	return found, nil
}

func (s *KeySet) fetch(ctx context.Context, client *http.Client, now time.Time) error {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	// What one caller began must not fail because it goes away: others wait.
	if err := GetJSON(context.WithoutCancel(ctx), client, Request{URL: s.url}, &set); err != nil {
		return fmt.Errorf("fetch the provider's keys: %w", err)
	}
	s.keys, s.fetched = nil, now
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(text) != nil {
			continue // of a kind that is not known here
		}
		if key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
			s.keys = append(s.keys, key)
		}
	}
	return nil
}

// match returns the keys of an id, or all where the token names none, that are
// meant for an algorithm.
func (s *KeySet) match(id, algorithm string) []any {
	var found []any
	for _, key := range s.keys {
		if (id == "" || key.KeyID == id) && (key.Algorithm == "" || key.Algorithm == algorithm) {
			found = append(found, key.Key)
		}
	}
	return found
}

package core

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/storage"
)

// sessionIndex is what the secondary storage knows of the sessions of each user
// beyond the sessions themselves: which there are, and when all of them were
// revoked last. Changes are made by compare and swap, so that none is lost.
type sessionIndex struct {
	k     *Kernel
	store storage.Store
}

// indexedSession is an entry of the list of a user's sessions.
type indexedSession struct {
	Token     string `json:"token"`
	ExpiresAt int64  `json:"expiresAt"` // Unix milliseconds
}

const (
	indexPrefix   = "active-sessions-"
	revokedPrefix = "revoked-sessions-before-"
)

// read returns the sessions of a user that have not expired, each once, those
// that expire first in front.
func (x *sessionIndex) read(ctx context.Context, userID string) ([]indexedSession, error) {
	text, err := x.store.Get(ctx, indexPrefix+userID)
	if err != nil {
		return nil, err
	}
	return x.decode(text), nil
}

func (x *sessionIndex) decode(text string) []indexedSession {
	var members []struct {
		Token     string
		ExpiresAt float64
	}
	if text == "" || json.Unmarshal([]byte(text), &members) != nil {
		return nil
	}
	now := x.k.Now().UnixMilli()
	entries := make([]indexedSession, 0, len(members))
	for _, m := range members {
		if m.Token != "" && int64(m.ExpiresAt) > now {
			entries = append(entries, indexedSession{m.Token, int64(m.ExpiresAt)})
		}
	}
	return sortIndex(entries)
}

func sortIndex(entries []indexedSession) []indexedSession {
	slices.SortStableFunc(entries, func(a, b indexedSession) int { return cmp.Compare(a.ExpiresAt, b.ExpiresAt) })
	seen := make(map[string]bool, len(entries))
	return slices.DeleteFunc(entries, func(e indexedSession) bool {
		was := seen[e.Token]
		seen[e.Token] = true
		return was
	})
}

// maxSwaps bounds how often a change by compare and swap is tried. Each attempt
// that fails means that another one succeeded.
const maxSwaps = 200

// swap changes the value of a key by compare and swap. The function returns the
// new value and its time to live; done stops without a change.
func (k *Kernel) swap(ctx context.Context, store storage.Store, key string, change func(value string) (next string, ttl time.Duration, done bool, err error)) error {
	for attempt := range maxSwaps {
		if err := k.waitTurn(ctx, attempt); err != nil {
			return err
		}
		value, err := store.Get(ctx, key)
		if err != nil {
			return err
		}
		next, ttl, done, err := change(value)
		if err != nil || done || next == value && value == "" {
			return err
		}
		if swapped, err := store.Swap(ctx, key, value, next, ttl); err != nil || swapped {
			return err
		}
	}
	return fmt.Errorf("%w: a value is changed by too many at once", storage.ErrUnavailable)
}

// change changes the list of a user's sessions.
func (x *sessionIndex) change(ctx context.Context, userID string, fn func([]indexedSession) []indexedSession) error {
	return x.k.swap(ctx, x.store, indexPrefix+userID, func(text string) (string, time.Duration, bool, error) {
		entries := sortIndex(fn(x.decode(text)))
		if len(entries) == 0 {
			return "", 0, false, nil
		}
		ttl := x.k.timeLeft(time.UnixMilli(entries[len(entries)-1].ExpiresAt))
		if ttl == 0 {
			return "", 0, false, nil
		}
		next, err := json.Marshal(entries)
		return string(next), ttl, false, err
	})
}

// add puts a session on the list of its user, or changes when it expires.
func (x *sessionIndex) add(ctx context.Context, userID, token string, expires time.Time) error {
	return x.change(ctx, userID, func(entries []indexedSession) []indexedSession {
		return append(withoutTokens(entries, token), indexedSession{token, expires.UnixMilli()})
	})
}

// remove takes sessions off the list of their user.
func (x *sessionIndex) remove(ctx context.Context, userID string, tokens ...string) error {
	return x.change(ctx, userID, func(entries []indexedSession) []indexedSession { return withoutTokens(entries, tokens...) })
}

func withoutTokens(entries []indexedSession, tokens ...string) []indexedSession {
	return slices.DeleteFunc(entries, func(e indexedSession) bool { return slices.Contains(tokens, e.Token) })
}

// revokedBefore returns the time, in milliseconds, before which sessions of a
// user were begun that have ended; 0 when there is none.
func (x *sessionIndex) revokedBefore(ctx context.Context, userID string) (int64, error) {
	text, err := x.store.Get(ctx, revokedPrefix+userID)
	if err != nil {
		return 0, err
	}
	return parseMark(text), nil
}

func parseMark(text string) int64 {
	if text == "" {
		return 0
	}
	at, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return at
}

// revokeBefore ends all sessions of a user that were begun before a time. It
// never lowers that time.
func (x *sessionIndex) revokeBefore(ctx context.Context, userID string, at int64) error {
	lifetime := max(x.k.lifetime.expires, notRememberedExpiry)
	return x.k.swap(ctx, x.store, revokedPrefix+userID, func(text string) (string, time.Duration, bool, error) {
		return strconv.FormatInt(max(at, parseMark(text)), 10), lifetime, false, nil
	})
}

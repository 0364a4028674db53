package jwt

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ostiary/ostiary/core"
)

const (
	// signingFresh is how long remembered keys sign without a look into the
	// store. A key made by another node is therefore used a little later.
	signingFresh = time.Minute
	// publishedFresh is how long remembered keys are published, and how long an
	// unknown key id stays unknown: strangers can ask as often as they like
	// without a query for each.
	publishedFresh = 5 * time.Second
)

// keyring remembers the keys of the store. Nobody waits for anybody else's query:
// while one goroutine reads the store the others use what is remembered.
type keyring struct {
	options *Options
	store   KeyStore
	kernel  *core.Kernel

	remembered atomic.Pointer[snapshot]
	reading    atomic.Bool
	minting    chan struct{} // holds a token while nobody makes a key
}

// snapshot is the keys as they were read at a time, the newest first. It is
// immutable.
type snapshot struct {
	keys []*key
	read time.Time
}

func newKeyring(o *Options, store KeyStore, k *core.Kernel) *keyring {
	r := &keyring{options: o, store: store, kernel: k, minting: make(chan struct{}, 1)}
	r.minting <- struct{}{}
	return r
}

// all returns the keys, as they were not longer ago than maxAge, if the store
// answers; else as they were last seen.
func (r *keyring) all(ctx context.Context, maxAge time.Duration) ([]*key, error) {
	have := r.remembered.Load()
	now := r.kernel.Now()
	if have != nil && now.Sub(have.read) < maxAge && !now.Before(have.read) {
		return have.keys, nil
	}
	if !r.reading.CompareAndSwap(false, true) {
		if have != nil {
			return have.keys, nil
		}
	} else {
		defer r.reading.Store(false)
	}
	keys, err := r.read(ctx, have)
	if err != nil {
		if have == nil {
			return nil, err
		}
		r.kernel.Log.WarnContext(ctx, "keys could not be read; those that are known are used", "error", err)
		return have.keys, nil
	}
	r.remembered.Store(&snapshot{keys, now})
	return keys, nil
}

// read reads the store. Keys that are known already are not opened again.
func (r *keyring) read(ctx context.Context, known *snapshot) ([]*key, error) {
	stored, err := r.store.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	keys := make([]*key, 0, len(stored))
	for _, s := range stored {
		k := known.same(s)
		if k == nil {
			if k, err = openKey(s, r.options.algorithm(), r.kernel.Secrets); err != nil {
				r.kernel.Log.ErrorContext(ctx, "a stored key is of no use", "error", err)
				continue
			}
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(keys, func(a, b *key) int { return b.stored.CreatedAt.Compare(a.stored.CreatedAt) })
	return keys, nil
}

func (s *snapshot) same(stored StoredKey) *key {
	if s == nil {
		return nil
	}
	for _, k := range s.keys {
		if k.stored.ID == stored.ID && k.stored.PublicKey == stored.PublicKey && k.stored.PrivateKey == stored.PrivateKey && k.stored.Algorithm == stored.Algorithm && k.stored.ExpiresAt.Equal(stored.ExpiresAt) {
			return k
		}
	}
	return nil
}

// find returns the key of an id, or nil. An id that is not known may be that of
// a key which another node has just made.
func (r *keyring) find(ctx context.Context, id string) (*key, error) {
	for _, maxAge := range []time.Duration{signingFresh, publishedFresh} {
		keys, err := r.all(ctx, maxAge)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if k.stored.ID == id {
				return k, nil
			}
		}
	}
	return nil, nil
}

// signing returns the key that is to sign, made if there is none.
func (r *keyring) signing(ctx context.Context, o SignOptions) (*key, error) {
	if o.KeyID != "" {
		return r.pinned(ctx, o)
	}
	keys, err := r.all(ctx, signingFresh)
	if err != nil {
		return nil, err
	}
	if k := r.choose(keys, o.Algorithm); k != nil {
		return k, nil
	}
	return r.mint(ctx, o.Algorithm)
}

func (r *keyring) pinned(ctx context.Context, o SignOptions) (*key, error) {
	k, err := r.find(ctx, o.KeyID)
	switch {
	case err != nil:
		return nil, err
	case k == nil:
		return nil, fmt.Errorf("sign token: there is no key %q", o.KeyID)
	case o.Algorithm != "" && o.Algorithm != k.algorithm:
		return nil, fmt.Errorf("sign token: the key %q is one of %s, not of %s", o.KeyID, k.algorithm, o.Algorithm)
	}
	return k, nil
}

// choose returns the newest key of an algorithm that signs; without an algorithm
// one of the primary algorithm, or else any.
func (r *keyring) choose(keys []*key, a Algorithm) *key {
	now := r.kernel.Now()
	var other *key
	for _, k := range keys {
		switch {
		case !k.signs(now):
		case k.algorithm == a, a == "" && k.algorithm == r.options.algorithm():
			return k
		case a == "" && other == nil:
			other = k
		}
	}
	return other
}

// mint makes a key, unless somebody else has made one meanwhile.
func (r *keyring) mint(ctx context.Context, a Algorithm) (*key, error) {
	wanted := a
	if a == "" {
		a = r.options.algorithm()
	}
	if a != r.options.algorithm() && !slices.Contains(r.options.FurtherAlgorithms, a) {
		return nil, fmt.Errorf("sign token: there is no key for %s; add it to jwt.Options.FurtherAlgorithms", a)
	}
	select {
	case <-r.minting:
		defer func() { r.minting <- struct{}{} }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	have := r.remembered.Load()
	keys, err := r.read(ctx, have)
	if err != nil {
		return nil, err
	}
	if k := r.choose(keys, wanted); k != nil {
		r.remembered.Store(&snapshot{keys, r.kernel.Now()})
		return k, nil
	}
	fresh, err := newStoredKey(a, r.options, r.kernel.Secrets, r.kernel.Now())
	if err != nil {
		return nil, err
	}
	if fresh, err = r.store.AddKey(ctx, fresh); err != nil {
		return nil, fmt.Errorf("store a new key: %w", err)
	}
	k, err := openKey(fresh, r.options.algorithm(), r.kernel.Secrets)
	if err != nil {
		return nil, err
	}
	now := r.kernel.Now()
	// A transaction that is undone takes the key with it.
	return k, r.kernel.DB.AfterCommit(ctx, func(context.Context) error {
		r.remembered.Store(&snapshot{append([]*key{k}, keys...), now})
		return nil
	})
}

// published returns the keys that verifiers may meet.
func (r *keyring) published(ctx context.Context) ([]*key, error) {
	keys, err := r.all(ctx, publishedFresh)
	if err != nil {
		return nil, err
	}
	now := r.kernel.Now()
	shown := slices.DeleteFunc(slices.Clone(keys), func(k *key) bool { return !k.signs(now.Add(-r.options.GracePeriod)) })
	if len(shown) > 0 {
		return shown, nil
	}
	k, err := r.mint(ctx, "")
	if err != nil {
		return nil, err
	}
	return []*key{k}, nil
}

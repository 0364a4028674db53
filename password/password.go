// Package password hashes and verifies passwords, and says which lengths are
// acceptable.
//
// [NewScrypt] is compatible with the hashes that Better Auth 1.7 stores. It
// bounds the memory and processor time that any number of simultaneous callers
// can make it use: see [Limits].
package password

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrMalformedHash means that a stored hash is not in the form that this
// hasher writes: it is truncated, foreign or damaged. No password matches it.
var ErrMalformedHash = errors.New("malformed password hash")

// Hasher turns passwords into text that may be stored, and checks passwords
// against such text. Implementations are safe for concurrent use.
type Hasher interface {
	// Hash returns the stored form of password under a fresh salt.
	Hash(ctx context.Context, password string) (string, error)
	// Verify reports whether password belongs to the stored hash. A wrong
	// password is (false, nil); a hash that cannot be read is (false, an error
	// that wraps ErrMalformedHash).
	Verify(ctx context.Context, hash, password string) (bool, error)
}

// ErrBusy means that the hasher had no capacity for one more password in time.
// An HTTP server answers it with 503 and a Retry-After header.
type ErrBusy struct {
	// RetryAfter is a whole number of seconds, at least one, after which a new
	// attempt is likely to succeed.
	RetryAfter time.Duration
}

// Error implements error.
func (e ErrBusy) Error() string {
	return fmt.Sprintf("password hashing is at capacity, retry after %s", e.RetryAfter)
}

package core

import (
	"context"
	"errors"
)

// ErrOtherSecret is the error of [SecretChecker] when what is stored was encrypted
// with a secret that the server does not have.
var ErrOtherSecret = errors.New("the database holds what was encrypted with another secret")

// SecretChecker is a plugin that stores values which are encrypted with the secret
// of the server.
type SecretChecker interface {
	// CheckSecret opens a value that was stored, the newest if it knows which that
	// is, and writes nothing. The error wraps [ErrOtherSecret] when the value was
	// encrypted with another secret; it says which one it is and what can be done,
	// and reveals nothing of it. Nil when there is no value.
	CheckSecret(ctx context.Context) error
}

// CheckSecrets finds out, with a query for each plugin that encrypts, whether the
// secrets are those with which the database was written. The error wraps
// [ErrOtherSecret] when they are not; otherwise the database does not answer. A
// database in which nothing is encrypted suits every secret.
func (k *Kernel) CheckSecrets(ctx context.Context) error {
	var problems []error
	for _, p := range k.plugins {
		if c, ok := p.(SecretChecker); ok {
			problems = append(problems, c.CheckSecret(ctx))
		}
	}
	return errors.Join(problems...)
}

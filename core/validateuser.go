package core

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/schema"
)

// UserRefusal is why a user is refused: an error code and a text for people.
type UserRefusal struct{ Code, Description string }

// Error returns the code.
func (r *UserRefusal) Error() string { return r.Code }

// validateUser asks the application whether a user may be created.
func (k *Kernel) validateUser(ctx context.Context, row schema.Row, source Source) error {
	return k.ValidateUser(ctx, userOf(row), source)
}

// ValidateUser asks the application, by Config.ValidateUser, whether a user may
// sign up, sign in or be linked. A refusal is a 403.
func (k *Kernel) ValidateUser(ctx context.Context, user User, source Source) error {
	if k.config.ValidateUser == nil {
		return nil
	}
	refusal, err := k.config.ValidateUser(ctx, user, source)
	if err != nil {
		return FailWith(http.StatusForbidden, "validation_failed", "User validation failed").Because(err)
	}
	if refusal == nil {
		return nil
	}
	message := refusal.Description
	if message == "" {
		message = refusal.Code
	}
	return FailWith(http.StatusForbidden, refusal.Code, message)
}

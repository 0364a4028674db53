package jwt

import (
	"context"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/secret"
)

// CheckSecret reports whether the key that is to sign can be opened.
func (p *Plugin) CheckSecret(ctx context.Context) error {
	if p.options.Sign != nil {
		return nil // elsewhere
	}
	keys, err := p.keys.all(ctx, signingFresh)
	if err != nil {
		return err
	}
	k := p.keys.choose(keys, "")
	if k == nil {
		return nil
	}
	if _, err := k.private(); errors.Is(err, secret.ErrInvalid) {
		return fmt.Errorf("%w: %w", core.ErrOtherSecret, err)
	}
	return nil // what else is wrong with a key is told when it is used
}

package onetap_test

import (
	"context"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// fetching is a provider whose application reads profiles in its own way.
type fetching struct {
	social.Provider
	raw map[string]any
}

func (f fetching) Profile(context.Context, *core.Kernel, social.Grant) (*social.Profile, error) {
	return &social.Profile{Subject: social.Subject(f.raw["sub"]), Email: social.Text(f.raw, "email"), EmailVerified: true, Raw: f.raw}, nil
}

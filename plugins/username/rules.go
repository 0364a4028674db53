package username

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// check returns why a username may not be chosen; nil when it may.
func (p *Plugin) check(ctx context.Context, username string) (*api.Code, error) {
	if p.options.ValidateNormalized {
		username = p.options.Normalize(username)
	}
	switch n := utf16Length(username); {
	case n < p.options.MinLength:
		return &TooShort, nil
	case n > p.options.MaxLength:
		return &TooLong, nil
	}
	ok, err := p.options.Validate(ctx, username)
	if err != nil || ok {
		return nil, err
	}
	return &Invalid, nil
}

// validate is check with the answer of an endpoint.
func (p *Plugin) validate(ctx context.Context, username string, status int) error {
	code, err := p.check(ctx, username)
	if err != nil || code == nil {
		return err
	}
	return core.Fail(status, *code)
}

// validateDisplay refuses names that may not be displayed.
func (p *Plugin) validateDisplay(ctx context.Context, display string) error {
	if p.options.ValidateDisplay == nil {
		return nil
	}
	if p.options.ValidateNormalizedDisplay {
		display = p.options.NormalizeDisplay(display)
	}
	ok, err := p.options.ValidateDisplay(ctx, display)
	if err != nil || ok {
		return err
	}
	return core.Fail(http.StatusBadRequest, InvalidDisplay)
}

// owner returns the user who has a username, or nil.
func (p *Plugin) owner(ctx context.Context, k *core.Kernel, username string) (*core.User, error) {
	return k.Users.By(ctx, field, p.options.Normalize(username))
}

// isPlain reports whether a username consists of letters and digits of ASCII,
// underscores and dots. Anything else invites look-alikes.
func isPlain(username string) bool {
	for i := range len(username) {
		c := username[i]
		if c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return username != ""
}

// utf16Length returns the length of a text as JavaScript counts it.
func utf16Length(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

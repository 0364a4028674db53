// Package username lets users choose a name with which they sign in instead of
// their address. A name is unique whatever its case; how the user wrote it is
// kept beside it, for display.
package username

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/schema"
)

// Options of the plugin.
type Options struct {
	// MinLength and MaxLength bound usernames, in UTF-16 code units. Defaults 3
	// and 30.
	MinLength, MaxLength int
	// Validate decides whether a username may be chosen. Default: letters and
	// digits of ASCII, underscores and dots.
	Validate func(ctx context.Context, username string) (bool, error)
	// ValidateDisplay decides whether a name may be displayed. Nil allows all.
	ValidateDisplay func(ctx context.Context, display string) (bool, error)
	// Normalize returns the form in which usernames are stored and compared.
	// Default: lower case.
	Normalize func(username string) string
	// NormalizeDisplay returns the form in which display names are stored. Nil
	// leaves them as they are.
	NormalizeDisplay func(display string) string
	// ValidateNormalized checks length and characters of the normalised form
	// instead of what the user wrote; ValidateNormalizedDisplay likewise.
	ValidateNormalized, ValidateNormalizedDisplay bool
	// Immutable keeps users from changing a username once they have one.
	Immutable bool
	// NoDisplay stores no display name.
	NoDisplay bool
	// Columns renames the columns, by field name: "username" and
	// "displayUsername".
	Columns map[string]string
}

// The fields of users.
const (
	field        = "username"
	displayField = "displayUsername"
)

// Plugin is the plugin; make it with [New].
type Plugin struct {
	options   Options
	kernel    *core.Kernel
	passwords *emailpassword.Feature
}

var (
	_ core.Modeler              = (*Plugin)(nil)
	_ core.Initializer          = (*Plugin)(nil)
	_ core.EndpointProvider     = (*Plugin)(nil)
	_ core.HookProvider         = (*Plugin)(nil)
	_ core.DatabaseHookProvider = (*Plugin)(nil)
	_ core.CodeProvider         = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin {
	if o.MinLength == 0 {
		o.MinLength = 3
	}
	if o.MaxLength == 0 {
		o.MaxLength = 30
	}
	if o.Validate == nil {
		o.Validate = func(_ context.Context, username string) (bool, error) { return isPlain(username), nil }
	}
	if o.Normalize == nil {
		o.Normalize = strings.ToLower
	}
	if o.NormalizeDisplay == nil {
		o.NormalizeDisplay = func(display string) string { return display }
	}
	return &Plugin{options: o}
}

// ID returns "username".
func (*Plugin) ID() string { return "username" }

// Models returns the fields of users.
func (p *Plugin) Models() []schema.Model {
	fields := []schema.Field{{Name: field, Column: p.options.Columns[field], Optional: true, Unique: true, Sortable: true}}
	if !p.options.NoDisplay {
		fields = append(fields, schema.Field{Name: displayField, Column: p.options.Columns[displayField], Optional: true})
	}
	return []schema.Model{{Key: schema.UserKey, Fields: fields}}
}

// Init checks the options. Without e-mail and password there is nobody to sign
// in.
func (p *Plugin) Init(k *core.Kernel) error {
	passwords, ok := k.Plugin("email-password").(*emailpassword.Feature)
	if !ok {
		return errors.New("username: the feature emailpassword is missing; usernames sign in with its passwords")
	}
	p.kernel, p.passwords = k, passwords
	if p.options.MinLength < 0 || p.options.MinLength > p.options.MaxLength {
		return fmt.Errorf("username.Options.MinLength: %d is not between 0 and MaxLength, %d", p.options.MinLength, p.options.MaxLength)
	}
	return nil
}

// Endpoints returns the endpoints.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(SignIn, p.signIn),
		core.Handle(IsAvailable, p.isAvailable),
	}
}

// Codes returns the error codes.
func (*Plugin) Codes() []api.Code {
	return []api.Code{InvalidUsernameOrPassword, EmailNotVerified, UnexpectedError, AlreadyTaken, TooShort, TooLong, Invalid, InvalidDisplay, Immutable}
}

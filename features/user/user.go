// Package user lets users change their profile and address, and delete
// themselves.
package user

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailverification"
)

// Options of the feature.
type Options struct {
	ChangeEmail ChangeEmailOptions
	DeleteUser  DeleteUserOptions
}

// ChangeEmailOptions say how users change their address.
type ChangeEmailOptions struct {
	// Enabled lets users change their address.
	Enabled bool
	// UpdateWithoutVerification changes an address that was never verified at
	// once.
	UpdateWithoutVerification bool
	// SendConfirmation mails the present, verified address and asks whether it
	// is to be changed. Without it only the new address is asked.
	SendConfirmation func(ctx context.Context, m emailverification.ChangeMail) error
}

// DeleteUserOptions say how users delete themselves.
type DeleteUserOptions struct {
	// Enabled lets users delete themselves.
	Enabled bool
	// SendVerification mails a link that deletes the user. Without it the user
	// is deleted at once.
	SendVerification func(ctx context.Context, m DeleteMail) error
	// TokenExpiresIn is how long the link is good for. Default 1 day.
	TokenExpiresIn time.Duration
	// Before is called before a user is deleted; an error keeps it. After is
	// called afterwards.
	Before, After func(ctx context.Context, u core.User) error
}

// DeleteMail is a mail with a link that deletes a user.
type DeleteMail struct {
	// User is the user; its Email is where to send the mail.
	User core.User
	// URL is the link, Token the token in it.
	URL, Token string
	// ExpiresIn is how long the link is good for.
	ExpiresIn time.Duration
	// Request is the HTTP request that caused the mail; nil in in-process calls.
	Request *http.Request
}

// Feature is the feature; make it with [New].
type Feature struct {
	options      Options
	verification *emailverification.Feature
}

// New returns the feature. It verifies new addresses through the other one.
func New(o Options, verification *emailverification.Feature) *Feature {
	if o.DeleteUser.TokenExpiresIn == 0 {
		o.DeleteUser.TokenExpiresIn = 24 * time.Hour
	}
	return &Feature{o, verification}
}

// ID returns "user".
func (*Feature) ID() string { return "user" }

// Init checks the options.
func (f *Feature) Init(*core.Kernel) error {
	if f.options.DeleteUser.TokenExpiresIn < 0 {
		return fmt.Errorf("User.DeleteUser.TokenExpiresIn: must not be negative")
	}
	return nil
}

// Endpoints returns the endpoints.
func (f *Feature) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(api.UpdateUser, f.update, core.SessionGate),
		core.Handle(api.ChangeEmail, f.changeEmail, core.AuthoritativeGate),
		core.Handle(api.DeleteUser, f.delete, core.AuthoritativeGate),
		core.Handle(api.DeleteUserCallback, f.followDelete, core.CheckCallbackURL),
	}
}

// Package emailpassword signs users up and in with an e-mail address and a
// password, and lets them change and reset the password.
package emailpassword

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/password"
)

// Options of the feature.
type Options struct {
	// Enabled serves sign-up and sign-in. Resetting, changing and verifying
	// passwords is always served.
	Enabled bool
	// DisableSignUp refuses new users.
	DisableSignUp bool
	// AutoSignIn signs new users in. Nil means true. With false, signing up does
	// not reveal whether an address is taken.
	AutoSignIn *bool
	// RequireEmailVerification lets only users sign in whose address is verified.
	// Signing up then does not reveal whether an address is taken.
	RequireEmailVerification bool

	// MinPasswordLength and MaxPasswordLength bound passwords, in UTF-16 code
	// units. Defaults 8 and 128.
	MinPasswordLength, MaxPasswordLength int
	// Hasher replaces scrypt, the hash of Better Auth.
	Hasher password.Hasher
	// HashLimits bound how many passwords are hashed at once, which is what
	// bounds memory: 32 MiB each.
	HashLimits password.Limits

	// SendResetPassword mails the link for a new password. Without it passwords
	// cannot be reset.
	SendResetPassword func(ctx context.Context, m ResetMail) error
	// ResetPasswordTokenExpiresIn is how long the link is good for. Default
	// 1 hour.
	ResetPasswordTokenExpiresIn time.Duration
	// RevokeSessionsOnPasswordReset ends all sessions of a user who resets the
	// password. Recommended; the default is that of Better Auth.
	RevokeSessionsOnPasswordReset bool
	// OnPasswordReset is called when a password was reset.
	OnPasswordReset func(ctx context.Context, u core.User) error
	// OnExistingUserSignUp is called when somebody signs up with an address that
	// is taken, where that is not revealed.
	OnExistingUserSignUp func(ctx context.Context, u core.User) error
	// SyntheticUser makes the user that is answered when an address is taken,
	// where that is not revealed. Nil makes one that looks like a new user.
	SyntheticUser func(u api.User) api.User
}

// ResetMail is a mail with a link for a new password.
type ResetMail struct {
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

// New returns the feature. It mails verification links through the other one.
func New(o Options, verification *emailverification.Feature) *Feature {
	if o.ResetPasswordTokenExpiresIn == 0 {
		o.ResetPasswordTokenExpiresIn = time.Hour
	}
	return &Feature{o, verification}
}

// ID returns "email-password".
func (*Feature) ID() string { return "email-password" }

// Enabled reports whether users can sign in with a password.
func (f *Feature) Enabled() bool { return f.options.Enabled }

// Init checks the options.
func (f *Feature) Init(*core.Kernel) error {
	if f.options.ResetPasswordTokenExpiresIn < 0 {
		return fmt.Errorf("EmailAndPassword.ResetPasswordTokenExpiresIn: must not be negative")
	}
	return nil
}

// Endpoints returns the endpoints.
func (f *Feature) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(api.SignUpEmail, f.signUp, core.FormCSRF),
		core.Handle(api.SignInEmail, f.signIn, core.FormCSRF),
		core.Handle(api.RequestPasswordReset, f.requestReset),
		core.Handle(api.ResetPasswordCallback, f.followReset, core.CheckCallbackURL),
		core.Handle(api.ResetPassword, f.reset),
		core.Handle(api.ChangePassword, f.change, core.AuthoritativeGate),
		core.Handle(api.SetPassword, f.set, core.AuthoritativeGate),
		core.Handle(api.VerifyPassword, f.verify, core.AuthoritativeGate),
	}
}

func (f *Feature) autoSignIn() bool { return f.options.AutoSignIn == nil || *f.options.AutoSignIn }

// hidesExistence reports whether signing up must not reveal that an address is
// taken.
func (f *Feature) hidesExistence() bool {
	return f.options.RequireEmailVerification || !f.autoSignIn()
}

// CheckNew checks a password that is to be set.
func CheckNew(c *core.Context, text string) error { return policyError(c.PasswordPolicy.Check(text)) }

// CheckSubmitted checks a password that is to be compared: too long a one would
// only cost time.
func CheckSubmitted(c *core.Context, text string) error {
	return policyError(c.PasswordPolicy.CheckSubmitted(text))
}

func policyError(err error) error {
	var short password.ErrTooShort
	var long password.ErrTooLong
	switch {
	case errors.As(err, &short):
		return core.Fail(http.StatusBadRequest, api.PasswordTooShort)
	case errors.As(err, &long):
		return core.Fail(http.StatusBadRequest, api.PasswordTooLong)
	}
	return err
}

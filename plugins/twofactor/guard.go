package twofactor

import (
	"context"
	"net/http"
	"strings"

	"github.com/ostiary/ostiary/core"
)

const (
	methodTOTP = "totp"
	methodOTP  = "otp"
)

// PasswordSignIn matches the sign-ins with a password: by e-mail address, user
// name and phone number.
func PasswordSignIn(c *core.Context) bool {
	switch c.Path {
	case "/sign-in/email", "/sign-in/username", "/sign-in/phone-number":
		return true
	}
	return false
}

// EverySignIn matches whatever begins a session, but for a user who is signed in
// already, an administrator who acts as another user, a device that a signed-in
// user has approved, and a passkey, which is a second factor itself.
func EverySignIn(c *core.Context) bool {
	switch {
	case c.Session != nil,
		strings.HasPrefix(c.Path, "/admin/"),
		strings.HasPrefix(c.Path, "/passkey/"),
		c.Path == "/device/token", c.Path == "/one-time-token/verify":
		return false
	}
	return true
}

// GuardSignIn holds the sign-in of a user who has a second factor back, unless
// the device is trusted.
func (p *Plugin) GuardSignIn(ctx context.Context, c *core.Context, user *core.User, _ bool) (core.Hold, error) {
	if !enabled(user) || strings.HasPrefix(c.Path, pathPrefix) || !p.options.Challenge(c) {
		return nil, nil
	}
	trusted, err := p.trusts.spend(ctx, c, user)
	if err != nil || trusted {
		return nil, err
	}
	return func(c *core.Context) (any, error) { return p.challenge(c, user) }, nil
}

// challenge answers a sign-in that needs a second factor.
func (p *Plugin) challenge(c *core.Context, user *core.User) (any, error) {
	methods, err := p.methods(c, user)
	if err != nil {
		return nil, err
	}
	if err := p.newChallenge(c, user.ID); err != nil {
		return nil, err
	}
	if p.options.ChallengePage != "" && isNavigation(c) {
		return nil, c.Redirect(core.AppendQuery(p.options.ChallengePage, "twoFactorMethods", strings.Join(methods, ",")))
	}
	return ChallengeOutput{TwoFactorRedirect: true, TwoFactorMethods: methods}, nil
}

// isNavigation reports whether a browser shows the response of the call to its
// user, so that JSON would be of no use.
func isNavigation(c *core.Context) bool {
	return c.Method == http.MethodGet || strings.Contains(c.Path, "/callback/")
}

// methods returns the methods that a user can choose from.
func (p *Plugin) methods(c *core.Context, user *core.User) ([]string, error) {
	methods := []string{}
	if !p.options.TOTP.Disabled {
		f, err := p.factors.of(c, user.ID)
		if err != nil {
			return nil, err
		}
		if f != nil && !f.unconfirmed {
			methods = append(methods, methodTOTP)
		}
	}
	if p.options.OTP.Send != nil {
		methods = append(methods, methodOTP)
	}
	return methods, nil
}

// Package emailverification proves that an e-mail address belongs to a user, by
// a link that is mailed to it. The link carries a signed token and nothing is
// stored, so that it can be followed on any node.
package emailverification

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/cookie"
	"github.com/ostiary/ostiary/internal/secret"
)

// Options of the feature. Without Send there is no verification.
type Options struct {
	// Send mails the link.
	Send func(ctx context.Context, m Mail) error
	// SendOnSignUp mails a link to new users. Nil means: if a verified address is
	// required to sign in.
	SendOnSignUp *bool
	// SendOnSignIn mails another link when somebody who has not followed the
	// first one tries to sign in.
	SendOnSignIn bool
	// AutoSignIn signs the user in who follows a link.
	AutoSignIn bool
	// ExpiresIn is how long links are good for. Default 1 hour.
	ExpiresIn time.Duration
	// Before is called before an address is marked as verified; an error keeps
	// it from being. After is called afterwards.
	Before, After func(ctx context.Context, u core.User) error
}

// Mail is what has to be mailed.
type Mail struct {
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
type Feature struct{ options Options }

// New returns the feature.
func New(o Options) *Feature {
	if o.ExpiresIn == 0 {
		o.ExpiresIn = time.Hour
	}
	return &Feature{o}
}

// ID returns "email-verification".
func (*Feature) ID() string { return "email-verification" }

// Init checks the options.
func (f *Feature) Init(*core.Kernel) error {
	if f.options.ExpiresIn < 0 {
		return fmt.Errorf("EmailVerification.ExpiresIn: must not be negative")
	}
	if f.options.Send == nil && (f.options.SendOnSignIn || (f.options.SendOnSignUp != nil && *f.options.SendOnSignUp)) {
		return fmt.Errorf("EmailVerification.Send: not set, although mails are to be sent on sign-up or sign-in")
	}
	return nil
}

// Endpoints returns the endpoints.
func (f *Feature) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(api.SendVerificationEmail, f.send),
		core.Handle(api.VerifyEmail, f.verify, core.CheckCallbackURL),
	}
}

// Configured reports whether links can be mailed.
func (f *Feature) Configured() bool { return f.options.Send != nil }

// SendsOnSignUp reports whether new users are mailed a link, given whether a
// verified address is required to sign in.
func (f *Feature) SendsOnSignUp(required bool) bool {
	if f.options.SendOnSignUp != nil {
		required = *f.options.SendOnSignUp
	}
	return required && f.Configured()
}

// SendsOnSignIn reports whether users who try to sign in without a verified
// address are mailed a link.
func (f *Feature) SendsOnSignIn() bool { return f.options.SendOnSignIn && f.Configured() }

// Sending names the work of [Feature.Delivery] in logs.
const Sending = "sending a verification mail"

// Deliver mails a link to a user; a failure is only logged.
func (f *Feature) Deliver(c *core.Context, u core.User, callbackURL string) error {
	send, err := f.Delivery(c, u, callbackURL)
	if err != nil {
		return err
	}
	c.Deliver(Sending, send)
	return nil
}

// Delivery returns what mails a link to a user, for [core.Context.DeliverWith].
func (f *Feature) Delivery(c *core.Context, u core.User, callbackURL string) (func(ctx context.Context) error, error) {
	m, err := f.Mail(c, u, callbackURL)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return f.options.Send(ctx, m) }, nil
}

// Mail returns the mail that lets a user verify an address.
func (f *Feature) Mail(c *core.Context, u core.User, callbackURL string) (Mail, error) {
	token, err := f.sign(c, secret.Claim{Name: "email", Value: u.Email}, secret.Claim{Name: "userId", Value: u.ID})
	if err != nil {
		return Mail{}, err
	}
	return f.mail(c, u, token, callbackURL), nil
}

func (f *Feature) mail(c *core.Context, u core.User, token, callbackURL string) Mail {
	return Mail{User: u, URL: link(c, token, callbackURL), Token: token, ExpiresIn: f.options.ExpiresIn, Request: c.Request}
}

// link returns the URL that is mailed.
func link(c *core.Context, token, callbackURL string) string {
	if callbackURL == "" {
		callbackURL = "/"
	}
	return c.BaseURL() + api.VerifyEmail.Describe().Path + "?token=" + token + "&callbackURL=" + cookie.EncodeURIComponent(callbackURL)
}

func (f *Feature) sign(c *core.Context, claims ...secret.Claim) (string, error) {
	token, err := c.Secrets.SignJWT(claims, f.options.ExpiresIn, c.Now())
	if err != nil {
		return "", fmt.Errorf("sign verification token: %w", err)
	}
	return token, nil
}

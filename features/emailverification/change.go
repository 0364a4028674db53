package emailverification

import (
	"context"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/secret"
)

// The two steps of a change of address, as their tokens name them.
const (
	confirmChange = "change-email-confirmation"
	verifyChange  = "change-email-verification"
)

// ChangeMail is a mail about a change of address.
type ChangeMail struct {
	Mail
	// NewEmail is the address that the user wants.
	NewEmail string
}

// ConfirmChange returns the mail to the present address of a user that asks
// whether it is to be changed.
func (f *Feature) ConfirmChange(c *core.Context, u core.User, newEmail, callbackURL string) (ChangeMail, error) {
	token, err := f.changeToken(c, u, newEmail, confirmChange)
	if err != nil {
		return ChangeMail{}, err
	}
	return ChangeMail{f.mail(c, u, token, callbackURL), newEmail}, nil
}

// DeliverChange mails the link that makes a change to the new address.
func (f *Feature) DeliverChange(c *core.Context, u core.User, newEmail, callbackURL string) error {
	token, err := f.changeToken(c, u, newEmail, verifyChange)
	if err != nil {
		return err
	}
	u.Email = newEmail
	m := f.mail(c, u, token, callbackURL)
	c.Deliver(Sending, func(ctx context.Context) error { return f.options.Send(ctx, m) })
	return nil
}

// DiscardToken takes the time that making a token takes, so that an answer does
// not tell whether there was one to be made.
func (f *Feature) DiscardToken(c *core.Context, u core.User, newEmail string) error {
	_, err := f.changeToken(c, u, newEmail, verifyChange)
	return err
}

func (f *Feature) changeToken(c *core.Context, u core.User, newEmail, step string) (string, error) {
	return f.sign(c, secret.Claim{Name: "email", Value: u.Email}, secret.Claim{Name: "updateTo", Value: newEmail},
		secret.Claim{Name: "requestType", Value: step}, secret.Claim{Name: "userId", Value: u.ID})
}

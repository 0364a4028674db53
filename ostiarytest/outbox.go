package ostiarytest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
)

// The kinds of mails.
const (
	ResetMail        = "reset"
	VerificationMail = "verification"
	ChangeMail       = "change"
	DeleteMail       = "delete"
)

// Mail is a mail that the server wanted to be sent.
type Mail struct {
	// Kind is one of the constants above.
	Kind string
	// To is the address, URL the link, Token the token in it.
	To, URL, Token string
}

// Outbox keeps mails instead of sending them. The zero value is ready, and many
// goroutines may use it.
type Outbox struct {
	mu    sync.Mutex
	mails []Mail
}

// All returns the mails, oldest first.
func (o *Outbox) All() []Mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.mails)
}

// Last returns the newest mail of a kind; the test ends if there is none.
func (o *Outbox) Last(t testing.TB, kind string) Mail {
	t.Helper()
	for _, m := range slices.Backward(o.All()) {
		if m.Kind == kind {
			return m
		}
	}
	t.Fatalf("no mail of kind %q was sent", kind)
	return Mail{}
}

func (o *Outbox) add(m Mail) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, m)
	return nil
}

// SendReset is a callback for EmailAndPassword.SendResetPassword.
func (o *Outbox) SendReset(_ context.Context, m emailpassword.ResetMail) error {
	return o.add(Mail{ResetMail, m.User.Email, m.URL, m.Token})
}

// SendVerification is a callback for EmailVerification.Send.
func (o *Outbox) SendVerification(_ context.Context, m emailverification.Mail) error {
	return o.add(Mail{VerificationMail, m.User.Email, m.URL, m.Token})
}

// SendChange is a callback for User.ChangeEmail.SendConfirmation.
func (o *Outbox) SendChange(_ context.Context, m emailverification.ChangeMail) error {
	return o.add(Mail{ChangeMail, m.User.Email, m.URL, m.Token})
}

// SendDelete is a callback for User.DeleteUser.SendVerification.
func (o *Outbox) SendDelete(_ context.Context, m user.DeleteMail) error {
	return o.add(Mail{DeleteMail, m.User.Email, m.URL, m.Token})
}

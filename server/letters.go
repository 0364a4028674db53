package server

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/mail/smtp"
	"github.com/ostiary/ostiary/plugins/magiclink"
	"github.com/ostiary/ostiary/plugins/outbox"
	"github.com/ostiary/ostiary/plugins/twofactor"
)

// letters are the mails of the server: the callbacks of the library, which
// write the built-in letters and leave them to the outbox.
type letters struct {
	templates mail.Templates
	outbox    mail.Sender
	signIn    string // address of the page; "" for none
	forgotten string
}

// sender returns what sends mails, or nil: the mail server, or in development
// the console.
func (m *Mail) sender(development bool, console io.Writer) (mail.Sender, error) {
	if m.SMTP.Host == "" {
		if development {
			return mail.NewConsole(console), nil
		}
		return nil, nil
	}
	if m.From == "" {
		return nil, fmt.Errorf("mail.from: missing; give the sender, for example \"Acme <no-reply@acme.example>\"")
	}
	s, err := smtp.New(smtp.Options{
		Host: m.SMTP.Host, Port: m.SMTP.Port, Username: m.SMTP.Username, Password: m.SMTP.Password.Reveal(),
		From: m.From, TLS: smtp.TLSMode(m.SMTP.TLS),
	})
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
}

// post writes a letter and leaves it to the outbox, in the transaction of the
// context. That the outbox is full has been logged; answers do not tell.
func (l *letters) post(ctx context.Context, write func(mail.Data) (mail.Message, error), d mail.Data) error {
	m, err := write(d)
	if err != nil {
		return err
	}
	if err := l.outbox.Send(ctx, m); err != nil && !errors.Is(err, outbox.ErrFull) {
		return err
	}
	return nil
}

func to(u core.User) mail.Data { return mail.Data{To: u.Email, Name: u.Name} }

func (l *letters) verification(ctx context.Context, m emailverification.Mail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn = m.URL, m.ExpiresIn
	return l.post(ctx, l.templates.Verification, d)
}

func (l *letters) passwordReset(ctx context.Context, m emailpassword.ResetMail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn = m.URL, m.ExpiresIn
	return l.post(ctx, l.templates.PasswordReset, d)
}

func (l *letters) passwordWasReset(ctx context.Context, u core.User) error {
	d := to(u)
	d.URL = l.forgotten
	return l.post(ctx, l.templates.PasswordWasReset, d)
}

func (l *letters) existingAccount(ctx context.Context, u core.User) error {
	d := to(u)
	d.URL = l.signIn
	return l.post(ctx, l.templates.ExistingAccount, d)
}

func (l *letters) changeEmail(ctx context.Context, m emailverification.ChangeMail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn, d.NewEmail = m.URL, m.ExpiresIn, m.NewEmail
	return l.post(ctx, l.templates.ChangeEmail, d)
}

func (l *letters) deleteAccount(ctx context.Context, m user.DeleteMail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn = m.URL, m.ExpiresIn
	return l.post(ctx, l.templates.DeleteAccount, d)
}

// magicLink goes to whoever asks; there may be no user yet.
func (l *letters) magicLink(ctx context.Context, m magiclink.Mail) error {
	return l.post(ctx, l.templates.MagicLink, mail.Data{To: m.Email, URL: m.URL, ExpiresIn: m.ExpiresIn})
}

func (l *letters) secondFactor(ctx context.Context, m twofactor.Message) error {
	d := to(m.User)
	d.Code, d.ExpiresIn = m.Code, m.ExpiresIn
	return l.post(ctx, l.templates.OneTimeCode, d)
}

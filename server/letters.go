package server

import (
	"context"
	"fmt"
	"io"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/mail/smtp"
)

// letters are the mails of the server: the callbacks of the library, which
// write the built-in letters and leave them to the outbox.
type letters struct {
	templates mail.Templates
	outbox    *outbox
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

func (l *letters) post(ctx context.Context, kind mail.Kind, write func(mail.Data) (mail.Message, error), d mail.Data) {
	l.outbox.post(ctx, kind, func() (mail.Message, error) { return write(d) })
}

func to(u core.User) mail.Data { return mail.Data{To: u.Email, Name: u.Name} }

func (l *letters) verification(ctx context.Context, m emailverification.Mail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn = m.URL, m.ExpiresIn
	l.post(ctx, mail.KindVerification, l.templates.Verification, d)
	return nil
}

func (l *letters) passwordReset(ctx context.Context, m emailpassword.ResetMail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn = m.URL, m.ExpiresIn
	l.post(ctx, mail.KindPasswordReset, l.templates.PasswordReset, d)
	return nil
}

func (l *letters) passwordWasReset(ctx context.Context, u core.User) error {
	d := to(u)
	d.URL = l.forgotten
	l.post(ctx, mail.KindPasswordWasReset, l.templates.PasswordWasReset, d)
	return nil
}

func (l *letters) existingAccount(ctx context.Context, u core.User) error {
	d := to(u)
	d.URL = l.signIn
	l.post(ctx, mail.KindExistingAccount, l.templates.ExistingAccount, d)
	return nil
}

func (l *letters) changeEmail(ctx context.Context, m emailverification.ChangeMail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn, d.NewEmail = m.URL, m.ExpiresIn, m.NewEmail
	l.post(ctx, mail.KindChangeEmail, l.templates.ChangeEmail, d)
	return nil
}

func (l *letters) deleteAccount(ctx context.Context, m user.DeleteMail) error {
	d := to(m.User)
	d.URL, d.ExpiresIn = m.URL, m.ExpiresIn
	l.post(ctx, mail.KindDeleteAccount, l.templates.DeleteAccount, d)
	return nil
}

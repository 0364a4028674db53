package mail

import (
	"errors"
	"fmt"
)

// Kind names a letter.
type Kind string

// The letters. Each is written by the method of [Templates] with the same name.
const (
	KindVerification     Kind = "verification"
	KindPasswordReset    Kind = "password-reset"
	KindChangeEmail      Kind = "change-email"
	KindDeleteAccount    Kind = "delete-account"
	KindExistingAccount  Kind = "existing-account"
	KindPasswordWasReset Kind = "password-was-reset"
	KindMagicLink        Kind = "magic-link"
	KindOneTimeCode      Kind = "one-time-code"
)

// Kinds returns every kind of letter.
func Kinds() []Kind {
	return []Kind{
		KindVerification, KindPasswordReset, KindChangeEmail, KindDeleteAccount,
		KindExistingAccount, KindPasswordWasReset, KindMagicLink, KindOneTimeCode,
	}
}

// Templates writes the letters. The zero value writes the built-in ones, in English.
// A program that speaks several languages keeps one Templates for each. Templates is
// safe for concurrent use as long as nobody changes it.
type Templates struct {
	// AppName is the name of the application as the letters call it. Default "Ostiary".
	AppName string
	// Overrides replaces built-in letters. Kinds that are missing keep theirs.
	Overrides map[Kind]Template
}

// defaultAppName is what the letters call an application without a name.
const defaultAppName = "Ostiary"

// Verification asks the owner of To to confirm the address. Needs URL.
func (t Templates) Verification(d Data) (Message, error) {
	return t.write(KindVerification, d)
}

// PasswordReset brings the link to choose a new password. Needs URL.
func (t Templates) PasswordReset(d Data) (Message, error) {
	return t.write(KindPasswordReset, d)
}

// ChangeEmail asks, at the old address To, whether the account may move to
// NewEmail. Needs URL and NewEmail.
func (t Templates) ChangeEmail(d Data) (Message, error) {
	return t.write(KindChangeEmail, d)
}

// DeleteAccount asks whether the account is really to be deleted. Needs URL.
func (t Templates) DeleteAccount(d Data) (Message, error) {
	return t.write(KindDeleteAccount, d)
}

// ExistingAccount tells the owner of To that somebody tried to sign up with an
// address that already has an account. URL is optional: the sign-in page.
func (t Templates) ExistingAccount(d Data) (Message, error) {
	return t.write(KindExistingAccount, d)
}

// PasswordWasReset tells that the password has been reset. URL is optional: where
// somebody who did not do this gets the account back.
func (t Templates) PasswordWasReset(d Data) (Message, error) {
	return t.write(KindPasswordWasReset, d)
}

// MagicLink brings the link that signs in. Needs URL.
func (t Templates) MagicLink(d Data) (Message, error) {
	return t.write(KindMagicLink, d)
}

// OneTimeCode brings a code to type. Needs Code. The code is not in the subject,
// which locked screens show to everyone.
func (t Templates) OneTimeCode(d Data) (Message, error) {
	return t.write(KindOneTimeCode, d)
}

// write checks before and after: what goes in, so that a template can show it, and
// what comes out, because a template of the application's own may do anything.
func (t Templates) write(kind Kind, d Data) (Message, error) {
	if err := d.check(); err != nil {
		return Message{}, fmt.Errorf("write %s mail: %w", kind, err)
	}
	if err := kind.complete(d); err != nil {
		return Message{}, fmt.Errorf("write %s mail: %w", kind, err)
	}
	template, err := t.template(kind)
	if err != nil {
		return Message{}, fmt.Errorf("write %s mail: %w", kind, err)
	}
	m, err := template.write(t.view(d))
	if err != nil {
		return Message{}, fmt.Errorf("write %s mail: %w", kind, err)
	}
	m.Kind = kind
	if err := m.Validate(); err != nil {
		return Message{}, fmt.Errorf("write %s mail: %w", kind, err)
	}
	return m, nil
}

// complete reports whether d has what a letter of this kind cannot do without.
func (k Kind) complete(d Data) error {
	switch k {
	case KindOneTimeCode:
		if d.Code == "" {
			return errors.New("Code: missing")
		}
	case KindVerification, KindPasswordReset, KindChangeEmail, KindDeleteAccount, KindMagicLink:
		if d.URL == "" {
			return errors.New("URL: missing")
		}
	}
	if k == KindChangeEmail && d.NewEmail == "" {
		return errors.New("NewEmail: missing")
	}
	return nil
}

func (t Templates) template(kind Kind) (Template, error) {
	if own, found := t.Overrides[kind]; found {
		return own, nil
	}
	templates, err := builtIn()
	if err != nil {
		return Template{}, err
	}
	return templates[kind], nil
}

func (t Templates) view(d Data) View {
	v := View{
		AppName:   t.AppName,
		To:        d.To,
		Name:      greetingName(d.Name),
		URL:       d.URL,
		Code:      d.Code,
		ExpiresIn: max(d.ExpiresIn, 0),
		Expiry:    expiry(d.ExpiresIn),
		NewEmail:  d.NewEmail,
	}
	if v.AppName == "" {
		v.AppName = defaultAppName
	}
	return v
}

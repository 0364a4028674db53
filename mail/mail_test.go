package mail_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/mail"
)

func TestValidateRefusesWhatCouldBecomeAnotherMessage(t *testing.T) {
	t.Parallel()
	valid := mail.Message{To: "ada@example.com", Subject: "Grüße", Text: "Hi\n"}
	for _, test := range []struct {
		name   string
		change func(*mail.Message)
		want   error
	}{
		{"valid", func(*mail.Message) {}, nil},
		{"only HTML", func(m *mail.Message) { m.Text, m.HTML = "", "<p>" }, nil},
		{"two recipients", func(m *mail.Message) { m.To = "a@b.example,c@d.example" }, mail.ErrAddress},
		{"header in address", func(m *mail.Message) { m.To = "a@b.example\r\nBcc: c@d.example" }, mail.ErrAddress},
		{"header in subject", func(m *mail.Message) { m.Subject = "Hi\r\nBcc: c@d.example" }, mail.ErrSubject},
		{"CR in subject", func(m *mail.Message) { m.Subject = "Hi\rBcc: c@d.example" }, mail.ErrSubject},
		{"LF in subject", func(m *mail.Message) { m.Subject = "Hi\nBcc: c@d.example" }, mail.ErrSubject},
		{"NUL in subject", func(m *mail.Message) { m.Subject = "Hi\x00" }, mail.ErrSubject},
		{"next line in subject", func(m *mail.Message) { m.Subject = "Hi\u0085x" }, mail.ErrSubject},
		{"line separator in subject", func(m *mail.Message) { m.Subject = "Hi\u2028x" }, mail.ErrSubject},
		{"paragraph separator in subject", func(m *mail.Message) { m.Subject = "Hi\u2029x" }, mail.ErrSubject},
		{"subject is not UTF-8", func(m *mail.Message) { m.Subject = "\xff" }, mail.ErrSubject},
		{"no subject", func(m *mail.Message) { m.Subject = "" }, mail.ErrSubject},
		{"blank subject", func(m *mail.Message) { m.Subject = " " }, mail.ErrSubject},
		{"no body", func(m *mail.Message) { m.Text = "" }, mail.ErrBody},
		{"NUL in text", func(m *mail.Message) { m.Text = "a\x00" }, mail.ErrBody},
		{"HTML is not UTF-8", func(m *mail.Message) { m.HTML = "\xff" }, mail.ErrBody},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := valid
			test.change(&m)
			err := m.Validate()
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), ".example") {
				t.Errorf("error %q repeats the value", err)
			}
		})
	}
}

func TestSenderFuncSends(t *testing.T) {
	t.Parallel()
	want := errors.New("refused")
	var sender mail.Sender = mail.SenderFunc(func(_ context.Context, m mail.Message) error {
		if m.To != "ada@example.com" {
			t.Errorf("to %q", m.To)
		}
		return want
	})
	if err := sender.Send(t.Context(), mail.Message{To: "ada@example.com"}); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

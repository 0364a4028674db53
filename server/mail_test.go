package server

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary/mail/mailtest"
)

// withMailServer sends the mails of the server to the sink.
func withMailServer(sink *mailtest.Sink) func(*Config) {
	return func(c *Config) {
		c.AppName = "Acme"
		c.EmailAndPassword.RequireEmailVerification = true
		c.Mail = Mail{
			From: "Acme <no-reply@acme.example>",
			SMTP: SMTP{Host: sink.Host(), Port: sink.Port(), TLS: "none"},
		}
	}
}

// received waits for the nth mail.
func received(t *testing.T, sink *mailtest.Sink, n int) mailtest.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	messages, err := sink.WaitFor(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return messages[n-1]
}

var linkInMail = regexp.MustCompile(`(?m)^http://\S+$`)

func TestSignUpMailsALinkThatVerifies(t *testing.T) {
	t.Parallel()
	sink := mailtest.Start(t)
	r := start(t, withMailServer(sink))
	if status, _, body := r.signUp("ada@example.com"); status != 200 {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	m := received(t, sink, 1)
	if m.From != "no-reply@acme.example" || m.FromName != "Acme" || m.To != "ada@example.com" {
		t.Errorf("from %q <%s> to %q", m.FromName, m.From, m.To)
	}
	if m.Subject != "Confirm your e-mail address" || !strings.Contains(m.Text, "Hello Ada,") || !strings.Contains(m.HTML, "Hello Ada,") {
		t.Errorf("received %q\n%s", m.Subject, m.Text)
	}
	link := linkInMail.FindString(m.Text)
	if !strings.Contains(m.HTML, `href="`+strings.ReplaceAll(link, "&", "&amp;")+`"`) {
		t.Errorf("the HTML lacks the link %q:\n%s", link, m.HTML)
	}
	const signIn = `{"email":"ada@example.com","password":"correct horse"}`
	if status, _, body := r.do("POST", "/api/auth/sign-in/email", signIn, "Content-Type", "application/json"); status != 403 {
		t.Errorf("sign-in before: %d %s, want 403", status, body)
	}
	if status, _, body := r.ask(link, "GET", ""); status != 200 && status != 302 {
		t.Errorf("link: %d %s", status, body)
	}
	if status, _, body := r.do("POST", "/api/auth/sign-in/email", signIn, "Content-Type", "application/json"); status != 200 {
		t.Errorf("sign-in after: %d %s, want 200", status, body)
	}
}

func TestSignUpWithATakenAddressIsToldToItsOwnerAlone(t *testing.T) {
	t.Parallel()
	sink := mailtest.Start(t)
	r := start(t, withMailServer(sink))
	for n, want := range []string{"Confirm your e-mail address", "You already have an account"} {
		if status, _, body := r.signUp("ada@example.com"); status != 200 {
			t.Fatalf("sign-up: %d %s", status, body)
		}
		if m := received(t, sink, n+1); m.Subject != want || m.To != "ada@example.com" {
			t.Errorf("mail %d: %q to %q, want %q", n+1, m.Subject, m.To, want)
		}
	}
}

func TestSignUpSucceedsWhileTheMailServerRefuses(t *testing.T) {
	t.Parallel()
	sink := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"RCPT": "550 5.1.1 unknown user"}})
	r := start(t, withMailServer(sink))
	if status, _, body := r.signUp("ada@example.com"); status != 200 {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	eventually(t, "the failure is logged", func() bool {
		return strings.Contains(r.log.String(), "could not name the recipient: 550 5.1.1 unknown user")
	})
}

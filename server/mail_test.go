package server

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/mail/mailtest"
	"github.com/ostiary/ostiary/plugins/outbox"
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

// elapse makes the mails that wait in the database of a configuration due.
func elapse(t *testing.T, c Config) {
	t.Helper()
	m, err := NewMigration(c)
	if err != nil {
		t.Fatal(err)
	}
	db := m.auth.Kernel().DB
	row := db.Table("ostiaryMail").NewRow().Set("dueAt", time.Now())
	if n, err := db.UpdateMany(t.Context(), row, database.Compare("dueAt", database.NotEqual, nil)); err != nil || n == 0 {
		t.Errorf("%d mails wait, %v", n, err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// The mail server is down; the server is stopped, and another process takes over.
func TestMailsWaitInTheDatabaseForTheMailServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	config := func(change func(*Config)) func(*Config) {
		return func(c *Config) {
			change(c)
			c.Database.Path = path
			c.Secret = "a-secret-of-both-processes-0123456789-abcdefghijk"
			c.Server.MetricsListen = "localhost:0"
		}
	}
	gone := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"CONNECT": mailtest.HangUp}})
	r := start(t, config(withMailServer(gone)))
	if status, _, body := r.signUp("ada@example.com"); status != 200 {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	eventually(t, "an attempt has failed", func() bool { return strings.Contains(r.log.String(), "it is tried again later") })
	for _, secret := range []string{"ada@example.com", "token="} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, r.log.String())
		}
	}
	for _, want := range []string{"ostiary_mails_pending 1\n", "ostiary_mails_dead 0\n", `ostiary_mails_total{result="delayed"}`} {
		eventually(t, "the metrics have "+want, func() bool {
			_, _, metrics := r.ask("http://"+r.metrics[0].Addr().String()+"/metrics", "GET", "")
			return strings.Contains(metrics, want)
		})
	}
	r.stop()
	err := <-r.ended
	r.ended <- err // for the end of the test
	if err != nil {
		t.Fatal(err)
	}

	elapse(t, r.config)
	sink := mailtest.Start(t)
	next := start(t, config(withMailServer(sink)))
	if m := received(t, sink, 1); m.To != "ada@example.com" {
		t.Errorf("to %q", m.To)
	}
	eventually(t, "the mail is forgotten", func() bool {
		stats, err := next.outbox.Stats(t.Context())
		return err == nil && stats == outbox.Stats{}
	})
}

func TestAFullOutboxDoesNotChangeTheAnswer(t *testing.T) {
	t.Parallel()
	silent := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"RCPT": "450 4.2.1 later"}})
	r := start(t, func(c *Config) {
		withMailServer(silent)(c)
		c.Mail.MaxWaiting = 2
		c.RateLimit.Enabled = new(false)
	})
	var answers []string
	for _, name := range []string{"ada", "bob", "cid", "dan"} {
		status, _, body := r.signUp(name + "@example.com")
		answers = append(answers, fmt.Sprintf("%d %t", status, strings.Contains(body, name)))
	}
	for _, path := range []string{"/api/auth/request-password-reset", "/api/auth/send-verification-email"} {
		status, _, _ := r.do("POST", path, `{"email":"dan@example.com"}`, "Content-Type", "application/json")
		answers = append(answers, fmt.Sprintf("%d true", status))
	}
	for i, answer := range answers {
		if answer != "200 true" {
			t.Errorf("answer %d: %s", i, answer)
		}
	}
	if n := strings.Count(r.log.String(), "a mail was dropped"); n != 4 {
		t.Errorf("%d mails were dropped:\n%s", n, r.log.String())
	}
	stats, err := r.outbox.Stats(t.Context())
	if err != nil || stats.Waiting != 2 {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestTheDoctorTellsOfMailsThatDoNotGetThrough(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	sink := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"RCPT": "550 5.1.1 <ada@example.com> unknown"}})
	var config Config
	r := start(t, func(c *Config) {
		withMailServer(sink)(c)
		c.Database.Path = path
		config = *c
	})
	if status, _, body := r.signUp("ada@example.com"); status != 200 {
		t.Fatalf("sign-up: %d %s", status, body)
	}
	eventually(t, "the mail is given up", func() bool { return strings.Contains(r.log.String(), "is given up") })
	eventually(t, "that is noted", func() bool {
		stats, err := r.outbox.Stats(t.Context())
		return err == nil && stats.Dead == 1
	})
	table := r.auth.Kernel().DB.Table("ostiaryMail")
	long := time.Now().Add(-time.Hour)
	row := table.NewRow().Set("kind", "verification").Set("content", "x").Set("attempts", int64(3)).Set("createdAt", long).Set("dueAt", time.Now().Add(time.Hour)).Set("error", "no route to host")
	if _, err := r.auth.Kernel().DB.Create(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	got := examine(t, config)[Warning]
	for _, want := range []string{"1 mail was given up", "The last one (verification): smtp:", "550 5.1.1 [redacted] unknown", "1 mail waits, the oldest for 1h0m0s. Its last attempt failed: no route to host."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if err := r.auth.Kernel().DB.Delete(t.Context(), table, database.Eq("kind", "verification")); err != nil {
		t.Fatal(err)
	}
}

func TestTheTableOfMailsIsMadeOnlyWhereThereAreMails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   bool
	}{
		{"no mail server", func(c *Config) {}, false},
		{"mail server", func(c *Config) { c.Mail = Mail{From: "a@b.example", SMTP: SMTP{Host: "smtp.acme.example"}} }, true},
		{"development", func(c *Config) { c.Server.Development = true }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := parse(t, "baseURL: https://auth.example.com\nemailAndPassword: {enabled: true}")
			config.Database.Path = filepath.Join(t.TempDir(), "auth.db")
			c.change(&config)
			m, err := NewMigration(config)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close(context.WithoutCancel(t.Context()))
			if got := m.auth.Kernel().DB.Table("ostiaryMail") != nil; got != c.want {
				t.Errorf("there is a table: %t", got)
			}
		})
	}
}

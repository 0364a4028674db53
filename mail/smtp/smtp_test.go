package smtp_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/mail/mailtest"
	"github.com/ostiary/ostiary/mail/smtp"
)

const (
	username = "acme"
	password = "s3cr3t pass wörd"
	from     = "no-reply@acme.example"
)

var letter = mail.Message{
	To:      "ada@example.com",
	Subject: "Bestätige deine Adresse",
	Text:    "Grüße, 世界\n\nhttps://acme.example/verify?token=abcDEF123456&next=%2F\n\n.\n.dots at the beginning\n",
	HTML:    "<p>Grüße, <a href=\"https://acme.example/verify?token=abcDEF123456&amp;next=%2F\">世界</a></p>\n",
}

// optionsFor are those of a sender to the sink, changed by change.
func optionsFor(s *mailtest.Sink, change func(*smtp.Options)) smtp.Options {
	o := smtp.Options{Host: s.Host(), Port: s.Port(), From: from, TLS: smtp.NoTLS, RootCAs: s.RootCAs()}
	if change != nil {
		change(&o)
	}
	return o
}

func senderTo(t *testing.T, s *mailtest.Sink, change func(*smtp.Options)) *smtp.Sender {
	t.Helper()
	sender, err := smtp.New(optionsFor(s, change))
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func receive(t *testing.T, s *mailtest.Sink) mailtest.Message {
	t.Helper()
	messages := s.Messages()
	if len(messages) != 1 {
		t.Fatalf("%d messages arrived, want 1", len(messages))
	}
	return messages[0]
}

func TestMessageArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	long := letter
	long.Subject = strings.Repeat("Übermäßig lange Betreffzeile ", 12) + "."
	long.Text = strings.Repeat("x", 5000) + "\n"
	onlyText, onlyHTML := letter, letter
	onlyText.HTML, onlyHTML.Text = "", ""
	for name, m := range map[string]mail.Message{
		"both forms": letter, "long lines": long, "text only": onlyText, "HTML only": onlyHTML,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.Start(t)
			if err := senderTo(t, sink, nil).Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := receive(t, sink)
			if diff := cmp.Diff(m, mail.Message{To: got.To, Subject: got.Subject, Text: got.Text, HTML: got.HTML}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff([]string{m.To}, got.EnvelopeTo); diff != "" || got.EnvelopeFrom != from || got.From != from {
				t.Errorf("from %q, header %q, recipients (-want +got)\n%s", got.EnvelopeFrom, got.From, diff)
			}
			for line := range strings.Lines(string(got.Raw)) {
				if len(line) > 999 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
					t.Errorf("not fit for every server: %q", line)
				}
			}
		})
	}
}

func TestHeadersIdentifyAnAutomaticMessageAndNotTheMachine(t *testing.T) {
	t.Parallel()
	sink := mailtest.Start(t)
	sender := senderTo(t, sink, func(o *smtp.Options) { o.From = "Ängste & Söhne <" + from + ">"; o.LocalName = "192.0.2.7" })
	for range 2 {
		if err := sender.Send(t.Context(), letter); err != nil {
			t.Fatal(err)
		}
	}
	messages := sink.Messages()
	header := messages[0].Header
	if got := header.Get("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted: %q", got)
	}
	if id := header.Get("Message-Id"); !strings.HasSuffix(id, "@acme.example>") || id == messages[1].Header.Get("Message-Id") {
		t.Errorf("Message-Id: %q, then %q", id, messages[1].Header.Get("Message-Id"))
	}
	if _, err := header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
	for _, name := range []string{"X-Mailer", "User-Agent"} {
		if got := header.Get(name); got != "" {
			t.Errorf("%s: %q, want none", name, got)
		}
	}
	if messages[0].FromName != "Ängste & Söhne" || messages[0].EnvelopeFrom != from {
		t.Errorf("from %q <%s>", messages[0].FromName, messages[0].EnvelopeFrom)
	}
	if got := sink.Commands()[0]; got != "EHLO [192.0.2.7]" {
		t.Errorf("greeting %q", got)
	}
}

func TestEncryptionAndSignIn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sink mailtest.Options
		tls  smtp.TLSMode
	}{
		"STARTTLS, PLAIN": {mailtest.Options{Encryption: mailtest.StartTLS}, smtp.StartTLS},
		"STARTTLS, LOGIN": {mailtest.Options{Encryption: mailtest.StartTLS, Mechanisms: []string{"LOGIN"}}, ""},
		"implicit, PLAIN": {mailtest.Options{Encryption: mailtest.ImplicitTLS}, smtp.ImplicitTLS},
		"implicit, LOGIN": {mailtest.Options{Encryption: mailtest.ImplicitTLS, Mechanisms: []string{"CRAM-MD5", "LOGIN"}}, smtp.ImplicitTLS},
		"none, PLAIN":     {mailtest.Options{}, smtp.NoTLS},
		"none, LOGIN":     {mailtest.Options{Mechanisms: []string{"LOGIN"}}, smtp.NoTLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.sink.Username, test.sink.Password = username, password
			sink := mailtest.StartWith(t, test.sink)
			sender := senderTo(t, sink, func(o *smtp.Options) { o.TLS, o.Username, o.Password = test.tls, username, password })
			if err := sender.Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, sink); got.Subject != letter.Subject {
				t.Errorf("subject %q", got.Subject)
			}
		})
	}
}

func TestNothingIsToldWithoutTheTLSThatIsRequired(t *testing.T) {
	t.Parallel()
	stripped := "250-sink.example\r\n250 AUTH PLAIN LOGIN"
	for name, test := range map[string]struct {
		sink   mailtest.Options
		change func(*smtp.Options)
		reason string
	}{
		"STARTTLS not offered":    {mailtest.Options{}, nil, "does not offer STARTTLS"},
		"STARTTLS stripped":       {mailtest.Options{Encryption: mailtest.StartTLS, Replies: map[string]string{"EHLO": stripped}}, nil, "does not offer STARTTLS"},
		"EHLO refused":            {mailtest.Options{Encryption: mailtest.StartTLS, Replies: map[string]string{"EHLO": "502 no"}}, nil, "does not offer STARTTLS"},
		"STARTTLS refused":        {mailtest.Options{Encryption: mailtest.StartTLS, Replies: map[string]string{"STARTTLS": "454 later"}}, nil, "454 later"},
		"unknown authority":       {mailtest.Options{Encryption: mailtest.StartTLS}, func(o *smtp.Options) { o.RootCAs = x509.NewCertPool() }, "unknown authority"},
		"certificate of others":   {mailtest.Options{Encryption: mailtest.StartTLS}, func(o *smtp.Options) { o.Host = "127.0.0.2" }, ""},
		"implicit, but plain":     {mailtest.Options{}, func(o *smtp.Options) { o.TLS = smtp.ImplicitTLS }, "TLS"},
		"implicit, not trusted":   {mailtest.Options{Encryption: mailtest.ImplicitTLS}, func(o *smtp.Options) { o.TLS = smtp.ImplicitTLS; o.RootCAs = nil }, "x509"},
		"text after the STARTTLS": {mailtest.Options{Encryption: mailtest.StartTLS, Replies: map[string]string{"STARTTLS": "220 go\r\n250-injected\r\n250 AUTH PLAIN"}}, func(o *smtp.Options) { o.RootCAs = x509.NewCertPool() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.StartWith(t, test.sink)
			sender := senderTo(t, sink, func(o *smtp.Options) {
				o.TLS, o.Username, o.Password, o.Timeout = smtp.StartTLS, username, password, 5*time.Second
				if test.change != nil {
					test.change(o)
				}
			})
			err := sender.Send(t.Context(), letter)
			if err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("error %v, want one with %q", err, test.reason)
			}
			for _, command := range sink.Commands() {
				if verb, _, _ := strings.Cut(command, " "); verb == "AUTH" || verb == "MAIL" || verb == "RCPT" || verb == "DATA" {
					t.Errorf("the client said %q", command)
				}
			}
		})
	}
}

func TestRefusalsNameTheStepAndTheCode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		step, reply, wantStep string
		wantCode              int
		temporary             bool
	}{
		{"CONNECT", "554 no service", "be greeted", 554, true},
		{"CONNECT", "421 busy", "be greeted", 421, true},
		{"AUTH", "535 5.7.8 bad credentials", "sign in", 535, true},
		{"AUTH", "454 4.7.0 later", "sign in", 454, true},
		{"MAIL", "550 5.7.1 not you", "name the sender", 550, false},
		{"RCPT", "550 5.1.1 unknown user", "name the recipient", 550, false},
		{"RCPT", "450 4.2.1 greylisted", "name the recipient", 450, true},
		{"DATA", "452 4.3.1 full", "send the message", 452, true},
		{"BODY", "554 5.7.1 spam", "send the message", 554, false},
		{"BODY", "nonsense", "send the message", 0, true},
		{"RCPT", mailtest.HangUp, "name the recipient", 0, true},
		{"BODY", mailtest.HangUp, "send the message", 0, true},
	} {
		t.Run(test.step+" "+test.reply, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.StartWith(t, mailtest.Options{
				Username: username, Password: password, Replies: map[string]string{test.step: test.reply},
			})
			sender := senderTo(t, sink, func(o *smtp.Options) { o.Username, o.Password = username, password })
			err := sender.Send(t.Context(), letter)
			var failed *smtp.Error
			if !errors.As(err, &failed) {
				t.Fatalf("error %v, want an *smtp.Error", err)
			}
			if failed.Step != test.wantStep || failed.Code != test.wantCode || failed.Temporary() != test.temporary || failed.Address != sink.Addr() {
				t.Errorf("got %+v (temporary %t), want step %q, code %d, temporary %t", failed, failed.Temporary(), test.wantStep, test.wantCode, test.temporary)
			}
			if _, text, _ := strings.Cut(test.reply, " "); test.wantCode != 0 && !strings.Contains(err.Error(), text) {
				t.Errorf("error %q does not repeat %q", err, text)
			}
			if len(sink.Messages()) != 0 {
				t.Error("the message arrived")
			}
		})
	}
}

func TestAnAcceptedMessageIsSentEvenIfTheFarewellFails(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{"500 what?", mailtest.HangUp, mailtest.Silent} {
		sink := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"QUIT": reply}})
		if err := senderTo(t, sink, nil).Send(t.Context(), letter); err != nil {
			t.Errorf("QUIT answered by %q: %v", reply, err)
		}
		receive(t, sink)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		sink := mailtest.StartWith(t, mailtest.Options{Username: username, Password: "another", Mechanisms: []string{mechanism}})
		err := senderTo(t, sink, func(o *smtp.Options) { o.Username, o.Password = username, password }).Send(t.Context(), letter)
		if failed := (*smtp.Error)(nil); !errors.As(err, &failed) || failed.Code != 535 {
			t.Errorf("%s: %v, want 535", mechanism, err)
		}
	}
	sink := mailtest.StartWith(t, mailtest.Options{Username: username, Password: password, Mechanisms: []string{"CRAM-MD5"}})
	err := senderTo(t, sink, func(o *smtp.Options) { o.Username, o.Password = username, password }).Send(t.Context(), letter)
	if err == nil || !strings.Contains(err.Error(), "neither AUTH PLAIN nor AUTH LOGIN") {
		t.Errorf("unknown mechanisms: %v", err)
	}
}

func TestErrorsAndPrintsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + username + "\x00" + password))
	encoded := base64.StdEncoding.EncodeToString([]byte(password))
	secrets := []string{password, plain, encoded, "da@example.com", "abcDEF123456", "DEF123", "acme.example/verify"}
	for step, reply := range map[string]string{
		"AUTH": "535 wrong: '" + password + "' " + plain + " " + encoded,
		"DATA": "554-blocked url=https://acme.example/verify?token=abcDEF123456&next=%2F;\r\n554 policy",
		"BODY": "554 see token=abcDEF12 and <DEF123456> [https://acme.example/verify] http://filter.example/why",
		"RCPT": "malformed abcDEF123456 " + password,
		"MAIL": "550 5.1.1 <Ada@example.com>: you may not write to ada@example.com",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.StartWith(t, mailtest.Options{Username: username, Password: password, Replies: map[string]string{step: reply}})
			o := optionsFor(sink, func(o *smtp.Options) { o.Username, o.Password = username, password })
			sender, err := smtp.New(o)
			if err != nil {
				t.Fatal(err)
			}
			err = sender.Send(t.Context(), letter)
			if err == nil {
				t.Fatal("sent, want an error")
			}
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "error", err, "options", o, "pointer", &o, "sender", sender)
			slog.New(slog.NewTextHandler(&log, nil)).Error("failed", "error", err, "options", o, "pointer", &o, "sender", sender)
			fmt.Fprintf(&log, "%v %+v %#v %s %v %+v %#v %s %d %v %+v %v", err, err, err, err, o, o, o, o, o, sender, sender, &o)
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				log.WriteString(cause.Error())
			}
			for _, secret := range secrets {
				if strings.Contains(log.String(), secret) {
					t.Errorf("%q is in\n%s", secret, log.String())
				}
			}
			if !strings.Contains(err.Error(), "[redacted]") {
				t.Errorf("%q does not say that something was cut out", err)
			}
		})
	}
}

func TestReasonsAreShortAndOnOneLine(t *testing.T) {
	t.Parallel()
	reply := strings.Repeat("550-\x1b[31mfoo\tbar é\r\n", 300) + "550 end"
	sink := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"RCPT": reply}})
	err := senderTo(t, sink, nil).Send(t.Context(), letter)
	if err == nil || len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\n\r\t\x1b") {
		t.Errorf("error %q", err)
	}
}

func TestAServerThatNeverStopsTalkingIsLeft(t *testing.T) {
	t.Parallel()
	sink := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"EHLO": strings.Repeat("250-x\r\n", 1<<18) + "250 x"}})
	err := senderTo(t, sink, nil).Send(t.Context(), letter)
	if err == nil || !strings.Contains(err.Error(), "said too much") {
		t.Errorf("error %v", err)
	}
}

func TestSilenceEndsWithTheTimeout(t *testing.T) {
	t.Parallel()
	for step, reply := range map[string]string{
		"CONNECT": mailtest.Silent, "EHLO": mailtest.Silent, "STARTTLS": mailtest.Silent, "RCPT": mailtest.Silent, "BODY": mailtest.Silent,
		"MAIL": "250-half of a reply",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.StartWith(t, mailtest.Options{Encryption: mailtest.StartTLS, Replies: map[string]string{step: reply}})
			sender := senderTo(t, sink, func(o *smtp.Options) { o.TLS, o.Timeout = smtp.StartTLS, 300*time.Millisecond })
			err := sender.Send(t.Context(), letter)
			if failed := (*smtp.Error)(nil); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || !failed.Temporary() {
				t.Errorf("error %v, want a temporary one of the deadline", err)
			}
		})
	}
}

func TestCancellationInterruptsSending(t *testing.T) {
	t.Parallel()
	sink := mailtest.StartWith(t, mailtest.Options{Replies: map[string]string{"MAIL": mailtest.Silent}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- senderTo(t, sink, nil).Send(ctx, letter) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if err := senderTo(t, sink, nil).Send(ctx, letter); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before: error %v, want %v", err, context.Canceled)
	}
}

func TestAServerThatIsDownGivesAClearError(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	_ = listener.Close()
	sender, err := smtp.New(smtp.Options{Host: "127.0.0.1", Port: address.Port, From: from})
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), letter)
	failed := (*smtp.Error)(nil)
	if !errors.As(err, &failed) || failed.Step != "connect" || !failed.Temporary() {
		t.Fatalf("error %v", err)
	}
	if !strings.HasPrefix(err.Error(), "smtp: "+address.String()+": could not connect: ") {
		t.Errorf("error %q", err)
	}
	if network := net.Error(nil); !errors.As(err, &network) {
		t.Errorf("error %v does not wrap that of the network", err)
	}
}

func TestHostileMessagesNeverReachTheServer(t *testing.T) {
	t.Parallel()
	sink := mailtest.Start(t)
	sender := senderTo(t, sink, nil)
	for name, change := range map[string]func(*mail.Message){
		"two recipients":      func(m *mail.Message) { m.To = "a@evil.example,v@corp.example" },
		"quoted local part":   func(m *mail.Message) { m.To = `"v@corp.example x"@evil.example` },
		"command in address":  func(m *mail.Message) { m.To = "a@evil.example>\r\nRCPT TO:<v@corp.example" },
		"header in subject":   func(m *mail.Message) { m.Subject = "Hi\r\nBcc: v@corp.example" },
		"line feed in header": func(m *mail.Message) { m.Subject = "Hi\nBcc: v@corp.example" },
		"no body":             func(m *mail.Message) { m.Text, m.HTML = "", "" },
	} {
		m := letter
		change(&m)
		if err := sender.Send(t.Context(), m); err == nil {
			t.Errorf("%s: sent", name)
		}
	}
	if commands := sink.Commands(); len(commands) != 0 {
		t.Errorf("the server was told %q", commands)
	}
}

func TestSenderIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	sink := mailtest.Start(t)
	sender := senderTo(t, sink, nil)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			m := letter
			m.To = fmt.Sprintf("user%d@example.com", i)
			if err := sender.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for _, m := range sink.Messages() {
		seen[m.To] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d recipients got their message, want 20", len(seen))
	}
}

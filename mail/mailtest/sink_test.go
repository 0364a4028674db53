package mailtest_test

import (
	"context"
	"errors"
	"net/smtp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ostiary/ostiary/mail/mailtest"
)

// The client of the standard library takes the place of a foreign program.
func send(s *mailtest.Sink, body string) error {
	return smtp.SendMail(s.Addr(), nil, "a@acme.example", []string{"ada@example.com", "hidden@example.com"},
		[]byte(strings.ReplaceAll(body, "\n", "\r\n")))
}

const headers = "From: =?utf-8?q?=C3=84cme?= <a@acme.example>\nTo: Ada <ada@example.com>\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\n"

func TestSinkReadsWhatOtherProgramsSend(t *testing.T) {
	t.Parallel()
	want := mailtest.Message{
		EnvelopeFrom: "a@acme.example", EnvelopeTo: []string{"ada@example.com", "hidden@example.com"},
		From: "a@acme.example", FromName: "Äcme", To: "ada@example.com", Subject: "Grüße",
	}
	for name, test := range map[string]struct{ body, text, html string }{
		"plain":            {"Content-Type: text/plain\n\nHi\n..\n", "Hi\n..\n", ""},
		"quoted-printable": {"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>Gr=C3=BC=\n=C3=9Fe\n", "", "<p>Grüße\n"},
		"base64":           {"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGk=\n", "Hi", ""},
		"alternatives": {
			"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nHi\n--b\nContent-Type: text/html\n\n<p>\n--b--\n",
			"Hi", "<p>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.Start(t)
			if err := send(sink, headers+test.body); err != nil {
				t.Fatal(err)
			}
			want := want
			want.Text, want.HTML = test.text, test.html
			got, err := sink.WaitFor(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]mailtest.Message{want}, got, cmpopts.IgnoreFields(mailtest.Message{}, "Header", "Raw")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSinkRefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	sink := mailtest.Start(t)
	for _, body := range []string{
		"", "no headers\n\n", "Subject: x\n\n", headers + "\nno type",
		headers + "Content-Type: text/plain\nContent-Transfer-Encoding: rot13\n\nUv",
		headers + "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nunfinished",
		strings.Replace(headers, "To: Ada", "To: b@example.com, Ada", 1) + "Content-Type: text/plain\n\nHi",
	} {
		if err := send(sink, body); err == nil || !strings.HasPrefix(err.Error(), "554 ") {
			t.Errorf("%q: error %v, want 554", body, err)
		}
	}
	if got := sink.Messages(); len(got) != 0 {
		t.Errorf("kept %d messages", len(got))
	}
}

func TestSinkInsistsOnTheOrderOfCommands(t *testing.T) {
	t.Parallel()
	sink := mailtest.StartWith(t, mailtest.Options{Encryption: mailtest.StartTLS, Username: "acme", Password: "secret"})
	client, err := smtp.Dial(sink.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Mail("a@acme.example"); err == nil || !strings.Contains(err.Error(), "STARTTLS first") {
		t.Errorf("MAIL before STARTTLS: %v", err)
	}
	if _, err := client.Data(); err == nil {
		t.Error("DATA before RCPT is accepted")
	}
	if err := client.Rcpt("ada@example.com"); err == nil {
		t.Error("RCPT before MAIL is accepted")
	}
}

func TestWaitForEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mailtest.Start(t).WaitFor(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

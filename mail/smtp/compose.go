package smtp

import (
	"crypto/rand"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/ostiary/ostiary/mail"
)

// envelope is a message ready for the wire: two bare addresses, which decide where
// it goes, and the content, which decides nothing.
type envelope struct {
	from, to string
	content  io.WriterTo
}

// compose writes m, which is valid, in MIME form: both bodies as alternatives of
// each other, quoted-printable in UTF-8, so that any server can pass them on.
func (s *Sender) compose(m mail.Message) (envelope, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	msg.Subject(m.Subject)
	// Without this the library would tell the host name of this machine.
	msg.SetMessageIDWithValue(rand.Text() + "@" + domainOf(s.from.Address))
	// Keeps out-of-office replies away (RFC 3834 section 5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	switch {
	case m.Text == "":
		msg.SetBodyString(gomail.TypeTextHTML, m.HTML)
	case m.HTML == "":
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	default:
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	to, err := msg.GetRecipients()
	if err != nil {
		return envelope{}, fmt.Errorf("compose message: %w", err)
	}
	if len(to) != 1 || strings.Trim(to[0], "<>") != m.To {
		return envelope{}, fmt.Errorf("compose message: recipient: %w", mail.ErrAddress)
	}
	return envelope{from: s.from.Address, to: m.To, content: msg}, nil
}

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

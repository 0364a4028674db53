// Package mail writes the letters an authentication server has to send (confirm
// this address, reset this password, here is your code) and hands them to a
// [Sender].
//
// Three things live here: the contract ([Message], [Sender]), a sender for
// development that prints what it would send ([Console]), and the words
// themselves ([Templates]). Package mail/smtp has the sender for production,
// package mail/mailtest a mail server for tests.
//
// Everything a stranger can put into a letter (an address, a name) is treated as
// hostile: an address is exactly one plain mailbox or it is refused, and a name is
// shown only if it can be nothing but a name.
package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Message is one letter to one person. Text and HTML are two forms of the same
// content; at least one of them must be present, and both should be.
type Message struct {
	// Kind says which letter it is, for logs and counts; it is not sent. The letters
	// of [Templates] have one; "" for others.
	Kind Kind
	// To is the recipient's bare address, as [ValidAddress] defines it.
	To string
	// Subject is the subject line in plain UTF-8; senders encode it for the wire.
	Subject string
	// Text is the plain-text form. Lines end with LF.
	Text string
	// HTML is the HTML form, a complete document.
	HTML string
}

// Sender delivers messages. Send returns nil once the next hop has taken
// responsibility for the message, and may be called by several goroutines at once.
// It must give up when ctx ends. Implementations call [Message.Validate] first.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// SenderFunc makes a function a [Sender], for instance to call a provider's HTTP
// API. The function has to fulfil the contract of Sender.
type SenderFunc func(ctx context.Context, m Message) error

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, m Message) error { return f(ctx, m) }

// Errors of [Message.Validate]. They never repeat the offending value, so that
// they can be logged.
var (
	// ErrAddress means that an address is not exactly one plain mailbox.
	ErrAddress = errors.New("not a single plain e-mail address")
	// ErrSubject means that a subject is empty or could start a header of its own.
	ErrSubject = errors.New("empty, or contains a line break or control character")
	// ErrBody means that both bodies are empty, or that one is not UTF-8 text.
	ErrBody = errors.New("empty, or not UTF-8 text")
)

// Validate reports whether m can be sent as it is: the address is exactly one
// plain mailbox, the subject is one line (so that nobody can inject a header,
// RFC 5322 section 2.2), and there is a body of valid UTF-8 without NUL. The error
// names the field and wraps [ErrAddress], [ErrSubject] or [ErrBody].
func (m Message) Validate() error {
	if !ValidAddress(m.To) {
		return fmt.Errorf("mail: To: %w", ErrAddress)
	}
	if !validHeaderText(m.Subject) {
		return fmt.Errorf("mail: Subject: %w", ErrSubject)
	}
	if m.Text == "" && m.HTML == "" {
		return fmt.Errorf("mail: Text and HTML: %w", ErrBody)
	}
	if !validBody(m.Text) {
		return fmt.Errorf("mail: Text: %w", ErrBody)
	}
	if !validBody(m.HTML) {
		return fmt.Errorf("mail: HTML: %w", ErrBody)
	}
	return nil
}

// validHeaderText reports whether s is one non-blank line of text. Besides the
// control characters it refuses the Unicode line and paragraph separators, which
// some mail software turns into line breaks.
func validHeaderText(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, breaksLine)
}

func breaksLine(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

func validBody(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

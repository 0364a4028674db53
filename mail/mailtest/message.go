package mailtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// Message is a message that arrived at a [Sink].
type Message struct {
	// EnvelopeFrom is the address of MAIL FROM, EnvelopeTo are those of RCPT TO:
	// they decide where a message goes, whatever its headers say.
	EnvelopeFrom string
	EnvelopeTo   []string
	// From and To are the bare addresses of the headers, FromName is the sender's
	// decoded display name.
	From, FromName, To string
	// Subject is the decoded subject line.
	Subject string
	// Text and HTML are the decoded bodies, or "" for none. Lines end with LF.
	Text, HTML string
	// Header are all headers, not decoded.
	Header mail.Header
	// Raw is the message as it arrived. Lines end with LF.
	Raw []byte
}

// parse reads a message of RFC 5322 with the bodies of RFC 2045.
func parse(raw []byte) (Message, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Message{}, fmt.Errorf("read headers: %w", err)
	}
	m := Message{Header: parsed.Header, Raw: raw}
	if m.FromName, m.From, err = address(parsed.Header, "From"); err != nil {
		return Message{}, err
	}
	if _, m.To, err = address(parsed.Header, "To"); err != nil {
		return Message{}, err
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return Message{}, fmt.Errorf("decode Subject: %w", err)
	}
	if err := m.readBody(parsed.Header.Get, parsed.Body); err != nil {
		return Message{}, err
	}
	return m, nil
}

func address(h mail.Header, field string) (name, address string, err error) {
	list, err := h.AddressList(field)
	if err != nil {
		return "", "", fmt.Errorf("read %s: %w", field, err)
	}
	if len(list) != 1 {
		return "", "", fmt.Errorf("%s has %d addresses, want one", field, len(list))
	}
	return list[0].Name, list[0].Address, nil
}

func (m *Message) readBody(header func(string) string, body io.Reader) error {
	kind, parameters, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		return fmt.Errorf("read Content-Type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.readParts(multipart.NewReader(body, parameters["boundary"]))
	}
	decoded, err := decode(header("Content-Transfer-Encoding"), body)
	if err != nil {
		return fmt.Errorf("decode %s: %w", kind, err)
	}
	switch kind {
	case "text/plain":
		m.Text = decoded
	case "text/html":
		m.HTML = decoded
	}
	return nil
}

func (m *Message) readParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read parts: %w", err)
		}
		if err := m.readBody(part.Header.Get, part); err != nil {
			return err
		}
	}
}

func decode(encoding string, body io.Reader) (string, error) {
	switch strings.ToLower(encoding) {
	case "", "7bit", "8bit", "binary":
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		return "", fmt.Errorf("unknown encoding %q", encoding)
	}
	text, err := io.ReadAll(body)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}

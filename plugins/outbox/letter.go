package outbox

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/ostiary/ostiary/mail"
	"github.com/ostiary/ostiary/schema"
)

// modelKey is the key of the table, and its name unless the application gives it
// another one.
const modelKey = "ostiaryMail"

// Models returns the table of mails. It is Ostiary's own: Better Auth has none, and
// leaves it alone.
func (*Plugin) Models() []schema.Model {
	return []schema.Model{{Key: modelKey, Fields: []schema.Field{
		{Name: "kind", NoInput: true},
		{Name: "content", NoInput: true, Hidden: true},
		{Name: "attempts", Type: schema.Number, NoInput: true},
		{Name: "createdAt", Type: schema.Date, NoInput: true},
		// The next attempt, or the end of a lease; none for dead letters.
		{Name: "dueAt", Type: schema.Date, Optional: true, Index: true, NoInput: true},
		{Name: "error", Optional: true, NoInput: true},
	}}}
}

// maxContent is what fits into a column of MySQL, in bytes.
const maxContent = 65535

// content is a mail as it is written, before it is compressed and encrypted. The
// names are those of the table: they must not change.
type content struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text,omitempty"`
	HTML    string `json:"html,omitempty"`
}

// seal returns what is stored of a mail. Mails carry links and codes with which one
// can sign in, so they are encrypted.
func (p *Plugin) seal(m mail.Message) (string, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if err := json.NewEncoder(w).Encode(content{m.To, m.Subject, m.Text, m.HTML}); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	sealed := p.box.Encrypt(packed.Bytes())
	if len(sealed) > maxContent {
		return "", errors.New("the mail is too long to be stored")
	}
	return sealed, nil
}

// open returns the mail that was stored.
func (p *Plugin) open(kind, sealed string) (mail.Message, error) {
	packed, err := p.box.Decrypt(sealed)
	if err != nil {
		return mail.Message{}, fmt.Errorf("it cannot be decrypted; was the secret replaced without keeping the old one in secrets? %w", err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return mail.Message{}, fmt.Errorf("unpack: %w", err)
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return mail.Message{}, fmt.Errorf("decode: %w", err)
	}
	return mail.Message{Kind: mail.Kind(kind), To: c.To, Subject: c.Subject, Text: c.Text, HTML: c.HTML}, nil
}

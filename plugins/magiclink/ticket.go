package magiclink

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/ostiary/ostiary/core"
)

// purpose begins the identifier of stored links, and tags their value.
const purpose = "magic-link"

// ticket is what is stored for a link.
type ticket struct {
	Type  string `json:"type"`
	Email string `json:"email"` // as the client wrote it
	Name  string `json:"name,omitempty"`
}

// identifier is the key under which the link of a token is stored.
func (p *Plugin) identifier(token string) string {
	switch {
	case p.options.HashToken != nil:
		token = p.options.HashToken(token)
	case p.options.HashTokens:
		sum := sha256.Sum256([]byte(token))
		token = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return purpose + ":" + token
}

func (p *Plugin) store(c *core.Context, token, email, name string) error {
	value, err := json.Marshal(ticket{purpose, email, name})
	if err != nil {
		return fmt.Errorf("write magic link: %w", err)
	}
	return c.Verifications.Create(c, p.identifier(token), string(value), p.options.ExpiresIn)
}

// redeem uses up the link of a token. It returns nil when there is none, it has
// expired, or somebody else was first. What is stored under the identifier but
// is no link is left alone: it belongs to somebody else.
func (p *Plugin) redeem(c *core.Context, token string) (*ticket, error) {
	identifier := p.identifier(token)
	found, err := c.Verifications.Latest(c, identifier)
	if err != nil || found == nil || readTicket(found.Value) == nil {
		return nil, err
	}
	won, err := c.Verifications.Consume(c, identifier)
	if err != nil || won == nil {
		return nil, err
	}
	return readTicket(won.Value), nil
}

// readTicket reads a stored value; nil when it is not that of a link. It is
// strict, so that a value stored for another purpose never signs anybody in.
func readTicket(value string) *ticket {
	var t ticket
	d := json.NewDecoder(bytes.NewReader([]byte(value)))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil || d.More() || t.Type != purpose || t.Email == "" {
		return nil
	}
	return &t
}

package onetimetoken

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/core"
)

const (
	// purpose begins the identifier of stored tokens.
	purpose     = "one-time-token:"
	tokenLength = 32
)

// identifier is the key under which a token is stored.
func (p *Plugin) identifier(token string) string {
	switch {
	case p.options.HashToken != nil:
		token = p.options.HashToken(token)
	case p.options.HashTokens:
		sum := sha256.Sum256([]byte(token))
		token = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return purpose + token
}

// mint makes and stores a token for a session.
func (p *Plugin) mint(c *core.Context, id *core.Identity) (string, error) {
	token, err := p.newToken(c, id)
	if err != nil {
		return "", fmt.Errorf("make one-time token: %w", err)
	}
	if err := c.Verifications.Create(c, p.identifier(token), id.Session.Token, p.options.ExpiresIn); err != nil {
		return "", fmt.Errorf("store one-time token: %w", err)
	}
	return token, nil
}

func (p *Plugin) newToken(c *core.Context, id *core.Identity) (string, error) {
	if p.options.GenerateToken == nil {
		return c.Random.Token(tokenLength), nil
	}
	token, err := p.options.GenerateToken(c, id)
	if err == nil && token == "" {
		err = errors.New("onetimetoken.Options.GenerateToken returned nothing")
	}
	return token, err
}

// redeem uses up a token and returns its session, be it expired. What is stored
// under the identifier but leads to no session is left alone: the application's
// own hash of identifiers may have put there what belongs to somebody else.
func (p *Plugin) redeem(c *core.Context, token string) (*core.Identity, error) {
	identifier := p.identifier(token)
	found, err := c.Verifications.Find(c, identifier)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, refuse(InvalidToken)
	}
	id, err := c.Sessions.Find(c, found.Value)
	if err != nil {
		return nil, err
	}
	if id == nil {
		return nil, refuse(SessionNotFound)
	}
	won, err := c.Verifications.Consume(c, identifier)
	if err != nil {
		return nil, err
	}
	if won == nil || won.ID != found.ID { // somebody else was first
		return nil, refuse(InvalidToken)
	}
	return id, nil
}

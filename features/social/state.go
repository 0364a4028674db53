package social

import (
	"crypto/subtle"
	"time"

	"github.com/ostiary/ostiary/core"
)

// How a flow is kept while the user is away, as Better Auth 1.7 names it.
const (
	statePrefix         = "auth-state:"
	stateCookie         = "state" // database strategy: the state, signed
	stateCookieLifetime = 5 * time.Minute
	flowCookie          = "oauth_state" // cookie strategy: the whole flow, encrypted
)

// saveFlow keeps a flow and sets the cookie that binds it to the browser.
func (f *Feature) saveFlow(c *core.Context, flow *Flow) error {
	text, err := flow.Encode()
	if err != nil {
		return err
	}
	if len(text) > maxFlow {
		return errFlowTooLarge
	}
	if c.Config().Account.StateStrategy == core.StateInCookie {
		return c.SetCookie(c.DefineCookie(flowCookie, flowLifetime), f.stateBox.Encrypt(text))
	}
	if err := c.Verifications.Create(c, statePrefix+flow.state, string(text), flowLifetime); err != nil {
		return err
	}
	return c.SetSignedCookie(c.DefineCookie(stateCookie, stateCookieLifetime), flow.state)
}

// The reasons why a user who is back is not let in, as they appear in the
// address of the error page.
const (
	stateMismatch = "state_mismatch"
	stateInvalid  = "state_invalid"
	serverError   = "internal_server_error"
)

// TakeFlow returns the flow of a state, which must have been begun by the browser
// of the call with the provider of an id, and uses it up. Otherwise it returns why
// not; the flow is then returned as well if its error page may be used.
func (f *Feature) TakeFlow(c *core.Context, state, providerID string) (flow *Flow, reason string, err error) {
	take := f.takeFromDatabase
	if c.Config().Account.StateStrategy == core.StateInCookie {
		take = f.takeFromCookie
	}
	flow, reason, err = take(c, state, providerID)
	if reason == "" && err == nil {
		c.Keep(flowKey{}, flow)
	}
	return flow, reason, err
}

// takeFromDatabase checks the cookie before it uses up the state, so that
// nobody who has merely seen the state can use it up.
func (f *Feature) takeFromDatabase(c *core.Context, state, providerID string) (*Flow, string, error) {
	stored, err := c.Verifications.Latest(c, statePrefix+state)
	if err != nil {
		return nil, serverError, err
	}
	if stored == nil {
		return nil, stateMismatch, nil
	}
	flow, err := DecodeFlow([]byte(stored.Value))
	if err != nil {
		return nil, serverError, err
	}
	if flow.state != "" && !same(flow.state, state) || !f.madeFor(c, flow, state, providerID) {
		return flow, stateMismatch, nil
	}
	cookie := c.DefineCookie(stateCookie, stateCookieLifetime)
	if kept, ok := c.SignedCookie(cookie.Name); !c.Config().Account.SkipStateCookieCheck && (!ok || !same(kept, state)) {
		return flow, stateMismatch, nil
	}
	if err := c.ExpireCookie(cookie); err != nil {
		return nil, serverError, err
	}
	won, err := c.Verifications.Consume(c, statePrefix+state)
	if err != nil {
		return nil, serverError, err
	}
	if won == nil || !same(won.Value, stored.Value) || !flow.expiresAt.After(c.Now()) {
		return flow, stateMismatch, nil
	}
	return flow, "", nil
}

// takeFromCookie opens the cookie. That it is the right one is decided by the
// state inside: a cookie alone says nothing about the answer it comes with.
func (f *Feature) takeFromCookie(c *core.Context, state, providerID string) (*Flow, string, error) {
	cookie := c.DefineCookie(flowCookie, flowLifetime)
	sealed, ok := c.Cookie(cookie.Name)
	if !ok || sealed == "" {
		return nil, stateMismatch, nil
	}
	text, err := f.stateBox.Decrypt(sealed)
	if err != nil {
		return nil, stateInvalid, nil
	}
	flow, err := DecodeFlow(text)
	if err != nil {
		return nil, stateInvalid, nil
	}
	if !same(flow.state, state) || !f.madeFor(c, flow, state, providerID) {
		return flow, stateMismatch, nil
	}
	if err := c.ExpireCookie(cookie); err != nil {
		return nil, serverError, err
	}
	if !flow.expiresAt.After(c.Now()) {
		return flow, stateMismatch, nil
	}
	return flow, "", nil
}

// madeFor reports whether a flow was begun with the provider that the user comes
// back from. For a provider that is not there the callback has an answer of its
// own.
func (f *Feature) madeFor(c *core.Context, flow *Flow, state, providerID string) bool {
	return f.options.AcceptForeignStates || f.providers[providerID] == nil || verifierMadeFor(c.Kernel, flow.verifier, state, providerID)
}

func same(a, b string) bool { return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

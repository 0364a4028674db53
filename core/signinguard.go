package core

import (
	"context"
	"errors"
)

// SignInGuard is a plugin that may hold a sign-in back, for example until the
// user has shown a second factor.
type SignInGuard interface {
	// GuardSignIn is asked when a call is about to begin a session of a user,
	// before anything of the session exists: no row, no cookie, no header. Nil
	// lets it begin, an error fails the call. A Hold keeps it from beginning, and
	// answers the call in place of its endpoint. The context is that of a
	// transaction, if the session is begun in one.
	GuardSignIn(ctx context.Context, c *Context, user *User, remember bool) (Hold, error)
}

// Hold answers a call whose sign-in was held back. It runs once the endpoint has
// returned, outside of its transactions, whatever the endpoint has returned.
type Hold func(c *Context) (any, error)

// ErrHeld is the error of [Sessions.Create] when a [SignInGuard] held the
// sign-in back. Endpoints return it like any other error.
var ErrHeld = errors.New("core: the sign-in is held back")

// heldSignIn is a sign-in that was held back.
type heldSignIn struct {
	answer   Hold
	remember bool
}

// guardSignIn asks the guards whether a call may begin a session. Sessions that
// are begun outside of calls are the program's own business.
func (k *Kernel) guardSignIn(ctx context.Context, user *User, remember bool) error {
	c := FromContext(ctx)
	if c == nil {
		return nil
	}
	for _, g := range k.guards {
		hold, err := g.GuardSignIn(ctx, c, user, remember)
		if err != nil {
			return err
		}
		if hold != nil {
			c.held = &heldSignIn{hold, remember}
			return ErrHeld
		}
	}
	return nil
}

// answerHeld answers a call whose sign-in was held back. The browser keeps
// nothing of a session that it may have had before; only the wish not to be
// remembered is kept for when the sign-in is completed.
func (c *Context) answerHeld() (any, error) {
	c.NewSession = nil
	if err := errors.Join(c.expireSession(), c.keepRemember(c.held.remember)); err != nil {
		return nil, err
	}
	return c.held.answer(c)
}

func (c *Context) keepRemember(remember bool) error {
	cookie := c.site.cookies.dontRemember
	switch {
	case !remember:
		return c.SetSignedCookie(cookie, "true")
	case c.dontRemember():
		return c.ExpireCookie(cookie)
	}
	return nil
}

package twofactor

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// change turns the second factor of the user on or off, does what else has to
// happen with it, and replaces the session by a new one: all of it or nothing.
func change(c *core.Context, on bool, also func(ctx context.Context) error) (*core.Identity, error) {
	var renewed *core.Identity
	err := c.DB.InTransaction(c, func(ctx context.Context) error {
		user, err := setEnabled(ctx, c, c.Session.User.ID, on)
		if err != nil {
			return err
		}
		if user == nil {
			return core.Fail(http.StatusInternalServerError, failedToCreateSession)
		}
		if also != nil {
			if err := also(ctx); err != nil {
				return err
			}
		}
		renewed, err = replaceSession(ctx, c, user)
		return err
	})
	if err != nil {
		return nil, err
	}
	return renewed, c.SetSession(renewed, core.AsBefore)
}

// replaceSession begins a session like the current one, which it ends.
func replaceSession(ctx context.Context, c *core.Context, user *core.User) (*core.Identity, error) {
	old := &c.Session.Session
	renewed, err := c.Sessions.Create(ctx, user, true, carriedOver(c.Sessions.Table(), old))
	if err != nil {
		return nil, err
	}
	if renewed == nil {
		return nil, core.Fail(http.StatusInternalServerError, failedToCreateSession)
	}
	return renewed, c.Sessions.Delete(ctx, old.Token)
}

// carriedOver returns what a session hands on to its successor: where it was
// begun, and the additional fields that have no default.
func carriedOver(t *schema.Table, old *core.Session) *schema.Row {
	row := t.NewRow()
	row.SetAt(schema.SessionIPAddress, text(old.IPAddress))
	row.SetAt(schema.SessionUserAgent, text(old.UserAgent))
	for _, fields := range []map[string]any{old.Extra, old.Private} {
		for name, v := range fields {
			if f := t.Field(name); f != nil && f.Default == nil {
				row.Set(name, v)
			}
		}
	}
	return &row
}

func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

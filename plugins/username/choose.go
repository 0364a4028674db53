package username

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// Hooks returns the hooks that check the username which a user chooses on
// signing up or later.
func (p *Plugin) Hooks() []core.Hook {
	return []core.Hook{
		{Match: core.ForRoute(api.SignUpEmail), Before: p.onSignUp},
		{Match: core.ForRoute(api.UpdateUser), Before: p.onUpdate},
	}
}

// onSignUp checks username and display name. Where only one of them is given it
// serves as the other.
func (p *Plugin) onSignUp(c *core.Context) error {
	body, _ := c.Body.(map[string]any)
	name, given := body[field]
	display, _ := body[displayField].(string)
	if !given && !p.options.NoDisplay && display != "" {
		code, err := p.check(c, display)
		if err != nil {
			return err
		}
		if code == nil {
			name = display
		}
	}
	if err := p.checkChoice(c, name, body[displayField], ""); err != nil {
		return err
	}
	if text, ok := name.(string); ok && display == "" {
		display = text
	}
	p.change(c, name, display)
	return nil
}

// onUpdate checks what a user changes username and display name to.
func (p *Plugin) onUpdate(c *core.Context) error {
	body, _ := c.Body.(map[string]any)
	name, given := body[field]
	var userID string
	if given {
		if id := c.OptionalSession(); id != nil { // the endpoint refuses everybody else
			userID = id.User.ID
		}
		if err := p.checkImmutable(c, userID, name); err != nil {
			return err
		}
	}
	if err := p.checkChoice(c, name, body[displayField], userID); err != nil {
		return err
	}
	display, _ := body[displayField].(string)
	p.change(c, name, display)
	return nil
}

// checkChoice checks a username and a display name of a user; userID is empty
// for one who is yet to be created. Null chooses none.
func (p *Plugin) checkChoice(c *core.Context, name, display any, userID string) error {
	switch name := name.(type) {
	case nil:
	case string:
		if err := p.validate(c, name, http.StatusBadRequest); err != nil {
			return err
		}
		if err := p.checkFree(c, c.Kernel, name, userID); err != nil {
			return err
		}
	default: // a number, say, would be stored as its text, unchecked
		return core.Fail(http.StatusBadRequest, Invalid)
	}
	if text, ok := display.(string); ok && !p.options.NoDisplay {
		return p.validateDisplay(c, text)
	}
	return nil
}

func (p *Plugin) checkFree(ctx context.Context, k *core.Kernel, name, userID string) error {
	owner, err := p.owner(ctx, k, name)
	if err != nil || owner == nil || owner.ID == userID {
		return err
	}
	return core.Fail(http.StatusBadRequest, AlreadyTaken)
}

// checkImmutable refuses another username, or none, for a user who has one,
// where that is final. It asks the store, for the cookie cache may be old.
func (p *Plugin) checkImmutable(c *core.Context, userID string, name any) error {
	if !p.options.Immutable {
		return nil
	}
	user, err := c.Users.ByID(c, userID)
	if err != nil || user == nil {
		return err
	}
	current, _ := user.Extra[field].(string)
	wanted, _ := name.(string)
	if current != "" && p.options.Normalize(wanted) != current {
		return core.Fail(http.StatusBadRequest, Immutable)
	}
	return nil
}

// change puts the normalised names into the input of the endpoint, so that it
// never sees another form, whatever it answers with.
func (p *Plugin) change(c *core.Context, name any, display string) {
	members := map[string]any{}
	if text, ok := name.(string); ok {
		members[field] = p.options.Normalize(text)
	}
	if display != "" && !p.options.NoDisplay {
		members[displayField] = p.options.NormalizeDisplay(display)
	}
	if len(members) > 0 {
		c.Change(core.Change{Body: members})
	}
}

// DatabaseHooks returns the hooks that check usernames which are chosen in other
// ways, such as by an administrator or from the profile at a provider.
func (p *Plugin) DatabaseHooks() []core.DatabaseHook {
	return []core.DatabaseHook{{
		Model: schema.UserKey,
		BeforeCreate: func(ctx context.Context, row schema.Row) error {
			if chosenByUser(ctx) {
				return nil
			}
			return p.onWrite(ctx, row, true)
		},
		BeforeUpdate: func(ctx context.Context, change schema.Row) error {
			if chosenByUser(ctx) {
				return nil
			}
			return p.onWrite(ctx, change, false)
		},
	}}
}

// chosenByUser reports whether the hooks of endpoints have checked the write.
func chosenByUser(ctx context.Context) bool {
	c := core.FromContext(ctx)
	return c != nil && (c.Spec() == api.SignUpEmail.Describe() || c.Spec() == api.UpdateUser.Describe())
}

// onWrite checks and normalises the names of a row. That nobody else has the
// username of a row that is changed is left to the unique constraint, because a
// change does not tell whose it is.
func (p *Plugin) onWrite(ctx context.Context, row schema.Row, create bool) error {
	name, ok := row.Get(field).(string)
	if ok {
		if err := p.validate(ctx, name, http.StatusBadRequest); err != nil {
			return err
		}
		if create {
			if err := p.checkFree(ctx, p.kernel, name, ""); err != nil {
				return err
			}
		}
		row.Set(field, p.options.Normalize(name))
	}
	if p.options.NoDisplay {
		return nil
	}
	display, _ := row.Get(displayField).(string)
	if display == "" && create {
		display = name
	}
	if display != "" {
		row.Set(displayField, p.options.NormalizeDisplay(display))
	}
	return nil
}

package social

import (
	"errors"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// profileRow returns what a provider says about a user, without the address:
// name, image, and those additional fields that are open to input. For a new user
// the other fields get their defaults.
func (f *Feature) profileRow(c *core.Context, p *Profile, create bool) (schema.Row, error) {
	table := c.Users.Table()
	open := make(map[string]any, len(p.Fields))
	for name, value := range p.Fields {
		if at := table.Position(name); at >= schema.UserCoreFields && !table.Fields[at].NoInput {
			open[name] = value
		}
	}
	row, err := c.Users.ParseInput(open, create)
	if err != nil {
		return row, err
	}
	row.SetAt(schema.UserName, p.Name)
	if p.Image != "" {
		row.SetAt(schema.UserImage, p.Image)
	}
	return row, nil
}

// overrideUser replaces what is known of a user by what the provider says. An
// address that somebody else has is left as it is.
func (f *Feature) overrideUser(c *core.Context, user *core.User, s *signIn) (*core.User, error) {
	change, err := f.profileRow(c, s.profile, false)
	if err != nil {
		return nil, err
	}
	email := s.profile.email()
	change.SetAt(schema.UserEmail, email)
	change.SetAt(schema.UserEmailVerified, s.profile.EmailVerified || user.EmailVerified && email == core.CanonicalEmail(user.Email))
	updated, err := c.Users.Update(c, user.ID, change)
	if errors.Is(err, database.ErrDuplicate) {
		c.Log.WarnContext(c, "the address that the provider tells belongs to another user", "provider", s.provider.ID(), "user", user.ID)
		change.Unset(schema.UserEmail)
		change.Unset(schema.UserEmailVerified)
		updated, err = c.Users.Update(c, user.ID, change)
	}
	if err != nil {
		return nil, err
	}
	if updated == nil {
		return user, nil
	}
	return updated, nil
}

// updateOnLink copies name, image and additional fields of the provider to the
// user, if the options ask for it. A failure does not undo the link.
func (f *Feature) updateOnLink(c *core.Context, user *core.User, p *Profile) *core.User {
	if !c.Config().Account.Linking.UpdateUserInfoOnLink {
		return user
	}
	change, err := f.profileRow(c, p, false)
	if err != nil {
		c.Log.WarnContext(c, "the profile was not copied to the user", "user", user.ID, "error", err)
		return user
	}
	updated, err := c.Users.Update(c, user.ID, change)
	if err != nil || updated == nil {
		c.Log.WarnContext(c, "the profile was not copied to the user", "user", user.ID, "error", err)
		return user
	}
	return updated
}
